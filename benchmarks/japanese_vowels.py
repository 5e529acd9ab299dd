"""What SequenceClassifier reaches on JapaneseVowels as it comes (bar: 97 %)."""

from __future__ import annotations

import time

from benchmarks._data import data_file
from benchmarks._machine import machine
from gatewise import SequenceClassifier
from gatewise.data import read_ts


def main() -> None:
    """Train with the defaults and measure on the official test set, for five seeds."""
    train, test = (
        data_file("classification", "ucr_uea", f"JapaneseVowels_{part}.ts") for part in ("TRAIN", "TEST")
    )
    print(machine())
    X, y = read_ts(train)
    for seed in range(5):
        model = SequenceClassifier(seed=seed, progress=False)
        start = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - start
        print(
            f"seed {seed}: test accuracy {model.score(*read_ts(test)):.4f} after {seconds:.1f} s of training"
        )


if __name__ == "__main__":
    main()
