"""What SequenceClassifier reaches on BasicMotions with the settings of its example (bar: 97 %)."""

from __future__ import annotations

import numpy as np

from benchmarks._data import data_file
from benchmarks._machine import machine
from gatewise import SequenceClassifier
from gatewise.data import read_ts

SEEDS = 8


def main() -> None:
    """Train on the training part and measure on the test part, forty recordings each, with several seeds."""
    files = data_file("classification", "ucr_uea")
    X, y = read_ts(files / "BasicMotions_TRAIN.ts")
    X_test, y_test = read_ts(files / "BasicMotions_TEST.ts")
    print(machine())
    found = []
    for seed in range(SEEDS):
        model = SequenceClassifier(
            epochs=100,
            batch_size=8,
            dropout=0.2,
            weight_decay=0.3,
            clip_norm=0.2,
            validation_fraction=0,
            seed=seed,
            progress=False,
        ).fit(X, y)
        found.append(model.score(X_test, y_test))
    print("test accuracy by seed:", ", ".join(f"{each:.3f}" for each in found), f"mean {np.mean(found):.4f}")


if __name__ == "__main__":
    main()
