"""Multi30k, task 1: captions of pictures in English and German, raw, as sacrebleu scores them by default."""

from __future__ import annotations

from benchmarks._data import data_file
from benchmarks._decoding import sentences_a_second
from benchmarks._records import run_and_keep
from gatewise import Translator
from gatewise.data import Pairs, read_pairs


def multi30k(part: str, source: str, target: str) -> Pairs:
    """Pairs of a part, "train", "val" or "test_2016_flickr", from one language to another."""
    folder = "translation", "multi30k"
    return read_pairs(data_file(*folder, f"{part}.{source}.gz"), data_file(*folder, f"{part}.{target}.gz"))


def translator() -> Translator:
    """The recipe for both directions."""
    return Translator(
        level="bpe",
        vocab_size=6000,
        hidden_size=256,
        embedding_size=256,
        shared_vocabulary=True,
        tie_weights=True,
        dropout=0.4,
        learning_rate=3e-3,
        epochs=20,
        time_limit=3600,
    )


def record(name: str, source: str, target: str) -> None:
    """Train one direction, the best pass chosen by the validation loss, and measure the test part."""
    test = multi30k("test_2016_flickr", source, target)

    def measure(model: Translator) -> dict[str, float]:
        for text, ours in zip(test.sources, model.translate(test.sources[:5]), strict=False):
            print(f"{text}\n  -> {ours}")
        return model.evaluate(test) | {
            "sentences a second, beam 4, one core": sentences_a_second(model, test.sources)
        }

    run_and_keep(
        name,
        translator(),
        lambda model: model.fit(
            multi30k("train", source, target), validation=multi30k("val", source, target)
        ),
        measure,
    )
