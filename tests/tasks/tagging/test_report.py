"""What is measured has the values of seqeval and scikit-learn: written down, and live if installed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from gatewise.tasks.tagging.report import report

# seqeval 1.2.2, classification_report(zero_division=0): precision, recall, F1 and support of each type; then
# the micro and macro averages.
SPANS = {
    "IOB2, and a type with a hyphen": (
        "B-PER I-PER O B-LOC|O B-ORG I-ORG I-ORG O|B-PER O B-MISC-X|O O",
        "B-PER I-PER O B-PER|O B-ORG I-ORG O O|B-PER O B-MISC-X|B-LOC O",
        {
            "LOC": (0.0, 0.0, 0.0, 1),
            "MISC-X": (1.0, 1.0, 1.0, 1),
            "ORG": (0.0, 0.0, 0.0, 1),
            "PER": (0.6666666667, 1.0, 0.8, 2),
        },
        (0.5, 0.6, 0.5454545455),
        (0.4166666667, 0.5, 0.45),
    ),
    "IOB1": (
        "I-PER I-PER B-PER O|I-LOC O I-LOC B-LOC",
        "I-PER I-PER I-PER O|I-LOC O I-LOC B-LOC",
        {"LOC": (1.0, 1.0, 1.0, 3), "PER": (0.0, 0.0, 0.0, 2)},
        (0.75, 0.6, 0.6666666667),
        (0.5, 0.5, 0.5),
    ),
    "BIOES": (
        "S-PER O B-LOC I-LOC E-LOC|B-ORG E-ORG S-ORG O",
        "S-PER O B-LOC E-LOC S-LOC|B-ORG E-ORG O S-PER",
        {
            "LOC": (0.0, 0.0, 0.0, 1),
            "ORG": (1.0, 0.5, 0.6666666667, 2),
            "PER": (0.5, 1.0, 0.6666666667, 1),
        },
        (0.4, 0.5, 0.4444444444),
        (0.5, 0.5, 0.4444444444),
    ),
    "illegal tags": (
        "B-PER I-LOC O I-PER|B-LOC I-LOC",
        "B-PER I-PER O I-PER|B-LOC I-PER",
        {"LOC": (0.0, 0.0, 0.0, 2), "PER": (0.3333333333, 0.5, 0.4, 2)},
        (0.25, 0.25, 0.25),
        (0.1666666667, 0.25, 0.2),
    ),
}
MEASURES = ("precision", "recall", "f1")


def lists(text):
    return [each.split() for each in text.split("|")]


def measured(tags, predicted, of_spans):
    words = sum(map(len, tags))
    learnt = sorted({tag for each in tags for tag in each})
    return zeros(report(learnt, tags, predicted, np.zeros(words, bool), of_spans=of_spans))


def zeros(result):
    """What is none as 0, as others have it."""
    for each in result.get("types", result.get("tags")):
        each |= {name: each[name] or 0 for name in MEASURES}
    return result | {name: value or 0 for name, value in result.items() if name.startswith("span_")}


@pytest.mark.parametrize("case", SPANS)
def test_spans_are_measured_as_seqeval_does(case):
    tags, predicted, types, micro, macro = SPANS[case]
    result = measured(lists(tags), lists(predicted), of_spans=True)
    assert [each["type"] for each in result["types"]] == list(types)
    for each in result["types"]:
        *expected, support = types[each["type"]]
        assert [each[name] for name in MEASURES] == pytest.approx(expected, abs=1e-9)
        assert each["support"] == support
    assert [result[f"span_{name}"] for name in MEASURES] == pytest.approx(micro, abs=1e-9)
    assert [result[f"span_macro_{name}"] for name in MEASURES] == pytest.approx(macro, abs=1e-9)
    assert not {"tags", "macro_f1"} & result.keys()


def test_spans_are_measured_as_the_installed_seqeval_does():
    metrics = pytest.importorskip("seqeval.metrics")
    known = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("X", "Y"))]
    tags = [list(each) for each in itertools.product(known, repeat=3)]
    order = np.random.default_rng(0).permutation(len(tags))
    predicted = [tags[k] for k in order]
    expected = metrics.classification_report(tags, predicted, output_dict=True)
    result = measured(tags, predicted, of_spans=True)
    named = {each["type"]: each for each in result["types"]}
    named |= {f"{what} avg": {n: result[f"{key}{n}"] for n in MEASURES} for what, key in AVERAGES.items()}
    for name in ("X", "Y", "micro avg", "macro avg"):
        theirs = [expected[name][key] for key in ("precision", "recall", "f1-score")]
        assert [named[name][key] for key in MEASURES] == pytest.approx(theirs)


AVERAGES = {"micro": "span_", "macro": "span_macro_"}


def test_other_tags_are_measured_word_by_word():
    # scikit-learn 1.9, classification_report(zero_division=0)
    tags, predicted = "DET NOUN VERB|DET NOUN PUNCT X", "DET NOUN NOUN|DET ADJ PUNCT NOUN"
    result = measured(lists(tags), lists(predicted), of_spans=False)
    assert {each["tag"]: tuple(each[name] for name in (*MEASURES, "support")) for each in result["tags"]} == {
        "ADJ": (0, 0, 0, 0),
        "DET": (1, 1, 1, 2),
        "NOUN": (pytest.approx(1 / 3), 0.5, pytest.approx(0.4), 2),
        "PUNCT": (1, 1, 1, 1),
        "VERB": (0, 0, 0, 1),
        "X": (0, 0, 0, 1),
    }
    assert result["accuracy"] == pytest.approx(0.5714285714285714)
    macro = [result[f"macro_{name}"] for name in MEASURES]
    assert macro == pytest.approx([0.38888888888888884, 0.4166666666666667, 0.4])
    assert not any(name.startswith("span") or name == "types" for name in result)


@pytest.mark.parametrize("seed", range(3))
def test_other_tags_are_measured_as_scikit_learn_does(seed):
    rng = np.random.default_rng(seed)
    known = np.array(["ADJ", "NOUN", "VERB", "B", "-LRB-"])
    tags, predicted = ([rng.choice(known[: 4 + part], 40).tolist()] for part in (0, 1))
    result = measured(tags, predicted, of_spans=False)
    labels = [each["tag"] for each in result["tags"]]
    theirs = precision_recall_fscore_support(tags[0], predicted[0], labels=labels, zero_division=0)
    for name, values in zip((*MEASURES, "support"), theirs, strict=True):
        assert [each[name] for each in result["tags"]] == pytest.approx(values.tolist())
    assert sorted({*tags[0], *predicted[0]}) == labels


def test_where_there_is_no_span_nothing_is_measured():
    result = report(["O"], [["O", "O"]], [["O", "O"]], np.zeros(2, bool), of_spans=True)
    assert all(result[f"{key}{name}"] is None for key in AVERAGES.values() for name in MEASURES)
    assert any("no span to be found" in note for note in result["notes"])
    assert result["types"] == []
    assert result["accuracy"] == 1
    missed = measured([["B-X", "I-X"]], [["O", "O"]], of_spans=True)
    assert missed["types"] == [{"type": "X", "precision": 0, "recall": 0, "f1": 0, "support": 1}]
    invented = measured([["O", "O"]], [["B", "I"]], of_spans=True)
    assert invented["types"] == [{"type": "", "precision": 0, "recall": 0, "f1": 0, "support": 0}]


def test_unknown_words_are_measured_apart():
    unknown = np.array([False, True, True, False])
    result = report(["A", "B"], [["A", "B"], ["A", "B"]], [["A", "B"], ["B", "A"]], unknown, of_spans=False)
    assert (result["accuracy"], result["tokens"], result["unknown"]) == (0.5, 4, 2)
    assert result["unknown_accuracy"] == 0.5
    assert "unknown_accuracy" not in report(["A"], [["A"]], [["A"]], np.array([False]), of_spans=False)
