"""What the hyperparameters of a translator are, and what they ask for: pairs to learn from, and a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from gatewise.data import SubwordTokenizer
from gatewise.data.extension import extended
from gatewise.data.pairs import Pairs, as_pairs
from gatewise.errors import ArgumentError, DataError
from gatewise.nn.attention import SCORES
from gatewise.nn.cells import CELLS
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_flag, check_number, check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.translation.examples import PairExamples, short_enough
from gatewise.tasks.translation.network import TranslationNetwork
from gatewise.tasks.translation.vocabulary import LEVELS, Side, TranslationVocabulary, bare
from gatewise.tasks.warm_start import Places, WarmStart, new_symbols
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.training import Event, Listener

__all__ = ["TrainingData", "TranslationHyperparameters", "rising_own_inputs", "training_data"]


class TranslationHyperparameters(Estimator):
    """Base of ``Translator``; see there for the arguments."""

    _shaping: ClassVar[tuple[str, ...]] = (
        "level",
        "hidden_size",
        "num_layers",
        "embedding_size",
        "cell",
        "attention",
        "input_feeding",
        "shared_vocabulary",
        "tie_weights",
    )

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
    leave_out_long: bool
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
        for name in ("leave_out_long", "input_feeding", "shared_vocabulary", "tie_weights"):
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

    def _learn_vocabulary(
        self, pairs: Pairs, start: WarmStart[Self] | None
    ) -> tuple[TranslationVocabulary, list[str]]:
        """The symbols of pairs, after those that the model to begin with knows; and notes on the new ones."""
        found = TranslationVocabulary.learn(
            pairs,
            self.level,
            shared=self.shared_vocabulary,
            vocab_size=self.vocab_size,
            min_count=self.min_count,
        )
        if start is None:
            return found, []
        known, names = start.model.vocabulary_, {"word": "words", "char": "characters"}
        sides, notes = [], []
        for side in ("source",) if known.shared else ("source", "target"):
            tokenizer, new = extended(
                getattr(known, side).tokenizer, getattr(found, side).tokenizer, self.vocab_size
            )
            sides.append(Side(tokenizer))
            of = "" if known.shared else f"{side} "
            notes += new_symbols(of + names.get(self.level, "symbols"), [bare(each) for each in new])
        return TranslationVocabulary(sides[0], sides[-1]), notes

    def _places(self, start: WarmStart[Self] | None, network: TranslationNetwork) -> Places:
        """Where the symbols of the model to begin with stand now: all as before, but the end comes last."""
        if start is None:
            return {}
        old, new = start.model.network_.parameters, network.parameters
        tables = ("embedding.weight", "source_embedding.weight", "target_embedding.weight", "head.weight")
        places: dict[str, list[IntArray | None]] = {}
        for name in (*tables, "head.bias"):
            if name in old and name in new:
                places[name] = [_end_last(len(old[name]), len(new[name])), *[None] * (old[name].ndim - 1)]
        return places

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


def _end_last(old: int, new: int) -> IntArray:
    """Where the symbols of a side stand in a larger one."""
    return np.append(np.arange(old - 1), new - 1)


class TrainingData(NamedTuple):
    """What a translator learns from.

    Attributes:
        vocabulary: of both sides.
        learnt: pairs to learn from.
        measured: pairs to measure on; there may be none.
        examples: the first in tokens, and
        measured_examples: the second.
        notes: what was noticed in them.
    """

    vocabulary: TranslationVocabulary
    learnt: Pairs
    measured: Pairs
    examples: PairExamples
    measured_examples: PairExamples
    notes: list[str]


def training_data(
    model: TranslationHyperparameters,
    pairs: Any,
    validation: Any,
    start: WarmStart[Any] | None,
) -> TrainingData:
    """Pairs as ``Translator.fit`` takes them, in tokens, and the vocabulary of those that are learnt.

    Raises:
        ArgumentError, DataError: as ``Translator.fit``.
    """
    learnt = as_pairs("pairs", pairs)
    if not len(learnt):
        raise DataError("pairs is empty; at least one is needed to learn from.")
    if validation is None:
        learnt, measured = _held_out(learnt, model.validation_fraction, model.seed)
    else:
        measured = as_pairs("validation", validation)
    vocabulary, notes = model._learn_vocabulary(learnt, start)
    if model.leave_out_long:
        kept, kept_measured = (
            short_enough(vocabulary, part, model.max_length) for part in (learnt, measured)
        )
        if not len(kept):
            raise DataError(
                f"each of {len(learnt):,} pairs has a text of more than max_length={model.max_length} "
                "tokens; raise max_length, or cut the texts into sentences."
            )
        if validation is not None and len(measured) and not len(kept_measured):
            raise DataError(
                f"validation: each of {len(measured):,} pairs has a text of more than "
                f"max_length={model.max_length} tokens; raise max_length, cut the texts into sentences, or "
                "leave validation out."
            )
        count, of = len(learnt) + len(measured), len(kept) + len(kept_measured)
        # Words of what is left out are not to be known; subwords stay, for lengths depend on them.
        if len(kept) < len(learnt) and model.level != SubwordTokenizer.level:
            vocabulary, notes = model._learn_vocabulary(kept, start)
        if of < count:
            notes.append(
                f"{count - of:,} of {count:,} pairs left out, for they have a text of more than "
                f"max_length={model.max_length} tokens"
            )
        learnt, measured = kept, kept_measured
    examples = [PairExamples(vocabulary, part, model.max_length) for part in (learnt, measured)]
    return TrainingData(vocabulary, learnt, measured, examples[0], examples[1], notes)


def _held_out(pairs: Pairs, fraction: float, seed: int) -> tuple[Pairs, Pairs]:
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
