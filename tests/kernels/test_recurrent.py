"""Every target's kernel does what the NumPy reference does in float64, whatever the sizes and the options."""

import itertools
from functools import cache

import numpy as np
import pytest

import gatewise.kernels
from gatewise import ops
from gatewise.kernels import get_target, set_target, set_threads
from gatewise.ops import StateMasks
from gatewise.types import State
from tests.kernels.cases import (
    CELLS,
    NATIVE,
    OPTIONS,
    assert_close,
    draw_case,
    forward_and_backward,
    inference,
    some_options,
    wide,
)

pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")

# Below, at and above the sizes of tiles and of blocks of rows.
BATCHES = [1, 2, 3, 5, 6, 7, 11, 13, 20]
FEATURES = [1, 2, 3, 5, 8, 15, 16, 17, 28]
MOST_UNITS = 80  # each number of them, to five vectors of the widest target
LARGE = {
    "many units": {"steps": 3, "batch": 13, "features": 28, "hidden": 200},
    "many features": {"steps": 4, "batch": 7, "features": 400, "hidden": 33},
    "more than a block of features": {"steps": 2, "batch": 3, "features": 801, "hidden": 5},
    "more than a block of gates": {"steps": 3, "batch": 2, "features": 3, "hidden": 193},
    "a row more than a block": {"steps": 5, "batch": 97, "features": 64, "hidden": 17},
    "two steps a block": {"steps": 9, "batch": 48, "features": 3, "hidden": 20},
    "blocks that end inside steps": {"steps": 7, "batch": 130, "features": 1, "hidden": 31},
    "three blocks of rows": {"steps": 4, "batch": 200, "features": 28, "hidden": 64},
    "a block of steps in each block of time": {"steps": 97, "batch": 1, "features": 3, "hidden": 9},
    "a long sequence": {"steps": 400, "batch": 1, "features": 2, "hidden": 12},
    "a long and narrow batch": {"steps": 193, "batch": 2, "features": 5, "hidden": 7},
    "an odd batch over many blocks": {"steps": 60, "batch": 7, "features": 3, "hidden": 24},
    "more symbols than a block": {"steps": 3, "batch": 4, "features": 9, "hidden": 18, "symbols": 800},
    "two blocks of symbols": {"steps": 25, "batch": 8, "features": 17, "hidden": 40, "symbols": 97},
}


@pytest.fixture(autouse=True)
def one_thread():
    set_threads(1)
    yield
    set_target(None)
    set_threads(None)


@pytest.fixture
def poison(monkeypatch):
    """New memory holds nothing that could be mistaken for a result."""
    empty, empty_like = np.empty, np.empty_like

    def poisoned(array):
        if array.dtype == np.float32:
            array.fill(np.nan)
        return array

    monkeypatch.setattr(np, "empty", lambda *args, **kwargs: poisoned(empty(*args, **kwargs)))
    monkeypatch.setattr(np, "empty_like", lambda *args, **kwargs: poisoned(empty_like(*args, **kwargs)))


@pytest.fixture
def native_calls(monkeypatch):
    """The names of the kernels that were called, in order."""
    calls = []
    for name in ("recurrent_forward", "recurrent_backward"):
        kernel = getattr(gatewise.kernels, name)

        def counting(*arguments, name=name, kernel=kernel):
            calls.append(name)
            return kernel(*arguments)

        monkeypatch.setattr(gatewise.kernels, name, counting)
    return calls


@cache
def small_case(kind, hidden):
    """All options in all mixtures, for each number of units."""
    rng = np.random.default_rng([list(CELLS).index(kind), hidden])
    sizes = {
        "steps": int(rng.integers(1, 9)),
        "batch": int(rng.choice(BATCHES)),
        "features": int(rng.choice(FEATURES)),
    }
    return referred(draw_case(rng, kind, some_options(rng), hidden=hidden, **sizes))


