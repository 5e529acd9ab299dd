"""Random layers and sequences in float32, with all that the kernels can be asked to do with them."""

from typing import NamedTuple

import numpy as np

from gatewise import ops
from gatewise.kernels import set_target, targets
from gatewise.ops import LSTMCell, RNNCell, StateMasks, TokenInput, Weights
from gatewise.types import Array, State

NATIVE = [name for name in targets() if name != "numpy"]

CELLS = {
    "lstm": LSTMCell(),
    "lstm-no-tanh": LSTMCell(output_tanh=False),
    "rnn-tanh": RNNCell("tanh"),
    "rnn-sigmoid": RNNCell("sigmoid"),
    "rnn-relu": RNNCell("relu"),
}

OPTIONS = (
    "reverse",
    "ragged",
    "reset",
    "peephole",
    "recurrent mask",
    "zoneout h",
    "zoneout c",
    "no state",
    "no dstate",
    "tokens",
    "given",
    "odd memory",
)


class Case(NamedTuple):
    """One layer in one direction, a sequence for it, and the gradients that reach it from above."""

    options: frozenset[str]
    cell: LSTMCell | RNNCell
    x: Array | TokenInput
    weights: Weights
    state: State | None
    walk: dict
    masks: StateMasks
    shares: StateMasks
    dy: Array
    dstate: State | None
    start: Weights
    start_dx: Array

    def __str__(self):
        steps, batch, hidden = self.dy.shape
        symbols = f", V={len(self.x.table)}" if isinstance(self.x, TokenInput) else ""
        sizes = f"T={steps}, B={batch}, D={self.weights.weight_ih.shape[1]}, H={hidden}{symbols}"
        return f"{self.cell} {sizes}: {', '.join(sorted(self.options)) or 'plain'}"


def some_options(rng, share=0.5):
    options = frozenset(name for name in OPTIONS if rng.random() < share)
    # By draws of its own, lest the other cases become others.
    return options | {"mogrifier"} if rng.spawn(1)[0].random() < share else options


def draw_case(rng, kind, options, *, steps, batch, features, hidden, symbols=None):
    """Distinct random numbers everywhere, of the sizes asked for."""
    cell = CELLS[kind]
    if not cell.has_memory:
        options -= {"peephole", "zoneout c", "mogrifier"}
    rows, memory = cell.gates * hidden, hidden if cell.has_memory else 0

    def draw(*shape, scale=1.0):
        values = (scale * rng.standard_normal(shape)).astype(np.float32)
        return odd(values) if "odd memory" in options else values

    def draw_state():
        return State(draw(batch, hidden), draw(batch, memory))

    def draw_weights():
        return Weights(
            draw(rows, features, scale=features**-0.5),
            draw(rows, hidden, scale=0.8 * hidden**-0.5),
            draw(rows),
            draw(3, hidden) if "peephole" in options else None,
            draw_rounds() if "mogrifier" in options else None,
        )

    def draw_rounds():
        """The first and the fourth of low rank."""
        sizes = [(features, hidden), (hidden, features)]
        return tuple(
            (draw(*shape, scale=shape[1] ** -0.5),)
            if number % 3
            else (draw(shape[0], 2, scale=0.7), draw(2, shape[1], scale=shape[1] ** -0.5))
            for number, shape in enumerate((sizes * 3)[:rounds])
        )

    def draw_zoneout(name, shape):
        return rng.random(shape) < 0.3 if name in options else None

    rounds = int(rng.spawn(1)[0].integers(1, 6))
    symbols = symbols or int(rng.choice([1, 2, 7, 40, steps * batch + 9]))
    x = draw(symbols, features) if "tokens" in options else draw(steps, batch, features)
    start = copied(draw_weights())
    start_dx = np.ascontiguousarray(draw(*x.shape))
    if "tokens" in options:
        kind_of_integer = rng.choice(["int32", "int64", "uint8" if symbols < 256 else "uint16"])
        x = TokenInput(rng.integers(0, symbols, (steps, batch)).astype(kind_of_integer), x)
    lengths = np.sort(rng.integers(0, steps + 1, batch))[::-1] if "ragged" in options else None
    walk = {
        "lengths": lengths,
        "reset": rng.random((steps, batch)) < 0.3 if "reset" in options else None,
        "reverse": "reverse" in options,
    }
    shape = (steps, batch, hidden)
    recurrent = None
    if "recurrent mask" in options:
        recurrent = ((rng.random((batch, hidden)) < 0.7) / np.float32(0.7)).astype(np.float32)
    masks = StateMasks(recurrent, draw_zoneout("zoneout h", shape), draw_zoneout("zoneout c", shape))
    shares = StateMasks(
        recurrent, 0.2 if "zoneout h" in options else None, 0.35 if "zoneout c" in options else None
    )
    state = None if "no state" in options else draw_state()
    dstate = None if "no dstate" in options else draw_state()
    weights = draw_weights()
    return Case(options, cell, x, weights, state, walk, masks, shares, draw(*shape), dstate, start, start_dx)


