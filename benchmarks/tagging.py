"""What SequenceTagger reaches on UD English EWT as it comes (bar: 94.0 % of the test's words, UPOS)."""

from __future__ import annotations

import time

from benchmarks._data import data_file
from benchmarks._machine import machine
from gatewise import SequenceTagger
from gatewise.data.tagged import TaggedSentences, read_conllu


def main() -> None:
    """Train with the defaults, choose the weights on the development part, measure on the test part."""
    training, development, test = (part(name) for name in ("train", "dev", "test"))
    model = SequenceTagger()
    start = time.perf_counter()
    model.fit(*training, validation=development)
    minutes = (time.perf_counter() - start) / 60
    print(machine())
    print(
        f"{model.network_.parameters.vector.size:,} parameters, {model.epochs} epochs, {minutes:.1f} minutes"
    )
    for name, sentences in (("development", development), ("test", test)):
        result = model.evaluate(*sentences)
        print(
            f"{name:<12} accuracy {result['accuracy']:.2%} of {result['tokens']:,} words, "
            f"{result['unknown_accuracy']:.2%} of the {result['unknown']:,} unknown ones"
        )


def part(name: str) -> TaggedSentences:
    """One of the treebank's three files."""
    return read_conllu(data_file("tagging", "ud_english_ewt", f"en_ewt-ud-{name}.conllu.gz"))


if __name__ == "__main__":
    main()
