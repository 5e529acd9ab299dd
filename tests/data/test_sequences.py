"""What users hand in becomes sequences of one kind, or an error that says which sequence is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.sequences import Ragged, as_numbers, as_texts, holds_texts
from gatewise.errors import ArgumentError, DataError, GatewiseError

RNG = np.random.default_rng(0)
PARTS = [RNG.normal(size=(length, 2)) for length in (3, 1, 4)]


def assert_same(ragged, parts):
    assert ragged.lengths.tolist() == [len(part) for part in parts]
    np.testing.assert_array_equal(ragged.values, np.concatenate(parts))


@pytest.mark.parametrize(
    ("X", "parts"),
    [
        (PARTS, PARTS),
        (tuple(PARTS), PARTS),
        ([part.tolist() for part in PARTS], PARTS),
        (np.array([*PARTS, None], dtype=object)[:3], PARTS),
        (np.stack([PARTS[0], PARTS[0] + 1]), [PARTS[0], PARTS[0] + 1]),
        (np.arange(6).reshape(2, 3), [np.array([[0], [1], [2]]), np.array([[3], [4], [5]])]),
        (np.arange(6).reshape(2, 3).astype(object), [np.array([[0], [1], [2]]), np.array([[3], [4], [5]])]),
        ([[1, 2], [3.5]], [np.array([[1], [2]]), np.array([[3.5]])]),
        (np.array([[True, False]]), [np.array([[1], [0]])]),
    ],
    ids=["list", "tuple", "lists", "object array", "3-D", "2-D", "2-D of objects", "series", "bool"],
)
def test_all_that_holds_sequences_is_taken(X, parts):
    assert not holds_texts(X)
    ragged = as_numbers(X)
    assert ragged.values.dtype == np.float64
    assert_same(ragged, parts)
    assert len(ragged) == len(parts)


def test_sequences_are_padded_and_picked():
    ragged = as_numbers(PARTS)
    padded = ragged.padded(np.array([1, 2]))
    assert padded.shape == (4, 2, 2)
    np.testing.assert_array_equal(padded[:1, 0], PARTS[1])
    np.testing.assert_array_equal(padded[:, 1], PARTS[2])
    assert_same(ragged.take(np.array([2, 0])), [PARTS[2], PARTS[0]])
    assert len(ragged.take(np.array([], dtype=int))) == 0


def test_tokens_are_padded_as_well():
    ragged = Ragged(np.array([7, 8, 9], np.int32), np.array([1, 2]))
    assert ragged.padded(np.array([1, 0]))[:, 0].tolist() == [8, 9]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([PARTS[0], np.zeros((2, 3))], r"X\[1\] has 3 features a step and X\[0\] has 2"),
        ([PARTS[0], np.zeros((0, 2))], r"X\[1\] is an empty sequence"),
        ([PARTS[0], np.full((2, 2), np.nan)], r"X\[1\] holds NaN at step 0"),
        (
            [PARTS[0], np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])],
            r"X\[1\] holds NaN at step 1",
        ),
        ([PARTS[2], np.array([[0, 0], [1, np.inf]])], r"X\[1\] holds infinity at step 1"),
        ([[1, 2], ["a", "b"]], r"X\[1\] has dtype <U1; expected numbers"),
        ([[1, 2], "text"], r"X\[1\] is 'text'"),
        ([[1, 2], None], r"X\[1\] is missing"),
        ([[1, 2], 3], r"X\[1\] is 3"),
        ([[1, 2], [[1, 2], [3]]], r"X\[1\] has steps of unlike length"),
        ([], "X has no sequence"),
        (np.zeros((0, 3)), "X has no sequence"),
        (np.zeros((3, 0)), r"X has 0 feature\(s\)"),
        (np.zeros((3, 2, 0)), r"0 feature\(s\)"),
        (np.zeros(3), r"X has shape \(3,\).*pass X\[None\]"),
        (np.zeros((1, 2, 3, 4)), r"X has shape \(1, 2, 3, 4\)"),
        (np.array([["a", "b"]]), "dtype <U1; expected numbers"),
        (np.array([[1, "b"]], dtype=object), "X holds 'b'; expected numbers"),
        (np.array([[1, None]], dtype=object), r"X\[0\] holds NaN at step 1"),
        (np.array([[1j]]), "Complex data not supported"),
        (np.array([["2026-01-01"]], dtype="datetime64[D]"), "dtype datetime64"),
        ("a text", r"X is one str; expected several: pass \[X\]"),
        (5, "X has type int"),
        ({"a": [1]}, "X has type dict"),
        ((each for each in PARTS), "X has type generator"),
    ],
)
def test_what_is_none_is_refused_by_its_number(X, message):
    assert not holds_texts(X)
    with pytest.raises(GatewiseError, match=message):
        as_numbers(X)


def test_a_sparse_matrix_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ArgumentError, match=r"X is a sparse matrix.*X\.toarray\(\)"):
        as_numbers(sparse.csr_array(np.eye(3)))


@pytest.mark.parametrize(
    "X", [["a b", "c"], ("a b", "c"), np.array(["a b", "c"]), np.array(["a b", "c"], dtype=object)]
)
def test_texts_are_taken(X):
    assert holds_texts(X)
    assert as_texts(X) == ["a b", "c"]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (["a", 5], r"X\[1\] has type int; expected a str, as X\[0\] is"),
        (["a", None], r"X\[1\] has type NoneType"),
        (np.array(["a", np.nan], dtype=object), r"X\[1\] has type float"),
        (["a", " \n"], r"X\[1\] is an empty text"),
        (
            [None, "a", ""],
            r"X\[0\] has type NoneType, for a missing text; .* 2 of 3 are so: leave them out, and",
        ),
        (["", None, 5], r"X\[2\] has type int; expected a str, as X\[0\] is"),
    ],
)
def test_what_is_no_text_is_refused_by_its_number(X, message):
    assert holds_texts(X)
    with pytest.raises(DataError, match=message):
        as_texts(X)
