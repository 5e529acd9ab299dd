"""A classifier learns series and texts, is exact about what it measured, and comes back as it was saved."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import gatewise as gw
from gatewise import SequenceClassifier, load
from gatewise.errors import ArgumentError, DataError, GatewiseError, NotFittedError, TrainingError
from gatewise.training import Validated

SMALL = {"hidden_size": 12, "epochs": 25, "batch_size": 16, "dropout": 0.0, "learning_rate": 0.01}


def small(**changes):
    return SequenceClassifier(**{**SMALL, "progress": False, **changes})


def waves(count=80, seed=0):
    """Slow and fast waves of unlike length with two channels, and their labels."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(count):
        label = ("slow", "fast")[rng.integers(2)]
        at = rng.uniform(0, 6) + {"slow": 0.3, "fast": 0.9}[label] * np.arange(rng.integers(15, 30))
        X.append(np.column_stack([np.sin(at), 100 + 5 * np.cos(at)]))
        y.append(label)
    return X, y


TEXTS = [
    "a fine film",
    "fine acting , truly fine",
    "a dull film",
    "dull acting",
    "nothing here is fine",
    "so dull",
]
MOODS = ["good", "good", "bad", "bad", "good", "bad"]


@pytest.fixture(scope="module")
def series():
    return waves()


@pytest.fixture(scope="module")
def model(series):
    return small().fit(*series)


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


# Files


def test_a_model_says_the_same_in_another_process(model, tmp_path):
    X, _ = waves(20, seed=7)
    path, arrays = tmp_path / "m.safetensors", tmp_path / "x.npz"
    model.save(path)
    np.savez(arrays, *X)
    code = (
        "import sys, numpy as np, gatewise as gw;"
        "X = list(np.load(sys.argv[2]).values());"
        "np.save(sys.argv[3], gw.load(sys.argv[1]).predict_proba(X))"
    )
    out = tmp_path / "p.npy"
    subprocess.run([sys.executable, "-c", code, path, arrays, out], check=True)
    np.testing.assert_array_equal(np.load(out), model.predict_proba(X))


@pytest.mark.parametrize("weights", [None, "balanced", {"good": 2, "bad": 0.5}], ids=str)
@pytest.mark.parametrize("pooling", ["max", "attention"])
def test_saving_and_loading_is_the_identity(weights, pooling, tmp_path):
    made = small(epochs=2, class_weight=weights, pooling=pooling, embedding_size=4).fit(TEXTS * 3, MOODS * 3)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.get_params() == made.get_params()
    assert again.n_features_in_ is None
    np.testing.assert_array_equal(again.predict_proba(TEXTS), made.predict_proba(TEXTS))


@pytest.mark.parametrize("label", [1, True, np.int64(1), 1.0], ids=repr)
def test_weights_keep_the_type_of_their_labels(label, tmp_path):
    X, y = np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2
    made = small(epochs=1, class_weight={label: np.float32(2)}).fit(X, y)
    made.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors").class_weight
    assert again == {label: 2}
    assert type(next(iter(again))) is type(label.item() if isinstance(label, np.generic) else label)


def test_columns_are_remembered_by_the_file(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(10, 3)), np.arange(10) % 2
    small(epochs=1).fit(X, y).save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.n_features_in_ == 3
    with pytest.raises(ArgumentError, match=r"X has 2 features, but SequenceClassifier is expecting 3"):
        again.predict(X[:, :2])
    assert again.predict(X[:, :2, None]).shape == (10,)