@cache
def large_case(kind, name, plain):
    rng = np.random.default_rng([list(CELLS).index(kind), list(LARGE).index(name), plain])
    sizes = LARGE[name]
    options = frozenset() if plain else some_options(rng)
    if "symbols" in sizes:
        options |= {"tokens"}
    return referred(draw_case(rng, kind, options, **sizes))


def referred(case):
    """The case, and the truth of it."""
    case64 = wide(case)
    truth = forward_and_backward(case64, "numpy"), inference(case64, "numpy")
    return case, *truth


def without_kernel(case):
    return {"peephole", "zoneout c"} <= case.options


def check(target, case, trained, inferred, native_calls):
    context = f"{target}, {case}"
    assert_close(forward_and_backward(case, target), trained, context)
    assert_close(inference(case, target), inferred, context)
    if "odd memory" not in case.options:
        forward, backward = "recurrent_forward", "recurrent_backward"
        assert native_calls == ([] if without_kernel(case) else [forward, backward, forward]), context


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("hidden", range(1, MOST_UNITS + 1))
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.usefixtures("poison")
def test_a_kernel_agrees_with_the_reference(kind, hidden, target, native_calls):
    check(target, *small_case(kind, hidden), native_calls)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "options"])
@pytest.mark.parametrize("name", LARGE)
# The rectifier's kink tells apart sums that rounding moves over zero, of which there are some among many.
@pytest.mark.parametrize("kind", ["lstm", "lstm-no-tanh", "rnn-tanh", "rnn-sigmoid"])
@pytest.mark.usefixtures("poison")
def test_a_kernel_agrees_with_the_reference_over_many_blocks(kind, name, plain, target, native_calls):
    check(target, *large_case(kind, name, plain), native_calls)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("pair", list(itertools.combinations(OPTIONS, 2)), ids=" and ".join)
@pytest.mark.usefixtures("poison")
def test_any_two_options_go_together(pair, target, native_calls):
    """By themselves, where nothing else hides them."""
    for kind in ("lstm", "rnn-tanh"):
        rng = np.random.default_rng(OPTIONS.index(pair[0]) * len(OPTIONS) + OPTIONS.index(pair[1]))
        case = draw_case(rng, kind, frozenset(pair), steps=5, batch=8, features=6, hidden=19)
        native_calls.clear()
        check(target, *referred(case), native_calls)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", CELLS)
def test_training_with_shares_of_zoneout_agrees_too(kind, target):
    """The forward pass has a kernel, the backward pass has not; together they must still be right."""
    rng = np.random.default_rng(3)
    for hidden in (1, 18, 40):
        options = some_options(rng) | {"zoneout h", "zoneout c"}
        case = draw_case(rng, kind, options, steps=6, batch=9, features=4, hidden=hidden)
        truth = forward_and_backward(wide(case), "numpy", case.shares)
        assert_close(forward_and_backward(case, target, case.shares), truth, f"{target}, {case}")


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", CELLS)
def test_inference_takes_masks_too(kind, target):
    """Zoneout that is drawn, not expected, without a cache for the way back."""
    rng = np.random.default_rng(4)
    for hidden in (1, 18, 40):
        case = draw_case(rng, kind, some_options(rng, 0.7), steps=6, batch=9, features=4, hidden=hidden)
        truth = inference(wide(case), "numpy", case.masks)
        assert_close(inference(case, target, case.masks), truth, f"{target}, {case}")


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_of_zoneout_s_range(share, target):
    rng = np.random.default_rng(5)
    case = draw_case(rng, "lstm", frozenset(), steps=4, batch=3, features=2, hidden=20)
    masks = StateMasks(None, share, share)
    truth = inference(wide(case), "numpy", masks)
    assert_close(inference(case, target, masks), truth)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
