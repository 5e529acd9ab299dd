"""A tagger learns, knows new words by their spelling, measures itself, and comes back from its file."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from gatewise import SequenceTagger, load
from gatewise.data import read_conllu
from gatewise.errors import ArgumentError, CheckpointWarning, DataError, ModelFileError, NotFittedError
from gatewise.storage import read_tensors, write_tensors
from gatewise.training import Stepped

SMALL = {
    "hidden_size": 16,
    "num_layers": 1,
    "embedding_size": 8,
    "char_embedding_size": 8,
    "char_hidden_size": 8,
    "batch_size": 8,
    "progress": False,
}


def made_up(count, seed, endings="ab"):
    """Words whose ending is their tag, or for some the capital of the word before them."""
    rng = np.random.default_rng(seed)
    sentences, tags = [], []
    for _ in range(count):
        words, given = [], []
        for _ in range(rng.integers(1, 9)):
            stem = "".join(rng.choice(list("klmnoprst"), rng.integers(4, 9)))
            ending = rng.choice([*endings, "x"])
            after_capital = bool(words) and words[-1][0].isupper()
            words.append((stem.capitalize() if rng.random() < 0.4 else stem) + ending)
            given.append({"a": "A", "b": "B"}.get(ending) or ("I" if after_capital else "O"))
        sentences.append(words)
        tags.append(given)
    return sentences, tags


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "crf"])
def model(request):
    return SequenceTagger(**SMALL, epochs=16, learning_rate=1e-2, crf=request.param).fit(
        *made_up(300, seed=0)
    )


def test_it_knows_words_never_seen_by_spelling_and_by_what_is_beside_them(model):
    sentences, tags = made_up(100, seed=1)
    result = model.evaluate(sentences, tags)
    assert result["unknown"] > 0.9 * result["tokens"]
    assert result["accuracy"] > 0.97
    assert result["unknown_accuracy"] > 0.97
    assert model.score(sentences, tags) == result["accuracy"]
    assert model.tags_ == ["A", "B", "I", "O"]


def test_what_evaluate_says_is_so(model):
    sentences, tags = made_up(30, seed=2)
    predicted = model.predict(sentences)
    pairs = [
        (word, tag, guess)
        for words, given, guesses in zip(sentences, tags, predicted, strict=True)
        for word, tag, guess in zip(words, given, guesses, strict=True)
    ]
    known = {word.lower() for word in model.vocabulary_.words}
    new = [(tag, guess) for word, tag, guess in pairs if word.lower() not in known]
    result = model.evaluate(sentences, tags)
    assert result["tokens"] == len(pairs)
    assert result["unknown"] == len(new)
    assert result["accuracy"] == pytest.approx(np.mean([tag == guess for _, tag, guess in pairs]))
    assert result["unknown_accuracy"] == pytest.approx(np.mean([tag == guess for tag, guess in new]))
    assert not any(name.startswith("span") for name in result), "A is no tag of spans"


def test_probabilities_go_with_predictions(model):
    sentences = [*made_up(20, seed=3)[0], []]
    probabilities, predicted = model.predict_proba(sentences), model.predict(sentences)
    assert predicted[-1] == []
    assert probabilities[-1].shape == (0, 4)
    for words, rows, tags in zip(sentences, probabilities, predicted, strict=True):
        assert rows.shape == (len(words), 4)
        np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-4)
        if not model.crf:  # with it the likeliest path need not have the likeliest tags
            assert tags == [model.tags_[k] for k in rows.argmax(axis=1)]
    assert model.predict([]) == model.predict_proba([]) == []


def test_sentences_do_not_depend_on_those_beside_them(model):
    sentences = made_up(20, seed=4)[0]
    alone = [model.predict([words])[0] for words in sentences]
    assert model.predict(sentences) == alone


def test_spans_are_measured_where_all_tags_are_those_of_spans():
    sentences = [["in", "New", "York"], ["at", "Rome"]] * 20
    tags = [["O", "B-LOC", "I-LOC"], ["O", "B-LOC"]] * 20
    model = SequenceTagger(**SMALL, epochs=10, learning_rate=1e-2, crf=True).fit(sentences, tags)
    result = model.evaluate(sentences, tags)
    assert (result["span_precision"], result["span_recall"], result["span_f1"]) == (1, 1, 1)
    assert "unknown_accuracy" not in result
    half = model.evaluate([["in", "New", "York", "at", "Rome"]], [["O", "O", "B-LOC", "O", "B-LOC"]])
    assert half["span_f1"] == pytest.approx(0.5)
    assert "span_f1" not in model.evaluate([["Rome"]], [["PROPN"]])


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    first, second, third = (
        SequenceTagger(**SMALL, epochs=1, seed=seed).fit(*made_up(40, seed=0)).network_.parameters.vector
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_training_sees_nothing_of_the_validation_sentences():
    sentences, tags = made_up(50, seed=0)
    first, second = (
        SequenceTagger(**SMALL, epochs=2).fit(sentences, tags, validation=made_up(10, seed=seed))
        for seed in (1, 2)
    )
    assert set(first.vocabulary_.words) == {word.lower() for words in sentences for word in words}
    for one, other in zip(first.history_, second.history_, strict=True):
        assert one["train_loss"] == other["train_loss"]
        assert one["validation_loss"] != other["validation_loss"]
    # The sentences held out are drawn, and the same ones for the same seed.
    drawn = [SequenceTagger(**SMALL, epochs=1, seed=seed).fit(sentences, tags) for seed in (1, 1, 2)]
    words = [model.vocabulary_.words for model in drawn]
    assert words[0] == words[1] != words[2]


def test_a_tag_that_only_the_validation_has_is_no_failure():
    model = SequenceTagger(**SMALL, epochs=1).fit([["a"]] * 4, [["X"]] * 4, validation=([["b"]], [["Y"]]))
    assert model.tags_ == ["X", "Y"]
    assert np.isfinite(model.history_[0]["validation_loss"])
    assert model.evaluate([["a"]], [["Z"]])["accuracy"] == 0


def test_rare_words_are_replaced_and_only_in_training():
    sentences, tags = [["often", "often", "often", "rare"]] * 1, [["A", "A", "A", "B"]]
    model = SequenceTagger(**SMALL, epochs=1, word_dropout=0.5, validation_fraction=0).fit(sentences, tags)
    words = ["unknown", *model.vocabulary_.words]
    rates = dict(zip(words, model.network_.unknown_rates, strict=True))
    assert rates == {"unknown": 1, "often": pytest.approx(0.5 / 3.5), "rare": pytest.approx(0.5 / 1.5)}
    never = SequenceTagger(**SMALL, epochs=1, word_dropout=0, validation_fraction=0).fit(sentences, tags)
    assert never.network_.unknown_rates is None
    few = SequenceTagger(**SMALL, epochs=1, min_count=2, validation_fraction=0).fit(sentences, tags)
    assert few.vocabulary_.words == ["often"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("each", [False, True])
def test_words_and_tags_mean_the_same_with_line_ends_or_without(end, each):
    """As of lines split at spaces, which leave the end behind the last word, or of a word a line."""
    sentences, tags = made_up(30, seed=2)

    def ended(lists):
        return [[word + end * (each or word is some[-1]) for word in some] for some in lists]

    first, other = (
        SequenceTagger(**SMALL, epochs=2, crf=True).fit(*data, validation=data)
        for data in ((sentences, tags), (ended(sentences), ended(tags)))
    )
    assert first.vocabulary_.words == other.vocabulary_.words
    assert first.tags_ == other.tags_ == sorted({tag for given in tags for tag in given})
    np.testing.assert_array_equal(first.network_.parameters.vector, other.network_.parameters.vector)
    assert first.evaluate(sentences, tags) == first.evaluate(ended(sentences), ended(tags))
    assert first.predict(sentences) == first.predict(ended(sentences))
    for one, same in zip(first.predict_proba(sentences), first.predict_proba(ended(sentences)), strict=True):
        np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_a_line_end_alone_is_no_word(end):
    with pytest.raises(ArgumentError, match=r"sentences\[1\]\[2\] is .*expected a str that is not empty"):
        SequenceTagger(**SMALL).fit([["a"], ["the", "dog", end]], [["X"], ["X", "Y", "X"]])


def test_tuples_and_arrays_serve_as_lists():
    sentences, tags = made_up(20, seed=0)
    plain = SequenceTagger(**SMALL, epochs=1).fit(sentences, tags)
    other = SequenceTagger(**SMALL, epochs=1).fit(
        tuple(np.array(words) for words in sentences), [tuple(each) for each in tags]
    )
    np.testing.assert_array_equal(plain.network_.parameters.vector, other.network_.parameters.vector)
    assert other.predict([np.array(["kloa", "Mnob"])]) == plain.predict([["kloa", "Mnob"]])


# Files


def test_a_new_process_predicts_the_same(model, tmp_path):
    path = tmp_path / "m.safetensors"
    model.save(path)
    sentences = made_up(10, seed=5)[0]
    np.save(tmp_path / "p.npy", np.concatenate(model.predict_proba(sentences)))
    code = (
        "import sys, numpy as np, gatewise as gw\n"
        f"model, sentences = gw.load({str(path)!r}), {sentences!r}\n"
        f"expected = np.load({str(tmp_path / 'p.npy')!r})\n"
        "assert np.array_equal(np.concatenate(model.predict_proba(sentences)), expected)\n"
        "assert 'gatewise.training' not in sys.modules\n"
        "print(model.predict(sentences))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == repr(model.predict(sentences))
    again = load(path)
    assert again.get_params() == model.get_params()
    assert again.tags_ == model.tags_


def test_going_on_from_a_checkpoint_is_never_having_stopped(tmp_path):
    data, path = made_up(60, seed=0), tmp_path / "c.safetensors"
    options = {**SMALL, "epochs": 3, "crf": True, "dropout": 0.2}
    whole = SequenceTagger(**options).fit(*data)

    class StopError(Exception):
        pass

    def stop(event):
        if isinstance(event, Stepped) and event.step == 10:
            raise StopError

    with pytest.raises(StopError):
        SequenceTagger(**options).fit(*data, checkpoint=path, listeners=[stop])
    resumed = SequenceTagger(**options).fit(*data, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
    assert whole.history_ == resumed.history_
    with pytest.warns(CheckpointWarning):
        again = load(path)
    assert again.predict(data[0][:2]) == resumed.predict(data[0][:2])
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        SequenceTagger(**options).fit(
            data[0], [["A"] * len(each) for each in data[1]], checkpoint=path, resume=True
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": None}, "its vocabulary is not one of a tagger"),
        ({"vocabulary": {"tags": ["A"], "words": ["a"]}}, "its vocabulary is not one of a tagger"),
        ({"vocabulary": {"tags": [], "words": [], "characters": []}}, "its vocabulary has no tags"),
        ({"vocabulary": {"tags": ["A", "A"], "words": [], "characters": []}}, "tags are not distinct"),
        ({"vocabulary": {"tags": ["A"], "words": [1], "characters": []}}, "words are no list of str"),
        ({"vocabulary": {"tags": ["A"], "words": "ab", "characters": []}}, "words are no list of str"),
        ({"config": {"hidden_size": 10**9}}, "config needs at least [0-9,]+ weights .hidden_size=1000000000"),
        ({"config": {"num_layers": 10**9}}, "needs at least"),
        ({"config": {"embedding_size": 10**12}}, "needs at least"),
        ({"config": {"char_hidden_size": 10**9}}, "needs at least"),
        ({"config": {"char_embedding_size": 10**12}}, "needs at least"),
        ({"config": {"hidden_size": 0}}, "hidden_size=0; expected a whole number of at least 1"),
        ({"config": {"cell": "gru"}}, "cell='gru'; expected one of lstm, rnn"),
        ({"config": {"crf": None}}, "crf=None; expected True or False"),
        ({"config": {"hidden_size": 15}}, "has shape"),
    ],
)
def test_a_damaged_file_is_refused(change, message, tmp_path):
    path = tmp_path / "m.safetensors"
    SequenceTagger(**SMALL, epochs=1).fit(*made_up(10, seed=0)).save(path)
    metadata, tensors = read_tensors(path)
    for name, value in change.items():
        metadata[name] = {**metadata[name], **value} if name == "config" else value
    write_tensors(path, metadata, tensors)
    with pytest.raises(ModelFileError, match=message):
        load(path)


# Bad input

GOOD = [["a", "b"]], [["X", "Y"]]


@pytest.mark.parametrize(
    ("sentences", "tags", "message"),
    [
        ("a b", GOOD[1], "sentences has type str; expected a list of lists of str"),
        (5, GOOD[1], "sentences has type int; expected a list of lists"),
        (["a b"], GOOD[1], r"sentences\[0\] has type str; .* A sentence in one str must be split"),
        ([["a", 3]], GOOD[1], r"sentences\[0\]\[1\] is 3; expected a str"),
        ([["a", ""]], GOOD[1], r"sentences\[0\]\[1\] is ''; expected a str that is not empty"),
        ([["a", "\ud800"]], GOOD[1], r"sentences\[0\]\[1\] is '\\ud800'; expected a str"),
        ([["a", "b"], []], GOOD[1], r"sentences\[1\] is empty; expected at least one word"),
        (GOOD[0], [["X", None]], r"tags\[0\]\[1\] is None; expected a str"),
        (GOOD[0], [["X"]], r"tags\[0\] has 1 tags and sentences\[0\] has 2 words"),
        (GOOD[0], [["X", "Y"]] * 2, "tags has 2 entries and sentences has 1"),
        ([], [], "sentences is empty; at least one is needed"),
    ],
)
def test_what_are_no_tagged_sentences_is_refused(sentences, tags, message, model):
    for call in (SequenceTagger(**SMALL).fit, model.evaluate):
        with pytest.raises((ArgumentError, DataError), match=message):
            call(sentences, tags)


def test_what_are_no_sentences_is_refused(model):
    for call in (model.predict, model.predict_proba):
        for sentences, message in [
            ("a b", "sentences has type str; expected a list of lists of str"),
            (None, "sentences has type NoneType"),
            (["a b"], r"sentences\[0\] has type str; .* A sentence in one str must be split first"),
            ([["a"], ["b", 3]], r"sentences\[1\]\[1\] is 3; expected a str"),
        ]:
            with pytest.raises(ArgumentError, match=message):
                call(sentences)


def test_what_is_no_validation_is_refused():
    for validation, message in [
        ([["b"]], "validation has type list; expected two things, sentences and their tags"),
        (3, "validation has type int"),
        (([["b"]], [["X", "Y"]]), r"validation\[1\]\[0\] has 2 tags and validation\[0\]\[0\] has 1 words"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            SequenceTagger(**SMALL).fit(*GOOD, validation=validation)
    with pytest.raises(DataError, match=r"validation_fraction=0.9 leaves none to learn from"):
        SequenceTagger(**SMALL, validation_fraction=0.9).fit(*GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_size", 0),
        ("num_layers", 1.5),
        ("embedding_size", "8"),
        ("char_embedding_size", 0),
        ("char_hidden_size", -1),
        ("cell", "gru"),
        ("crf", 1),
        ("dropout", 1),
        ("word_dropout", -0.1),
        ("min_count", 0),
        ("validation_fraction", 1.0),
        ("learning_rate", 0),
    ],
)
def test_hyperparameters_that_cannot_work_are_refused(name, value):
    with pytest.raises(ArgumentError, match=f"^{name}="):
        SequenceTagger(**{**SMALL, name: value}).fit(*GOOD)


def test_before_fit_there_is_nothing_to_predict_with():
    for call in (
        lambda model: model.predict([["a"]]),
        lambda model: model.predict_proba([["a"]]),
        lambda model: model.evaluate(*GOOD),
        lambda model: model.tags_,
    ):
        with pytest.raises(NotFittedError, match="SequenceTagger is not fitted"):
            call(SequenceTagger())
    with pytest.raises(ArgumentError, match="resume=True, but checkpoint=None"):
        SequenceTagger().fit(*GOOD, resume=True)


@pytest.mark.slow
def test_it_tags_english(data_folder):
    """On a quarter of the treebank for a minute: far above the 86.2 % of each word's most frequent tag."""
    folder = data_folder / "tagging" / "ud_english_ewt"
    sentences, tags = read_conllu(folder / "en_ewt-ud-train.conllu.gz")
    test = read_conllu(folder / "en_ewt-ud-test.conllu.gz")
    model = SequenceTagger(epochs=12, progress=False).fit(sentences[::4], tags[::4])
    assert model.score(*test) > 0.89
