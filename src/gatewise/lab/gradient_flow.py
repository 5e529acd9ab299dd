"""The gradient by lag of a network: how much each past state still matters to the answer at the last step.

Everything is measured in float64, for what has vanished is often below the smallest float32, and with L_T the
answer itself: any other loss of one answer differs from it by one factor a sequence, the same at every lag.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from gatewise.errors import ArgumentError
from gatewise.lab.network import SequenceNetwork
from gatewise.nn import LSTM, RNN
from gatewise.ops import SequenceCache, error_flow, memory_horizon, relative_error
from gatewise.types import Array, State

__all__ = ["Curve", "GradientByLag", "at_lag", "cache_bytes", "chosen_lags"]

_POINTS = 60
_LOOKED_AT = (50, 100)
_STEP = 1e-4
"""Of the central differences, whose error falls with its square."""


class Curve(TypedDict):
    """A norm by lag, as JSON holds it.

    Attributes:
        lags: steps back from the last one.
        norms: at these lags, relative to that at lag 0.
        horizon: ``memory_horizon`` of all norms.
    """

    lags: list[int]
    norms: list[float]
    horizon: int | None


class GradientByLag:
    """A network's gradient by lag, in float64.

    Args:
        network: reads one answer off the last hidden state; its weights are copied.

    Raises:
        ArgumentError: it answers at each step, or with more than one number; its equations are not those
            that a layer has by default.
    """

    def __init__(self, network: SequenceNetwork) -> None:
        weight = network.head.parameters["weight"].astype(np.float64)
        if network.read != "last" or len(weight) != 1:
            raise ArgumentError(
                f"GradientByLag: network reads its answer at {network.read!r}, {len(weight)} wide; expected "
                "'last' and 1, one number at the last step."
            )
        small = network.recurrent
        self.readout: Array = weight[0]
        self.layer = type(small)(small.input_size, small.hidden_size, dtype=np.float64)
        if (self.layer.cell, self.layer.peephole) != (small.cell, small.peephole):
            raise ArgumentError(
                "GradientByLag: network has peepholes, an activation left out or another one; expected the "
                "equations as they are by default."
            )
        self.layer.parameters.vector[...] = small.parameters.vector

    def flow(self, x: Array) -> State:
        """∂L_T/∂h_t and ∂L_T/∂c_t at each step of x (T, B, D), (T, B, H) each; c is 0 wide for the RNN."""
        y, _, cache = self.layer.forward(x.astype(np.float64))
        return error_flow(self._dy(y), cache.layers[0][0])

    def norms(self, x: Array) -> State:
        """(T,) each: the norms over the units, lag 0 first, as the mean over the batch; 0 of an RNN's c."""
        return State(*(np.linalg.norm(part, axis=2).mean(axis=1)[::-1] for part in self.flow(x)))

    def curves(self, x: Array) -> dict[str, Curve]:
        """Of "h", and of an LSTM's "c" too: the norms at ``chosen_lags``."""
        lags = chosen_lags(len(x) - 1)
        curves: dict[str, Curve] = {}
        for name, norms in self.norms(x)._asdict().items():
            if name == "h" or isinstance(self.layer, LSTM):
                relative = norms / norms[0] if norms[0] else norms
                short = [float(f"{relative[lag]:.4g}") for lag in lags]
                curves[name] = Curve(lags=lags, norms=short, horizon=memory_horizon(relative))
        return curves

    def disagreement(self, x: Array, lags: list[int]) -> dict[str, list[float]]:
        """Relative error of ``flow`` against central differences, of "h" and of an LSTM's "c", at some lags.

        The sequence is split after the step in question; the state there is moved, one unit at a time, and
        carried through what is left. A moved cell state moves its hidden state too, h_t = o_t ⊙ tanh(c_t).

        Args:
            x: (T, 1, D), one sequence.
            lags: below T each.
        """
        y, _, cache = self.layer.forward(x.astype(np.float64))
        kept = cache.layers[0][0]
        flow = error_flow(self._dy(y), kept)
        offsets = _STEP * np.concatenate([np.eye(len(self.readout)), -np.eye(len(self.readout))])
        errors: dict[str, list[float]] = {name: [] for name in ("h", "c")[: 1 + isinstance(self.layer, LSTM)]}
        for t in (len(x) - 1 - lag for lag in lags):
            h, c = kept.h[t], kept.c[t]
            moved = {"h": State(h + offsets, np.broadcast_to(c, (len(offsets), c.shape[-1])))}
            if "c" in errors:
                moved["c"] = State(kept.o[t] * np.tanh(c + offsets), c + offsets)
            for name, state in moved.items():
                above, below = np.split(self._answers(x[t + 1 :], state), 2)
                slopes = (above - below) / (2 * _STEP)
                errors[name].append(relative_error(getattr(flow, name)[t, 0], slopes))
        return errors

    def _answers(self, x: Array, state: State) -> Array:
        """(B,): answers after one sequence (T, 1, D), which may be empty, from each of B states."""
        if len(x):
            wide = np.repeat(x.astype(np.float64), len(state.h), axis=1)
            state = self.layer(wide, State(state.h[None], np.ascontiguousarray(state.c)[None]))[1]
        answers: Array = state.h.reshape(-1, len(self.readout)) @ self.readout
        return answers

    def _dy(self, y: Array) -> Array:
        """The gradient of L_T with respect to the outputs (T, B, H): the read-out at the last step."""
        dy = np.zeros_like(y)
        dy[-1] = self.readout
        return dy


def chosen_lags(last: int) -> list[int]:
    """Lags from 0 to ``last``: each up to 10, then spaced evenly in the logarithm, 50 and 100 among them."""
    spaced = np.geomspace(1, max(last, 1), _POINTS).round().astype(int).tolist()
    return sorted(lag for lag in {*range(11), *spaced, *_LOOKED_AT, last} if lag <= last)


def at_lag(curve: Curve, lag: int) -> float:
    """The norm of a curve at one of its lags.

    Raises:
        ArgumentError: it is none of them.
    """
    if lag not in curve["lags"]:
        raise ArgumentError(f"at_lag: lag={lag}; expected one of the curve's, {curve['lags']}.")
    return curve["norms"][curve["lags"].index(lag)]


def cache_bytes(layer: LSTM | RNN, x: Array) -> int:
    """Bytes that a forward pass over x (T, B, D) keeps for the way back: gates and states, not x itself."""
    cache: SequenceCache = layer.forward(x)[2].layers[0][0]
    return sum(array.nbytes for array in (cache.gates, cache.h_slots, cache.c_slots))
