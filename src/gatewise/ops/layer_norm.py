r"""Layer normalisation: each vector brought to mean 0 and variance 1, then stretched and moved as is learnt.

Ba, Kiros & Hinton (2016), equations 3 and 4. With the mean $\mu$ and the standard deviation $s$ over the H
elements of a vector $x$,

$$
\begin{aligned}
\mu &= \tfrac{1}{H} \textstyle\sum_k x_k \\
s &= \sqrt{\tfrac{1}{H} \textstyle\sum_k (x_k - \mu)^2 + \epsilon} \\
n &= (x - \mu) / s \\
y &= w \odot n + b
\end{aligned}
$$

and back, with $dn = w \odot dy$ and a bar for the mean over the elements,

$$
dx = \frac{1}{s} \left(dn - \overline{dn} - n \odot \overline{dn \odot n}\right)
$$

where the two means are what x does to $\mu$ and to $s$.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gatewise.ops.held import Held
from gatewise.types import Array

__all__ = ["LayerNormCache", "layer_norm", "layer_norm_backward"]


class LayerNormCache(NamedTuple):
    """What ``layer_norm`` keeps.

    Attributes:
        normalised: n (..., H).
        deviation: s (..., 1).
        weight: w (H,), not copied.
        bias: b (H,), not copied.
        epsilon: ε.
        held: that w is as it was; None where somebody else sees to it.
    """

    normalised: Array
    deviation: Array
    weight: Array
    bias: Array
    epsilon: float
    held: Held | None = None


def layer_norm(
    x: Array, weight: Array, bias: Array, epsilon: float = 1e-5, *, watch: bool = True
) -> tuple[Array, LayerNormCache]:
    """Normalise over the last axis.

    Args:
        x: (..., H).
        weight: w (H,).
        bias: b (H,).
        epsilon: ε, which keeps a vector of equal elements from being divided by 0.
        watch: w is marked, and ``layer_norm_backward`` refuses the cache if it has changed.

    Returns:
        y (..., H), and the cache.
    """
    normalised = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.square(normalised).mean(axis=-1, keepdims=True) + x.dtype.type(epsilon))
    normalised /= deviation
    y: Array = normalised * weight
    y += bias
    held = Held(weight=weight) if watch else None
    return y, LayerNormCache(normalised, deviation, weight, bias, epsilon, held)


def layer_norm_backward(dy: Array, cache: LayerNormCache) -> tuple[Array, Array, Array]:
    """The gradients of x (..., H), weight (H,) and bias (H,) from dy (..., H).

    Raises:
        ArgumentError: the weight has changed since.
    """
    if cache.held is not None:
        cache.held.check("layer_norm_backward")
    n = cache.normalised
    width = n.shape[-1]
    dn = dy * cache.weight
    dx = dn - dn.mean(axis=-1, keepdims=True)
    dx -= n * (dn * n).mean(axis=-1, keepdims=True)
    dx /= cache.deviation
    rows = dy.reshape(-1, width)
    return dx, (rows * n.reshape(-1, width)).sum(axis=0), rows.sum(axis=0)
