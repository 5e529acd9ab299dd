"""Locked dropout between layers: one mask for each sequence and unit, the same at all steps of a call."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, RNN
from gatewise.ops import dropout_mask
from tests.nn.problems import assert_same, make_problem, narrowed, run
from tests.ops.gradients import assert_gradients

T, B, D, H = 5, 4, 2, 3
LENGTHS = np.array([2, 5, 0, 4])
RESET = np.random.default_rng(0).random((T, B)) < 0.3
LOCKED = {"dropout": 0.4, "locked_dropout": True}
SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged, reset": {"lengths": LENGTHS, "reset": RESET},
}
STACKS = {
    "2 layers": {"num_layers": 2},
    "2 layers, bidirectional": {"num_layers": 2, "bidirectional": True},
    "3 layers, skip": {"num_layers": 3, "skip_connections": True},
}
EITHER = pytest.mark.parametrize("kind", [LSTM, RNN])
ANY_SITUATION = pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS)
ANY_STACK = pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(kind, seed=1, batch=B, **options):
    options = {"num_layers": 2, "bidirectional": True, "dtype": np.float64} | options
    return make_problem(kind(D, H, **options), T, batch, np.random.default_rng(seed))


def output_of(layer):
    """(T, B, W): what a layer hands up, before dropout, rows as sorted."""
    return np.concatenate([direction.h for direction in layer], axis=-1)


@EITHER
@ANY_SITUATION
def test_the_same_units_of_a_sequence_are_shut_at_all_its_steps(kind, situation):
    layer, x, *_ = make(kind, num_layers=3, **LOCKED)
    _, _, cache = layer.forward(x, **situation)
    assert cache.masks[0] is None
    for below, above, mask in zip(cache.layers, cache.layers[1:], cache.masks[1:], strict=False):
        assert mask.shape == (1, B, 2 * H)
        for t in range(T):
            expected = output_of(below)[t] * mask[0]
            assert all(np.array_equal(direction.x[t], expected) for direction in above)


@EITHER
def test_sequences_and_layers_have_masks_of_their_own_at_the_rate(kind):
    layer, x, *_ = make(kind, batch=500, num_layers=3, **LOCKED)
    first, second = layer.forward(x)[2].masks[1:]
    assert not np.array_equal(first, second)
    for mask in (first, second):
        assert len(np.unique(mask[0], axis=0)) > 50  # of the 64 patterns of 6 units
        assert set(np.unique(mask)) == {0, 1 / 0.6}
        assert np.mean(mask == 0) == pytest.approx(0.4, abs=4 * np.sqrt(0.4 * 0.6 / mask.size))


@EITHER
def test_without_it_each_step_draws_as_ever(kind):
    layer, x, *_ = make(kind, dropout=0.4)
    mask = layer.forward(x, rng=np.random.default_rng(5))[2].masks[1]
    drawn = dropout_mask((T, B, 2 * H), 0.4, np.random.default_rng(5), np.float64)
    assert np.array_equal(mask, drawn)
    assert not np.array_equal(mask[0], mask[1])


@EITHER
def test_at_rate_zero_no_bit_changes_and_nothing_is_drawn(kind):
    plain, locked = make(kind), make(kind, locked_dropout=True)
    before = locked.layer._rng.bit_generator.state
    assert_same(run(locked, LENGTHS, RESET), run(plain, LENGTHS, RESET), tolerance=0)
    assert locked.layer._rng.bit_generator.state == before


@EITHER
def test_inference_is_without_and_draws_nothing(kind):
    locked, plain = make(kind, **LOCKED), make(kind)
    before = locked.layer._rng.bit_generator.state
    expected = plain.layer(plain.x, lengths=LENGTHS)[0]
    assert np.array_equal(locked.layer(locked.x, lengths=LENGTHS)[0], expected)
    assert np.array_equal(locked.layer.look(locked.x, lengths=LENGTHS)[0], expected)
    assert locked.layer._rng.bit_generator.state == before
    assert not np.array_equal(locked.layer.forward(locked.x, lengths=LENGTHS)[0], expected)


@EITHER
def test_the_mean_of_many_draws_is_what_goes_up_without_dropout(kind):
    rows = 10_000
    layer, x, *_ = make(kind, batch=1, **LOCKED)
    _, _, cache = layer.forward(np.repeat(x, rows, axis=1))
    thinned, whole = cache.layers[1][0].x, output_of(cache.layers[0])[:, 0]
    error = thinned.std(axis=1) / np.sqrt(rows)
    assert (np.abs(thinned.mean(axis=1) - whole) < 4 * error).all()


@EITHER
def test_what_stands_in_the_padding_changes_nothing(kind):
    problem, twin = (make(kind, **LOCKED) for _ in range(2))
    padding = np.arange(T)[:, None] >= LENGTHS
    twin.x[padding], twin.dy[padding] = np.nan, 7.0
    assert_same(run(twin, LENGTHS, RESET), run(problem, LENGTHS, RESET), tolerance=0)


@EITHER
@ANY_STACK
@ANY_SITUATION
def test_gradients(kind, stack, situation):
    layer, x, dy, state, dstate = make(kind, seed=3, **{"bidirectional": False} | stack | LOCKED)

    def forward():
        return layer.forward(x, state, **situation, rng=np.random.default_rng(6))

    def loss():
        y, last, _ = forward()
        return float(np.sum(y * dy) + np.sum(last.h * dstate.h) + np.sum(last.c * dstate.c))

    dx, dfirst = layer.backward(dy, forward()[2], dstate)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    assert_gradients(loss, pairs | {"x": (x, dx), "h0": (state.h, dfirst.h)})


@EITHER
@ANY_STACK
@pytest.mark.parametrize("target", targets())
def test_every_target_agrees_with_the_reference(kind, stack, target):
    """In float32, against the reference in float64: masks are drawn alike in both."""
    wide = make(kind, **{"bidirectional": False} | stack | LOCKED)
    narrow = narrowed(wide, kind(D, H, **stack | LOCKED))
    set_target(target)
    assert (narrow.layer.why_not_native() is None) == (target != "numpy")
    for problem in (wide, narrow):
        problem.layer._rng = np.random.default_rng(7)
    assert_same(run(narrow, LENGTHS, RESET), run(wide, LENGTHS, RESET), tolerance=1e-5)


@EITHER
@pytest.mark.parametrize("locked", [0.5, 1, None])
def test_a_rate_in_its_place_is_refused(kind, locked):
    message = f"{kind.__name__}: locked_dropout={locked}; expected True or False: its rate is dropout"
    with pytest.raises(ArgumentError, match=message):
        kind(D, H, 2, locked_dropout=locked)
