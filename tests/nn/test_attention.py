"""Attention of a decoder: its equations, its gradients, the laws of padding, batch and time, and take."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import Attention, Linear, Network
from tests.ops.gradients import assert_gradients

T, B, S, Q, M, A = 3, 3, 4, 3, 5, 2
LENGTHS = np.array([2, 4, 1])
LAYERS = {
    "dot": (M, {}),
    "general": (Q, {}),
    "additive": (Q, {"attention_size": A}),
}
EACH = pytest.mark.parametrize("score", LAYERS)
RAGGED = pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
STEPS = pytest.mark.parametrize("steps", [(), (1,), (T,)], ids=["a step", "T = 1", "several steps"])


def make(score, dtype=np.float64, seed=1):
    width, options = LAYERS[score]
    return Attention(width, M, score=score, seed=seed, dtype=dtype, **options)


def draw(*shape, seed=2):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def problem(score, steps=(T,)):
    """A memory, queries and the gradient of their contexts."""
    return draw(S, B, M), draw(*steps, B, LAYERS[score][0], seed=3), draw(*steps, B, M, seed=4)


def run(layer, memory, query, dcontext, lengths=None):
    """Context, weights, dquery, dmemory and the parameters' gradients of one call for all queries."""
    layer.zero_gradients()
    prepared = layer.prepare(memory, lengths)
    context, cache = layer.forward(query, prepared)
    gradient = layer.memory_gradient(prepared)
    dquery = layer.backward(dcontext, cache, gradient)
    dmemory = layer.memory_backward(gradient)
    return context, cache.weights, dquery, dmemory, layer.gradients.vector.copy()


def run_by_steps(layer, memory, query, dcontext, lengths=None):
    """The same, one query after the other and back again."""
    layer.zero_gradients()
    prepared = layer.prepare(memory, lengths)
    contexts, caches = zip(*(layer.forward(step, prepared) for step in query), strict=True)
    gradient = layer.memory_gradient(prepared)
    dquery = np.empty_like(query)
    for t in reversed(range(len(query))):
        dquery[t] = layer.backward(dcontext[t], caches[t], gradient)
    dmemory = layer.memory_backward(gradient)
    weights = np.concatenate([cache.weights for cache in caches])
    return np.stack(contexts), weights, dquery, dmemory, layer.gradients.vector.copy()


def assert_same(results, expected):
    for result, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, other, rtol=1e-11, atol=1e-13)


def score_of(layer, s, h):
    weights = layer.parameters
    if layer.score == "dot":
        return s @ h
    if layer.score == "general":
        return s @ weights["weight_memory"] @ h
    return weights["weight_score"] @ np.tanh(weights["weight_query"] @ s + weights["weight_memory"] @ h)


@EACH
def test_it_is_the_mean_weighed_by_the_softmax_of_the_scores(score):
    layer, (memory, query, _) = make(score), problem(score)
    context, cache = layer.forward(query, layer.prepare(memory, LENGTHS))
    for t, b in np.ndindex(T, B):
        valid = memory[: LENGTHS[b], b]
        shares = np.exp([score_of(layer, query[t, b], h) for h in valid])
        shares /= shares.sum()
        np.testing.assert_allclose(cache.weights[t, b, : LENGTHS[b]], shares, rtol=1e-12)
        np.testing.assert_allclose(context[t, b], shares @ valid, rtol=1e-12)


@pytest.mark.parametrize(
    ("score", "weights", "query", "expected"),
    [
        ("dot", {}, [np.log(3), 0], [0.75, 0.25]),
        ("general", {"weight_memory": [[0, 1], [1, 0]]}, [np.log(3), 0], [0.25, 0.75]),
        (
            "additive",  # tanh(0.5 + 0.5) beside tanh(0.5 - 0.5)
            {
                "weight_query": [[1, 0]],
                "weight_memory": [[0.5, -0.5]],
                "weight_score": [np.log(3) / np.tanh(1)],
            },
            [0.5, 7],
            [0.75, 0.25],
        ),
    ],
)
def test_two_steps_by_hand(score, weights, query, expected):
    options = {"attention_size": 1} if score == "additive" else {}
    layer = Attention(2, 2, score=score, dtype=np.float64, **options)
    layer.parameters.assign({name: np.array(values) for name, values in weights.items()})
    memory = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    context, cache = layer.forward(np.array([query], dtype=float), layer.prepare(memory))
    np.testing.assert_allclose(cache.weights, [[expected]], rtol=1e-14)
    np.testing.assert_allclose(context, [expected], rtol=1e-14)


