"""Weight dropout: each call of forward thins the recurrent matrices, with one mask for all steps."""

import pickle
from copy import deepcopy

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN
from tests.nn.problems import assert_same, make_problem, narrowed, run
from tests.ops.gradients import assert_gradients

T, B, D, H = 5, 4, 2, 3
LENGTHS = np.array([2, 5, 0, 4])
RESET = np.random.default_rng(0).random((T, B)) < 0.3
RATE = 0.4
SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged, reset": {"lengths": LENGTHS, "reset": RESET},
}
STACKS = {
    "1 layer": {},
    "1 layer, bidirectional": {"bidirectional": True},
    "2 layers": {"num_layers": 2},
    "2 layers, bidirectional": {"num_layers": 2, "bidirectional": True},
    "2 layers, all dropouts": {
        "num_layers": 2,
        "bidirectional": True,
        "dropout": 0.3,
        "locked_dropout": True,
        "recurrent_dropout": 0.3,
        "zoneout_hidden": 0.2,
        "skip_connections": True,
    },
}
EITHER = pytest.mark.parametrize("kind", [LSTM, RNN])
ANY_SITUATION = pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
ANY_STACK = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
ANY_TARGET = pytest.mark.parametrize("target", targets())


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(kind, seed=1, hidden=H, **options):
    options = {"num_layers": 2, "bidirectional": True, "weight_dropout": RATE, "dtype": np.float64} | options
    return make_problem(kind(D, hidden, **options), T, B, np.random.default_rng(seed))


def matrices(layer):
    """The names of the recurrent matrices, as the masks are ordered."""
    return [name for name in layer.parameters if name.startswith("weight_hh")]


@EITHER
def test_the_rate_is_kept_as_given_and_zero_if_not_given(kind):
    assert kind(D, H, weight_dropout=0.3).weight_dropout == 0.3
    assert kind(D, H).weight_dropout == 0


@EITHER
def test_at_rate_zero_no_bit_changes_and_nothing_is_drawn(kind):
    plain, zero = (make(kind, weight_dropout=rate) for rate in (0.0, 0))
    before = zero.layer._rng.bit_generator.state
    _, _, cache = zero.layer.forward(zero.x)
    assert zero.layer._rng.bit_generator.state == before
    assert cache.weight_masks == (None,) * 4
    assert all(
        direction.weights.weight_hh is zero.layer.parameters[name]
        for name, direction in zip(
            matrices(zero.layer), [each for layer in cache.layers for each in layer], strict=True
        )
    )
    assert_same(run(zero, LENGTHS, RESET), run(plain, LENGTHS, RESET), tolerance=0)


@EITHER
def test_each_layer_and_direction_has_a_mask_of_its_own_at_the_rate(kind):
    layer, x, *_ = make(kind, hidden=20)
    masks = layer.forward(x)[2].weight_masks
    assert [mask.shape for mask in masks] == [layer.parameters[name].shape for name in matrices(layer)]
    assert {float(value) for mask in masks for value in np.unique(mask)} == {0, 1 / (1 - RATE)}
    assert not any(np.array_equal(masks[0], other) for other in masks[1:])
    shut = np.concatenate([mask.ravel() == 0 for mask in masks])
    assert shut.mean() == pytest.approx(RATE, abs=4 * np.sqrt(RATE * (1 - RATE) / shut.size))


@EITHER
@ANY_TARGET
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_all_steps_of_a_call_see_the_thinned_matrix(kind, target, dtype):
    set_target(target)
    wide = make(kind)
    layer, x, _, state, _ = narrowed(wide, kind(D, H, 2, bidirectional=True, weight_dropout=RATE))
    if dtype == np.float64:
        layer, x, _, state, _ = wide
    before = layer.parameters.vector.copy()
    y, last, cache = layer.forward(x, state, LENGTHS, reset=RESET)
    assert np.array_equal(layer.parameters.vector, before)
    plain = kind(D, H, 2, bidirectional=True, dtype=dtype)
    plain.parameters.assign(layer.parameters)
    for name, mask in zip(matrices(plain), cache.weight_masks, strict=True):
        plain.parameters[name][...] *= mask
    expected, expected_last, _ = plain.forward(x, state, LENGTHS, reset=RESET)
    assert np.array_equal(y, expected)
    assert np.array_equal(last.h, expected_last.h)
    assert not np.array_equal(y, layer(x, state, LENGTHS, reset=RESET)[0])


@EITHER
def test_the_draws_come_from_the_generator_handed_in_or_else_from_the_layer_s_own(kind):
    (layer, x, *_), (twin, *_) = (make(kind) for _ in range(2))
    first, second = layer.forward(x)[0], layer.forward(x)[0]
    assert not np.array_equal(first, second)
    assert np.array_equal(twin.forward(x)[0], first)
    one, other = (layer.forward(x, rng=np.random.default_rng(3))[0] for _ in range(2))
    assert np.array_equal(one, other)
    assert np.array_equal(twin.forward(x)[0], second)


@EITHER
def test_the_mean_of_many_draws_is_the_whole_matrix(kind):
    layer, x, *_ = make(kind, num_layers=1, bidirectional=False)
    draws = np.stack([layer.forward(x)[2].layers[0][0].weights.weight_hh for _ in range(3000)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - layer.parameters["weight_hh_l0"]) < 4 * error).all()


