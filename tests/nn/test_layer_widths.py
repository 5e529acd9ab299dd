"""Stacks whose layers differ in width: their names, what they compute, and what their state holds."""

import numpy as np
import pytest

from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN, Embedding
from gatewise.types import State
from tests.nn.problems import assert_same, draw_states, make_problem, narrowed, run

T, B, D = 5, 3, 2
WIDTHS = (4, 6, 3)
LENGTHS = np.array([2, 5, 4])
EITHER = pytest.mark.parametrize("kind", [LSTM, RNN])
BOTH_WAYS = pytest.mark.parametrize("bidirectional", [False, True], ids=["upwards", "both directions"])
SKIP = pytest.mark.parametrize("skip_connections", [False, True], ids=["plain", "skip"])


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(kind, **options):
    layer = kind(D, WIDTHS, dtype=np.float64, **options)
    return make_problem(layer, T, B, np.random.default_rng(1))


def test_weights_have_the_shapes_of_their_layers():
    shapes = LSTM(D, WIDTHS, bidirectional=True, skip_connections=True, peephole=True).parameters.shapes
    assert shapes["weight_ih_l0_reverse"] == (16, D)
    assert shapes["weight_ih_l1"] == (24, 2 * 4 + D)
    assert shapes["weight_ih_l2_reverse"] == (12, 2 * 6 + D)
    assert [shapes[f"weight_hh_l{layer}"] for layer in range(3)] == [(16, 4), (24, 6), (12, 3)]
    assert [shapes[f"bias_l{layer}"] for layer in range(3)] == [(16,), (24,), (12,)]
    assert [shapes[f"peephole_l{layer}_reverse"] for layer in range(3)] == [(3, 4), (3, 6), (3, 3)]


@EITHER
def test_sizes_can_be_asked_for(kind):
    layer = kind(D, list(WIDTHS), bidirectional=True)
    assert (layer.hidden_size, layer.hidden_sizes, layer.num_layers, layer.output_size) == (6, WIDTHS, 3, 6)
    assert kind(D, WIDTHS, 3, skip_connections=True).output_size == sum(WIDTHS)
    assert layer.size_label == "4 + 6 + 3"
    equal = kind(D, 4, 2)
    assert (equal.hidden_size, equal.hidden_sizes, equal.size_label) == (4, (4, 4), "2 x 4")
    assert kind(D, 4).hidden_sizes == (4,)


@EITHER
def test_the_same_width_for_each_layer_is_one_width(kind):
    one, other = kind(D, 4, 3, bidirectional=True, seed=2), kind(D, (4, 4, 4), bidirectional=True, seed=2)
    assert one.parameters.shapes == other.parameters.shapes
    assert np.array_equal(one.parameters.vector, other.parameters.vector)


def test_each_layer_begins_by_its_own_width():
    layer = LSTM(100, (400, 25), forget_bias=2.0)
    for number, hidden in enumerate((400, 25)):
        for name in ("weight_ih", "weight_hh"):
            largest = np.abs(layer.parameters[f"{name}_l{number}"]).max()
            assert 0.98 * hidden**-0.5 < largest <= hidden**-0.5
        bias = layer.parameters[f"bias_l{number}"].reshape(4, hidden)
        assert (bias == np.array([[0], [2], [0], [0]])).all()


@EITHER
@BOTH_WAYS
@SKIP
def test_a_stack_is_its_layers_on_top_of_each_other(kind, bidirectional, skip_connections):
    layer, x, _, state, _ = make(kind, bidirectional=bidirectional, skip_connections=skip_connections)
    y, last = layer(x, state, LENGTHS)
    directions, below, outputs = layer.directions, x, []
    for number, hidden in enumerate(WIDTHS):
        one = kind(below.shape[-1], hidden, bidirectional=bidirectional, dtype=np.float64)
        one.parameters.assign(
            {name: layer.parameters[name.replace("_l0", f"_l{number}")] for name in one.parameters}
        )
        part = slice(directions * number, directions * (number + 1))
        own = State(*(np.ascontiguousarray(each[part, :, :hidden]) for each in state))
        out, final = one(below, own, LENGTHS)
        np.testing.assert_allclose(last.h[part, :, :hidden], final.h, atol=1e-13)
        np.testing.assert_allclose(last.c[part, :, :hidden], final.c, atol=1e-13)
        assert not last.h[part, :, hidden:].any()
        assert not last.c[part, :, hidden:].any()
        outputs.append(out)
        below = np.concatenate([out, x], axis=-1) if skip_connections else out
    expected = np.concatenate(outputs, axis=-1) if skip_connections else outputs[-1]
    np.testing.assert_allclose(y, expected, atol=1e-13)


@EITHER
@BOTH_WAYS
def test_what_stands_beyond_a_layer_s_width_is_not_looked_at(kind, bidirectional):
    problem = make(kind, bidirectional=bidirectional, skip_connections=True)
    expected = run(problem, LENGTHS)

    def spoilt(state):
        wide = State(*(part.copy() for part in state))
        for index, hidden in enumerate(np.repeat(WIDTHS, problem.layer.directions)):
            for part in wide:
                part[index, :, hidden:] = np.nan
        return wide

    outcome = run(problem._replace(state=spoilt(problem.state), dstate=spoilt(problem.dstate)), LENGTHS)
    assert_same(outcome, expected, tolerance=0)
    for part in (expected.h, expected.c, expected.dh0, expected.dc0):
        for index, hidden in enumerate(np.repeat(WIDTHS, problem.layer.directions)):
            assert not part[index, :, hidden:].any()


@EITHER
@BOTH_WAYS
@pytest.mark.parametrize("target", targets())
def test_every_target_agrees_with_the_reference(kind, bidirectional, target):
    options = {"bidirectional": bidirectional, "skip_connections": True}
    wide = make(kind, **options)
    narrow = narrowed(wide, kind(D, WIDTHS, **options))
    set_target(target)
    assert (narrow.layer.why_not_native() is None) == (target != "numpy")
    assert_same(run(narrow, LENGTHS), run(wide, LENGTHS), tolerance=1e-5)


@EITHER
@pytest.mark.parametrize("target", targets())
def test_a_stream_s_state_is_zero_beyond_a_layer_s_width(kind, target):
    set_target(target)
    layer = kind(D, WIDTHS, seed=3)
    state, _ = draw_states(np.random.default_rng(4), layer, B)
    state = State(*(part.astype(np.float32) for part in state))
    given = State(*(np.where(part == 0, np.float32(7), part) for part in state))
    stream = layer.stream(B)
    stream.state = given
    for found, expected in zip(stream.state, state, strict=True):
        assert np.array_equal(found, expected)
    x = np.random.default_rng(5).normal(size=(B, D)).astype(np.float32)
    np.testing.assert_allclose(stream.step(x), layer(x[None], state)[0][0], atol=1e-6)


@EITHER
def test_tokens_may_be_the_input(kind):
    embedding, layer = Embedding(7, D, seed=6, dtype=np.float64), kind(D, WIDTHS, dtype=np.float64)
    tokens = np.random.default_rng(7).integers(0, 7, (T, B))
    y, _, cache = layer.forward(embedding.input(tokens), lengths=LENGTHS)
    expected, _, plain = layer.forward(embedding(tokens), lengths=LENGTHS)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    dtable, _ = layer.backward(np.ones_like(y), cache)
    dx, _ = layer.backward(np.ones_like(y), plain)
    table = np.zeros_like(dtable)
    np.add.at(table, tokens, dx)
    np.testing.assert_allclose(dtable, table, atol=1e-13)