@EACH
@RAGGED
@STEPS
def test_gradients(score, lengths, steps):
    layer, (memory, query, dcontext) = make(score), problem(score, steps)
    _, _, dquery, dmemory, _ = run(layer, memory, query, dcontext, lengths)
    pairs = {"memory": (memory, dmemory), "query": (query, dquery)}
    pairs |= {name: (layer.parameters[name], layer.gradients[name]) for name in layer.parameters}
    assert_gradients(lambda: np.sum(layer(query, layer.prepare(memory, lengths)) * dcontext), pairs)


@EACH
@RAGGED
def test_steps_one_by_one_are_all_steps_at_once(score, lengths):
    layer, arrays = make(score), problem(score)
    assert_same(run_by_steps(layer, *arrays, lengths), run(layer, *arrays, lengths))


@EACH
def test_gradients_are_added(score):
    layer, (memory, query, dcontext) = make(score), problem(score)
    once = run(layer, memory, query, dcontext, LENGTHS)[-1]
    prepared = layer.prepare(memory, LENGTHS)
    gradient = layer.memory_gradient(prepared)
    layer.backward(dcontext, layer.forward(query, prepared)[1], gradient)
    layer.memory_backward(gradient)
    np.testing.assert_allclose(layer.gradients.vector, 2 * once, rtol=1e-13)


@EACH
def test_what_backward_was_handed_may_be_overwritten(score):
    layer, (memory, query, dcontext) = make(score), problem(score)
    expected = run(layer, memory, query, dcontext)[3]
    prepared = layer.prepare(memory)
    gradient = layer.memory_gradient(prepared)
    layer.backward(dcontext, layer.forward(query, prepared)[1], gradient)
    dcontext[...] = np.nan
    np.testing.assert_array_equal(layer.memory_backward(gradient), expected)


@EACH
def test_weights_sum_to_one_and_padding_has_neither_weight_nor_gradient(score):
    layer, arrays = make(score), problem(score)
    _, weights, _, dmemory, _ = run(layer, *arrays, LENGTHS)
    mask = np.arange(S) < LENGTHS[:, None]
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-14)
    assert (weights > 0).tolist() == np.broadcast_to(mask, weights.shape).tolist()
    assert dmemory.any(axis=-1).T.tolist() == mask.tolist()


@EACH
def test_what_stands_in_the_padding_does_not_count(score):
    layer, (memory, *rest) = make(score), problem(score)
    padding = np.arange(S)[:, None] >= LENGTHS
    other = np.where(padding[..., None], np.nan, memory)
    expected = run(layer, memory, *rest, LENGTHS)
    for result, same in zip(run(layer, other, *rest, LENGTHS), expected, strict=True):
        np.testing.assert_array_equal(result, same)


@EACH
def test_more_padding_changes_nothing(score):
    layer, (memory, *rest) = make(score), problem(score)
    longer = np.concatenate([memory, draw(2, B, M)])
    context, weights, dquery, dmemory, gradients = run(layer, longer, *rest, LENGTHS)
    assert not weights[..., S:].any()
    assert not dmemory[S:].any()
    expected = run(layer, memory, *rest, LENGTHS)
    assert_same((context, weights[..., :S], dquery, dmemory[:S], gradients), expected)


@EACH
def test_lengths_of_all_steps_are_no_lengths(score):
    layer, arrays = make(score), problem(score)
    assert_same(run(layer, *arrays, np.full(B, S)), run(layer, *arrays))


