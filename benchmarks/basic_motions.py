"""What SequenceClassifier reaches on BasicMotions with the settings of its example (bar: 97 %)."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np

from benchmarks._data import data_file
from benchmarks._machine import machine
from gatewise.data import read_ts

SEEDS = 8


def main() -> None:
    """Train on the training part and measure on the test part, forty recordings each, with several seeds."""
    files = data_file("classification", "ucr_uea")
    X, y = read_ts(files / "BasicMotions_TRAIN.ts")
    X_test, y_test = read_ts(files / "BasicMotions_TEST.ts")
    print(machine())
    example = Path(__file__).parents[1] / "examples" / "activity_recognition.py"
    classifier = runpy.run_path(str(example))["classifier"]
    found = []
    for seed in range(SEEDS):
        model = classifier(seed).set_params(progress=False).fit(X, y)
        found.append(model.score(X_test, y_test))
    print("test accuracy by seed:", ", ".join(f"{each:.3f}" for each in found), f"mean {np.mean(found):.4f}")


if __name__ == "__main__":
    main()
