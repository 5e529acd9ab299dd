"""A tagger's hyperparameters, and what follows from them: a network of their sizes, and its model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from gatewise.errors import ArgumentError
from gatewise.nn.cells import CELLS
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_flag, check_number, check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.tagging.network import TaggerNetwork, least_size
from gatewise.tasks.tagging.schemes import CHOICES, SCHEMES
from gatewise.tasks.tagging.vocabulary import TaggerVocabulary
from gatewise.types import Array

__all__ = ["TaggerHyperparameters"]

_SIZES = ("hidden_size", "num_layers", "embedding_size", "char_embedding_size", "char_hidden_size")
"""Hyperparameters that say how large the network is."""


class TaggerHyperparameters(Estimator):
    """Base of ``SequenceTagger``, which says what they mean."""

    _shaping: ClassVar[tuple[str, ...]] = (
        "hidden_size",
        "num_layers",
        "cell",
        "embedding_size",
        "char_embedding_size",
        "char_hidden_size",
        "crf",
    )

    hidden_size: int
    num_layers: int
    embedding_size: int
    char_embedding_size: int
    char_hidden_size: int
    cell: str
    crf: bool
    scheme: str
    dropout: float
    word_dropout: float
    min_count: int

    network_: TaggerNetwork
    vocabulary_: TaggerVocabulary

    def _new_network(self, vocabulary: TaggerVocabulary) -> TaggerNetwork:
        with enough_memory(self, *_SIZES):
            return TaggerNetwork(
                len(vocabulary.words) + 1,
                len(vocabulary.characters) + 1,
                len(vocabulary.tags),
                **self._sizes(),
                cell=self.cell,
                crf=self.crf,
                allowed=None if vocabulary.scheme is None else vocabulary.scheme.allowed(vocabulary.tags),
                dropout=self.dropout,
                seed=stream(self.seed, Purpose.WEIGHTS),
            )

    def _sizes(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _SIZES}

    @classmethod
    def _from_config(cls, config: Mapping[str, Any]) -> Self:
        # In files of before there were schemes any tag may follow any.
        return super()._from_config({"scheme": "none", **config})

    def _vocabulary(self) -> Any:
        return self.vocabulary_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        known = TaggerVocabulary.from_json(vocabulary)
        counts = len(known.words), len(known.characters), len(known.tags)
        needed = least_size(*counts, **self._sizes(), crf=self.crf)
        sizes = ", ".join(f"{name}={size}" for name, size in self._sizes().items())
        sizes = f"{sizes}, {counts[0]} words, {counts[2]} tags"
        check_size(needed, self.num_layers, weights, sizes)
        self.vocabulary_ = known
        self.network_ = self._new_network(known)

    def _check_hyperparameters(self) -> None:
        check_choice("cell", self.cell, CELLS)
        for name in (*_SIZES, "min_count"):
            check_number(name, getattr(self, name), low=1, whole=True)
        check_flag("crf", self.crf)
        check_choice("scheme", self.scheme, CHOICES)
        if self.scheme in SCHEMES and not self.crf:
            raise ArgumentError(f"scheme={self.scheme!r} needs crf=True, which judges tags together.")
        check_number("dropout", self.dropout, low=0, high=1, open_high=True)
        check_number("word_dropout", self.word_dropout, low=0)
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, open_high=True)
        self._check_training()
