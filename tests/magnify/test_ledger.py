"""The ledger is exact: entries by a slow loop, their sum the cell state, under every option."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.magnify.ledger import ledger
from gatewise.nn import LSTM, RNN
from gatewise.types import State

T, B, D, H = 40, 3, 4, 5

LSTMS = {
    "one layer": {},
    "two layers": {"num_layers": 2},
    "peepholes": {"peephole": True},
    "both directions": {"bidirectional": True, "num_layers": 2},
    "zoneout": {"zoneout_cell": 0.3, "zoneout_hidden": 0.2},
    "linear": {"candidate_tanh": False, "output_tanh": False},
}


def caches(options, dtype=np.float64, **call):
    lstm = LSTM(D, H, seed=1, dtype=dtype, **options)
    for name, view in lstm.parameters.items():
        if name.startswith("peephole"):
            view[...] = np.random.default_rng(2).normal(size=view.shape)
    x = np.random.default_rng(3).normal(size=(T, B, D)).astype(dtype)
    _, _, cache = lstm.look(x, **call)
    return [each for layer in cache.layers for each in layer]


def by_hand(cache, step, row):
    """What each step has in the cell state after ``step``, multiplied out one by one."""
    order = list(cache.walk.order)
    order = order[: order.index(step) + 1]
    share = cache.masks.zoneout_c or 0.0
    entries = []
    for k, t in enumerate(order):
        entry = (1 - share) * cache.i[t, row] * cache.g[t, row]
        for s in order[k + 1 :]:
            entry = entry * (share + (1 - share) * cache.f[s, row])
        entries.append(entry)
    return np.array(order), np.array(entries)


@pytest.mark.parametrize("step", [0, 17, T - 1])
@pytest.mark.parametrize("options", LSTMS.values(), ids=LSTMS)
def test_entries_are_what_was_written_and_is_left(options, step):
    for cache in caches(options):
        found = ledger(cache, step, row=1)
        order, entries = by_hand(cache, step, 1)
        assert np.array_equal(found.steps, order)
        np.testing.assert_allclose(found.entries, entries, rtol=1e-12, atol=1e-300)
        np.testing.assert_allclose(found.norm, np.sqrt((entries**2).sum(axis=1)), rtol=1e-12)
        assert found.total.sum() + found.initial.sum() == pytest.approx(found.cell.sum(), abs=1e-5)
        assert np.array_equal(found.cell, cache.c[step, 1])
        assert found.residual < 1e-13


@pytest.mark.parametrize("options", LSTMS.values(), ids=LSTMS)
def test_in_float32_it_adds_up_to_rounding(options):
    for cache in caches(options, np.float32):
        assert 0 < ledger(cache).residual < 1e-5


def test_the_initial_state_has_its_share():
    state = State(np.zeros((1, B, H)), np.full((1, B, H), 3.0))
    (cache,) = caches({"forget_bias": 2.0}, state=state)
    found = ledger(cache, 9)
    np.testing.assert_allclose(found.initial, 3 * np.prod(cache.f[:10, 0], axis=0))
    assert np.all(found.initial > 1e-3)
    assert found.residual < 1e-13


def test_nothing_is_left_of_what_was_before_a_reset():
    reset = np.zeros((T, B), bool)
    reset[20, 0] = True
    (cache,) = caches({}, reset=reset)
    found = ledger(cache, 30)
    assert not found.entries[:20].any()
    assert found.entries[20].all()
    assert found.residual < 1e-13


@pytest.mark.parametrize("reverse", [False, True])
def test_the_padding_wrote_nothing(reverse):
    cache = caches({"bidirectional": True}, lengths=np.array([T, 30, 10]))[reverse]
    found = ledger(cache, 4, row=2)
    assert found.steps.tolist() == ([9, 8, 7, 6, 5, 4] if reverse else [0, 1, 2, 3, 4])
    assert found.residual < 1e-13
    with pytest.raises(ArgumentError, match="step 10 of row 2 is padding"):
        ledger(cache, 10, row=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": T}, "step=40; expected a whole number of at least -40 and at most 39"),
        ({"step": -T - 1}, "step=-41"),
        ({"row": B}, "row=3"),
    ],
)
def test_a_step_that_is_not_there(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        ledger(caches({})[0], **arguments)


def test_a_plain_rnn_has_no_cell():
    _, _, cache = RNN(D, H).look(np.zeros((T, B, D), np.float32))
    with pytest.raises(ArgumentError, match="RNNCell has no cell state; expected an LSTM layer"):
        ledger(cache.layers[0][0])
