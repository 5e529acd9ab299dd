"""Looking and the error's flow through a stack, against passes in which a state is moved by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.nn import LSTM, RNN
from gatewise.nn.stack.weights import weights_of
from gatewise.ops import layer_norm, mogrify
from gatewise.types import State

T, B, D, H = 7, 2, 3, 4

STACKS = {
    "LSTM": (LSTM, {}),
    "two layers": (LSTM, {"num_layers": 2}),
    "peepholes": (LSTM, {"num_layers": 2, "peephole": True}),
    "both directions": (LSTM, {"num_layers": 2, "bidirectional": True}),
    "skip connections": (LSTM, {"num_layers": 2, "skip_connections": True}),
    "widths": (LSTM, {"hidden_size": (4, 2, 3)}),
    "widths, both directions": (LSTM, {"hidden_size": (2, 4), "bidirectional": True}),
    "widths, skip connections": (RNN, {"hidden_size": (3, 5), "skip_connections": True}),
    "layer norm": (LSTM, {"hidden_size": (4, 3), "layer_norm": True}),
    "layer norm, skip, both directions": (
        LSTM,
        {"num_layers": 2, "layer_norm": True, "skip_connections": True, "bidirectional": True},
    ),
    "Mogrifier": (LSTM, {"hidden_size": (4, 3), "mogrifier_rounds": 3}),
    "zoneout": (LSTM, {"num_layers": 2, "zoneout_hidden": 0.2}),
    "RNN": (RNN, {"num_layers": 2}),
}


def make(name, dtype=np.float64):
    kind, options = STACKS[name]
    stack = kind(D, **{"hidden_size": H, "seed": 1, "dtype": dtype, "dropout": 0.5} | options)
    rng = np.random.default_rng(2)
    stack.parameters.vector[...] = rng.normal(0, 0.6, stack.parameters.vector.size)
    x = rng.normal(size=(T, B, D)).astype(dtype)
    return stack, x, rng.normal(size=(T, B, stack.output_size)).astype(dtype)


def moved_answer(stack, x, dy, where, name, amount):
    """Sum of y · dy if one state of a layer is moved by ``amount``, all steps taken one by one."""
    below = x
    outputs = []
    ways = []
    for layer, reverse, suffix in stack._shape.parts:
        if layer and not reverse:
            below = outputs[-1]
            if stack.skip_connections:
                below = np.concatenate([below, x], axis=-1)
        weights, H = weights_of(stack.parameters, suffix), stack.hidden_sizes[layer]
        h, c = np.zeros((B, H)), np.zeros((B, H if stack.cell.has_memory else 0))
        ys = np.zeros((T, B, H))
        for t in range(T - 1, -1, -1) if reverse else range(T):
            gated_x, gated_h, _ = mogrify(below[t], h, weights.mogrifier or ())
            z = gated_x @ weights.weight_ih.T + gated_h @ weights.weight_hh.T + weights.bias
            new_h, new_c = stack.cell.forward(z, c, weights.peephole)
            if (layer, reverse, t) == where and name == "c":
                new_c = new_c + amount
                o = z[:, 3 * H :]
                if weights.peephole is not None:  # the output gate sees the moved cell state
                    logit = np.log(o / (1 - o)) + weights.peephole[2] * amount
                    o = 1 / (1 + np.exp(-logit))
                new_h = o * np.tanh(new_c)
            keep = stack.zoneout_hidden
            h, c = keep * h + (1 - keep) * new_h, new_c
            if (layer, reverse, t) == where and name == "h":
                h = h + amount
            ys[t] = h
        ways.append(ys)
        if len(ways) == stack.directions:
            outputs.append(np.concatenate(ways, axis=-1))
            ways = []
            if stack.layer_norm:
                weight, bias = (stack.parameters[f"norm_{each}_l{layer}"] for each in ("weight", "bias"))
                outputs[-1], _ = layer_norm(outputs[-1], weight, bias)
    y = np.concatenate(outputs, axis=-1) if stack.skip_connections else outputs[-1]
    return float((y * dy).sum())


@pytest.mark.parametrize("name", STACKS)
def test_the_flow_is_what_moving_a_state_does(name):
    stack, x, dy = make(name)
    _, _, cache = stack.look(x)
    _, flows = stack.error_flow(dy, cache)
    assert [len(layer) for layer in flows] == [stack.directions] * stack.num_layers
    step = 1e-5
    for layer, reverse, _ in stack._shape.parts:
        H = stack.hidden_sizes[layer]
        for t in (0, 3, T - 1):
            for kind in ("h", "c")[: 1 + stack.cell.has_memory]:
                flow = getattr(flows[layer][reverse], kind)[t]
                for row, unit in ((0, 1), (1, H - 1)):
                    amount = np.zeros((B, H))
                    amount[row, unit] = step
                    slope = (
                        moved_answer(stack, x, dy, (layer, reverse, t), kind, amount)
                        - moved_answer(stack, x, dy, (layer, reverse, t), kind, -amount)
                    ) / (2 * step)
                    assert flow[row, unit] == pytest.approx(slope, rel=1e-6, abs=1e-8), (layer, t, kind)


@pytest.mark.parametrize("name", STACKS)
def test_the_input_gradient_is_that_of_backward_and_nothing_is_touched(name):
    stack, x, dy = make(name)
    _, _, cache = stack.look(x)
    stack.gradients.vector[...] = 7
    dx, _ = stack.error_flow(dy, cache)
    assert (stack.gradients.vector == 7).all()
    again, _ = stack.error_flow(dy, cache)
    assert np.array_equal(dx, again)
    expected, _ = stack.backward(dy, cache)
    np.testing.assert_allclose(dx, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STACKS)
def test_looking_is_inference_with_a_cache(name, dtype):
    stack, x, _ = make(name, dtype)
    lengths, state = np.array([4, T]), None
    y, last, cache = stack.look(x, state, lengths)
    expected, expected_last = stack(x, state, lengths)
    assert np.array_equal(y, expected)
    assert np.array_equal(last.h, expected_last.h)
    assert np.array_equal(last.c, expected_last.c)
    rows = np.argsort(cache.order)
    width = stack.hidden_sizes[-1] * stack.directions
    top = np.concatenate([each.h for each in cache.layers[-1]], axis=-1)
    if stack.layer_norm:
        weight, bias = (
            stack.parameters[f"norm_{each}_l{len(cache.layers) - 1}"] for each in ("weight", "bias")
        )
        top = layer_norm(top, weight, bias)[0] * cache.layers[-1][0].walk.valid[..., None]
    assert np.array_equal(top[:, rows], y[..., -width:])


def test_the_flow_of_a_ragged_batch_is_in_its_own_order():
    stack, x, dy = make("two layers")
    lengths = np.array([4, T])
    _, _, cache = stack.look(x, None, lengths)
    _, flows = stack.error_flow(dy, cache)
    for row, steps in enumerate(lengths):
        _, _, alone = stack.look(np.ascontiguousarray(x[:steps, row : row + 1]))
        _, expected = stack.error_flow(np.ascontiguousarray(dy[:steps, row : row + 1]), alone)
        for layer in range(2):
            found = flows[layer][0]
            assert isinstance(found, State)
            np.testing.assert_allclose(found.c[:steps, row], expected[layer][0].c[:, 0], rtol=1e-12)
            assert not found.c[steps:, row].any()