@EITHER
def test_inference_uses_the_whole_matrix_and_draws_nothing(kind):
    (layer, x, dy, *_), (plain, *_) = make(kind), make(kind, weight_dropout=0.0)
    before = layer._rng.bit_generator.state
    expected = plain(x, lengths=LENGTHS)[0]
    assert np.array_equal(layer(x, lengths=LENGTHS)[0], expected)
    y, _, cache = layer.look(x, lengths=LENGTHS)
    assert np.array_equal(y, expected)
    assert layer._rng.bit_generator.state == before
    layer.backward(dy, cache)
    plain.backward(dy, plain.look(x, lengths=LENGTHS)[2])
    assert np.array_equal(layer.gradients.vector, plain.gradients.vector)


@EITHER
@ANY_TARGET
def test_a_stream_uses_the_whole_matrix(kind, target):
    set_target(target)
    layer, plain = (kind(D, H, 2, seed=4, weight_dropout=rate) for rate in (RATE, 0.0))
    x = np.random.default_rng(5).normal(size=(T, B, D)).astype(np.float32)
    stream, expected = layer.stream(B), plain.stream(B)
    for x_t in x:
        assert np.array_equal(stream.step(x_t), expected.step(x_t))


@EITHER
@ANY_STACK
@ANY_SITUATION
def test_gradients(kind, stack, situation):
    options = {"num_layers": 1, "bidirectional": False} | stack
    layer, x, dy, state, dstate = make(kind, seed=3, **options)

    def forward():
        return layer.forward(x, state, **situation, rng=np.random.default_rng(6))

    def loss():
        y, last, _ = forward()
        return float(np.sum(y * dy) + np.sum(last.h * dstate.h) + np.sum(last.c * dstate.c))

    _, _, cache = forward()
    assert all((mask == 0).any() for mask in cache.weight_masks)
    dx, dfirst = layer.backward(dy, cache, dstate)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    assert_gradients(loss, pairs | {"x": (x, dx), "h0": (state.h, dfirst.h)})


@EITHER
def test_an_element_that_was_dropped_has_no_gradient(kind):
    layer, x, dy, state, _ = make(kind)
    _, _, cache = layer.forward(x, state)
    layer.backward(dy, cache)
    for name, mask in zip(matrices(layer), cache.weight_masks, strict=True):
        assert np.array_equal(layer.gradients[name] == 0, mask == 0)


@EITHER
@ANY_TARGET
def test_the_gradients_of_several_calls_add_up(kind, target):
    set_target(target)
    layer, x, dy, *_ = narrowed(make(kind), kind(D, H, 2, bidirectional=True, weight_dropout=RATE))
    parts = []
    for seed in (8, 9):
        layer.zero_gradients()
        layer.backward(dy, layer.forward(x, rng=np.random.default_rng(seed))[2])
        parts.append(layer.gradients.vector.copy())
    layer.backward(dy, layer.forward(x, rng=np.random.default_rng(8))[2])
    np.testing.assert_allclose(layer.gradients.vector, parts[0] + parts[1], rtol=1e-5, atol=1e-5)
    assert not np.allclose(parts[0], parts[1])


@EITHER
def test_the_error_flows_through_the_thinned_matrix(kind):
    layer, x, dy, state, dstate = make(kind)
    _, _, cache = layer.forward(x, state, LENGTHS, reset=RESET)
    flowed, _ = layer.error_flow(dy, cache, dstate)
    dx, _ = layer.backward(dy, cache, dstate)
    np.testing.assert_allclose(flowed, dx, rtol=1e-12)
    whole, _ = layer.backward(dy, layer.look(x, state, LENGTHS, reset=RESET)[2], dstate)
    assert not np.allclose(dx, whole)


@EITHER
@ANY_STACK
@ANY_TARGET
def test_every_target_agrees_with_the_reference(kind, stack, target):
    """In float32, against the reference in float64: masks are drawn alike in both."""
    wide = make(kind, **{"num_layers": 1, "bidirectional": False} | stack)
    narrow = narrowed(wide, kind(D, H, weight_dropout=RATE, **stack))
    set_target(target)
    assert (narrow.layer.why_not_native() is None) == (target != "numpy")
    for problem in (wide, narrow):
        problem.layer._rng = np.random.default_rng(7)
    assert_same(run(narrow, LENGTHS, RESET), run(wide, LENGTHS, RESET), tolerance=1e-5)


@EITHER
@pytest.mark.parametrize("copy", [deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_draws_what_its_original_draws(kind, copy):
    problem = make(kind)
    twin = problem._replace(layer=copy(problem.layer))
    for _ in range(2):
        assert_same(run(twin), run(problem), tolerance=0)


@EITHER
@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan])
def test_a_rate_that_is_no_probability_below_1_is_refused(kind, rate):
    message = rf"{kind.__name__}: weight_dropout={rate}; expected a probability in \[0, 1\)"
    with pytest.raises(ArgumentError, match=message):
        kind(D, H, weight_dropout=rate)
