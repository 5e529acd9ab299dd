"""The Penn Treebank by words with the recipe of Zaremba et al. 2014, 2 x 200 (bar: test perplexity 114.5)."""

from __future__ import annotations

import time

from benchmarks._data import data_file
from benchmarks._machine import Watch, machine
from benchmarks._records import keep
from gatewise import LanguageModel


def main() -> None:
    """Train 13 passes, measure validation and test part as one unbroken stream each, and keep a record."""
    treebank = data_file("text", "ptb")
    model = LanguageModel.from_preset("zaremba-small")
    start, watch = time.perf_counter(), Watch()
    model.fit(treebank / "train.txt", validation=treebank / "valid.txt")
    minutes = (time.perf_counter() - start) / 60
    own, others = watch.read()
    measured = {
        f"{part} perplexity": model.evaluate(treebank / f"{part}.txt")["perplexity"]
        for part in ("valid", "test")
    }
    print(machine())
    print(f"{model.network_.parameters.vector.size:,} parameters, {minutes:.1f} minutes")
    print(f"processors busy: {own:.2f} with this, {others:.2f} with other work")
    for name, value in measured.items():
        print(f"{name:<18} {value:.2f}")
    print(f"kept in {keep('ptb_zaremba_small', model, minutes, measured)}")


if __name__ == "__main__":
    main()
