"""A decoder with attention and input feeding: its equations, its gradients, and one step at a time."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import AttentionDecoder
from gatewise.ops import sigmoid
from gatewise.optim import SGD
from gatewise.types import State
from tests.ops.gradients import assert_gradients

T, B, S, E, H, M = 4, 3, 5, 2, 3, 4
LENGTHS = np.array([5, 2, 3])
KINDS = {
    "lstm": {},
    "rnn": {"cell": "rnn"},
    "one layer": {"num_layers": 1},
    "additive": {"score": "additive"},
    "dot": {"score": "dot", "memory_size": H},
    "not fed": {"input_feeding": False},
}
EACH = pytest.mark.parametrize("kind", KINDS)


def make(kind="lstm", dtype=np.float64, **options):
    options = {"num_layers": 2, "memory_size": M, "dtype": dtype, **KINDS[kind], **options}
    decoder = AttentionDecoder(E, H, seed=1, **options)
    # Biases begin at zero, where a test cannot see whether they are used.
    decoder.parameters.vector[...] = np.random.default_rng(2).normal(size=decoder.parameters.vector.size) / 2
    return decoder


def problem(decoder, seed=3):
    """An input, a state, a memory, and the gradient of what comes out."""
    rng, cell = np.random.default_rng(seed), decoder.recurrent.cell
    shape = (decoder.num_layers, B, H)
    state = State(rng.normal(size=shape), rng.normal(size=(*shape[:2], H if cell.has_memory else 0)))
    memory = rng.normal(size=(S, B, decoder.attention.memory_size))
    parts = (rng.normal(size=(T, B, E)), *state, memory, rng.normal(size=(T, B, H)))
    x, h, c, memory, dy = (part.astype(decoder.dtype) for part in parts)
    return x, State(h, c), memory, dy


@EACH
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_gradients(kind, dropout):
    decoder = make(kind, dropout=dropout)
    x, state, memory, dy = problem(decoder)

    def run():
        prepared = decoder.attention.prepare(memory, LENGTHS)
        return decoder.forward(x, state, prepared, rng=np.random.default_rng(7))

    y, _, cache = run()
    dx, dstate, dmemory = decoder.backward(dy, cache)
    pairs = {"x": (x, dx), "h": (state.h, dstate.h), "memory": (memory, dmemory)}
    if state.c.size:
        pairs["c"] = (state.c, dstate.c)
    pairs |= {name: (decoder.parameters[name], decoder.gradients[name]) for name in decoder.parameters}
    assert_gradients(lambda: float((run()[0] * dy).sum()), pairs)
    assert y.shape == (T, B, H)
    padding = np.arange(S)[:, None] >= LENGTHS
    assert not dmemory[padding].any()


@pytest.mark.parametrize("fed", [True, False])
def test_it_computes_the_equations(fed):
    """One layer, one sequence, written out."""
    decoder = make("one layer", input_feeding=fed)
    x, state, memory, _ = problem(decoder)
    weights = decoder.parameters
    y, last, cache = decoder.forward(x, state, decoder.attention.prepare(memory))
    for b in range(B):
        h, c, feed = state.h[0, b], state.c[0, b], np.zeros(H)
        for t in range(T):
            read = np.concatenate([x[t, b], feed]) if fed else x[t, b]
            z = (
                weights["lstm.weight_ih_l0"] @ read
                + weights["lstm.weight_hh_l0"] @ h
                + weights["lstm.bias_l0"]
            )
            i, f, g, o = np.split(z, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            scores = np.array([h @ weights["attention.weight_memory"] @ memory[s, b] for s in range(S)])
            alpha = np.exp(scores) / np.exp(scores).sum()
            context = alpha @ memory[:, b]
            feed = np.tanh(weights["combine.weight"] @ np.concatenate([context, h]))
            np.testing.assert_allclose(y[t, b], feed, rtol=1e-12)
            np.testing.assert_allclose(cache.weights[t, b], alpha, rtol=1e-12)
        np.testing.assert_allclose(last.recurrent.c[0, b], c, rtol=1e-12)
        np.testing.assert_allclose(last.feed[b], feed, rtol=1e-12)


@EACH
def test_one_step_at_a_time_is_the_same(kind):
    decoder = make(kind)
    x, state, memory, _ = problem(decoder)
    prepared = decoder.attention.prepare(memory, LENGTHS)
    y, last, cache = decoder.forward(x, state, prepared)
    stream = decoder.stream(state)
    for t in range(T):
        step, weights = stream.step(x[t], prepared)
        np.testing.assert_allclose(step, y[t], rtol=1e-12)
        np.testing.assert_allclose(weights, cache.weights[t], rtol=1e-12)
    np.testing.assert_allclose(stream.state.recurrent.h, last.recurrent.h, rtol=1e-12)


def test_hypotheses_share_a_memory_and_can_change_places():
    decoder = make()
    x, state, memory, _ = problem(decoder)
    prepared = decoder.attention.prepare(memory, LENGTHS)
    alone = [decoder.stream(state) for _ in range(2)]
    for stream, t in zip(alone, (0, 1), strict=True):
        stream.step(x[t], prepared)
    together = decoder.stream(State(*(np.concatenate([part, part], axis=1) for part in state)))
    together.step(np.concatenate([x[0], x[1]]), prepared)
    together.select(np.r_[B : 2 * B, :B])
    y, weights = together.step(np.concatenate([x[2], x[2]]), prepared)
    expected = [stream.step(x[2], prepared) for stream in reversed(alone)]
    np.testing.assert_allclose(y, np.concatenate([part for part, _ in expected]), rtol=1e-12)
    np.testing.assert_allclose(weights, np.concatenate([part for _, part in expected]), rtol=1e-12)


def test_a_step_may_read_what_came_of_the_step_before():
    decoder = make()
    x, state, memory, dy = problem(decoder)
    prepared = decoder.attention.prepare(memory)
    kept, seen = x.copy(), []

    def feedback(t, y):
        seen.append((t, y.copy()))
        return y[:, :E] if t == 2 else None

    y, _, cache = decoder.forward(x, state, prepared, feedback=feedback)
    np.testing.assert_array_equal(x, kept)
    assert [t for t, _ in seen] == [1, 2, 3]
    replaced = x.copy()
    replaced[2] = seen[1][1][:, :E]
    np.testing.assert_array_equal(cache.x, replaced)
    expected, _, other = decoder.forward(replaced, state, prepared)
    np.testing.assert_allclose(y, expected, rtol=1e-12)
    for ours, theirs in zip(decoder.backward(dy, cache), decoder.backward(dy, other), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_in_float32_it_is_nearly_the_same():
    outputs = []
    for dtype in (np.float32, np.float64):
        decoder = make(dtype=dtype)
        x, state, memory, dy = problem(decoder)
        y, _, cache = decoder.forward(x, state, decoder.attention.prepare(memory, LENGTHS))
        outputs.append((y, decoder.backward(dy, cache)[0]))
        assert y.dtype == dtype
    for narrow, wide in zip(*outputs, strict=True):
        np.testing.assert_allclose(narrow, wide, atol=1e-5)


def test_what_does_not_fit_is_refused():
    decoder = make()
    x, state, memory, dy = problem(decoder)
    prepared = decoder.attention.prepare(memory)
    with pytest.raises(ArgumentError, match=r"x has shape \(4, 3, 3\)"):
        decoder.forward(dy, state, prepared)
    with pytest.raises(ArgumentError, match=r"state\.h has shape"):
        decoder.forward(x, State(state.h[:1], state.c[:1]), prepared)
    one = decoder.attention.prepare(memory[:, :1])
    with pytest.raises(ArgumentError, match=r"x has 3 sequences and the memory has 1"):
        decoder.forward(x, state, one)
    with pytest.raises(ArgumentError, match=r"x has 1 sequences and state has 3"):
        decoder.forward(x[:, :1], state, one)
    stream = decoder.stream(state)
    with pytest.raises(ArgumentError, match=r"x has 2 rows; expected 3, as the state has"):
        stream.step(x[0, :2], prepared)
    with pytest.raises(ArgumentError, match=r"for each of the memory's 2 sequences"):
        stream.step(x[0], decoder.attention.prepare(memory[:, :2]))
    with pytest.raises(ArgumentError, match=r"cell='gru'; expected 'lstm' or 'rnn'"):
        AttentionDecoder(2, 3, 1, 4, cell="gru")
    _, _, cache = decoder.forward(x, state, prepared)
    with pytest.raises(ArgumentError, match=r"dy has shape"):
        decoder.backward(dy[:, :2], cache)


def written_over(decoder, y, alpha):
    y[...] = alpha[...] = 9


def stepped(decoder, y, alpha):
    decoder.gradients.vector[...] = 1
    SGD(decoder, 0.1).step()


def loaded(decoder, y, alpha):
    decoder.parameters.assign({name: values + 1 for name, values in decoder.parameters.items()})


@EACH
@pytest.mark.parametrize("spoil", [written_over, stepped, loaded])
def test_a_stream_has_its_own_copy_of_weights_outputs_and_state(kind, spoil):
    found = []
    for spoilt in (False, True):
        decoder = make(kind)
        x, state, memory, _ = problem(decoder)
        prepared, stream, outputs = decoder.attention.prepare(memory, LENGTHS), decoder.stream(state), []
        if spoilt:
            state.h[...] = state.c[...] = 7
        for step in x:
            y, alpha = stream.step(step, prepared)
            outputs.append(y.copy())
            if spoilt:
                spoil(decoder, y, alpha)
        found.append(np.stack(outputs))
    np.testing.assert_array_equal(*found)