def test_going_on_from_a_checkpoint_gives_the_same_bits(series, tmp_path):
    settings = {"dropout": 0.3, "recurrent_dropout": 0.1, "epochs": 4, "class_weight": {"slow": 2.0}}
    whole = small(**settings).fit(*series)
    checkpoint = tmp_path / "c.safetensors"
    small(**settings, time_limit=1e-9).fit(*series, checkpoint=checkpoint)
    rest = small(**settings).fit(*series, checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(rest.network_.parameters.vector, whole.network_.parameters.vector)
    X, y = series
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        small(**settings).fit(X[1:], y[1:], checkpoint=checkpoint, resume=True)


def test_a_network_that_the_file_does_not_hold_is_not_made(model, tmp_path):
    import json

    from gatewise.storage import read_tensors, write_tensors

    path = tmp_path / "m.safetensors"
    model.save(path)
    file = read_tensors(path)
    huge = {**file.metadata["config"], "hidden_size": 10**9}
    scaled = json.loads(json.dumps(file.metadata["vocabulary"]))
    scaled["input"]["scale"][0] = 0.0
    for changed, message in (
        ({"config": huge}, "its config needs at least"),
        ({"vocabulary": None}, "what its classes and its inputs are"),
        ({"vocabulary": scaled}, "the scales above 0"),
        ({"config": {**file.metadata["config"], "class_weight": [["slow"]]}}, "expected pairs"),
        ({"config": {**file.metadata["config"], "class_weight": [[[], 1]]}}, "expected pairs"),
    ):
        metadata = {name: file.metadata[name] for name in ("task", "config", "vocabulary")}
        write_tensors(path, {**metadata, **changed}, file.tensors)
        with pytest.raises(gw.errors.ModelFileError, match=message):
            load(path)


# Bad input


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1, 2], [3, 4]], ["a", "a"], "y has one class only, 'a', in 2 labels; expected at least two"),
        ([[1, 2], [3, 4]], ["a"], "y has 1 labels and there are 2 sequences; expected one label for each"),
        ([[1, 2], ["x", "y"]], ["a", "b"], r"X\[1\] has dtype <U1; expected numbers"),
        ([[1, 2], []], ["a", "b"], r"X\[1\] is an empty sequence"),
        ([[1, 2], [np.nan]], ["a", "b"], r"X\[1\] holds NaN at step 0; .* Fill"),
        ([np.zeros((2, 1)), np.zeros((2, 2))], ["a", "b"], r"X\[1\] has 2 features a step and X\[0\] has 1"),
        (["text", 5], ["a", "b"], r"X\[1\] has type int; expected a str"),
        (["text", ""], ["a", "b"], r"X\[1\] is an empty text"),
        ("text", ["a", "b"], r"X is one str; expected several: pass \[X\]"),
        ([[1e308], [-1e308]], ["a", "b"], "feature 0 of X is too large"),
    ],
)
def test_data_that_cannot_be_learnt(X, y, message):
    with pytest.raises(GatewiseError, match=message):
        small().fit(X, y)


def test_numbers_beyond_float32_are_refused_where_they_are_not_scaled():
    with pytest.raises(DataError, match="X holds numbers too large for float32; set standardize=True"):
        small(standardize=False).fit([[1e300], [1]], ["a", "b"])


def test_what_the_model_was_not_trained_on_is_refused(model):
    text_model = small(epochs=1, embedding_size=4).fit(TEXTS, MOODS)
    with pytest.raises(ArgumentError, match="X holds numbers; expected texts"):
        text_model.predict([[1, 2]])
    with pytest.raises(ArgumentError, match="X holds texts; expected numbers"):
        model.predict(["text"])
    with pytest.raises(ArgumentError, match="X has 3 features a step; expected 2, as in training"):
        model.predict([np.zeros((4, 3))])


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ([[1, 2]], r"validation has type list; expected a pair \(X, y\)"),
        (([[1, 2]], ["c"]), r"validation\[1\]\[0\] is 'c', which is no class"),
        (([[1, 2]], ["a", "b"]), r"validation\[1\] has 2 labels"),
        ((["text"], ["a"]), r"validation\[0\] holds texts"),
        (([[np.nan]], ["a"]), r"validation\[0\]\[0\] holds NaN"),
    ],
    ids=["list", "class", "length", "kind", "missing"],
)
def test_a_validation_set_that_cannot_be(validation, message):
    with pytest.raises(GatewiseError, match=message):
        small().fit([[1, 2], [3, 4]], ["a", "b"], validation=validation)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 0}, "hidden_size=0; expected a whole number of at least 1"),
        ({"pooling": "sum"}, "pooling='sum'; expected one of last, mean, max, attention"),
        ({"cell": "gru"}, "cell='gru'; expected one of lstm, rnn"),
        ({"level": "bpe"}, "level='bpe'; expected one of word, char"),
        ({"bidirectional": 1}, "bidirectional=1; expected True or False"),
        ({"standardize": None}, "standardize=None; expected True or False"),
        ({"word_dropout": 1.0}, "word_dropout=1.0; expected a number of at least 0 and below 1"),
        ({"validation_fraction": 1.5}, "validation_fraction=1.5"),
        ({"class_weight": "even"}, "class_weight='even'; expected None, 'balanced', or a dict"),
        ({"class_weight": {"a": 0}}, r"class_weight\['a'\]=0; expected a number above 0"),
        ({"class_weight": {"c": 1}}, "class_weight has the label 'c', which is not in y"),
        ({"epochs": 0}, "epochs=0; expected a whole number of at least 1"),
    ],
    ids=str,
)
def test_hyperparameters_that_cannot_work_are_named(change, message):
    with pytest.raises(ArgumentError, match=message):
        small(**change).fit([[1, 2], [3, 4]], ["a", "b"])


def test_nothing_works_before_fit():
    for ask in (
        lambda m: m.predict([[1]]),
        lambda m: m.predict_proba([[1]]),
        lambda m: m.score([[1]], ["a"]),
        lambda m: m.evaluate([[1]], ["a"]),
        lambda m: m.save("m.safetensors"),
        lambda m: m.n_features_in_,
    ):
        with pytest.raises(NotFittedError, match="call fit first"):
            ask(SequenceClassifier())


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
