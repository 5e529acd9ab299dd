"""Models beside what costs nothing: the right values, the words, and the same face for all estimators."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gatewise import LanguageModel, SequenceClassifier, SequenceTagger, Translator, load
from gatewise.data.pairs import Pairs
from gatewise.errors import DataError, ModelFileError
from gatewise.storage import read_tensors, write_tensors
from gatewise.tasks.classification.report import judge as judge_classes
from gatewise.tasks.language.judge import judge as judge_text
from gatewise.tasks.language.ngram import NGram
from gatewise.tasks.tagging.judge import judge as judge_tags
from gatewise.tasks.translation.judge import judge as judge_translations
from gatewise.tasks.translation.vocabulary import TranslationVocabulary
from gatewise.tasks.verdict import Compared, Verdict
from tests.tasks.estimators import SMALL, WEEKS


def verdict(ours, *baselines, measure="accuracy"):
    rows = [Compared(f"baseline {n}", {measure: value}) for n, value in enumerate(baselines)]
    return Verdict("ten things", measure, Compared("model", {measure: ours}), rows)


def measures(found):
    return {row.name: dict(row.measures) for row in (found.model, *found.baselines)}


# Words


@pytest.mark.parametrize(
    ("found", "wins", "words"),
    [
        (
            verdict(0.9, 0.5, 0.6),
            False,
            "The model beats every baseline: accuracy 0.9000 against 0.6000 of base",
        ),
        (verdict(0.5, 0.5), False, "The model is no better than the best baseline: accuracy 0.5000 against"),
        (verdict(0.4, 0.5), True, "A BASELINE WINS: accuracy 0.4000 against 0.5000 of baseline 0. Try more"),
        (verdict(1.0, 1.0), False, "The model is no better than the best baseline: accuracy 1.0000"),
        (
            verdict(1.2, 1.5, 1.3, measure="loss"),
            False,
            "The model beats every baseline: loss 1.2000 against",
        ),
        (verdict(1.5, 1.2, measure="loss"), True, "A BASELINE WINS: loss 1.5000 against 1.2000"),
        (verdict(1.5, 1.495, measure="loss"), False, "The model is no better than the best baseline"),
        (verdict(0.2, 0.9, measure="error_rate"), False, "The model beats every baseline: error rate 0.2"),
    ],
)
def test_the_words_say_who_is_better_for_measures_of_both_kinds(found, wins, words):
    assert found.baseline_wins is wins
    assert found.words.startswith(words)
    assert str(found).split("\n")[-1] == found.words


def test_it_is_a_table_a_dict_and_the_same_again_from_json():
    rows = [Compared("a longer name", {"accuracy": 0.25, "loss": None})]
    found = Verdict("4 things", "accuracy", Compared("model", {"accuracy": 0.75, "loss": 0.5}), rows)
    title, names, ours, theirs, _ = str(found).split("\n")
    assert (title, names.split()) == ("4 things:", ["accuracy", "loss"])
    assert (ours.split(), theirs.split()[-1]) == (["model", "0.7500", "0.5000"], "0.2500")
    assert len(names) == len(ours), "numbers stand below their titles"
    values = json.loads(json.dumps(found.as_dict()))
    assert values["compared"][1] == {"name": "a longer name", "accuracy": 0.25, "loss": None}
    assert Verdict.from_dict(values).as_dict() == found.as_dict()


@pytest.mark.parametrize(
    "changes",
    [
        {"compared": []},
        {"compared": [{"name": "model", "accuracy": "much"}]},
        {"compared": [{"name": "model", "accuracy": 0.5}]},
        {"compared": [{"name": "model"}, {"name": "other"}]},
        {"measure": "charm"},
        {"measure": None},
        {"compared": 7},
    ],
)
def test_a_verdict_that_is_none_is_refused(changes):
    with pytest.raises(DataError, match="its verdict cannot be read"):
        Verdict.from_dict({**verdict(0.5, 0.4).as_dict(), **changes})


# The right values


def test_a_classifier_beside_the_most_frequent_class():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    found = judge_classes(
        probabilities, np.array([0, 1, 1, 0]), np.array([1, 1, 1, 0]), np.array(["a", "b"]), weighted=False
    )
    told = measures(found)
    assert told["classifier"]["accuracy"] == 0.75
    assert told["classifier"]["f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert told["classifier"]["loss"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())
    most = told["most frequent class"]
    assert (most["accuracy"], most["f1"]) == (0.5, pytest.approx((0 + 2 / 3) / 2))
    assert most["loss"] == pytest.approx(-np.log([2 / 6, 4 / 6, 4 / 6, 2 / 6]).mean()), "one more each"
    assert found.data == "4 sequences held out, by which the weights were chosen"


def test_with_weights_of_classes_f1_decides():
    """A model that finds half of the rare ones, at the price of a few others."""
    targets = np.array([0] * 18 + [1] * 2)
    predicted = np.array([0] * 15 + [1] * 3 + [1] * 2)
    probabilities = np.where(predicted[:, None] == [0, 1], 0.9, 0.1)
    classes = np.array(["rule", "exception"])
    plain, weighed = (
        judge_classes(probabilities, targets, targets, classes, weighted=weighted)
        for weighted in (False, True)
    )
    assert (plain.measure, plain.baseline_wins) == ("accuracy", True)
    assert (weighed.measure, weighed.baseline_wins) == ("f1", False)


def test_a_tagger_beside_the_most_frequent_tags():
    learnt = [["the", "run"], ["run", "the"], ["run", "run"]], [["D", "V"], ["N", "D"], ["N", "V"]]
    measured, expected = [["the", "run"], ["new", "run"]], [["D", "V"], ["V", "N"]]
    found = judge_tags([["D", "V"], ["N", "N"]], measured, expected, *learnt)
    told = measures(found)
    assert told == {
        "tagger": {"accuracy": 0.75},
        "most frequent tag": {"accuracy": 0.25},  # D, N and V twice each; D comes first
        "word's most frequent tag": {"accuracy": 0.5},  # D of "the", N of "run", D of what is new
    }
    assert (found.measure, found.baseline_wins) == ("accuracy", False)


def test_of_tags_as_frequent_the_first_in_the_alphabet_is_the_baseline():
    """And not the first that was met, so that the order of the sentences is nothing to it."""
    sentences, tags = [["run"], ["run"], ["so"], ["so"]], [["V"], ["N"], ["X"], ["A"]]
    for order in (slice(None), slice(None, None, -1)):
        found = judge_tags([["N"]], [["run"]], [["N"]], sentences[order], tags[order])
        assert measures(found)["word's most frequent tag"] == {"accuracy": 1.0}
        found = judge_tags([["N"]], [["new"]], [["A"]], sentences[order], tags[order])
        assert measures(found)["most frequent tag"] == {"accuracy": 1.0}


def test_of_spans_their_f1_decides():
    words = [["in", "New", "York"], ["it", "is", "so"]]
    tags = [["O", "B-LOC", "I-LOC"], ["O", "O", "O"]]
    found = judge_tags([["O"] * 3, ["O"] * 3], words, tags, [["a", "b"]], [["O", "B-LOC"]])
    assert (found.measure, measures(found)["tagger"]) == ("span_f1", {"accuracy": 4 / 6, "span_f1": 0.0})
    found = judge_tags(tags, words, tags, [["a", "b"]], [["O", "B-LOC"]])
    assert found.words.startswith("The tagger beats every baseline: span F1 1.0000 against 0.0000")


def test_a_translator_beside_copies_and_counts():
    learnt = Pairs(["a b", "a c", "b c", "a b"], ["x y", "x z", "y z", "x y"])
    side = TranslationVocabulary.learn(learnt, "word", shared=False, vocab_size=None, min_count=1).target
    measured = Pairs(["c b", "x y", "new a"], ["z y", "x y", "q x"])
    found = judge_translations(lambda texts: ["z y", "x", "q q x x"], side, measured, learnt)
    assert measures(found) == {
        "translator": {"error_rate": 3 / 6, "exact": 1 / 3},  # none, one left out, two too many
        "copied source": {"error_rate": 4 / 6, "exact": 1 / 3},
        "most frequent target": {"error_rate": 3 / 6, "exact": 1 / 3},  # x y
        "word by word": {"error_rate": 1 / 6, "exact": 2 / 3},  # z y, x y, new x
    }
    assert found.baseline_wins
    assert found.best_baseline.name == "word by word"


def test_at_most_two_hundred_pairs_are_translated_and_it_says_so():
    pairs = Pairs([f"word {n}" for n in range(500)], ["x"] * 500)
    side = TranslationVocabulary.learn(pairs, "char", shared=False, vocab_size=None, min_count=1).target
    asked = []

    def translate(texts):
        asked.extend(texts)
        return ["x"] * len(texts)

    found = judge_translations(translate, side, pairs, pairs)
    assert (len(asked), asked[0], asked[-1]) == (200, "word 0", "word 499")
    assert found.data.startswith("200 of 500 pairs held out")
    assert measures(found)["translator"] == {"error_rate": 0, "exact": 1}


def test_a_language_model_beside_counted_tokens():
    rng = np.random.default_rng(0)
    learnt, measured = (rng.integers(0, 5, size).astype(np.uint8) for size in (400, 60))
    history = [{"validation_loss": 1.5}, {"validation_loss": 1.25}, {"validation_loss": 1.75}]
    told = measures(judge_text(history, learnt, measured, 5))
    assert told["language model"] == {"loss": 1.25, "perplexity": pytest.approx(np.exp(1.25))}
    for name, order in (("unigram", 1), ("trigram", 3)):
        expected = NGram(learnt.astype(int), order, 5).loss(measured.astype(int))
        assert told[name]["loss"] == pytest.approx(expected, rel=1e-12)


# In estimators and their files


@pytest.mark.parametrize("name", WEEKS)
def test_all_verdicts_have_one_face(name):
    case = WEEKS[name]
    found = case.make().fit(*case.first).verdict_
    assert found.best_baseline.name in [row.name for row in found.baselines]
    assert isinstance(found.baseline_wins, bool)
    values = found.as_dict()
    assert (values["data"], values["verdict"]) == (found.data, found.words)
    assert values["baseline_wins"] is found.baseline_wins
    assert str(found).split("\n")[-1] == found.words
    json.dumps(values, allow_nan=False)


@pytest.mark.parametrize("name", WEEKS)
def test_where_nothing_is_held_out_there_is_none_and_progress_tells_the_others(name, capsys):
    case = WEEKS[name]
    assert case.make(validation_fraction=0).fit(*case.first).verdict_ is None
    assert capsys.readouterr().err == ""
    model = case.make(progress=True).fit(*case.first)
    assert str(model.verdict_) in capsys.readouterr().err


def test_who_has_learnt_beats_what_costs_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 8, 1))
    y = np.where(X[:, 0, 0] > 0, "up", "down")
    model = SequenceClassifier(hidden_size=16, epochs=30, progress=False).fit(X, y)
    assert not model.verdict_.baseline_wins
    assert model.verdict_.words.startswith("The classifier beats every baseline: accuracy ")
    sentences = [["he", "can", "run"], ["a", "can", "falls"], ["she", "can", "fall"], ["the", "can", "runs"]]
    tags = [["P", "V", "V"], ["D", "N", "V"], ["P", "V", "V"], ["D", "N", "V"]]
    tagger = SequenceTagger(hidden_size=16, epochs=20, batch_size=4, progress=False)
    tagger.fit(sentences * 20, tags * 20)
    told = measures(tagger.verdict_)
    assert told["tagger"]["accuracy"] == 1 > told["word's most frequent tag"]["accuracy"]
    text = "the first will be the last and the last will be the first. " * 60
    lm = LanguageModel(hidden_size=48, num_layers=1, epochs=20, batch_size=4, progress=False).fit(text)
    assert lm.verdict_.words.startswith("The language model beats every baseline")


@pytest.mark.parametrize(
    "change",
    [
        {"history": "long"},
        {"history": [{"step": "one"}]},
        {"history": [[1]]},
        {"stopped_by": "magic"},
        {"stopped_by": []},
        {"verdict": 3},
        {"verdict": {}},
        {"init": 3},
        {"more": 1},
    ],
)
@pytest.mark.parametrize("kind", ["tag", "forecast"])
def test_a_record_of_the_training_that_is_none_is_refused(change, kind, tmp_path):
    path = tmp_path / "m.safetensors"
    WEEKS[kind].make().fit(*WEEKS[kind].first).save(path)
    file = read_tensors(path)
    write_tensors(path, {**file.metadata, "run": {**file.metadata["run"], **change}}, file.tensors)
    with pytest.raises(ModelFileError, match="is damaged or was changed: its "):
        load(path)


@pytest.mark.parametrize("name", ["language", "forecast", "tag", "classify", "translate"])
def test_a_file_of_an_earlier_version_says_nothing_of_its_training_and_stays_so(name, tmp_path):
    path, again = tmp_path / "m.safetensors", tmp_path / "again.safetensors"
    WEEKS[name].make().fit(*WEEKS[name].first).save(path)
    file = read_tensors(path)
    metadata = {each: value for each, value in file.metadata.items() if each != "run"}
    write_tensors(path, metadata, file.tensors)
    model = load(path)
    assert (model.history_, model.stopped_by_, model.verdict_) == ([], None, None)
    model.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_evaluate_tells_the_baseline_of_its_own_data(tmp_path):
    model = SequenceClassifier(**SMALL).fit(*WEEKS["classify"].first)
    X, _ = WEEKS["classify"].first
    assert model.evaluate(X[:6], ["b", "b", "b", "b", "c", "c"])["baseline_accuracy"] == 4 / 6
    tagger = SequenceTagger(**SMALL).fit(*WEEKS["tag"].first)
    found = tagger.evaluate([["an", "apple", "an"]], [["DET", "NOUN", "DET"]])
    assert found["baseline_accuracy"] == 2 / 3
    assert Translator(**SMALL, min_count=1).fit(*WEEKS["translate"].first).verdict_.measure == "error_rate"