def odd(values):
    """The same numbers in another order in memory, with others between them."""
    wide = np.full((*values.shape[::-1][:-1], 2 * values.shape[0]), np.float32(7))
    view = wide[..., ::2].T
    view[...] = values
    return view


def wide(value):
    """All float32 in it as float64, in one piece."""
    if isinstance(value, Case):
        return Case(*(wide(part) for part in value))
    if isinstance(value, tuple):
        parts = (wide(part) for part in value)
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return np.ascontiguousarray(value, dtype=np.float64)
    return value


def forward_and_backward(case, target, masks=None):
    """Everything that a forward and a backward pass give, by name."""
    set_target(target)
    masks = case.masks if masks is None else masks
    y, last, cache = ops.forward(case.cell, case.x, case.weights, case.state, **case.walk, masks=masks)
    gates = cache.gates
    named = {"y": y, "h": last.h, "c": last.c, "cells": cache.c, "gates": gates.copy()}
    start, start_dx = None, None
    if "given" in case.options:
        start = copied(case.start)
        start_dx = case.start_dx.copy()
    dx, dfirst, dweights = ops.backward(case.dy, cache, case.dstate, start, start_dx)
    if start_dx is not None:
        assert dx is start_dx
    named |= {"dz": gates, "dx": dx, "dh": dfirst.h, "dc": dfirst.c}
    for i, factors in enumerate(dweights.mogrifier or (), start=1):
        named |= {f"dmogrifier {i}, factor {number}": factor for number, factor in enumerate(factors)}
    parts = dweights._replace(mogrifier=None)._asdict()
    return named | {f"d{name}": part for name, part in parts.items() if part is not None}


def copied(weights):
    """The same in memory of their own, in one piece."""
    *arrays, rounds = weights
    rounds = rounds and tuple(tuple(factor.copy(order="C") for factor in factors) for factors in rounds)
    return Weights(*(None if each is None else each.copy(order="C") for each in arrays), rounds)


def inference(case, target, masks=None):
    """Everything that inference gives, by name."""
    set_target(target)
    masks = case.shares if masks is None else masks
    y, last = ops.infer(case.cell, case.x, case.weights, case.state, **case.walk, masks=masks)
    return {"inferred y": y, "inferred h": last.h, "inferred c": last.c}


def assert_close(found, expected, context="", tolerance=1e-5, least_scale=1.0):
    """Agreement of each array within `tolerance` of its greatest magnitude."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        scale = max(least_scale, np.abs(values).max(initial=0))
        np.testing.assert_allclose(
            found[name], values, rtol=0, atol=tolerance * scale, err_msg=f"{name} of {context}"
        )


def assert_same_bits(found, expected, context=""):
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=f"{name} of {context}", strict=True)
