"""A classifier learns series and texts, and is exact about what it measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gatewise as gw
from gatewise import SequenceClassifier, load
from gatewise.errors import ArgumentError, DataError, TrainingError
from gatewise.training import Validated
from tests.tasks.classification.problems import MOODS, TEXTS, small, waves

# Learning


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one direction", "both"])
def test_every_pooling_learns(pooling, bidirectional, series):
    made = small(pooling=pooling, bidirectional=bidirectional).fit(*series)
    assert made.score(*waves(60, seed=1)) > 0.9


@pytest.mark.parametrize(
    "change",
    [{"cell": "rnn"}, {"num_layers": 2}, {"standardize": False}, {"recurrent_dropout": 0.2}],
    ids=str,
)
def test_other_networks_learn_too(change, series):
    history = small(**change, epochs=8).fit(*series).history_
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]


@pytest.mark.parametrize("level", ["word", "char"])
def test_texts_are_learnt(level):
    made = small(level=level, embedding_size=8, epochs=40).fit(TEXTS * 8, MOODS * 8)
    assert made.predict(TEXTS).tolist() == MOODS
    assert made.predict(["never seen , but fine"]).tolist() == ["good"]


@pytest.mark.parametrize("level", ["word", "char"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_lines_mean_the_same_with_their_ends_or_without(level, end):
    ended = [text + end for text in TEXTS]
    first, other = (
        small(level=level, embedding_size=8, epochs=3).fit(each * 4, MOODS * 4, validation=(each, MOODS))
        for each in (TEXTS, ended)
    )
    np.testing.assert_array_equal(first.network_.parameters.vector, other.network_.parameters.vector)
    assert first.history_ == other.history_
    np.testing.assert_array_equal(first.predict_proba(TEXTS), first.predict_proba(ended))
    assert first.evaluate(TEXTS, MOODS) == first.evaluate(ended, MOODS)


@pytest.mark.parametrize("name", [str, bool, lambda label: 3 * label - 7], ids=["str", "bool", "int"])
def test_what_is_less_sure_than_asked_for_has_no_class(name):
    X, y = waves(40, seed=0)
    labels = [name(int(label == "slow")) for label in y]
    made = small(epochs=2).fit(X, labels)
    plain, sure = made.predict(X).tolist(), made.predict_proba(X).max(axis=1)
    for level in (0, *np.sort(sure)[::9], 1):
        found = made.predict(X, min_confidence=float(level))
        assert found.dtype == object
        expected = [label if likely >= level else None for label, likely in zip(plain, sure, strict=True)]
        assert found.tolist() == expected
        assert all(type(label) is type(plain[0]) for label in found.tolist() if label is not None)
    np.testing.assert_array_equal(made.predict(X, min_confidence=None), made.predict(X))


@pytest.mark.parametrize("value", [-0.1, 1.5, float("nan"), "0.5", True])
def test_what_is_no_probability_is_refused(value, series):
    with pytest.raises(ArgumentError, match=r"^min_confidence=.*; expected a .*number"):
        small(epochs=1).fit(*series).predict(series[0], min_confidence=value)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((20, 1, 30), "1 step and 30 features, (N, T, D); if they are series of 30 steps in one channel"),
        ((20, 3, 40), "3 steps and 40 features, (N, T, D); if they are series of 40 steps in 3 channels"),
        ((20, 6, 60), "60 steps in 6 channels, as aeon and sktime have them"),
        ((20, 30, 1), None),
        ((20, 6, 59), None),
        ((20, 5, 2), None),
    ],
)
@pytest.mark.parametrize("kind", [np.asarray, list])
def test_series_with_steps_and_channels_exchanged_are_noted(shape, told, kind):
    X = np.random.default_rng(0).normal(size=shape)
    model = small(epochs=1).fit(kind(X), [0, 1] * 10)
    assert [each for each in model.notes_ if "swapaxes" in each] == [*model.notes_[: told is not None]]
    assert told is None or told in model.notes_[0]
    assert small(epochs=1).fit(X.swapaxes(1, 2), [0, 1] * 10).notes_ == () or shape[1] > shape[2]


@pytest.mark.parametrize("kind", [list, np.array, lambda y: np.array(y, object), pd.Series])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_labels_mean_the_same_with_their_ends_or_without(kind, end):
    """Also where, as in most files, the last line has none."""
    labels = MOODS * 4
    ended = kind([label + end for label in labels[:-1]] + labels[-1:])
    first, other = (
        small(embedding_size=8, epochs=3).fit(TEXTS * 4, y, validation=(TEXTS * 4, y))
        for y in (labels, ended)
    )
    assert first.classes_.tolist() == other.classes_.tolist() == sorted(set(MOODS))
    np.testing.assert_array_equal(first.network_.parameters.vector, other.network_.parameters.vector)
    assert first.evaluate(TEXTS * 4, labels) == first.evaluate(TEXTS * 4, ended)
    assert first.score(TEXTS * 4, labels) == first.score(TEXTS * 4, ended)


@pytest.mark.parametrize(
    "name",
    [(lambda y: y), (lambda y: np.array(y) == "slow"), (lambda y: (np.array(y) == "slow") * 3 - 7)],
    ids=["str", "bool", "int"],
)
def test_labels_come_back_as_they_went_in(name, series, tmp_path):
    X, y = series
    labels = np.array(name(y))
    made = small(epochs=8).fit(X, labels)
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        assert each.classes_.dtype == labels.dtype
        assert each.predict(X).dtype == labels.dtype
        np.testing.assert_array_equal(each.classes_, np.unique(labels))
    assert made.score(X, labels) == np.mean(made.predict(X) == labels)


@pytest.mark.parametrize("constant", [14.62, 1e5 + 1 / 3, -0.1])
def test_a_feature_that_never_changed_in_training_may_move_a_little_later(constant):
    """Its deviation is 1e-15 by rounding; as a scale that would drown all else."""

    def with_constant(X, number):
        return [np.column_stack([each, np.full(len(each), number)]) for each in X]

    X, y = waves(60)
    made = small(epochs=12).fit(with_constant(X, constant), y)
    assert made._input.scale[2] == 1
    assert made._input.mean[2] == constant
    new, _ = waves(40, seed=1)
    there, moved = (made.predict_proba(with_constant(new, constant + by)) for by in (0, 0.01))
    np.testing.assert_allclose(moved, there, atol=0.02)


def test_arrays_and_lists_of_series_are_the_same():
    X = np.random.default_rng(0).normal(size=(20, 7))
    y = (X.mean(axis=1) > 0).astype(int)
    vectors = [
        small(epochs=2).fit(each, y).network_.parameters.vector
        for each in (X, X[..., None], list(X), [list(map(float, row)) for row in X], X.astype(object))
    ]
    assert all(np.array_equal(vectors[0], other) for other in vectors[1:])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_and_columns_are_taken(library):
    frames = pytest.importorskip(library)
    X = np.random.default_rng(0).normal(size=(20, 4))
    y = np.where(X.mean(axis=1) > 0, "up", "down")
    expected = small(epochs=2).fit(X, y)
    made = small(epochs=2).fit(frames.DataFrame(X), frames.Series(y))
    np.testing.assert_array_equal(made.predict_proba(frames.DataFrame(X)), expected.predict_proba(X))
    assert made.score(frames.DataFrame(X), frames.Series(y)) == expected.score(X, y)
    texts = small(epochs=2, embedding_size=4).fit(frames.Series(TEXTS), frames.Series(MOODS))
    assert set(texts.predict(frames.Series(TEXTS))) <= {"good", "bad"}


def test_the_seed_makes_the_model(series):
    first, second, third = (
        small(epochs=2, seed=seed, dropout=0.2).fit(*series).network_.parameters.vector for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_neither_scale_nor_offset_of_a_feature_matters(series):
    X, y = series
    moved = [part * [1000, 0.001] + [5, -7] for part in X]
    one, other = small(epochs=3).fit(X, y), small(epochs=3).fit(moved, y)
    np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(moved), atol=1e-3)


def test_a_feature_that_never_changes_is_no_obstacle(series):
    X, y = series
    made = small(epochs=2).fit([np.column_stack([part, np.full(len(part), 3.0)]) for part in X], y)
    assert np.isfinite(made.network_.parameters.vector).all()


def test_class_weights_move_the_border():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5)) + np.repeat([0.0, 0.6], [100, 20])[:, None]
    y = np.repeat(["often", "seldom"], [100, 20])
    found = {
        name: np.mean(
            small(class_weight=weight, validation_fraction=0, epochs=10).fit(X, y).predict(X) == "seldom"
        )
        for name, weight in (("none", None), ("balanced", "balanced"), ("dict", {"seldom": 1000.0}))
    }
    assert found["none"] < found["balanced"] < found["dict"]
    assert found["dict"] > 0.9


def test_divergence_leaves_a_model_that_can_be_used(series):
    made = small(learning_rate=1e38, clip_norm=None, schedule="constant")
    with pytest.raises(TrainingError, match="diverged"):
        made.fit(*series)
    assert np.isfinite(made.predict_proba(series[0])).all()


def test_real_series(data_folder):
    folder = data_folder / "classification" / "ucr_uea"
    X, y = gw.data.read_ts(folder / "JapaneseVowels_TRAIN.ts")
    made = SequenceClassifier(epochs=15, progress=False).fit(X, y)
    assert made.score(*gw.data.read_ts(folder / "JapaneseVowels_TEST.ts")) > 0.9


# Validation


def test_the_best_weights_by_the_validation_part_are_kept(series):
    told = []
    made = small(epochs=6).fit(*series, listeners=[told.append])
    losses = [event.loss for event in told if isinstance(event, Validated)]
    assert [record["validation_loss"] for record in made.history_] == losses
    rest = waves(40, seed=2)
    again = small(epochs=6).fit(*series, validation=rest)
    best = min(record["validation_loss"] for record in again.history_)
    assert again.evaluate(*rest)["loss"] == pytest.approx(best, rel=1e-4)


def test_another_set_to_measure_on_leaves_all_to_learn_from(series):
    X, y = series
    whole = small(epochs=3, validation_fraction=0).fit(X, y)
    assert whole.history_ == []
    measured = small(epochs=3).fit(X, y, validation=(X[:10], y[:10]))
    assert measured.history_[-1]["train_loss"] < measured.history_[0]["train_loss"]
    last = measured.history_[-1]["validation_loss"] == min(r["validation_loss"] for r in measured.history_)
    if last:
        np.testing.assert_array_equal(whole.network_.parameters.vector, measured.network_.parameters.vector)


def test_words_of_the_validation_part_stay_unknown():
    made = small(epochs=1, embedding_size=4).fit(TEXTS * 3, MOODS * 3, validation=(["words anew"], ["bad"]))
    assert "anew" not in made._input.tokenizer.words
    assert np.isfinite(made.history_[0]["validation_loss"])


def test_a_few_examples_are_enough():
    made = small(epochs=2).fit([[1, 2], [3, 4]], ["a", "b"])
    assert made.history_ == []
    assert made.predict([[1, 2]]).shape == (1,)


# Measuring


def test_probabilities_and_measurements_fit_together(model):
    X, y = waves(50, seed=3)
    proba, predicted, result = model.predict_proba(X), model.predict(X), model.evaluate(X, y)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(predicted, model.classes_[proba.argmax(axis=1)])
    y = np.array(y)
    picked = proba[np.arange(50), (y == "slow").astype(int)]
    assert result["loss"] == pytest.approx(-np.log(picked).mean())
    assert result["accuracy"] == model.score(X, y) == np.mean(predicted == y)
    assert result["sequences"] == 50
    for each in result["classes"]:
        label = each["label"]
        right = np.sum((predicted == label) & (y == label))
        assert each["support"] == np.sum(y == label) == sum(each["predicted_as"])
        assert each["precision"] == pytest.approx(right / np.sum(predicted == label))
        assert each["recall"] == pytest.approx(right / np.sum(y == label))
        assert each["f1"] == pytest.approx(
            2 * each["precision"] * each["recall"] / (each["precision"] + each["recall"])
        )


def test_measurements_agree_with_scikit_learn(model):
    metrics = pytest.importorskip("sklearn.metrics")
    X, y = waves(50, seed=4)
    y[0] = "fast" if y[0] == "slow" else "slow"  # not all are right
    result, predicted = model.evaluate(X, y), model.predict(X)
    assert [each["predicted_as"] for each in result["classes"]] == metrics.confusion_matrix(
        y, predicted
    ).tolist()
    ours = [[each[name] for each in result["classes"]] for name in ("precision", "recall", "f1", "support")]
    np.testing.assert_allclose(ours, metrics.precision_recall_fscore_support(y, predicted))
    assert result["loss"] == pytest.approx(metrics.log_loss(y, model.predict_proba(X)))


def test_what_a_sequence_is_said_to_be_does_not_depend_on_the_others(model):
    X, _ = waves(300, seed=5)
    together = model.predict_proba(X)
    alone = np.concatenate([model.predict_proba([part]) for part in X[:20]])
    np.testing.assert_allclose(alone, together[:20], atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X[::-1]), together[::-1], atol=1e-6)


def test_a_label_of_no_class_counts_as_wrong_and_cannot_be_measured(model):
    X, _ = waves(4, seed=6)
    assert model.score(X, ["other"] * 4) == 0
    with pytest.raises(DataError, match=r"y\[0\] is 'other'"):
        model.evaluate(X, ["other"] * 4)
