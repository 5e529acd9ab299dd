"""Spans are found as the script of the CoNLL-2000 shared task finds them."""

from __future__ import annotations

import itertools

import pytest

from gatewise.tasks.tagging.spans import Counts, Span, are_span_tags, span_counts, spans


def conlleval_spans(tags):
    """The rules of that script, where E and S are as in its later versions, one condition at a time."""
    found, open_at = [], None
    before, kind_before = "O", ""
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        other = kind != kind_before
        ends = (
            (before, prefix) in {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("B", "S"), ("I", "S")}
            or before in ("E", "S")
            or (before != "O" and other)
        )
        begins = (
            prefix in ("B", "S")
            or (before in ("E", "S", "O") and prefix in ("E", "I"))
            or (prefix != "O" and other)
        )
        if ends and open_at is not None:
            found.append(Span(open_at, place, kind_before))
            open_at = None
        if begins:
            open_at = place
        before, kind_before = prefix, kind
    return found


TAGS = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("X", "Y"))]


def test_every_short_sequence_has_the_spans_of_that_script():
    for length in range(5):
        for tags in itertools.product(TAGS, repeat=length):
            assert spans(tags) == conlleval_spans(tags), tags


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O", []),
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("I-PER I-PER I-LOC B-LOC", [(0, 2, "PER"), (2, 3, "LOC"), (3, 4, "LOC")]),
        ("B-ORG I-ORG E-ORG S-ORG", [(0, 3, "ORG"), (3, 4, "ORG")]),
        ("B-ORG L-ORG U-ORG", [(0, 2, "ORG"), (2, 3, "ORG")]),
        ("B I O I", [(0, 2, ""), (3, 4, "")]),
        ("B-a-b I-a-b I-a", [(0, 2, "a-b"), (2, 3, "a")]),
    ],
)
def test_spans_of_each_scheme(tags, expected):
    assert spans(tags.split()) == expected


def test_counts_by_hand():
    expected = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-ORG"]]
    counts = span_counts(expected, predicted)
    assert counts == {"LOC": (1, 1, 1), "ORG": (0, 1, 1), "PER": (0, 1, 1)}
    assert list(counts) == ["LOC", "ORG", "PER"]
    assert (counts["LOC"].precision, counts["LOC"].recall, counts["LOC"].f1) == (1, 1, 1)
    assert span_counts([["O"]], [["O"]]) == {}


@pytest.mark.parametrize(
    ("counts", "scores"),
    [
        ((0, 0, 1), (None, 0, 0)),  # it could have found one, and did not
        ((0, 1, 0), (0, None, None)),  # whatever it does, there is none to be found
        ((0, 0, 0), (None, None, None)),
        ((0, 1, 1), (0, 0, 0)),
    ],
)
def test_a_share_of_nothing_is_none(counts, scores):
    made = Counts(*counts)
    assert (made.precision, made.recall, made.f1) == scores


def test_which_tags_are_those_of_spans():
    assert are_span_tags(["O", "B-PER", "I-PER", "E-x", "S-x", "U-x", "L-x", "B"])
    assert not are_span_tags(["O", "NOUN"])
    assert not are_span_tags(["B-"])
    assert not are_span_tags(["X-PER"])
