"""Windows over a stream give back the rows they were cut from, and their targets are one step later."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import StreamWindows
from gatewise.errors import DataError


@st.composite
def streams(draw):
    """Tokens that are all different, with a batch size and a window."""
    window = draw(st.integers(1, 12))
    tokens = np.arange(draw(st.integers(window + 1, 200)))
    return draw(st.permutations(tokens).map(np.array)), draw(st.integers(1, 20)), window


@given(streams())
def test_windows_joined_are_the_rows_of_the_text(stream):
    """Row b goes on in window k + 1 where it stopped in window k; rows lie in the text one after another."""
    tokens, batch_size, window = stream
    windows = StreamWindows(tokens, batch_size, window)
    parts = list(windows)
    inputs = np.concatenate([part.inputs for part in parts])
    targets = np.concatenate([part.targets for part in parts])
    assert inputs.shape[1] == windows.batch_size <= batch_size
    np.testing.assert_array_equal(inputs.T.reshape(-1), tokens[: inputs.size])
    np.testing.assert_array_equal(targets.T.reshape(-1), tokens[1 : inputs.size + 1])
    assert len(tokens) - 1 - inputs.size < windows.batch_size, "at most B tokens are left over"
    assert windows.predictions == targets.size
    assert len(windows) == len(parts)
    assert [len(part.inputs) for part in parts[:-1]] == [window] * (len(parts) - 1)
    assert 1 <= len(parts[-1].inputs) <= window


@given(streams())
def test_there_are_as_many_rows_as_asked_for_where_each_is_a_window_long(stream):
    tokens, batch_size, window = stream
    windows = StreamWindows(tokens, batch_size, window)
    assert len(next(iter(windows)).inputs) == window, "the first window is whole"
    if len(tokens) > batch_size * window:
        assert windows.batch_size == batch_size


@given(streams(), st.integers(0, 30))
def test_starting_later_gives_the_rest(stream, index):
    windows = StreamWindows(*stream)
    rest = list(windows.starting_at(index))
    expected = list(itertools.islice(windows, index, None))
    assert len(rest) == len(expected) == max(0, len(windows) - index)
    for found, wanted in zip(rest, expected, strict=True):
        np.testing.assert_array_equal(found.inputs, wanted.inputs)
        np.testing.assert_array_equal(found.targets, wanted.targets)


def test_what_is_handed_out_can_be_indexed_with_and_written_to():
    tokens = np.arange(100, dtype=np.uint8)
    tokens.flags.writeable = False
    window = next(iter(StreamWindows(tokens, 4, 8)))
    for array in window:
        assert array.dtype == np.int64
        assert array.flags.c_contiguous
        array[...] = 0
    np.testing.assert_array_equal(tokens, np.arange(100))


@pytest.mark.parametrize(("count", "window"), [(0, 1), (1, 1), (8, 8), (63, 64)])
def test_a_text_shorter_than_a_window_is_refused_with_the_numbers(count, window):
    with pytest.raises(DataError) as caught:
        StreamWindows(np.zeros(count, np.int64), 4, window)
    assert f"the text has {count} tokens; at least {window + 1} are needed for one window of {window}" in str(
        caught.value
    )


@pytest.mark.parametrize("window", [1, 8, 64])
def test_a_window_and_its_target_are_enough(window):
    [only] = StreamWindows(np.arange(window + 1), 4, window)
    np.testing.assert_array_equal(only.inputs[:, 0], np.arange(window))
    np.testing.assert_array_equal(only.targets[:, 0], np.arange(1, window + 1))


def lengths(windows):
    return np.array([len(window.inputs) for window in windows])


@given(streams(), st.integers(0, 30), st.integers(0, 99))
def test_windows_of_drawn_lengths_are_as_many_and_join_to_the_same_rows(stream, index, seed):
    windows = StreamWindows(*stream)
    drawn = list(windows.starting_at(0, np.random.default_rng(seed)))
    assert len(drawn) == len(windows)
    assert lengths(drawn).min() >= 1
    for part in (0, 1):
        joined, whole = (np.concatenate([window[part] for window in each]) for each in (drawn, windows))
        np.testing.assert_array_equal(joined, whole)
    rest = list(windows.starting_at(index, np.random.default_rng(seed)))
    assert len(rest) == max(0, len(drawn) - index)
    for found, wanted in zip(rest, drawn[index:], strict=True):
        np.testing.assert_array_equal(found.inputs, wanted.inputs)


def test_drawn_lengths_are_those_of_merity():
    """Section 5: 70 with probability 0.95, else 35, standard deviation 5; here stretched by 1 / 0.975."""
    windows = StreamWindows(np.zeros(70 * 20_000 + 1, np.uint8), 1, 70)
    found = lengths(windows.starting_at(0, np.random.default_rng(0)))
    assert found.mean() == 70
    short = found < 53
    assert short.mean() == pytest.approx(0.05, abs=0.005)
    assert found[short].mean() == pytest.approx(36.4, abs=0.7)
    assert found[~short].mean() == pytest.approx(71.8, abs=0.2)
    assert found[~short].std() == pytest.approx(5.1, abs=0.2)
    assert found.min() >= 5
    assert not np.array_equal(found, lengths(windows.starting_at(0, np.random.default_rng(1))))
