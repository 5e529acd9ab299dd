"""A backward pass whose cache no longer holds what the forward pass saw is refused, and told why."""

import numpy as np
import pytest

from gatewise import ops
from gatewise.errors import ArgumentError
from gatewise.ops.held import LINES, WHOLE, Held, chosen_runs, mark
from gatewise.ops.pooling import attention_pool, attention_pool_backward
from tests.ops.problems import CELLS, draw_state, draw_weights

T, B, D, H = 4, 3, 2, 5


def in_sequence(kind="lstm-peephole", tokens=False, masks=False):
    rng = np.random.default_rng(3)
    cell, peephole = CELLS[kind]
    weights, state = draw_weights(rng, cell, D, H, peephole), draw_state(rng, cell, B, H)
    x, given = rng.normal(size=(T, B, D)), {}
    arrays = {"x": x}
    if tokens:
        arrays = {"tokens": rng.integers(0, 7, (T, B)), "table": rng.normal(size=(7, D))}
        x = ops.TokenInput(**arrays)
    if masks:
        drawn = ops.StateMasks(
            np.ones((B, H)), np.zeros((T, B, H), dtype=bool), np.zeros((T, B, H), dtype=bool)
        )
        given["masks"] = drawn
        arrays |= {f"masks.{name}": mask for name, mask in drawn._asdict().items()}
    arrays |= {name: part for name, part in weights._asdict().items() if part is not None and name != "bias"}
    y, _, cache = ops.forward(cell, x, weights, state, **given)
    return arrays, lambda: ops.backward(np.ones_like(y), cache)


def in_error_flow():
    rng = np.random.default_rng(4)
    cell, _ = CELLS["lstm"]
    weights, x = draw_weights(rng, cell, D, H), rng.normal(size=(T, B, D))
    y, _, cache = ops.forward(cell, x, weights)
    return {"weight_hh": weights.weight_hh}, lambda: ops.error_flow(np.ones_like(y), cache)


def in_mogrifier():
    rng = np.random.default_rng(5)
    arrays = {"x": rng.normal(size=(B, D)), "h": rng.normal(size=(B, H)), "mask": np.ones((B, H))}
    weights = ((rng.normal(size=(D, H)),), (rng.normal(size=(H, 2)), rng.normal(size=(2, D))))
    names = {"weights[0][0]": weights[0][0], "weights[1][0]": weights[1][0], "weights[1][1]": weights[1][1]}
    x, h, cache = ops.mogrify(arrays["x"], arrays["h"], weights, arrays["mask"])
    return arrays | names, lambda: ops.mogrify_backward(x, h, cache)


def in_crf():
    rng = np.random.default_rng(6)
    weights = ops.CRFWeights(rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4))
    emissions, tags = rng.normal(size=(T, B, 4)), rng.integers(0, 4, (T, B))
    _, cache = ops.crf_log_likelihood(emissions, tags, np.array([4, 2, 1]), weights)
    arrays = {"emissions": emissions, **weights._asdict()}
    return arrays, lambda: ops.crf_log_likelihood_backward(np.ones(B), cache)


def in_cross_entropy():
    targets = np.random.default_rng(7).integers(0, 5, (T, B))
    _, cache = ops.cross_entropy(np.zeros((T, B, 5)), targets)
    return {"targets": targets}, lambda: ops.cross_entropy_backward(cache)


def in_layer_norm():
    weight = np.arange(1.0, 1 + H)
    _, cache = ops.layer_norm(np.random.default_rng(8).normal(size=(B, H)), weight, np.zeros(H))
    return {"weight": weight}, lambda: ops.layer_norm_backward(np.ones((B, H)), cache)


def in_pooling():
    y = np.random.default_rng(9).normal(size=(T, B, H))
    _, cache = attention_pool(y, np.zeros((T, B)), np.array([4, 2, 1]))
    return {"y": y}, lambda: attention_pool_backward(np.ones((B, H)), cache)


PASSES = {
    "lstm": in_sequence,
    "rnn": lambda: in_sequence("rnn-relu"),
    "tokens": lambda: in_sequence(tokens=True),
    "masks": lambda: in_sequence("lstm", masks=True),
    "error flow": in_error_flow,
    "mogrifier": in_mogrifier,
    "crf": in_crf,
    "cross-entropy": in_cross_entropy,
    "layer norm": in_layer_norm,
    "pooling": in_pooling,
}