@EACH
def test_permuting_the_batch_permutes_the_result(score):
    layer, (memory, query, dcontext) = make(score), problem(score)
    rows = np.array([2, 0, 1])
    results = run(layer, memory[:, rows], query[:, rows], dcontext[:, rows], LENGTHS[rows])
    *expected, gradients = run(layer, memory, query, dcontext, LENGTHS)
    assert_same(results, (*(part[:, rows] for part in expected), gradients))


@EACH
def test_take_prepares_the_rows_of_a_beam(score):
    layer, (memory, _, _) = make(score), problem(score)
    rows = np.array([1, 1, 0, 2, 1])
    query = draw(len(rows), LAYERS[score][0])
    context, cache = layer.forward(query, layer.prepare(memory, LENGTHS).take(rows))
    expected, other = layer.forward(query, layer.prepare(memory[:, rows], LENGTHS[rows]))
    np.testing.assert_allclose(context, expected, rtol=1e-13)
    np.testing.assert_allclose(cache.weights, other.weights, rtol=1e-13)


def test_keys_that_are_the_values_stay_one_array():
    taken = make("dot").prepare(draw(S, B, M)).take(np.array([0, 0]))
    assert taken.keys is taken.values


@EACH
def test_float32_stays_float32_and_agrees(score):
    arrays = problem(score)
    layer = make(score, np.float32)
    results = run(layer, *(array.astype(np.float32) for array in arrays), LENGTHS)
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    for result, expected in zip(results, run(make(score), *arrays, LENGTHS), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_views_that_are_not_contiguous_will_do(score, dtype):
    layer = make(score, dtype)
    arrays = [array.astype(dtype) for array in problem(score)]
    views = [np.repeat(array, 2, axis=-1)[..., ::2] for array in arrays]
    assert not any(view.flags.c_contiguous for view in views)
    for result, expected in zip(run(layer, *views, LENGTHS), run(layer, *arrays, LENGTHS), strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-6)


def test_parameters_and_their_first_values():
    shapes = {score: make(score).parameters.shapes for score in LAYERS}
    assert shapes == {
        "dot": {},
        "general": {"weight_memory": (Q, M)},
        "additive": {"weight_memory": (A, M), "weight_query": (A, Q), "weight_score": (A,)},
    }
    assert Attention(Q, M, score="additive").parameters["weight_score"].shape == (Q,)
    layer = Attention(100, 50, score="additive", attention_size=25)
    for name, n in (("weight_memory", 50), ("weight_query", 100), ("weight_score", 25)):
        assert 0.8 * n**-0.5 < np.abs(layer.parameters[name]).max() <= n**-0.5
    assert np.abs(Attention(100, 50, init_scale=0.01).parameters.vector).max() <= 0.01


def test_the_seed_decides_the_first_values():
    first, same, other = (make("additive", seed=seed).parameters.vector for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


@EACH
def test_it_lives_in_a_network(score):
    layer, arrays = make(score), problem(score)
    expected = run(layer, *arrays, LENGTHS)
    network = Network({"attention": layer, "output": Linear(M, 2, dtype=np.float64)})
    assert_same(run(layer, *arrays, LENGTHS), expected)
    for name in layer.parameters:
        np.testing.assert_array_equal(network.gradients[f"attention.{name}"], layer.gradients[name])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"score": "concat"}, "score='concat'; expected one of dot, general, additive"),
        ({"score": "dot"}, "query_size=3 and memory_size=5; expected equal widths with score='dot'"),
        ({"attention_size": 4}, "attention_size=4; expected None with score='general'"),
        ({"score": "additive", "attention_size": 0}, "attention_size=0; expected a whole number"),
        ({"query_size": 0}, "query_size=0"),
        ({"memory_size": 2.5}, "memory_size=2.5"),
        ({"init_scale": -1}, "init_scale=-1"),
        ({"dtype": np.float16}, "expected float32 or float64"),
    ],
)
def test_what_no_layer_can_be_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=f"Attention: .*{message}"):
        Attention(**{"query_size": Q, "memory_size": M, **arguments})


