"""Spans are found as the script of the CoNLL-2000 shared task finds them."""

from __future__ import annotations

import itertools

import pytest

from gatewise.tasks.tagging.spans import Span, are_span_tags, span_scores, spans


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


def test_scores_by_hand():
    expected = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["O", "B-ORG"]]
    precision, recall, f1 = span_scores(expected, predicted)
    assert (precision, recall, f1) == (pytest.approx(1 / 3), pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert span_scores(expected, expected) == (1, 1, 1)


@pytest.mark.parametrize(
    ("expected", "predicted", "scores"),
    [
        ("B-X O", "O O", (None, 0, 0)),  # it could have found one, and did not
        ("O O", "B-X O", (0, None, None)),  # whatever it does, there is none to be found
        ("O O", "O O", (None, None, None)),
        ("B-X O", "O B-X", (0, 0, 0)),
    ],
)
def test_a_share_of_nothing_is_none(expected, predicted, scores):
    assert span_scores([expected.split()], [predicted.split()]) == scores


def test_scores_are_those_of_seqeval():
    metrics = pytest.importorskip("seqeval.metrics")
    pool = [list(tags) for tags in itertools.product(TAGS, repeat=3)]
    expected, predicted = pool, pool[7::13] + pool[:7] + pool[7:][: len(pool) - 7 - len(pool[7::13])]
    ours = span_scores(expected, predicted)
    theirs = (metrics.precision_score, metrics.recall_score, metrics.f1_score)
    assert ours == pytest.approx([score(expected, predicted) for score in theirs])


def test_which_tags_are_those_of_spans():
    assert are_span_tags(["O", "B-PER", "I-PER", "E-x", "S-x", "U-x", "L-x", "B"])
    assert not are_span_tags(["O", "NOUN"])
    assert not are_span_tags(["B-"])
    assert not are_span_tags(["X-PER"])
