r"""The Mogrifier: the input and h' gate each other, a few rounds in turn, before an LSTM's step sees them.

Melis, Kočiský & Blunsom (2020), "Mogrifier LSTM", equations 1 and 2. With $x^{-1} = x$, $h^0 = h'$ and σ the
logistic function, for the rounds i = 1 ... r:

$$
\begin{aligned}
x^i &= m^i \odot x^{i-2} \qquad m^i = 2\,\sigma(Q^i\,h^{i-1}) && \text{for odd } i \\
h^i &= m^i \odot h^{i-2} \qquad m^i = 2\,\sigma(R^i\,x^{i-1}) && \text{for even } i
\end{aligned}
$$

The step is that of the LSTM with the x and the h of the highest i; c' is left alone. The 2 makes a gate whose
sum is 0 pass on what it gates as it is. Q and R may be products of two factors of low rank, and as in the
paper's equations they have no bias. Under recurrent dropout Q reads the thinned h.

Back, with $s$ for what round i reads ($h^{i-1}$ or $x^{i-1}$), $v$ for what it gates ($x^{i-2}$ or
$h^{i-2}$), $v^i$ for what comes of that and $W$ for its matrix:

$$
dz^i = dv^i \odot v \odot m^i \odot (1 - m^i / 2) \qquad
dv = dv^i \odot m^i \qquad
ds \leftarrow ds + W^\top dz^i
$$

for the slope of 2σ is m (1 - m / 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gatewise.ops.activations import sigmoid
from gatewise.ops.held import Held
from gatewise.types import Array

__all__ = ["MogrifierCache", "MogrifierWeights", "mogrifier_gradients", "mogrify", "mogrify_backward"]

MogrifierWeights = tuple[tuple[Array, ...], ...]
"""For each round Q (D, H) or R (H, D): itself alone, or the factors whose product it is, left to right."""


class MogrifierCache(NamedTuple):
    """What the rounds of a step leave behind.

    Attributes:
        x: (n, D), as it came.
        h: (n, H), h' as it came.
        mask: (n, H), by which h is multiplied where Q reads it; None leaves it whole.
        gates: m of each round, (n, D) or (n, H).
        weights: not copied.
        held: that x, h, the mask and the weights are as they were; None where somebody else sees to it.
    """

    x: Array
    h: Array
    mask: Array | None
    gates: tuple[Array, ...]
    weights: MogrifierWeights
    held: Held | None = None


def mogrify(
    x: Array, h: Array, weights: MogrifierWeights, mask: Array | None = None, *, watch: bool = True
) -> tuple[Array, Array, MogrifierCache]:
    """All rounds of one step.

    Args:
        x: (n, D).
        h: h' (n, H).
        weights: of each round.
        mask: (n, H) of recurrent dropout.
        watch: all that is given is marked, and ``mogrify_backward`` refuses the cache if it has changed.

    Returns:
        x and h of the highest round, and the cache.
    """
    first_x, first_h, gates = x, h, []
    for i, factors in enumerate(weights, start=1):
        m = np.asarray(_product(_thinned(h, mask) if i % 2 else x, factors))
        sigmoid(m, out=m)
        m *= 2
        gates.append(m)
        if i % 2:
            x = m * x
        else:
            h = m * h
    held = None
    if watch:
        named = {f"weights[{i}][{k}]": f for i, each in enumerate(weights) for k, f in enumerate(each)}
        held = Held(x=first_x, h=first_h, mask=mask, **named)
    return x, h, MogrifierCache(first_x, first_h, mask, tuple(gates), weights, held)


def mogrify_backward(dx: Array, dh: Array, cache: MogrifierCache) -> tuple[Array, Array, list[Array]]:
    """All rounds back.

    Args:
        dx: (n, D), the gradient of the x that ``mogrify`` returned.
        dh: (n, H), that of the h.
        cache: of ``mogrify``.

    Returns:
        The gradients of x and h', and dz of each round, which ``mogrifier_gradients`` takes.

    Raises:
        ArgumentError: what the cache holds has changed since.
    """
    if cache.held is not None:
        cache.held.check("mogrify_backward")
    dz: list[Array] = []
    rounds = zip(_replay(cache), cache.gates, cache.weights, strict=True)
    for i, ((_, v), m, factors) in reversed(list(enumerate(rounds, start=1))):
        dz_i = (dx if i % 2 else dh) * v * m * (1 - m / 2)
        ds = dz_i
        for factor in factors:
            ds = ds @ factor
        if i % 2:
            dx, dh = dx * m, dh + _thinned(ds, cache.mask)
        else:
            dx, dh = dx + ds, dh * m
        dz.append(dz_i)
    return dx, dh, dz[::-1]


def mogrifier_gradients(dz: Sequence[Array], cache: MogrifierCache) -> MogrifierWeights:
    """The gradients of all weights, in one product each over all n rows.

    Args:
        dz: of each round, (n, D) or (n, H).
        cache: of the steps whose rows these are.
    """
    rounds = zip(dz, _replay(cache), cache.weights, strict=True)
    return tuple(_factor_gradients(dz_i, s, factors) for dz_i, (s, _), factors in rounds)


def _replay(cache: MogrifierCache) -> list[tuple[Array, Array]]:
    """Of each round s, what it read, and v, what it gated."""
    x, h, rounds = cache.x, cache.h, []
    for i, m in enumerate(cache.gates, start=1):
        if i % 2:
            rounds.append((_thinned(h, cache.mask), x))
            x = m * x
        else:
            rounds.append((x, h))
            h = m * h
    return rounds


def _factor_gradients(dz: Array, s: Array, factors: Sequence[Array]) -> tuple[Array, ...]:
    """Of factors whose product is (K, M), from dz (n, K) and s (n, M)."""
    gradients = []
    for number, factor in enumerate(factors, start=1):
        gradients.append(dz.T @ _product(s, factors[number:]))
        if number < len(factors):
            dz = dz @ factor
    return tuple(gradients)


def _product(values: Array, factors: Sequence[Array]) -> Array:
    """(n, K) from (n, M), by factors whose product is (K, M)."""
    for factor in reversed(factors):
        values = values @ factor.T
    return values


def _thinned(h: Array, mask: Array | None) -> Array:
    return h if mask is None else h * mask
