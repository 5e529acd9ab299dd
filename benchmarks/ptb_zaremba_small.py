"""The Penn Treebank by words with the recipe of Zaremba et al. 2014, 2 x 200 (bar: test perplexity 114.5)."""

from __future__ import annotations

from benchmarks._data import data_file
from benchmarks._records import run_and_keep
from gatewise import LanguageModel


def main() -> None:
    """Train 13 passes, measure validation and test part as one unbroken stream each, and keep a record."""
    treebank = data_file("text", "ptb")
    run_and_keep(
        "ptb_zaremba_small",
        LanguageModel.from_preset("zaremba-small"),
        lambda model: model.fit(treebank / "train.txt", validation=treebank / "valid.txt"),
        lambda model: {
            f"{part} perplexity": model.evaluate(treebank / f"{part}.txt")["perplexity"]
            for part in ("valid", "test")
        },
    )


if __name__ == "__main__":
    main()
