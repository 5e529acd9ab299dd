"""What the hyperparameters of a classifier are, and what they ask for: sequences to read, and a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np

from gatewise.data.extension import extended
from gatewise.data.lines import without_end
from gatewise.data.sequences import Ragged
from gatewise.errors import ArgumentError, DataError
from gatewise.nn.cells import CELLS
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_number, check_size, enough_memory
from gatewise.tasks.classification.input import (
    NumberInput,
    RawSequences,
    SequenceInput,
    TextInput,
    input_from_json,
    pick,
    read,
)
from gatewise.tasks.classification.labels import (
    as_labels,
    check_class_weight,
    class_weight_from_json,
    class_weight_to_json,
    classes_from_json,
    classes_to_json,
    number_labels,
    stratified_split,
)
from gatewise.tasks.classification.network import POOLINGS, ClassifierNetwork
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.scikit_learn import classifier_tags
from gatewise.tasks.warm_start import Places, WarmStart, new_symbols
from gatewise.types import Array, IntArray

__all__ = ["ClassifierHyperparameters", "Parts", "read_raw", "split"]

_LEVELS = ("word", "char")


class Parts(NamedTuple):
    """What is learnt from and what is measured on.

    Attributes:
        raw: sequences to learn from.
        targets: numbers of their classes.
        measured_raw: sequences to measure on.
        measured_targets: numbers of their classes.
        classes: (K,) labels, sorted.
        notes: on classes of which nothing can be learnt.
    """

    raw: RawSequences
    targets: IntArray
    measured_raw: RawSequences
    measured_targets: IntArray
    classes: Array
    notes: list[str]


class ClassifierHyperparameters(Estimator):
    """Base of ``SequenceClassifier``; see there for the arguments."""

    _shaping: ClassVar[tuple[str, ...]] = (
        "hidden_size",
        "num_layers",
        "cell",
        "bidirectional",
        "pooling",
        "level",
        "embedding_size",
        "standardize",
    )

    network_: ClassifierNetwork
    classes_: Array
    _input: SequenceInput

    hidden_size: int
    num_layers: int
    cell: str
    bidirectional: bool
    pooling: str
    level: str
    embedding_size: int
    vocab_size: int | None
    word_dropout: float
    dropout: float
    recurrent_dropout: float
    standardize: bool
    class_weight: Mapping[Any, float] | Literal["balanced"] | None

    def _learn_input(
        self, raw: RawSequences, columns: int | None, start: WarmStart[Self] | None
    ) -> tuple[SequenceInput, list[str]]:
        """How sequences are read, as the model to begin with reads them; and a note on new words.

        Raises:
            ArgumentError: that model reads others.
        """
        known = None if start is None else start.model._input
        if isinstance(raw, Ragged):
            found: SequenceInput = NumberInput.learn(raw, self.standardize, columns)
        else:
            found = TextInput.learn(raw, self.level, self.vocab_size)
        if known is None or start is None:
            return found, []
        if found.features != known.features:
            kinds = (
                "texts" if each.features is None else f"{each.features} numbers a step"
                for each in (known, found)
            )
            raise ArgumentError(
                "init={} reads {}, and X has {}; expected the same.".format(start.name, *kinds)
            )
        if isinstance(known, TextInput) and isinstance(found, TextInput):
            tokenizer, new = extended(known.tokenizer, found.tokenizer, self.vocab_size)
            return TextInput(tokenizer), new_symbols(f"{self.level}s", new)
        # Weights that know numbers by one mean and scale would take those by another one for others.
        return NumberInput(known.mean, known.scale, columns), []  # type: ignore[union-attr]

    def _places(self, start: WarmStart[Self] | None, classes: Array) -> Places:
        """Where the classes of the model to begin with stand now."""
        if start is None:
            return {}
        at = np.searchsorted(classes, start.model.classes_)
        return {"head.weight": [at, None], "head.bias": [at]}

    def _new_network(self, encoder: SequenceInput, classes: int) -> ClassifierNetwork:
        with enough_memory(self, "hidden_size", "num_layers", "embedding_size"):
            return ClassifierNetwork(
                encoder.features or self.embedding_size,
                self.hidden_size,
                self.num_layers,
                classes,
                vocabulary_size=encoder.vocabulary_size,
                cell=self.cell,
                bidirectional=self.bidirectional,
                pooling=self.pooling,
                dropout=self.dropout,
                recurrent_dropout=self.recurrent_dropout,
                word_dropout=self.word_dropout,
                seed=stream(self.seed, Purpose.WEIGHTS),
            )

    def _config(self) -> dict[str, Any]:
        return {**super()._config(), "class_weight": class_weight_to_json(self.class_weight)}

    @classmethod
    def _from_config(cls, config: Mapping[str, Any]) -> Self:
        weights = class_weight_from_json(config.get("class_weight"))
        return super()._from_config({**config, "class_weight": weights})

    def _vocabulary(self) -> Any:
        return {"classes": classes_to_json(self.classes_), "input": self._input.to_json()}

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        if not isinstance(vocabulary, dict) or vocabulary.keys() != {"classes", "input"}:
            raise DataError("it does not say what its classes and its inputs are")
        classes = classes_from_json(vocabulary["classes"])
        encoder = input_from_json(vocabulary["input"], self.level)
        directions, hidden = 1 + self.bidirectional, self.hidden_size
        size = encoder.features or self.embedding_size
        needed = (
            (encoder.vocabulary_size or 0) * size
            + directions * hidden * (size + (directions * (self.num_layers - 1) + 1) * hidden)
            + len(classes) * directions * hidden
        )
        sizes = f"hidden_size={hidden}, num_layers={self.num_layers}, {size} inputs, {len(classes)} classes"
        check_size(needed, self.num_layers, weights, sizes)
        self.classes_, self._input = classes, encoder
        self.network_ = self._new_network(encoder, len(classes))

    def _check_hyperparameters(self) -> None:
        for name, choices in (("cell", CELLS), ("pooling", POOLINGS), ("level", _LEVELS)):
            check_choice(name, getattr(self, name), choices)
        for name in ("hidden_size", "num_layers", "embedding_size"):
            check_number(name, getattr(self, name), low=1, whole=True)
        check_number("vocab_size", self.vocab_size, low=2, whole=True, optional=True)
        for name in ("dropout", "recurrent_dropout", "word_dropout", "validation_fraction"):
            check_number(name, getattr(self, name), low=0, high=1, open_high=True)
        for name in ("bidirectional", "standardize"):
            if not isinstance(getattr(self, name), bool):
                raise ArgumentError(f"{name}={getattr(self, name)!r}; expected True or False.")
        check_class_weight(self.class_weight)
        self._check_training()

    def __sklearn_tags__(self) -> Any:
        return classifier_tags()


def read_raw(X: Any, name: str) -> RawSequences:
    """Sequences as ``read`` gives them; texts mean the same with the line ends that ``readlines`` leaves."""
    raw = read(X, name)
    return raw if isinstance(raw, Ragged) else [without_end(text) for text in raw]


def split(
    raw: RawSequences,
    labels: Array,
    validation: Any,
    start: WarmStart[Any] | None,
    fraction: float,
    seed: int,
) -> Parts:
    """What is learnt from and what is measured on, with the classes of both.

    Args:
        raw: sequences.
        labels: (N,) of these.
        validation: others to measure on, as ``fit`` takes them; None for a part of these.
        start: the model to begin with, whose classes are kept; None for none.
        fraction: of each class, to measure on.
        seed: of the choice.

    Raises:
        ArgumentError: the validation is no pair of sequences and labels.
        DataError: all labels are of one class, or those of the validation or of the model of another type.
    """
    own = np.unique(labels)
    if len(own) < 2:
        raise DataError(
            f"y has one class only, {own.tolist()[0]!r}, in {len(labels)} labels; "
            "expected at least two. Add sequences of another class."
        )
    known = None if start is None else start.model.classes_
    classes = own if start is None or known is None else _joined(own, known, f"init={start.name}")
    if validation is None:
        rng = stream(seed, Purpose.HELD_OUT)
        learnt, measured = stratified_split(number_labels(labels, own, "y"), fraction, rng)
        raw, measured_raw = pick(raw, learnt), pick(raw, measured)
        labels, measured_labels = labels[learnt], labels[measured]
    else:
        if not isinstance(validation, tuple) or len(validation) != 2:
            raise ArgumentError(f"validation has type {type(validation).__name__}; expected a pair (X, y).")
        measured_raw = read_raw(validation[0], "validation[0]")
        measured_labels = as_labels(validation[1], len(measured_raw), "validation[1]")
        classes = _joined(classes, np.unique(measured_labels), "validation[1]")
    notes = []
    if known is not None:
        notes += new_symbols("classes", np.setdiff1d(own, known).tolist())
    unlearnt = np.setdiff1d(measured_labels, own if known is None else np.union1d(own, known)).tolist()
    notes += new_symbols("classes", unlearnt, "that are in the validation alone cannot be learnt")
    return Parts(
        raw,
        number_labels(labels, classes, "y"),
        measured_raw,
        number_labels(measured_labels, classes, "validation[1]"),
        classes,
        notes,
    )


def _joined(classes: Array, others: Array, name: str) -> Array:
    """The classes of both, sorted.

    Raises:
        DataError: they are of different types, so that none could be the same.
    """
    if (classes.dtype.kind in "UO") is not (others.dtype.kind in "UO"):
        raise DataError(
            f"{name} has labels as {others.tolist()[0]!r}, and y has labels as {classes.tolist()[0]!r}; "
            "expected one type."
        )
    return np.union1d(classes, others)