@pytest.mark.parametrize(
    ("memory", "lengths", "message"),
    [
        (np.zeros((S, B, M + 1)), None, r"memory has shape \(4, 3, 6\); expected \(S, B, 5\)"),
        (np.zeros((B, M)), None, r"memory has shape \(3, 5\)"),
        (np.zeros((0, B, M)), None, r"memory has shape \(0, 3, 5\)"),
        (np.zeros((S, B, M), np.float32), None, "memory has dtype float32; this layer computes in float64"),
        (np.zeros((S, B, M)), np.array([1, 2]), r"lengths has shape \(2,\)"),
        (np.zeros((S, B, M)), np.ones(B), "lengths has shape .* dtype float64"),
        (np.zeros((S, B, M)), np.array([2, 0, 1]), r"lengths\[1\]=0; expected at least one step"),
        (np.zeros((S, B, M)), np.array([2, 1, 5]), r"lengths\[2\]=5; memory has 4"),
    ],
    ids=["width", "axes", "no steps", "type", "count", "type of lengths", "empty row", "too long"],
)
def test_a_memory_that_does_not_fit_is_refused(memory, lengths, message):
    with pytest.raises(ArgumentError, match=f"Attention: {message}"):
        make("general").prepare(memory, lengths)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (np.zeros((B, Q + 1)), r"query has shape \(3, 4\); expected \(3, 3\) or \(T, 3, 3\)"),
        (np.zeros((B + 1, Q)), r"query has shape \(4, 3\)"),
        (np.zeros((0, B, Q)), r"query has shape \(0, 3, 3\)"),
        (np.zeros(Q), r"query has shape \(3,\)"),
        (np.zeros((B, Q), np.float32), "query has dtype float32"),
    ],
    ids=["width", "batch", "no steps", "axes", "type"],
)
def test_a_query_that_does_not_fit_is_refused(query, message):
    layer = make("general")
    with pytest.raises(ArgumentError, match=f"Attention: {message}"):
        layer.forward(query, layer.prepare(draw(S, B, M)))


def test_a_memory_that_another_kind_of_layer_prepared_is_refused():
    foreign = make("additive").prepare(draw(S, B, M))
    with pytest.raises(ArgumentError, match=r"prepared.keys has shape \(3, 4, 2\); expected \(3, 4, 3\)"):
        make("general").forward(draw(B, Q), foreign)
    with pytest.raises(ArgumentError, match=r"prepared.values has shape \(3, 4, 5\); expected \(3, 4, 6\)"):
        Attention(A, M + 1, dtype=np.float64).memory_gradient(foreign)


def test_a_gradient_that_does_not_fit_is_refused():
    layer, (memory, query, dcontext) = make("general"), problem("general")
    _, cache = layer.forward(query, layer.prepare(memory))
    gradient = layer.memory_gradient(cache.prepared)
    with pytest.raises(ArgumentError, match=r"dcontext has shape \(3, 5\); expected \(3, 3, 5\)"):
        layer.backward(dcontext[0], cache, gradient)
    with pytest.raises(ArgumentError, match="gradient belongs to another prepared memory"):
        layer.backward(dcontext, cache, layer.memory_gradient(layer.prepare(memory)))
    with pytest.raises(ArgumentError, match="gradient is empty"):
        layer.memory_backward(gradient)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.array([0, B]), r"rows lie in \[0, 3\]; expected \[0, 3\)"),
        (np.array([-1, 0]), r"rows lie in \[-1, 0\]"),
        (np.array([True, False, True]), r"rows has shape \(3,\) and dtype bool"),
        (np.array([], dtype=int), r"rows has shape \(0,\)"),
        (np.array([[0]]), r"rows has shape \(1, 1\)"),
    ],
    ids=["too large", "negative", "mask", "none", "axes"],
)
def test_rows_that_are_none_are_refused(rows, message):
    with pytest.raises(ArgumentError, match=message):
        make("general").prepare(draw(S, B, M)).take(rows)
