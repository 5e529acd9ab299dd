"""Laws of the batch: rows do not know of each other, nor a direction of the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.nn import LSTM, RNN
from gatewise.types import State
from tests.nn.problems import (
    KINDS,
    LAW,
    Outcome,
    Problem,
    assert_same,
    lengths_of,
    make_problem,
    problems,
    resets_of,
    run,
)
from tests.ops.problems import flipped


def take(problem, rows):
    """The same problem for some rows of the batch, in the order given."""
    layer, x, dy, *states = problem
    return Problem(
        layer, x[:, rows], dy[:, rows], *(State(*(part[:, rows] for part in each)) for each in states)
    )


@LAW
@given(problem=problems(), data=st.data())
def test_permuting_the_batch_permutes_the_result(problem, data):
    lengths = data.draw(lengths_of(problem), label="lengths")
    reset = data.draw(resets_of(problem), label="reset")
    order = np.array(data.draw(st.permutations(range(len(lengths))), label="order"))
    expected = run(problem, lengths, reset)
    outcome = run(take(problem, order), lengths[order], reset[:, order])
    permuted = Outcome(*(part[:, order] for part in expected[:-1]), expected.gradients)
    assert_same(outcome, permuted)


@LAW
@given(problem=problems(), data=st.data())
def test_a_ragged_batch_equals_each_row_alone(problem, data):
    lengths = data.draw(lengths_of(problem, least=1), label="lengths")
    whole = run(problem, lengths)
    total = np.zeros_like(whole.gradients)
    for row, length in enumerate(lengths):
        alone = take(problem, [row])
        expected = run(alone._replace(x=alone.x[:length], dy=alone.dy[:length]))
        total += expected.gradients
        outcome = Outcome(*(part[:, [row]] for part in whole[:-1]), expected.gradients)
        assert_same(outcome._replace(y=outcome.y[:length], dx=outcome.dx[:length]), expected)
    np.testing.assert_allclose(total, whole.gradients, atol=1e-11)


@LAW
@given(problem=problems(), data=st.data())
def test_a_row_without_a_step_hands_its_state_through(problem, data):
    lengths = data.draw(lengths_of(problem), label="lengths")
    lengths[data.draw(st.integers(0, len(lengths) - 1), label="empty row")] = 0
    empty = lengths == 0
    outcome = run(problem, lengths)
    assert not outcome.y[:, empty].any()
    assert not outcome.dx[:, empty].any()
    assert np.array_equal(outcome.h[:, empty], problem.state.h[:, empty])
    assert np.array_equal(outcome.c[:, empty], problem.state.c[:, empty])
    assert np.array_equal(outcome.dh0[:, empty], problem.dstate.h[:, empty])
    assert np.array_equal(outcome.dc0[:, empty], problem.dstate.c[:, empty])


@LAW
@given(problem=problems(), data=st.data())
def test_lengths_of_all_steps_are_no_lengths(problem, data):
    full = np.full(problem.x.shape[1], len(problem.x))
    assert_same(run(problem, full), run(problem), tolerance=0)


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int32, np.uint64], ids=["int8", "uint8", "int32", "uint64"]
)
def test_lengths_may_be_integers_of_any_type(dtype):
    problem = make_problem(LSTM(2, 3, dtype=np.float64), 5, 3, np.random.default_rng(1))
    expected = run(problem, np.array([3, 0, 5]))
    assert_same(run(problem, np.array([3, 0, 5], dtype=dtype)), expected, tolerance=0)


@LAW
@given(problem=problems())
def test_an_omitted_state_equals_zeros(problem):
    zeros = State(*(np.zeros_like(part) for part in problem.state))
    assert_same(run(problem._replace(state=None)), run(problem._replace(state=zeros)), tolerance=0)


@LAW
@given(problem=problems(), data=st.data())
def test_inference_equals_the_forward_pass_of_training(problem, data):
    layer, x, _, state, _ = problem
    lengths, reset = (
        data.draw(lengths_of(problem), label="lengths"),
        data.draw(resets_of(problem), label="reset"),
    )
    y, last = layer(x, state, lengths, reset=reset)
    outcome = run(problem, lengths, reset)
    assert np.array_equal(y, outcome.y)
    assert np.array_equal(last.h, outcome.h)
    assert np.array_equal(last.c, outcome.c)


@LAW
@given(problem=problems(), data=st.data())
def test_float32_is_close_to_float64(problem, data):
    lengths, reset = (
        data.draw(lengths_of(problem), label="lengths"),
        data.draw(resets_of(problem), label="reset"),
    )
    layer, *arrays = problem
    names = ("bidirectional", "skip_connections", "layer_norm")
    options = {name: getattr(layer, name) for name in names}
    if isinstance(layer, LSTM):
        options |= {
            "peephole": layer.peephole,
            "mogrifier_rounds": layer.mogrifier_rounds,
            "mogrifier_rank": layer.mogrifier_rank,
            "output_tanh": layer.cell.output_tanh,
            "candidate_tanh": layer.cell.candidate_tanh,
        }
    narrow = type(layer)(layer.input_size, layer.hidden_sizes, **options)
    narrow.parameters.assign(layer.parameters)
    x, dy, *states = arrays
    single = problem._replace(
        layer=narrow,
        x=x.astype(np.float32),
        dy=dy.astype(np.float32),
        state=State(*(part.astype(np.float32) for part in states[0])),
        dstate=State(*(part.astype(np.float32) for part in states[1])),
    )
    outcome = run(single, lengths, reset)
    assert {part.dtype for part in outcome} == {np.dtype(np.float32)}
    assert_same(outcome, run(problem, lengths, reset), tolerance=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_layers", [1, 2])
def test_bidirectional_equals_two_unidirectional_layers(kind, num_layers):
    T, B, D, H, lengths = 5, 3, 2, 3, np.array([3, 5, 1])
    layer = KINDS[kind](D, H, num_layers, bidirectional=True, dtype=np.float64)
    _, below, _, state, _ = make_problem(layer, T, B, np.random.default_rng(2))
    y, last = layer(below, state, lengths)
    for level in range(num_layers):
        outputs = []
        for reverse, suffix in enumerate((f"_l{level}", f"_l{level}_reverse")):
            one = KINDS[kind](below.shape[-1], H, dtype=np.float64)
            one.parameters.assign(
                {name: layer.parameters[name.replace("_l0", suffix)] for name in one.parameters}
            )
            index = slice(2 * level + reverse, 2 * level + reverse + 1)
            x = flipped(below, lengths) if reverse else below
            part, final = one(x, State(state.h[index], state.c[index]), lengths)
            outputs.append(flipped(part, lengths) if reverse else part)
            np.testing.assert_allclose(last.h[index], final.h, atol=1e-12)
            np.testing.assert_allclose(last.c[index], final.c, atol=1e-12)
        below = np.concatenate(outputs, axis=-1)
    np.testing.assert_allclose(y, below, atol=1e-12)


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_skip_connections_show_the_input_to_every_layer_and_every_layer_to_the_output(kind):
    # Graves 2013, section 2: built here from single layers.
    layer = kind(2, 3, 3, skip_connections=True, dtype=np.float64)
    _, x, *_ = make_problem(layer, 4, 2, np.random.default_rng(3))
    below, outputs = x, []
    for level in range(3):
        one = kind(below.shape[-1], 3, dtype=np.float64)
        one.parameters.assign(
            {name: layer.parameters[name.replace("_l0", f"_l{level}")] for name in one.parameters}
        )
        outputs.append(one(below)[0])
        below = np.concatenate([outputs[-1], x], axis=-1)
    np.testing.assert_allclose(layer(x)[0], np.concatenate(outputs, axis=-1), atol=1e-13)