def test_rows_that_never_begin(kind, reverse, target):
    """They hand the state and its gradient through; the gradients of the weights are exact zeros."""
    rng = np.random.default_rng(6)
    case = draw_case(rng, kind, frozenset({"ragged"}), steps=4, batch=5, features=3, hidden=17)
    case = case._replace(walk={**case.walk, "lengths": np.zeros(5, dtype=int), "reverse": reverse})
    found = forward_and_backward(case, target) | inference(case, target)
    for name in ("h", "inferred h"):
        np.testing.assert_array_equal(found[name], case.state.h)
    for name in ("c", "inferred c"):
        np.testing.assert_array_equal(found[name], case.state.c)
    np.testing.assert_array_equal(found["dh"], case.dstate.h)
    np.testing.assert_array_equal(found["dc"], case.dstate.c)
    for name in ("y", "inferred y", "dx", "dz", "dweight_ih", "dweight_hh", "dbias"):
        assert not found[name].any(), name


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", ["lstm", "rnn-sigmoid"])
@pytest.mark.parametrize("tokens", [frozenset(), frozenset({"tokens"})], ids=["x", "tokens"])
def test_what_stands_in_the_padding_never_enters(tokens, kind, target):
    rng = np.random.default_rng(7)
    options = tokens | {"ragged", "peephole", "recurrent mask"}
    case = draw_case(rng, kind, options, steps=6, batch=11, features=3, hidden=21)
    padding = ~(case.walk["lengths"] > np.arange(6)[:, None])
    expected = forward_and_backward(case, target) | inference(case, target)
    dy = case.dy.copy()
    dy[padding] = np.nan
    if tokens:
        symbols = case.x.tokens.copy()
        symbols[padding] = 0
        x = case.x._replace(tokens=symbols)
    else:
        x = case.x.copy()
        x[padding] = np.nan
    found = case._replace(x=x, dy=dy)
    found = forward_and_backward(found, target) | inference(found, target)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert not found["y"][padding].any()
    assert not found["dz"][padding].any()


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
def test_symbols_that_do_not_occur_have_no_gradient(kind, target):
    rng = np.random.default_rng(8)
    case = draw_case(rng, kind, frozenset({"tokens"}), steps=4, batch=5, features=3, hidden=20, symbols=50)
    dx = forward_and_backward(case, target)["dx"]
    used = np.unique(case.x.tokens)
    assert dx[used].any(axis=1).all()
    assert not np.delete(dx, used, axis=0).any()


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", CELLS)
def test_inference_has_the_bits_of_training(kind, target):
    rng = np.random.default_rng(9)
    for hidden in (3, 24, 65):
        options = some_options(rng) - {"zoneout h", "zoneout c"}
        case = draw_case(rng, kind, options, steps=5, batch=13, features=7, hidden=hidden)
        trained, inferred = forward_and_backward(case, target), inference(case, target)
        for name in ("y", "h", "c"):
            np.testing.assert_array_equal(inferred["inferred " + name], trained[name], err_msg=name)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("hidden", [5, 33])
def test_a_row_does_not_depend_on_its_neighbours(hidden, kind, target):
    """Rows are computed in tiles; which tile a row falls into must not show."""
    options = frozenset({"peephole"})
    case = draw_case(np.random.default_rng(2), kind, options, steps=5, batch=13, features=4, hidden=hidden)
    together = inference(case, target)["inferred y"]
    for size in (2, 3, 5, 12):
        for first in range(0, 14 - size):
            part = slice(first, first + size)
            state = State(case.state.h[part], case.state.c[part])
            alone = inference(case._replace(x=case.x[:, part], state=state), target)["inferred y"]
            np.testing.assert_array_equal(alone, together[:, part])


