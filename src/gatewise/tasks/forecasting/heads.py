"""What a forecasting network's outputs mean: quantiles, or the location and scale of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gatewise.ops.distributions import (
    DEGREES_OF_FREEDOM,
    negative_log_likelihood,
    pinball,
    scale_of,
    standard_quantile,
)
from gatewise.ops.losses import squared_error, squared_error_backward
from gatewise.types import Array, BoolArray

__all__ = ["DISTRIBUTIONS", "DistributionHead", "Head", "QuantileHead", "make_head"]

DISTRIBUTIONS = ("normal", "student_t")
"""Names of the distributions that a network can be made to give."""


class Head(Protocol):
    """Reads a network's outputs (..., ``width``), in scaled units."""

    @property
    def width(self) -> int:
        """Outputs for each step."""

    def loss(self, outputs: Array, target: Array, observed: BoolArray) -> tuple[float, Array]:
        """Loss against the targets (...), and its gradient (..., width)."""

    @property
    def locations(self) -> slice:
        """Which of the outputs move with the values, as a map that is linear in them does."""

    @property
    def point_output(self) -> int:
        """Which of the outputs is the point forecast, as far as quantiles do not cross."""

    def point(self, outputs: Array) -> Array:
        """The forecast as one number, (...)."""

    def quantiles(self, outputs: Array) -> Array:
        """The quantiles (..., Q), rising."""

    def draw(self, outputs: Array, rng: np.random.Generator) -> Array:
        """One draw from the forecast, (...)."""


class QuantileHead:
    """The quantiles by pinball loss (Wen et al. 2017), and the point forecast by a loss of its own.

    Args:
        levels: of the quantiles, rising.
        point: "median" by absolute error, or "mean" by squared error. A median that is among the quantiles
            anyway is no output of its own.
        tails: whether draws go beyond the outermost quantiles.
    """

    def __init__(self, levels: Sequence[float], point: str, *, tails: bool = True) -> None:
        self.levels = np.array(levels, dtype=np.float32)
        self.is_mean = point == "mean"
        self._scores = np.array([standard_quantile("normal", level) for level in levels])
        self._tails = tails
        self._median = None if self.is_mean or 0.5 not in levels else list(levels).index(0.5)
        self._first = int(self._median is None)
        """Of the outputs that are quantiles: one stands before them where the point is an output too."""
        self.width = self._first + len(levels)
        self.locations = slice(None)
        self.point_output = self._median or 0

    def loss(self, outputs: Array, target: Array, observed: BoolArray) -> tuple[float, Array]:
        """Pinball loss of all levels and the point's own loss, summed."""
        if not self.is_mean:
            own = [0.5] * self._first
            levels = np.concatenate([own, self.levels]).astype(outputs.dtype)
            return pinball(outputs, target, levels, observed)
        loss, cache = squared_error(outputs[..., 0], target, observed)
        doutputs = np.empty_like(outputs)
        doutputs[..., 0] = squared_error_backward(cache)
        if len(self.levels):
            of_quantiles, doutputs[..., 1:] = pinball(outputs[..., 1:], target, self.levels, observed)
            loss += of_quantiles
        return loss, doutputs

    def point(self, outputs: Array) -> Array:
        """The point's own output, or the median."""
        return outputs[..., 0] if self._median is None else self.quantiles(outputs)[..., self._median]

    def quantiles(self, outputs: Array) -> Array:
        """The quantiles (..., Q), in their order (Chernozhukov et al. 2010)."""
        return np.sort(outputs[..., self._first :], axis=-1)

    def draw(self, outputs: Array, rng: np.random.Generator) -> Array:
        """A draw from the quantile function, straight in the scores of a normal distribution.

        So it is between two levels, and beyond the outermost ones it goes on as it came there: quantiles of a
        normal distribution give draws from that distribution. Without ``tails``, as models of before 0.2 have
        it, it is straight in the levels, and all that lies beyond an outermost one is that quantile.
        """
        quantiles = self.quantiles(outputs)
        if self._tails:
            scores = rng.standard_normal(quantiles.shape[:-1])
            below = np.clip(np.searchsorted(self._scores, scores) - 1, 0, len(self._scores) - 2)
            steps = np.diff(self._scores)
            share = ((scores - self._scores[below]) / steps[below]).astype(outputs.dtype)
        else:
            place = np.interp(rng.random(quantiles.shape[:-1]), self.levels, np.arange(len(self.levels)))
            below = np.minimum(place.astype(np.intp), len(self.levels) - 2)
            share = (place - below).astype(outputs.dtype)
        low = np.take_along_axis(quantiles, below[..., None], axis=-1)[..., 0]
        high = np.take_along_axis(quantiles, below[..., None] + 1, axis=-1)[..., 0]
        drawn: Array = low + share * (high - low)
        return drawn


class DistributionHead:
    """Location and scale of a distribution, by likelihood (Salinas et al. 2020).

    Args:
        family: one of ``DISTRIBUTIONS``.
        levels: of the quantiles.
    """

    width = 2
    locations = slice(0, 1)
    point_output = 0

    def __init__(self, family: str, levels: Sequence[float]) -> None:
        self.family = family
        self._standard = np.array([standard_quantile(family, level) for level in levels])

    def loss(self, outputs: Array, target: Array, observed: BoolArray) -> tuple[float, Array]:
        """Negative log-likelihood."""
        return negative_log_likelihood(self.family, outputs, target, observed)

    def point(self, outputs: Array) -> Array:
        """The location, which is mean and median in one."""
        return outputs[..., 0]

    def quantiles(self, outputs: Array) -> Array:
        """The distribution's own, (..., Q)."""
        found: Array = outputs[..., :1] + scale_of(outputs[..., 1:]) * self._standard
        return found

    def draw(self, outputs: Array, rng: np.random.Generator) -> Array:
        """A draw from the distribution."""
        shape = outputs.shape[:-1]
        noise = (
            rng.standard_normal(shape)
            if self.family == "normal"
            else rng.standard_t(DEGREES_OF_FREEDOM, shape)
        )
        drawn: Array = outputs[..., 0] + scale_of(outputs[..., 1]) * noise.astype(outputs.dtype)
        return drawn


def make_head(
    distribution: str | None, levels: Sequence[float], point: str, *, tails: bool = True
) -> QuantileHead | DistributionHead:
    """The head for these hyperparameters."""
    if distribution is None:
        return QuantileHead(levels, point, tails=tails)
    return DistributionHead(distribution, levels)
