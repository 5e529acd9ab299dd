"""What units stand for: the features of a text or a series that they follow, and what their loss costs.

The unit that follows a feature best is sought on the first half of a corpus and measured on the second. Among
hundreds of units one will follow anything by chance on the half on which it was sought; on the other half
chance has no second try. A feature that goes in a circle, an hour or a weekday, is compared as the weighted
sum of its sine and cosine that a unit follows best, a wave whose phase is fitted: that, too, on the first
half alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.data.spread import never_changes, spread, to_norm_one
from gatewise.errors import ArgumentError
from gatewise.magnify.readers import tokens_of
from gatewise.magnify.unit_search import UnitIndex, check_layer
from gatewise.nn import AdaptiveSoftmax, Linear, head_log_probabilities
from gatewise.ops import SequenceCache, sequence
from gatewise.ops.embedding import TokenInput
from gatewise.ops.layer_norm import LayerNormCache, layer_norm
from gatewise.tasks import LanguageModel
from gatewise.types import Array, IntArray, State

__all__ = ["Meaning", "ablation_cost", "meanings", "rank_by_cost"]

Floats = npt.NDArray[np.float64]
Columns = npt.NDArray[np.float32]

LEAST = 0.5
"""Correlation on the held-out half from which on a unit is said to follow a feature."""

_FEWEST = 8
"""Steps with which a corpus can be halved and compared at all."""

_AT_ONCE = 16_384
"""Steps that are compared at a time."""

_SAME = 1e-6
"""Share of the largest below which a singular value is taken for 0: the sine repeats what the cosine says."""

_SIDE_BY_SIDE = 16
"""Units without which a text is read in one pass, each in a row of the batch."""

_LOGITS_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Meaning:
    """A unit that follows a feature.

    Attributes:
        feature: its name.
        unit: its number.
        sought: their correlation on the half on which the unit was found; of a feature that goes in a circle
            with the wave fitted there, and so never below 0.
        held_out: on the other half.
    """

    feature: str
    unit: int
    sought: float
    held_out: float


def meanings(index: UnitIndex, *, least: float = LEAST) -> list[Meaning]:
    """The unit that follows each feature best, if it does so on the held-out half too; the best first.

    To follow is not to have learnt: units follow the calendar where the series does, untrained ones too, or
    where the forecaster is told the calendar as an input.

    Args:
        index: of a corpus; the longer, the surer.
        least: correlation on the held-out half, either sign, below which a feature is left out.

    Raises:
        ArgumentError: the corpus has fewer than 8 steps; least is not in [0, 1].
    """
    count = len(index.values)
    if count < _FEWEST:
        raise ArgumentError(f"the corpus has {count} steps; expected at least {_FEWEST}: give a longer one.")
    if not 0 <= least <= 1:
        raise ArgumentError(f"least={least}; expected a correlation in [0, 1].")
    features, half = index.features(), count // 2
    correlations = _correlations(np.hstack([each[:half] for each in features.values()]), index.values[:half])
    found, first = [], 0
    for name, columns in features.items():
        there = correlations[first : first + columns.shape[1]]
        first += columns.shape[1]
        unit, weights, sought = _best(columns[:half], there)
        followed = (columns[half:] @ weights)[:, None]
        held_out = float(_correlations(followed, index.values[half:, unit : unit + 1])[0, 0])
        if abs(held_out) >= least and sought * held_out > 0:
            found.append(Meaning(name, unit, sought, held_out))
    return sorted(found, key=lambda each: -abs(each.held_out))


def _best(columns: Columns, correlations: Floats) -> tuple[int, Floats, float]:
    """The unit that follows columns (N, K) best, the weights (K,) of what it follows, and how well.

    One column is followed as it is; of several the weights are those of least squares.

    Args:
        columns: of one feature.
        correlations: (K, H) of each column with each unit.
    """
    if len(correlations) == 1:
        unit = int(np.abs(correlations[0]).argmax())
        return unit, np.ones(1), float(correlations[0, unit])
    scaled = to_norm_one(columns)
    weights = np.linalg.pinv(scaled.T @ scaled, rcond=_SAME, hermitian=True) @ correlations
    multiple = np.sqrt((correlations * weights).sum(axis=0).clip(0, 1))
    unit = int(multiple.argmax())
    _, widths = spread(columns)
    return unit, weights[:, unit] / widths, float(multiple[unit])


def _correlations(features: npt.NDArray[np.floating], values: npt.NDArray[np.int8]) -> Floats:
    """(F, H): Pearson's, 0 where either does not change."""
    scaled = to_norm_one(features)
    common = np.zeros((features.shape[1], values.shape[1]))
    sums, squares = np.zeros((2, values.shape[1]))
    for first in range(0, len(values), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        held = values[part].astype(np.float64)
        common += scaled[part].T @ held
        sums += held.sum(axis=0)
        squares += np.square(held).sum(axis=0)
    varied = np.sqrt(np.maximum(squares - sums * sums / len(values), 0))
    moves = ~never_changes(values) & (varied > 0)
    return np.where(moves, common / np.where(moves, varied, 1), 0)


def ablation_cost(model: LanguageModel, text: str, unit: int, layer: int = -1) -> Floats:
    """How much the loss of each prediction rises, in nats, when a unit's output is held at 0, (N - 1,).

    Entry t is that of the prediction of token t + 1.

    Args:
        model: fitted.
        text: with at least two tokens; symbols that the model does not know count as the token for such.
        unit: of the layer.
        layer: negative ones count from the top.

    Raises:
        ArgumentError: there is no such unit or layer, or the text has one token only.
        DataError: the text is empty.
        NotFittedError: the model is not fitted.
    """
    return np.concatenate([costs[:, 0] for costs in _costs(model, text, [unit], layer)])


def rank_by_cost(
    model: LanguageModel, text: str, layer: int = -1, units: Sequence[int] | None = None
) -> list[tuple[int, float]]:
    """Units by the mean rise of the loss that their absence costs, in nats a token, the dearest first.

    Args:
        model: fitted.
        text: with at least two tokens; it is read once for each unit, 16 of them side by side.
        layer: negative ones count from the top.
        units: to be compared; all of the layer where omitted.

    Raises:
        ArgumentError: as ``ablation_cost`` raises it.
    """
    model._check_fitted()
    if units is None:
        stack = model.network_.recurrent
        check_layer(stack, layer)
        units = range(stack.hidden_sizes[layer])
    chosen = list(units)
    if not chosen:
        return []
    total, count = np.zeros(len(chosen)), 0
    for costs in _costs(model, text, chosen, layer):
        total += costs.sum(axis=0)
        count += len(costs)
    return sorted(zip(chosen, (total / count).tolist(), strict=True), key=lambda each: -each[1])


def _costs(model: LanguageModel, text: str, units: Sequence[int], layer: int) -> Iterator[Floats]:
    """(T, U) of one stretch of the text after the other: the rise of the loss without each of the units."""
    tokens, _ = tokens_of(model, text, allow_unknown=True)
    if len(tokens) < 2:
        raise ArgumentError(f"the text {text!r} has one token only; at least 2 are needed to predict one.")
    network, stack = model.network_, model.network_.recurrent
    hidden_sizes = stack.hidden_sizes
    for unit in units:
        if not -len(hidden_sizes) <= layer < len(hidden_sizes) or not 0 <= unit < hidden_sizes[layer]:
            raise ArgumentError(
                f"unit={unit}, layer={layer}; this network has {len(hidden_sizes)} layers of "
                f"{' or '.join(map(str, sorted(set(hidden_sizes))))} units."
            )
    groups = [
        _Without(units[first : first + _SIDE_BY_SIDE], hidden_sizes[layer], stack.num_layers)
        for first in range(0, len(units), _SIDE_BY_SIDE)
    ]
    steps = max(1, _LOGITS_AT_ONCE // (_SIDE_BY_SIDE * model.tokenizer_.vocabulary_size))
    state: State | None = None
    for first in range(0, len(tokens) - 1, steps):
        inputs, targets = tokens[first:-1][:steps], tokens[first + 1 :][:steps]
        y, state, cache = stack.look(network.embedding.input(inputs[:, None]), state)
        upwards = list(zip(cache.layers, cache.norms, strict=True))[layer % stack.num_layers :]
        losses = np.hstack([_losses(network.head, group.read(upwards), targets) for group in groups])
        yield losses - _losses(network.head, y, targets)


_Layer = tuple[tuple[SequenceCache, ...], LayerNormCache | None]
"""What a layer kept in each direction, and its output's normalisation."""


class _Without:
    """Some units, each missing in a row of the batch of its own; all that lies below them is read once.

    Recurrent dropout has a mask for each row, and here it drops the unit that is to be missing.
    """

    def __init__(self, units: Sequence[int], hidden_size: int, num_layers: int) -> None:
        self.present = np.ones((len(units), hidden_size), np.float32)
        self.present[np.arange(len(units)), units] = 0
        self.states: list[State | None] = [None] * num_layers

    def read(self, upwards: Sequence[_Layer]) -> Array:
        """(T, U, H): what the top layer puts out, going on from where the last stretch ended.

        Args:
            upwards: the layer of the units and those above it, as the whole network ran them.
        """
        below: Array | TokenInput = _repeated(upwards[0][0][0].x, len(self.present))
        for number, ((layer, *_), norm) in enumerate(upwards):
            masks = layer.masks if number else layer.masks._replace(recurrent=self.present)
            y, self.states[number] = sequence.infer(
                layer.cell, below, layer.weights, self.states[number], masks=masks
            )
            if number == 0:
                y = y * self.present
            if norm is not None:
                y, _ = layer_norm(y, norm.weight, norm.bias, norm.epsilon)
            below = y
        return y


def _repeated(x: Array | TokenInput, count: int) -> TokenInput:
    """(T, 1, D) as so many rows, whose product with the weights is computed once."""
    if not isinstance(x, TokenInput):
        x = TokenInput(np.arange(len(x))[:, None], x[:, 0])
    return TokenInput(np.repeat(x.tokens, count, axis=1), x.table)


def _losses(head: Linear | AdaptiveSoftmax, y: Array, targets: IntArray) -> Floats:
    """(T, B): -log p of each target (T,), by what the top layer puts out (T, B, H)."""
    picked = head_log_probabilities(head, y, np.broadcast_to(targets[:, None], y.shape[:2]))
    losses: Floats = -picked.astype(np.float64)
    return losses
