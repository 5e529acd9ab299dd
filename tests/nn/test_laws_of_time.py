"""Laws of time: where a sequence is cut, padded or begun anew does not change what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.nn import LSTM, RNN
from gatewise.types import State
from tests.nn.problems import (
    LAW,
    Outcome,
    assert_same,
    lengths_of,
    make_problem,
    problems,
    resets_of,
    run,
)


@LAW
@given(problem=problems(min_steps=2, bidirectional=False), data=st.data())
def test_a_split_sequence_equals_the_whole(problem, data):
    # M7, M8: forward, the state is carried on; backward, its gradient is carried back.
    layer, x, dy, state, _ = problem
    lengths = data.draw(lengths_of(problem), label="lengths")
    reset = data.draw(resets_of(problem), label="reset")
    cut = data.draw(st.integers(1, len(x) - 1), label="cut")
    whole = run(problem, lengths, reset)

    early, late = np.minimum(lengths, cut), np.maximum(lengths - cut, 0)
    _, between = layer(x[:cut], state, early, reset=reset[:cut])
    second = run(problem._replace(x=x[cut:], dy=dy[cut:], state=between), late, reset[cut:])
    dbetween = State(second.dh0, second.dc0)
    first = run(problem._replace(x=x[:cut], dy=dy[:cut], dstate=dbetween), early, reset[:cut])
    parts = Outcome(
        y=np.concatenate([first.y, second.y]),
        h=second.h,
        c=second.c,
        dx=np.concatenate([first.dx, second.dx]),
        dh0=first.dh0,
        dc0=first.dc0,
        gradients=first.gradients + second.gradients,
    )
    assert_same(parts, whole)


@LAW
@given(problem=problems(), data=st.data(), padding=st.integers(1, 4))
def test_padding_changes_nothing_whatever_stands_in_it(problem, data, padding):
    T = len(problem.x)
    lengths = data.draw(lengths_of(problem), label="lengths")
    reset = data.draw(resets_of(problem), label="reset")
    expected = run(problem, lengths, reset)

    valid = (np.arange(T)[:, None] < lengths)[..., None]
    padded = problem._replace(
        x=np.pad(np.where(valid, problem.x, np.nan), [(0, padding), (0, 0), (0, 0)], constant_values=np.nan),
        dy=np.pad(
            np.where(valid, problem.dy, np.nan), [(0, padding), (0, 0), (0, 0)], constant_values=np.nan
        ),
    )
    outcome = run(padded, lengths, np.pad(reset, [(0, padding), (0, 0)]))
    assert not outcome.y[T:].any()
    assert not outcome.dx[T:].any()
    assert not outcome.y[:T][~valid[..., 0]].any()
    assert_same(outcome._replace(y=outcome.y[:T], dx=outcome.dx[:T]), expected)


@LAW
@given(problem=problems(), data=st.data())
def test_a_reset_in_the_padding_changes_nothing(problem, data):
    T = len(problem.x)
    lengths = data.draw(lengths_of(problem), label="lengths")
    reset = data.draw(resets_of(problem), label="reset")
    valid = np.arange(T)[:, None] < lengths
    assert_same(run(problem, lengths, reset), run(problem, lengths, reset & valid))


def pieces(problem, row, border, length):
    """A row's two sequences, before and after the border, each with the states that belong to it.

    Walking forward, the state handed in enters the first and the state handed out leaves the second; in the
    reverse direction it is the other way round. At the border the state is zero.
    """
    layer, x, dy, state, dstate = problem
    for index, steps in enumerate((slice(0, border), slice(border, length))):
        parts = []
        for given_state, entering in ((state, True), (dstate, False)):
            part = State(*(array[:, row : row + 1].copy() for array in given_state))
            for direction in range(layer.directions):
                if (direction == index) == entering:
                    continue
                for array in part:
                    array[direction :: layer.directions] = 0
            parts.append(part)
        yield problem._replace(
            x=x[steps, row : row + 1], dy=dy[steps, row : row + 1], state=parts[0], dstate=parts[1]
        )


def joined(first, second, directions):
    """What two sequences give together: each direction's states come from where it begins or ends."""

    def ends(forward, reverse):
        result = forward.copy()
        if directions == 2:
            result[1::2] = reverse[1::2]
        return result

    return Outcome(
        y=np.concatenate([first.y, second.y]),
        h=ends(second.h, first.h),
        c=ends(second.c, first.c),
        dx=np.concatenate([first.dx, second.dx]),
        dh0=ends(first.dh0, second.dh0),
        dc0=ends(first.dc0, second.dc0),
        gradients=first.gradients + second.gradients,
    )


@LAW
@given(problem=problems(min_steps=2), data=st.data())
def test_a_reset_in_the_middle_equals_two_sequences(problem, data):
    # Each row has its own border, so that rows go on while others begin anew.
    T = len(problem.x)
    lengths = data.draw(lengths_of(problem, least=2), label="lengths")
    borders = [data.draw(st.integers(1, int(length) - 1), label="border") for length in lengths]
    reset = np.arange(T)[:, None] == borders
    whole = run(problem, lengths, reset)

    total = np.zeros_like(whole.gradients)
    for row, (border, length) in enumerate(zip(borders, lengths, strict=True)):
        first, second = (run(piece) for piece in pieces(problem, row, border, length))
        expected = joined(first, second, problem.layer.directions)
        total += expected.gradients
        alone = Outcome(*(part[:, row : row + 1] for part in whole[:-1]), expected.gradients)
        assert_same(alone._replace(y=alone.y[:length], dx=alone.dx[:length]), expected)
    np.testing.assert_allclose(total, whole.gradients, atol=1e-11)


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_a_reset_at_the_first_step_forgets_the_state_handed_in(kind):
    problem = make_problem(kind(2, 3, dtype=np.float64), 4, 2, np.random.default_rng(0))
    reset = np.zeros((4, 2), dtype=bool)
    reset[0, 1] = True
    forgotten = State(*(array.copy() for array in problem.state))
    for array in forgotten:
        array[:, 1] = 0
    outcome, expected = run(problem, reset=reset), run(problem._replace(state=forgotten))
    assert not outcome.dh0[:, 1].any()
    assert not outcome.dc0[:, 1].any()
    cut_off = expected._replace(dh0=outcome.dh0, dc0=outcome.dc0)
    assert_same(outcome, cut_off)
    np.testing.assert_allclose(outcome.dh0[:, 0], expected.dh0[:, 0], atol=1e-12)


@LAW
@given(problem=problems())
def test_a_mask_without_a_reset_changes_nothing(problem):
    nowhere = np.zeros(problem.x.shape[:2], dtype=bool)
    assert_same(run(problem, reset=nowhere), run(problem), tolerance=0)
