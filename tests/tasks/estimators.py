"""Small estimators of all kinds with data of one week and of the next one, which has new symbols."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator

SMALL = {"hidden_size": 6, "epochs": 2, "batch_size": 8, "progress": False}


class Case(NamedTuple):
    """An estimator that can be made, and arguments of ``fit``.

    Attributes:
        kind: its class.
        options: its hyperparameters.
        first: arguments of ``fit``, in the first week.
        second: the same in the next one.
        validation: others to measure on.
        notes: what a fit that begins with the first week's model says of new symbols.
    """

    kind: type
    options: dict[str, Any]
    first: tuple[Any, ...]
    second: tuple[Any, ...]
    validation: Any
    notes: tuple[str, ...]

    def make(self, **options):
        return self.kind(**{**SMALL, **self.options, **options})

    def evaluate(self, model, data):
        options = {"bleu": False} if self.kind is Translator else {}
        return model.evaluate(*data, **options)


def _series(classes, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(10 * len(classes), 6, 2)), np.array(classes * 10)


def _panel(days, names, first=0):
    times = np.arange(first, first + days)
    return {
        "unique_id": np.repeat(names, days),
        "ds": np.tile(times, len(names)),
        "y": np.concatenate([size * (3 + np.sin(times * np.pi / 2)) for size in range(1, len(names) + 1)]),
    }


WEEKS = {
    "language": Case(
        LanguageModel,
        {"window": 8, "num_layers": 1, "embedding_size": 4},
        ("to be or not to be. " * 20,),
        ("to be, my question! " * 20,),
        "or not to be, that is it. " * 3,
        ("characters that it did not know begin with drawn weights: 8 (",),
    ),
    "language by words": Case(
        LanguageModel,
        {"window": 8, "num_layers": 1, "embedding_size": 6, "level": "word", "tie_weights": True},
        ("to be or not to be . " * 20,),
        ("to be is my question . " * 20,),
        "or not to be . " * 4,
        ("words that it did not know begin with drawn weights: 3 ('is', 'my', 'question')",),
    ),
    "forecast": Case(
        Forecaster,
        {"horizon": 3, "season_length": 4, "steps_per_epoch": 4},
        (_panel(60, ["a", "b"]),),
        (_panel(60, ["b", "c"], first=10),),
        _panel(20, ["a", "b"], first=60),
        ("series are new to it: 1 ('c')",),
    ),
    "classify": Case(
        SequenceClassifier,
        {},
        _series(["b", "c"], 0),
        _series(["a", "c"], 1),
        _series(["b", "c"], 2),
        ("classes that it did not know begin with drawn weights: 1 ('a')",),
    ),
    "classify texts": Case(
        SequenceClassifier,
        {"embedding_size": 4},
        (["a fine film", "a dull film"] * 20, ["good", "bad"] * 20),
        (["a dear film", "a dull book"] * 20, ["good", "awful"] * 20),
        (["a fine film", "a dull film"], ["good", "bad"]),
        (
            "words that it did not know begin with drawn weights: 2 (",
            "classes that it did not know begin with drawn weights: 1 ('awful')",
        ),
    ),
    "tag": Case(
        SequenceTagger,
        {"embedding_size": 4, "char_embedding_size": 4, "char_hidden_size": 3, "crf": True},
        ([["an", "apple"], ["apple", "an"]] * 20, [["DET", "NOUN"], ["NOUN", "DET"]] * 20),
        ([["an", "old"], ["apple", "old"]] * 20, [["DET", "ADJ"], ["NOUN", "ADJ"]] * 20),
        ([["an", "apple"]] * 3, [["DET", "NOUN"]] * 3),
        (
            "words that it did not know begin with drawn weights: 1 ('old')",
            "tags that it did not know begin with drawn weights: 1 ('ADJ')",
        ),
    ),
    "translate": Case(
        Translator,
        {"min_count": 1, "embedding_size": 4},
        ([("ein Hund", "a dog"), ("eine Katze", "a cat")] * 20,),
        ([("ein Huhn", "a hen"), ("eine Katze", "a cat")] * 20,),
        [("ein Hund", "a dog")] * 3,
        (
            "source words that it did not know begin with drawn weights: 1 ('Huhn')",
            "target words that it did not know begin with drawn weights: 1 ('hen')",
        ),
    ),
}