@pytest.mark.parametrize("name", PASSES)
def test_a_change_between_the_passes_is_refused_by_name(name):
    for held in PASSES[name]()[0]:
        arrays, backward = PASSES[name]()
        values = arrays[held]
        values.flat[-1] = not values.flat[-1] if values.dtype == bool else (values.flat[-1] + 1) % 4
        with pytest.raises(
            ArgumentError, match=rf": {held.replace('[', '.').replace(']', '.')} changed after"
        ):
            backward()


@pytest.mark.parametrize("name", PASSES)
def test_what_was_put_back_serves_as_before(name):
    for held in PASSES[name]()[0]:
        arrays, backward = PASSES[name]()
        before = arrays[held].copy()
        arrays[held][...] = 0
        arrays[held][...] = before
        backward()


def test_a_copy_is_the_callers_own():
    """Lengths, resets, the initial state and tags may be written over."""
    rng = np.random.default_rng(11)
    cell, _ = CELLS["lstm"]
    weights, x = draw_weights(rng, cell, D, H), rng.normal(size=(T, B, D))
    dy, found = rng.normal(size=(T, B, H)), []
    for spoil in (False, True):
        state, lengths = draw_state(np.random.default_rng(1), cell, B, H), np.array([4, 3, 1])
        reset = np.arange(T * B).reshape(T, B) % 5 == 4
        _, _, cache = ops.forward(cell, x, weights, state, lengths=lengths, reset=reset)
        if spoil:
            state.h[...] = state.c[...] = 9
            lengths[...], reset[...] = 1, True
        dx, dstate, gradients = ops.backward(dy, cache)
        found.append([dx, *dstate, *gradients[:3]])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


LAYOUTS = {
    "contiguous": lambda a: a,
    "transposed": lambda a: a.swapaxes(0, 1),
    "every second": lambda a: a[::2],
    "columns": lambda a: a[..., 1:],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(4, 3, 2), (64, 32, 64), (128, 128)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_refill_of_any_part_worth_a_row_is_seen(layout, shape, dtype):
    rng = np.random.default_rng(12)
    whole = rng.normal(size=shape).astype(dtype)
    values = LAYOUTS[layout](whole)
    before = mark(values)
    assert mark(values) == before == mark(values.copy())
    for index in ((slice(None),), (-1,), (0,), (slice(None), -1), (slice(None), 1), (Ellipsis, 0)):
        kept = values[index].copy()
        values[index] += 1
        assert mark(values) != before, index
        values[index] = kept
    assert mark(values) == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_each_element_counts_up_to_the_limit(dtype):
    values = np.zeros(WHOLE // np.dtype(dtype).itemsize, dtype)
    before = mark(values)
    for place in (0, 1, len(values) // 3, len(values) - 1):
        values[place] = 1
        assert mark(values) != before
        values[place] = 0
    assert mark(np.zeros((0, 3), dtype)) == mark(np.zeros((3, 0), dtype))


@pytest.mark.parametrize("count", [LINES - 5, LINES, 300, 2**14, 2**14 + 1, 10**6])
def test_runs_are_spread_over_all_of_it(count):
    chosen = chosen_runs(count)
    assert chosen[0] == 0
    assert chosen[-1] == count - 1
    assert min(count, LINES) / 2 <= len(chosen) <= LINES
    assert np.diff(chosen).max() < 2.1 * max(1, count / LINES)


def test_none_is_nothing_held():
    Held(x=None).check("nobody")


def test_shuffled_rows_are_another_array():
    x = np.random.default_rng(13).normal(size=(200, 40, 3))
    before = mark(x)
    x[...] = x[::-1].copy()
    assert mark(x) != before


@pytest.mark.parametrize("kind", ["lstm", "lstm-peephole", "rnn-relu"])
@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_that_the_cache_shares_cannot_be_written_into(kind, reverse):
    rng = np.random.default_rng(14)
    cell, peephole = CELLS[kind]
    given = cell, rng.normal(size=(T, B, D)), draw_weights(rng, cell, D, H, peephole)
    y, last, _ = ops.forward(*given, reverse=reverse)
    with pytest.raises(ValueError, match="read-only"):
        y += 1
    last.h[...] = 0  # a copy
    y, _ = ops.infer(*given, reverse=reverse)
    y += 1  # nothing is kept
