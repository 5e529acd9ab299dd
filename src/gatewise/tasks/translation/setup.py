"""What the hyperparameters of a translator are, and what they ask for: pairs to learn from, and a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gatewise.data.pairs import Pairs
from gatewise.errors import ArgumentError, DataError
from gatewise.nn.attention import SCORES
from gatewise.nn.cells import CELLS
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_flag, check_number, check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.tasks.translation.vocabulary import LEVELS, TranslationVocabulary
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.training import Event, Listener

__all__ = ["TranslationHyperparameters", "held_out", "rising_own_inputs"]


class TranslationHyperparameters(Estimator):
    """Base of ``Translator``; see there for the arguments."""

    level: str
    hidden_size: int
    num_layers: int
    embedding_size: int
    cell: str
    attention: str
    input_feeding: bool
    shared_vocabulary: bool
    tie_weights: bool
    vocab_size: int | None
    min_count: int
    max_length: int
    dropout: float
    label_smoothing: float
    scheduled_sampling: float
    validation_fraction: float

    network_: TranslationNetwork
    vocabulary_: TranslationVocabulary

    def _check_hyperparameters(self) -> None:
        check_choice("level", self.level, LEVELS)
        check_choice("cell", self.cell, CELLS)
        check_choice("attention", self.attention, SCORES)
        for name in ("hidden_size", "num_layers", "embedding_size", "min_count", "max_length"):
            check_number(name, getattr(self, name), low=1, whole=True)
        if self.hidden_size % 2:
            raise ArgumentError(
                f"hidden_size={self.hidden_size}; expected an even number, for each direction of the encoder "
                "has half of the units."
            )
        for name in ("input_feeding", "shared_vocabulary", "tie_weights"):
            check_flag(name, getattr(self, name))
        if self.tie_weights and self.embedding_size != self.hidden_size:
            raise ArgumentError(
                f"tie_weights=True with embedding_size={self.embedding_size} and hidden_size="
                f"{self.hidden_size}; expected the same size of both, for one table serves both ends."
            )
        check_number("vocab_size", self.vocab_size, low=3, whole=True, optional=True)
        for name in ("dropout", "label_smoothing"):
            check_number(name, getattr(self, name), low=0, high=1, open_high=True)
        check_number("scheduled_sampling", self.scheduled_sampling, low=0, high=1)
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, open_high=True)
        self._check_training()

    def _new_network(self, vocabulary: TranslationVocabulary) -> TranslationNetwork:
        with enough_memory(self, "hidden_size", "num_layers", "embedding_size"):
            return TranslationNetwork(
                vocabulary.source.size,
                vocabulary.target.size,
                self.embedding_size,
                self.hidden_size,
                self.num_layers,
                shared=vocabulary.shared,
                cell=self.cell,
                attention=self.attention,
                input_feeding=self.input_feeding,
                tie_weights=self.tie_weights,
                dropout=self.dropout,
                label_smoothing=self.label_smoothing,
                seed=stream(self.seed, Purpose.WEIGHTS),
            )

    def _vocabulary(self) -> Any:
        return self.vocabulary_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        known = TranslationVocabulary.from_json(vocabulary, self.level)
        if known.shared != self.shared_vocabulary:
            raise DataError(f"its vocabulary does not fit shared_vocabulary={self.shared_vocabulary}")
        hidden, embedding = self.hidden_size, self.embedding_size
        needed = known.target.size * embedding + hidden * (embedding + self.num_layers * hidden)
        sizes = (
            f"hidden_size={hidden}, num_layers={self.num_layers}, embedding_size={embedding}, "
            f"{known.source.size} and {known.target.size} symbols"
        )
        check_size(needed, self.num_layers, weights, sizes)
        self.vocabulary_ = known
        self.network_ = self._new_network(known)


def held_out(pairs: Pairs, fraction: float, seed: int) -> tuple[Pairs, Pairs]:
    """Pairs to learn from in their order, and others to measure on, drawn at random.

    Raises:
        DataError: none is left to learn from.
    """
    drawn = stream(seed, Purpose.HELD_OUT).permutation(len(pairs))
    count = round(len(pairs) * fraction)
    if count == len(pairs):
        raise DataError(
            f"of {len(pairs)} pairs validation_fraction={fraction} leaves none to learn from; lower it, or "
            "add pairs."
        )
    return pairs.take(np.sort(drawn[count:]).tolist()), pairs.take(drawn[:count].tolist())


def rising_own_inputs(network: TranslationNetwork, most: float) -> Listener:
    """What lets the share of a decoder's own inputs rise evenly from 0 to ``most``."""
    from gatewise.training import Started, Stepped

    planned = 1

    def tell(event: Event) -> None:
        nonlocal planned
        if isinstance(event, Started):
            planned = event.total_steps
        if isinstance(event, Started | Stepped):
            network.own_inputs = most * event.step / planned

    return tell
