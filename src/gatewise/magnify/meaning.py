"""What units stand for: the features of a text that they follow, and what their loss costs.

The unit that follows a feature best is sought on the first half of a text and measured on the second. Among
hundreds of units one will follow anything by chance on the half on which it was sought; on the other half
chance has no second try.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewise.errors import ArgumentError
from gatewise.magnify.readers import tokens_of
from gatewise.magnify.text_features import FEATURES, text_features
from gatewise.magnify.unit_search import UnitIndex
from gatewise.ops import log_softmax
from gatewise.tasks import LanguageModel
from gatewise.tasks._language_network import LanguageNetwork

__all__ = ["Meaning", "ablation_cost", "meanings", "rank_by_cost"]

Floats = npt.NDArray[np.float64]

LEAST = 0.5
"""Correlation on the held-out half from which on a unit is said to follow a feature."""


_AT_ONCE = 65_536
"""Tokens that are compared at a time."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A unit that follows a feature.

    Attributes:
        feature: one of ``FEATURES``.
        unit: its number.
        sought: their correlation on the half on which the unit was found.
        held_out: on the other half.
    """

    feature: str
    unit: int
    sought: float
    held_out: float


def meanings(index: UnitIndex, *, least: float = LEAST) -> list[Meaning]:
    """The unit that follows each feature best, if it does so on the held-out half too; the best first.

    Args:
        index: of a corpus; the longer, the surer.
        least: correlation on the held-out half, either sign, below which a feature is left out.

    Raises:
        ArgumentError: the corpus has fewer than 8 tokens; least is not in [0, 1].
    """
    count = len(index.labels)
    if count < 8 or not 0 <= least <= 1:
        raise ArgumentError(
            f"meanings: {count} tokens, least={least}; expected at least 8, and a correlation in [0, 1]."
        )
    features, half = text_features(index.labels), count // 2
    sought = _correlations(features[:half], index.values[:half])
    held_out = _correlations(features[half:], index.values[half:])
    found = []
    for k, feature in enumerate(FEATURES):
        unit = int(np.abs(sought[k]).argmax())
        there, here = float(sought[k, unit]), float(held_out[k, unit])
        if abs(here) >= least and there * here > 0:
            found.append(Meaning(feature, unit, there, here))
    return sorted(found, key=lambda each: -abs(each.held_out))


def _correlations(features: npt.NDArray[np.float32], values: npt.NDArray[np.int8]) -> Floats:
    """(F, H): Pearson's, 0 where either does not change."""
    centred = features - features.mean(axis=0, dtype=np.float64)
    centred /= _or_one(np.linalg.norm(centred, axis=0))
    common = np.zeros((features.shape[1], values.shape[1]))
    sums, squares = np.zeros((2, values.shape[1]))
    for first in range(0, len(values), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        held = values[part].astype(np.float32)
        common += centred[part].astype(np.float32).T @ held
        sums += held.sum(axis=0, dtype=np.float64)
        squares += np.square(held).sum(axis=0, dtype=np.float64)
    spread = np.sqrt(np.maximum(squares - sums * sums / len(values), 0))
    return common / _or_one(spread)


def _or_one(sizes: Floats) -> Floats:
    """The same with 1 in place of 0, by which nothing is divided into something."""
    return np.where(sizes > 0, sizes, 1)


def ablation_cost(model: LanguageModel, text: str, unit: int, layer: int = -1) -> Floats:
    """How much the loss of each prediction rises, in nats, when a unit's output is held at 0, (N - 1,).

    Entry t is that of the prediction of token t + 1.

    Args:
        model: fitted.
        text: with at least two tokens.
        unit: of the layer.
        layer: negative ones count from the top.

    Raises:
        ArgumentError: there is no such unit or layer, or the text has one token only.
        DataError: the text is empty, or has symbols that the model does not know.
        NotFittedError: the model is not fitted.
    """
    tokens = _at_least_two(model, text)
    whole = model.network_
    return _losses(_without(whole, unit, layer), tokens) - _losses(whole, tokens)


def rank_by_cost(
    model: LanguageModel, text: str, layer: int = -1, units: Sequence[int] | None = None
) -> list[tuple[int, float]]:
    """Units by the mean rise of the loss that their absence costs, in nats a token, the dearest first.

    Args:
        model: fitted.
        text: with at least two tokens; it is read once for each unit.
        layer: negative ones count from the top.
        units: to be compared; all of the layer where omitted.

    Raises:
        ArgumentError: as ``ablation_cost`` raises it.
    """
    tokens = _at_least_two(model, text)
    whole = model.network_
    base = float(_losses(whole, tokens).mean())
    chosen = range(whole.recurrent.hidden_size) if units is None else units
    costs = [(unit, float(_losses(_without(whole, unit, layer), tokens).mean()) - base) for unit in chosen]
    return sorted(costs, key=lambda each: -each[1])


def _at_least_two(model: LanguageModel, text: str) -> npt.NDArray[np.intp]:
    tokens, _ = tokens_of(model, text)
    if len(tokens) < 2:
        raise ArgumentError(f"the text {text!r} has one token only; at least 2 are needed to predict one.")
    return np.asarray(tokens, np.intp)


def _losses(network: LanguageNetwork, tokens: npt.NDArray[np.intp]) -> Floats:
    """-log p of each token but the first, (N - 1,)."""
    logits, _ = network.logits(tokens[:-1, None])
    picked = np.take_along_axis(log_softmax(logits[:, 0]), tokens[1:, None], axis=-1)[:, 0]
    losses: Floats = -picked.astype(np.float64)
    return losses


def _without(network: LanguageNetwork, unit: int, layer: int) -> LanguageNetwork:
    """The same network, in which nothing hears of a unit."""
    stack = network.recurrent
    if not -stack.num_layers <= layer < stack.num_layers or not 0 <= unit < stack.hidden_size:
        raise ArgumentError(
            f"unit={unit}, layer={layer}; this network has {stack.num_layers} layers of "
            f"{stack.hidden_size} units."
        )
    layer %= stack.num_layers
    changed = deepcopy(network)
    parameters = changed.recurrent.parameters
    parameters[f"weight_hh_l{layer}"][:, unit] = 0
    if layer + 1 < stack.num_layers:
        parameters[f"weight_ih_l{layer + 1}"][:, unit] = 0
    else:
        changed.head.parameters["weight"][:, unit] = 0
    return changed
