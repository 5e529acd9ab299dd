"""Recurrent dropout and zoneout through time: gradients with every option, and what each of them promises."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.ops import LSTMCell, Weights, backward, forward
from gatewise.ops.dropout import dropout_mask, zoneout_mask
from gatewise.ops.sequence import StateMasks
from gatewise.types import State
from tests.ops import textbook
from tests.ops.gradients import assert_gradients
from tests.ops.problems import CELLS, draw_state, draw_weights, flipped

T, B, D, H = 4, 3, 2, 3
LENGTHS = np.array([4, 2, 0])
RESET = np.array([[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
BOTH_WAYS = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])


def draw_masks(rng, kinds, steps=T, batch=B, hidden=H):
    """Masks by the names of what is on; "expected" stands for numbers instead of draws."""
    if "expected" in kinds:
        return StateMasks(None, *(0.3 if name in kinds else None for name in ("zoneout h", "zoneout c")))
    return StateMasks(
        dropout_mask((batch, hidden), 0.4, rng, np.float64) if "recurrent" in kinds else None,
        zoneout_mask((steps, batch, hidden), 0.5, rng) if "zoneout h" in kinds else None,
        zoneout_mask((steps, batch, hidden), 0.3, rng) if "zoneout c" in kinds else None,
    )


SITUATIONS = {
    "plain": {},
    "ragged": {"lengths": LENGTHS},
    "reset": {"reset": RESET},
    "ragged reset": {"lengths": LENGTHS, "reset": RESET},
}
EVERYTHING = ("recurrent", "zoneout h", "zoneout c")
KINDS = [
    ("recurrent",),
    ("zoneout h",),
    ("zoneout c",),
    ("zoneout h", "zoneout c"),
    EVERYTHING,
    ("zoneout h", "zoneout c", "expected"),
]
WITHOUT_MEMORY = [("zoneout h",), ("recurrent", "zoneout h"), ("zoneout h", "expected")]
COMBINATIONS = [
    *((cell, kinds, where) for cell in CELLS for kinds in KINDS[:1] for where in ("plain", "ragged reset")),
    *((cell, kinds, "ragged reset") for cell in CELLS if cell.startswith("lstm") for kinds in KINDS[1:]),
    *((cell, kinds, "ragged reset") for cell in CELLS if cell.startswith("rnn") for kinds in WITHOUT_MEMORY),
    *(("lstm-peephole", EVERYTHING, where) for where in ("plain", "ragged", "reset")),
]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("name", "kinds", "situation"),
    COMBINATIONS,
    ids=[f"{cell}, {' + '.join(kinds)}, {situation}" for cell, kinds, situation in COMBINATIONS],
)
def test_gradients_through_time(name, kinds, situation, reverse):
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(23)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights = draw_weights(rng, cell, D, H, peephole)
    state, dstate = draw_state(rng, cell, B, H), draw_state(rng, cell, B, H)
    options = {"reverse": reverse, "masks": draw_masks(rng, kinds), **SITUATIONS[situation]}

    def loss():
        y, last, _ = forward(cell, x, weights, state, **options)
        parts = [(y, dy), *zip(last, dstate, strict=True)]
        return float(sum(np.sum(value * gradient) for value, gradient in parts))

    dx, dfirst, dweights = backward(dy, forward(cell, x, weights, state, **options)[2], dstate)
    pairs = {"x": (x, dx), "h0": (state.h, dfirst.h)}
    for field, array, gradient in zip(Weights._fields, weights, dweights, strict=True):
        if array is not None:
            pairs[field] = (array, gradient)
    if cell.has_memory:
        pairs["c0"] = (state.c, dfirst.c)
    assert_gradients(loss, pairs)


def problem(seed, name="lstm-peephole"):
    cell, peephole = CELLS[name]
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    weights = draw_weights(rng, cell, D, H, peephole)
    return rng, cell, x, weights, draw_state(rng, cell, B, H), dy


def run(cell, x, weights, state, dy, **options):
    """All arrays that forward and backward give."""
    y, last, cache = forward(cell, x, weights, state, **options)
    dx, dfirst, dweights = backward(dy, cache)
    return [y, *last, dx, *dfirst, *(part for part in dweights if part is not None)]


@pytest.mark.parametrize("tanhs", [(True, True), (False, True), (True, False)])
def test_a_step_is_what_the_papers_print(tanhs):
    # Gal & Ghahramani 2016; Krueger et al. 2017, where h takes the cell state before zoneout.
    rng = np.random.default_rng(2)
    cell, weights = LSTMCell(*tanhs), draw_weights(rng, LSTMCell(), D, H, peephole=True)
    x, state, masks = rng.normal(size=(T, B, D)), draw_state(rng, cell, B, H), draw_masks(rng, EVERYTHING)
    y, last, cache = forward(cell, x, weights, state, masks=masks)
    W = np.concatenate([weights.weight_ih, weights.weight_hh], axis=1)
    for row in range(B):
        h, c = state.h[row], state.c[row]
        for t in range(T):
            seen = h * masks.recurrent[row]
            (h_new,), (c_new,) = textbook.lstm(
                x[t : t + 1, row], seen, c, W, weights.bias, weights.peephole, *tanhs
            )
            np.testing.assert_allclose(cache.c_new[t, row], c_new, atol=1e-14)
            h = np.where(masks.zoneout_h[t, row], h, h_new)
            c = np.where(masks.zoneout_c[t, row], c, c_new)
            np.testing.assert_allclose(y[t, row], h, atol=1e-14)
            np.testing.assert_allclose(cache.c[t, row], c, atol=1e-14)
        np.testing.assert_allclose(last.h[row], h, atol=1e-14)


@BOTH_WAYS
@pytest.mark.parametrize("name", ["lstm-peephole", "rnn-tanh"])
def test_masks_that_leave_all_alone_change_no_bit(name, reverse):
    _, cell, x, weights, state, dy = problem(3, name)
    options = {"lengths": LENGTHS, "reset": RESET, "reverse": reverse}
    nothing = np.zeros((T, B, H), dtype=bool)
    idle = StateMasks(np.ones((B, H)), nothing, nothing if cell.has_memory else None)
    expected = run(cell, x, weights, state, dy, **options)
    for masks in (StateMasks(), idle):
        for found, part in zip(
            run(cell, x, weights, state, dy, masks=masks, **options), expected, strict=True
        ):
            assert np.array_equal(found, part)


@BOTH_WAYS
def test_zoneout_everywhere_keeps_the_state(reverse):
    _, cell, x, weights, state, dy = problem(4)
    held = np.ones((T, B, H), dtype=bool)
    for masks in (StateMasks(None, held, held), StateMasks(None, 1.0, 1.0)):
        y, last, cache = forward(cell, x, weights, state, reverse=reverse, masks=masks)
        assert np.array_equal(y, np.broadcast_to(state.h, y.shape))
        assert np.array_equal(last.c, state.c)
        dx, dfirst, dweights = backward(dy, cache)
        np.testing.assert_allclose(dfirst.h, dy.sum(axis=0), atol=1e-14)
        assert not dx.any()
        assert not any(part.any() for part in dweights if part is not None)


def test_zoneout_holds_zeros_where_a_sequence_begins():
    _, cell, x, weights, state, _ = problem(5)
    held, reset = np.ones((T, B, H), dtype=bool), np.zeros((T, B), dtype=bool)
    reset[2] = True
    y, last, _ = forward(cell, x, weights, state, reset=reset, masks=StateMasks(None, held, held))
    assert np.array_equal(y[1], state.h)
    assert not y[2:].any()
    assert not last.c.any()


def test_a_unit_shut_by_recurrent_dropout_is_seen_by_no_sum():
    rng, cell, x, weights, state, dy = problem(6, "lstm")
    masks = StateMasks(recurrent=np.tile([0.0, 2.0, 2.0], (B, 1)))
    deaf = weights._replace(weight_hh=weights.weight_hh.copy())
    deaf.weight_hh[:, 0] = rng.normal(size=4 * H)
    assert np.array_equal(
        forward(cell, x, weights, state, masks=masks)[0], forward(cell, x, deaf, state, masks=masks)[0]
    )
    _, _, dweights = backward(dy, forward(cell, x, weights, state, masks=masks)[2])
    assert not dweights.weight_hh[:, 0].any()
    assert dweights.weight_hh[:, 1:].all()


def test_numbers_mix_old_and_new_in_this_proportion():
    _, cell, x, weights, state, _ = problem(7, "lstm")
    x = x[:1]
    y, _, cache = forward(cell, x, weights, state)
    mixed, mixed_last, _ = forward(cell, x, weights, state, masks=StateMasks(None, 0.25, 0.75))
    np.testing.assert_allclose(mixed[0], 0.25 * state.h + 0.75 * y[0], atol=1e-15)
    np.testing.assert_allclose(mixed_last.c, 0.75 * state.c + 0.25 * cache.c[0], atol=1e-15)


def test_one_step_of_inference_is_the_mean_over_draws():
    # The tolerance is four standard errors at the most.
    rows = 20_000
    rng, cell, x, weights, state, _ = problem(8, "lstm")
    many = State(*(np.repeat(part[:1], rows, axis=0) for part in state))
    x = np.repeat(x[:1, :1], rows, axis=1)
    masks = StateMasks(None, *(zoneout_mask((1, rows, H), rate, rng) for rate in (0.3, 0.1)))
    drawn = forward(cell, x, weights, many, masks=masks)[1]
    expected = forward(cell, x, weights, many, masks=StateMasks(None, 0.3, 0.1))[1]
    for values, means in zip(drawn, expected, strict=True):
        error = values.std(axis=0) / np.sqrt(rows)
        assert (np.abs(values.mean(axis=0) - means[0]) < 4 * error).all()


@BOTH_WAYS
def test_what_stands_in_the_padding_changes_nothing(reverse):
    rng, cell, x, weights, state, dy = problem(9)
    masks, longer = draw_masks(rng, EVERYTHING), 2
    options = {"lengths": LENGTHS, "reverse": reverse}
    expected = run(cell, x, weights, state, dy, masks=masks, **options)
    x, dy = (np.concatenate([part, rng.normal(size=(longer, *part.shape[1:]))]) for part in (x, dy))
    padding = np.arange(T + longer)[:, None] >= LENGTHS
    held = []
    for mask in masks[1:]:
        mask = np.concatenate([mask, np.zeros((longer, B, H), dtype=bool)])
        mask[padding] = rng.random((padding.sum(), H)) < 0.5
        held.append(mask)
    x[padding] = np.nan
    found = run(cell, x, weights, state, dy, masks=StateMasks(masks.recurrent, *held), **options)
    for one, other in zip(found, expected, strict=True):
        if one.shape != other.shape:
            assert not one[T:].any()
            one = one[:T]
        np.testing.assert_allclose(one, other, atol=1e-13)


def test_reversed_direction_is_forward_on_flipped_input_and_masks():
    rng, cell, x, weights, state, _ = problem(10)
    masks = draw_masks(rng, EVERYTHING)
    there = StateMasks(masks.recurrent, *(flipped(mask, LENGTHS) for mask in masks[1:]))
    y, last, _ = forward(cell, x, weights, state, lengths=LENGTHS, reverse=True, masks=masks)
    y_there, last_there, _ = forward(cell, flipped(x, LENGTHS), weights, state, lengths=LENGTHS, masks=there)
    np.testing.assert_allclose(y, flipped(y_there, LENGTHS), atol=1e-13)
    np.testing.assert_allclose(last.c, last_there.c, atol=1e-13)


def test_a_split_sequence_equals_the_whole():
    rng, cell, x, weights, state, dy = problem(11)
    masks = draw_masks(rng, EVERYTHING)
    first, second = (
        StateMasks(masks.recurrent, *(mask[part] for mask in masks[1:]))
        for part in (slice(None, 2), slice(2, None))
    )
    whole = run(cell, x, weights, state, dy, masks=masks)
    y_one, middle, cache_one = forward(cell, x[:2], weights, state, masks=first)
    y_two, last, cache_two = forward(cell, x[2:], weights, middle, masks=second)
    dx_two, dmiddle, d_two = backward(dy[2:], cache_two)
    dx_one, dfirst, d_one = backward(dy[:2], cache_one, dmiddle)
    halves = [np.concatenate([y_one, y_two]), *last, np.concatenate([dx_one, dx_two]), *dfirst]
    halves += [one + two for one, two in zip(d_one, d_two, strict=True) if one is not None]
    for found, expected in zip(halves, whole, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-13)


def test_masks_keep_the_type_of_the_layer():
    rng, cell, x, weights, state, dy = problem(12)
    weights, state = (
        Weights(*(part if part is None else part.astype(np.float32) for part in weights)),
        State(*(part.astype(np.float32) for part in state)),
    )
    masks = StateMasks(dropout_mask((B, H), 0.4, rng, np.float32), 0.3, zoneout_mask((T, B, H), 0.5, rng))
    outcome = run(cell, x.astype(np.float32), weights, state, dy.astype(np.float32), masks=masks)
    assert {part.dtype for part in outcome} == {np.dtype(np.float32)}


HELD = np.ones((T, B, H), dtype=bool)
REFUSED = {
    "recurrent of another batch": (
        {"recurrent": np.ones((B + 1, H))},
        r"masks.recurrent has shape \(4, 3\); expected \(3, 3\)",
    ),
    "recurrent a unit": ({"recurrent": np.ones(H)}, r"masks.recurrent has shape \(3,\); expected \(3, 3\)"),
    "zoneout of other steps": (
        {"zoneout_h": HELD[1:]},
        r"masks.zoneout_h has shape \(3, 3, 3\) and dtype bool; expected \(4, 3, 3\) of bool",
    ),
    "zoneout of numbers": (
        {"zoneout_c": HELD.astype(float)},
        r"masks.zoneout_c has shape \(4, 3, 3\) and dtype float64; expected \(4, 3, 3\) of bool",
    ),
    "a share above 1": ({"zoneout_h": 1.5}, r"masks.zoneout_h=1.5; expected a share in \[0, 1\]"),
    "a share of nan": ({"zoneout_c": np.nan}, r"masks.zoneout_c=nan; expected a share in \[0, 1\]"),
}


@pytest.mark.parametrize(("masks", "message"), REFUSED.values(), ids=REFUSED)
def test_masks_that_do_not_fit_are_refused(masks, message):
    _, cell, x, weights, state, _ = problem(13)
    with pytest.raises(ArgumentError, match=message):
        forward(cell, x, weights, state, masks=StateMasks(**masks))


@pytest.mark.parametrize("mask", [HELD, 0.5], ids=["drawn", "expected"])
def test_a_plain_rnn_has_no_cell_state_to_hold(mask):
    _, cell, x, weights, state, _ = problem(14, "rnn-tanh")
    with pytest.raises(ArgumentError, match=r"masks.zoneout_c is given; expected None, .* no cell state"):
        forward(cell, x, weights, state, masks=StateMasks(zoneout_c=mask))