@pytest.mark.parametrize("target", NATIVE)
def test_a_kernel_leaves_what_it_is_given_alone(target):
    options = frozenset(OPTIONS) - {"no state", "no dstate", "given", "zoneout c"}
    case = draw_case(np.random.default_rng(10), "lstm", options, steps=5, batch=6, features=3, hidden=18)

    def arrays(part):
        if isinstance(part, np.ndarray):
            return [part]
        if isinstance(part, dict):
            part = tuple(part.values())
        return [array for each in part for array in arrays(each)] if isinstance(part, tuple) else []

    before = [array.copy() for array in arrays(case)]
    forward_and_backward(case, target)
    inference(case, target)
    for array, copy in zip(arrays(case), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("target", NATIVE)
def test_infinities_and_nan_come_through_as_in_the_reference(target):
    case = draw_case(np.random.default_rng(11), "lstm", frozenset(), steps=3, batch=4, features=3, hidden=18)
    x = case.x.copy()
    x[1, 0], x[1, 1, 0], x[1, 2, 0] = np.nan, np.inf, 1e30
    case = case._replace(x=x)
    with np.errstate(all="ignore"):
        expected = {name: inference(case, "numpy")[name] for name in ("inferred y", "inferred c")}
    found = inference(case, target)
    for name, values in expected.items():
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(values), err_msg=name)
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5, err_msg=name)


def test_float64_stays_on_the_reference(native_calls):
    case = draw_case(np.random.default_rng(1), "lstm", frozenset(), steps=4, batch=3, features=2, hidden=5)
    by_target = []
    for target in ("numpy", NATIVE[-1]):
        by_target.append(forward_and_backward(wide(case), target))
        assert get_target() == target
    for name, values in by_target[0].items():
        np.testing.assert_array_equal(by_target[1][name], values)
    assert native_calls == []


@pytest.mark.parametrize("kind", ["lstm", "rnn-tanh"])
def test_the_order_of_the_input_in_memory_does_not_choose_the_path(kind, native_calls):
    """A batch that is handed over as (B, T, D) transposed, or sorted by length, goes through the kernel."""
    rng = np.random.default_rng(12)
    case = draw_case(rng, kind, frozenset(), steps=6, batch=5, features=4, hidden=9)
    turned = np.ascontiguousarray(case.x.transpose(1, 0, 2)).transpose(1, 0, 2)
    for x in (turned, case.x[:, rng.permutation(5)], np.asfortranarray(case.x)):
        native_calls.clear()
        set_target(NATIVE[-1])
        y, _, cache = ops.forward(case.cell, x, case.weights)
        ops.backward(np.ones_like(y), cache)
        assert native_calls == ["recurrent_forward", "recurrent_backward"], x.strides


@pytest.mark.parametrize("part", ["x", "table", "bias", "peephole", "recurrent mask"])
def test_one_part_in_float64_does_no_harm(part):
    """The kernel cannot take it as it is; what it takes must outlive the call."""
    options = frozenset({"peephole", "recurrent mask"} | ({"tokens"} if part == "table" else set()))
    sizes = {"steps": 30, "batch": 20, "features": 30, "hidden": 18}
    case = draw_case(np.random.default_rng(13), "lstm", options, **sizes)
    expected = inference(case, NATIVE[-1])
    if part == "x":
        mixed = case._replace(x=case.x.astype(np.float64))
    elif part == "table":
        mixed = case._replace(x=case.x._replace(table=case.x.table.astype(np.float64)))
    elif part == "recurrent mask":
        mixed = case._replace(shares=StateMasks(case.shares.recurrent.astype(np.float64)))
    else:
        changed = {part: getattr(case.weights, part).astype(np.float64)}
        mixed = case._replace(weights=case.weights._replace(**changed))
    assert_close(inference(mixed, NATIVE[-1]), expected)


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
def test_a_unit_that_zoneout_holds_keeps_its_bits(reverse, target):
    case = draw_case(np.random.default_rng(14), "lstm", frozenset(), steps=7, batch=5, features=3, hidden=19)
    small = State(case.state.h * 1e-5, case.state.c * 1e-5)
    case = case._replace(walk={**case.walk, "reverse": reverse}, state=small)
    held = np.ones((7, 5, 19), dtype=bool)
    masks = StateMasks(None, held, held)
    found = forward_and_backward(case, target, masks) | inference(case, target, masks)
    for name in ("h", "inferred h"):
        np.testing.assert_array_equal(found[name], small.h)
    for name in ("c", "inferred c"):
        np.testing.assert_array_equal(found[name], small.c)
