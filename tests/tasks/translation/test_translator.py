"""A translator learns, copies what it does not know, says what it did, and comes back from its file."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.data import WordTokenizer, read_pairs
from gatewise.errors import ArgumentError, DataError, MissingExtraError, ModelFileError, NotFittedError
from gatewise.storage import read_tensors, write_tensors
from gatewise.tasks import Translation
from gatewise.tasks.translation import search
from gatewise.tasks.translation.beam_search import Hypothesis
from gatewise.training import Stepped

SMALL = {
    "hidden_size": 32,
    "embedding_size": 16,
    "batch_size": 16,
    "learning_rate": 1e-2,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "progress": False,
}
TINY = {**SMALL, "hidden_size": 8, "embedding_size": 4, "epochs": 1, "min_count": 1}
LETTERS = list("abcdefgh")
REQUESTS = {"please call": "bitte ruf", "tell": "sag", "ask dear": "frag liebe", "yes, see": "ja, sieh"}
TIMES = {"now": "jetzt", "at home": "daheim", "later, please": "später, bitte"}


def backwards(count, seed, longest=5):
    """A text and the same from its end."""
    rng = np.random.default_rng(seed)
    texts = [rng.choice(LETTERS, rng.integers(1, longest + 1)).tolist() for _ in range(count)]
    return [(" ".join(text), " ".join(reversed(text))) for text in texts]


KNOWN = ["anna", "boris", "carla", "dora", "emil", "frieda", "gustav", "hanna"]


def with_names(count, seed, known=0.0):
    """Requests whose parts change places, of people who are new each time but for the ``known`` share."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        name = rng.choice(KNOWN) if rng.random() < known else "".join(rng.choice(list("klmnoprst"), 8))
        request, time = rng.choice(list(REQUESTS)), rng.choice(list(TIMES))
        pairs.append((f"{request} {name} {time}!", f"{TIMES[time]} {REQUESTS[request]} {name}!"))
    return pairs


@pytest.fixture(scope="module")
def model():
    return Translator(**{**SMALL, "hidden_size": 48}, epochs=18).fit(backwards(900, seed=0))


@pytest.fixture(scope="module")
def copier():
    return Translator(**SMALL, epochs=15).fit(with_names(600, seed=0, known=0.7))


@pytest.fixture(scope="module")
def tiny():
    return Translator(**TINY).fit(backwards(20, seed=0))


def test_it_learns_to_turn_texts_around(model):
    unseen = backwards(200, seed=1)
    written = model.translate([source for source, _ in unseen])
    assert np.mean([a == b for a, (_, b) in zip(written, unseen, strict=True)]) >= 0.95
    assert model.history_[-1]["validation_loss"] < 0.2 * model.history_[0]["validation_loss"]
    assert model.stopped_by_ == "finished"
    assert model.translate([]) == []


@pytest.mark.parametrize(
    "options",
    [
        {"attention": "dot"},
        {"attention": "additive", "num_layers": 2},
        {"shared_vocabulary": True, "tie_weights": True, "embedding_size": 32},
        {"scheduled_sampling": 0.3},
        {"input_feeding": False, "label_smoothing": 0.1, "dropout": 0.05},
        {"level": "char"},
        {"level": "bpe", "vocab_size": 270, "epochs": 16},
        {"cell": "rnn"},
    ],
    ids=str,
)
def test_it_learns_with_every_option(options):
    if options.get("level") == "bpe":
        pytest.importorskip("tokenizers")
    learner = Translator(**{**SMALL, "epochs": 13, **options}).fit(backwards(320, seed=0, longest=3))
    assert learner.evaluate(backwards(50, seed=1, longest=3), bleu=False)["exact"] >= 0.8


# What is written


def test_further_hypotheses_come_with_scores_and_attention(model):
    texts = [source for source, _ in backwards(30, seed=2)]
    found = model.translations(texts, beam_size=4, n_best=3, length_penalty=0.6, coverage_penalty=0.2)
    plain = model.translate(texts, beam_size=4, length_penalty=0.6, coverage_penalty=0.2)
    assert [best.text for best, *_ in found] == plain
    for text, several in zip(texts, found, strict=True):
        assert 1 <= len(several) <= 3
        assert [each.score for each in several] == sorted((each.score for each in several), reverse=True)
        for each in several:
            assert isinstance(each, Translation)
            assert each.source_symbols == [*text.split(), "</s>"]
            assert each.target_symbols == [*each.text.split(), "</s>"]
            shape = len(each.target_symbols), len(each.source_symbols)
            assert each.attention.shape == shape
            np.testing.assert_allclose(each.attention.sum(axis=1), 1, rtol=1e-5)
            lp = ((5 + shape[0]) / 6) ** 0.6
            cp = 0.2 * np.log(np.minimum(each.attention.sum(axis=0), 1)).sum()
            assert each.score == pytest.approx(each.log_probability / lp + cp, rel=1e-4)
            assert each.log_probability == pytest.approx(
                model.align(text, each.text).log_probability, rel=1e-3, abs=1e-5
            )


def test_texts_do_not_depend_on_those_beside_them(model):
    texts = [source for source, _ in backwards(40, seed=3)]
    together = model.translate(texts)
    assert [model.translate([text])[0] for text in texts] == together
    assert model.translate(texts, batch_size=7) == together
    assert model.translate(tuple(texts[::-1])) == together[::-1]


def test_white_space_makes_no_difference(model):
    assert model.translate(["a b c"]) == model.translate(["  a \t b\nc "])


@pytest.mark.parametrize("level", ["word", "char"])
def test_a_translation_is_one_line(level):
    """What no text has at its end, in the middle or elsewhere is not written by the untrained either."""
    learner = Translator(**{**TINY, "level": level}).fit([("ab", "ba")] * 10)
    [found] = learner.translations(["ab"], beam_size=60, n_best=60, max_tokens=3)
    assert len(found) > 5
    assert not any("\n" in each.text or "\n" in each.target_symbols for each in found)


def test_a_stream_says_what_translate_says_and_reads_no_further_than_it_must(model):
    texts = [source for source, _ in backwards(10, seed=4)]
    read = []

    def come():
        for text in texts:
            read.append(text)
            yield text

    stream = model.translate_stream(come(), batch_size=4, beam_size=2)
    assert isinstance(stream, Iterator)
    assert read == []
    first = next(stream)
    assert len(read) == 4
    assert [first, *stream] == model.translate(texts, beam_size=2)
    assert list(model.translate_stream([])) == []


def test_a_limit_cuts_what_is_written(model):
    [[cut]] = model.translations(["a b c d e"], max_tokens=2)
    assert len(cut.target_symbols) == len(cut.attention) <= 2
    assert cut.target_symbols[-1] != "</s>"
    assert model.translate(["a b c d e"], max_tokens=10**30) == model.translate(["a b c d e"])


def test_a_text_may_have_as_many_tokens_as_the_limit(model):
    [[whole]] = model.translations(["a b c d e"])
    assert model.translate(["a b c d e"], max_tokens=len(whole.target_symbols) - 1) == [whole.text]


def test_large_beams_are_searched_a_few_texts_at_a_time(model, monkeypatch):
    texts = [source for source, _ in backwards(9, seed=6)]
    expected, sizes, whole = model.translate(texts), [], search.beam_search

    def watch(network, batch, *rest):
        sizes.append(len(batch.lengths))
        return whole(network, batch, *rest)

    monkeypatch.setattr(search, "beam_search", watch)
    assert model.translate(texts) == expected
    assert sizes == [9]
    sizes.clear()
    monkeypatch.setattr(search, "_MEMORY", 4 * 32 * 5)
    assert model.translate(texts) == expected
    assert sum(sizes) == 9
    assert len(sizes) > 1


def test_a_long_text_is_read_and_a_very_long_one_refused(model):
    [text] = model.translate(["a b " * 500], max_tokens=30, beam_size=2)
    assert set(text.split()) <= set(LETTERS)
    with pytest.raises(DataError, match=r"texts\[1\] has 1,001 tokens; expected at most 1,000: cut it into"):
        model.translate(["a", "a " * 1001])
    stream = model.translate_stream(["a"] * 9 + ["a " * 1001], batch_size=4)
    with pytest.raises(DataError, match=r"texts\[9\] has 1,001 tokens"):
        list(stream)


def test_alignment_is_attention_to_a_given_target(model):
    for source, target in backwards(40, seed=5):
        found = model.align(source, target)
        assert found.text == target
        assert found.target_symbols == [*target.split(), "</s>"]
        assert found.source_symbols == [*source.split(), "</s>"]
        assert found.score == pytest.approx(found.log_probability / len(found.target_symbols))
        np.testing.assert_allclose(found.attention.sum(axis=1), 1, rtol=1e-5)
    worse = model.align("a b", "c d e")
    assert worse.log_probability < model.align("a b", "b a").log_probability


# Words that are not in the vocabulary


def test_names_that_were_never_seen_are_copied(copier):
    unseen = with_names(100, seed=1)
    result = copier.evaluate(unseen, bleu=False)
    assert result["exact"] >= 0.95
    assert result["unknown"] == 100
    assert copier.translate(["please call Zoltán now!"]) == ["jetzt bitte ruf Zoltán!"]
    [[found]] = copier.translations(["tell Zoltán now!"])
    assert found.source_symbols == ["tell", "Zoltán", "now", "￭!", "</s>"]
    assert found.target_symbols == ["jetzt", "sag", "Zoltán", "￭!", "</s>"]
    place = found.target_symbols.index("Zoltán")
    assert found.attention[place].argmax() == 1


def test_what_is_not_to_be_copied_is_not_written(copier):
    texts = [source for source, _ in with_names(30, seed=2)]
    for several in copier.translations(texts, copy_unknown=False, n_best=4):
        for each in several:
            assert "<unk>" not in each.text
            assert set(each.target_symbols) <= {*copier.vocabulary_.target.tokenizer.words, "</s>"}


@pytest.mark.parametrize("level", ["word", "char"])
def test_whatever_is_unknown_is_copied(level):
    learner = Translator(**{**TINY, "level": level}).fit(backwards(20, seed=0))
    learner.network_.parameters["head.bias"][learner.vocabulary_.target.unknown] = 50
    for several in learner.translations(["a ż ó", "c"], max_tokens=4, n_best=2):
        for each in several:
            assert "<unk>" not in each.text
            assert set(each.target_symbols) <= {*each.source_symbols, "</s>", *LETTERS, " "}


def test_punctuation_is_not_copied_where_there_are_words(copier):
    vocabulary = copier.vocabulary_
    hypothesis = Hypothesis([vocabulary.target.unknown], 0.0, 0.0, np.array([[0.1, 0.2, 0.7, 0.0]] * 2))
    for source, expected in (("please tell!", "tell"), ("! ! !", "!")):
        tokens = vocabulary.source.encode(source)
        [found] = search.in_words(vocabulary, source, tokens, [hypothesis])
        assert found.text == expected


def test_an_alignment_shows_the_words_of_its_target(copier):
    found = copier.align("tell kkk now!", "jetzt sag mmm!")
    assert found.target_symbols == ["jetzt", "sag", "mmm", "￭!", "</s>"]


@pytest.mark.parametrize("source", ["tell Zoltán now!", "tell l'Zoltán now!", "tell (Zoltán now!"])
def test_what_is_copied_is_not_joined_to_another_word(copier, source):
    """Whatever stands before it in its own text without a space."""
    vocabulary, target = copier.vocabulary_, copier.vocabulary_.target
    tokens = vocabulary.source.encode(source)
    symbols = vocabulary.source.symbols(source, tokens)
    attention = np.zeros((4, len(tokens) + 1))
    attention[2, [index for index, symbol in enumerate(symbols) if "Zoltán" in symbol]] = 1
    written = [*target.encode("jetzt sag").tolist(), target.unknown]
    hypothesis = Hypothesis(written, 0.0, 0.0, attention)
    [found] = search.in_words(vocabulary, source, tokens, [hypothesis])
    assert found.text == "jetzt sag Zoltán"


# Measures


def test_what_evaluate_says_is_so(copier):
    pairs = with_names(40, seed=3)
    result = copier.evaluate(pairs, bleu=False, beam_size=2)
    aligned = [copier.align(source, target) for source, target in pairs]
    tokens = sum(len(each.target_symbols) for each in aligned)
    loss = -sum(each.log_probability for each in aligned) / tokens
    written = copier.translate([source for source, _ in pairs], beam_size=2)
    assert result == {
        "loss": pytest.approx(loss, rel=1e-4),
        "perplexity": pytest.approx(np.exp(loss), rel=1e-4),
        "tokens": tokens,
        "unknown": 40,
        "exact": np.mean([a == b for a, (_, b) in zip(written, pairs, strict=True)]),
    }
    assert copier.score(pairs) == -result["loss"]


def test_bleu_and_chrf_are_those_of_sacrebleu(model):
    sacrebleu = pytest.importorskip("sacrebleu")
    pairs = [(source, f"{target} x") for source, target in backwards(40, seed=6)]
    result = model.evaluate(pairs)
    written, references = model.translate([s for s, _ in pairs]), [[t for _, t in pairs]]
    assert 0 < result["bleu"] == sacrebleu.corpus_bleu(written, references).score < 100
    assert 0 < result["chrf"] == sacrebleu.corpus_chrf(written, references).score < 100


def test_without_sacrebleu_the_other_measures_are_to_be_had(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gatewise\[bleu\]'.*bleu=False"):
        model.evaluate(backwards(3, seed=7))
    assert set(model.evaluate(backwards(3, seed=7), bleu=False)) == {
        *("loss", "perplexity", "tokens", "unknown", "exact")
    }


# Training


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    options = {**TINY, "dropout": 0.2, "scheduled_sampling": 0.5}
    first, second, third = (
        Translator(**options, seed=seed).fit(backwards(60, seed=0)).network_.parameters.vector
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_training_sees_nothing_of_the_validation_pairs():
    pairs = backwards(50, seed=0)
    first, second = (
        Translator(**{**TINY, "epochs": 2}).fit(pairs, validation=validation)
        for validation in (backwards(10, seed=1), [("new words", "other words")] * 3)
    )
    np.testing.assert_array_equal(first.network_.target_embedding.parameters["weight"].shape, (11, 4))
    assert set(first.vocabulary_.source.tokenizer.words) == set(LETTERS)
    for one, other in zip(first.history_, second.history_, strict=True):
        assert one["train_loss"] == other["train_loss"]
        assert one["validation_loss"] != other["validation_loss"]
    assert first.history_[-1]["validation_loss"] >= min(h["validation_loss"] for h in first.history_)
    # The pairs held out are drawn, and the same ones for the same seed.
    named = with_names(50, seed=0)
    drawn = [
        Translator(**TINY, seed=seed).fit(named).vocabulary_.source.tokenizer.words for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_without_validation_the_last_weights_stay():
    for options, validation in (({"validation_fraction": 0}, None), ({}, [])):
        learner = Translator(**TINY, **options).fit(backwards(20, seed=0), validation=validation)
        assert learner.history_ == []
        assert np.isfinite(learner.score(backwards(5, seed=1)))


def test_the_validation_loss_is_that_of_evaluate():
    validation = backwards(30, seed=1)
    learner = Translator(**{**TINY, "dropout": 0.3, "label_smoothing": 0.1}).fit(
        backwards(50, seed=0), validation=validation
    )
    assert learner.history_[-1]["validation_loss"] == pytest.approx(-learner.score(validation), rel=1e-5)


def test_own_inputs_rise_evenly():
    seen = []
    learner = Translator(**{**TINY, "epochs": 4}, scheduled_sampling=0.8, validation_fraction=0)

    def listen(event):
        if isinstance(event, Stepped):
            seen.append(learner.network_.own_inputs)

    learner.fit(backwards(80, seed=0), listeners=[listen])
    np.testing.assert_allclose(seen, 0.8 * np.arange(20) / 20)
    learner.set_params(scheduled_sampling=0.0).fit(backwards(20, seed=0), listeners=[listen])
    assert learner.network_.own_inputs == 0


def test_a_time_limit_leaves_a_model_that_can_be_used():
    learner = Translator(**{**TINY, "epochs": 1000}, time_limit=1e-9).fit(backwards(100, seed=0))
    assert learner.stopped_by_ == "time limit"
    assert learner.history_[-1]["step"] == 1
    assert len(learner.translate(["a b"])) == 1


def test_going_on_from_a_checkpoint_is_never_having_stopped(tmp_path):
    data, path = backwards(60, seed=0), tmp_path / "c.safetensors"
    options = {**TINY, "epochs": 4, "batch_size": 8, "dropout": 0.2, "scheduled_sampling": 0.9}
    whole = Translator(**options).fit(data)

    class StopError(Exception):
        pass

    def stop(event):
        if isinstance(event, Stepped) and event.step == 17:
            raise StopError

    with pytest.raises(StopError):
        Translator(**options).fit(data, checkpoint=path, listeners=[stop])
    resumed = Translator(**options).fit(data, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
    assert whole.history_ == resumed.history_
    assert load(path).translate(["a b c"]) == resumed.translate(["a b c"])
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        Translator(**options).fit([pair[::-1] for pair in data], checkpoint=path, resume=True)
    with pytest.raises(ArgumentError, match="scheduled_sampling"):
        Translator(**{**options, "scheduled_sampling": 0.1}).fit(data, checkpoint=path, resume=True)
    with pytest.raises(ArgumentError, match="resume=True, but checkpoint=None"):
        Translator().fit(data, resume=True)


def test_a_checkpoint_of_other_symbols_is_refused(tmp_path, monkeypatch):
    data, path = backwards(20, seed=0), tmp_path / "c.safetensors"
    Translator(**TINY, time_limit=1e-9).fit(data, checkpoint=path)
    words = WordTokenizer.__init__
    monkeypatch.setattr(WordTokenizer, "__init__", lambda self, given: words(self, given[::-1]))
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        Translator(**TINY).fit(data, checkpoint=path, resume=True)


def test_going_on_within_a_pass_is_never_having_stopped(tmp_path):
    data, path = backwards(60, seed=0), tmp_path / "c.safetensors"
    options = {**TINY, "epochs": 3, "batch_size": 8, "dropout": 0.2, "scheduled_sampling": 0.9}
    whole = Translator(**options).fit(data)
    Translator(**options, time_limit=1e-9).fit(data, checkpoint=path)
    for _ in range(3):
        Translator(**options, time_limit=1e-9).fit(data, checkpoint=path, resume=True)
    resumed = Translator(**options).fit(data, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)


# Files and copies


def test_a_new_process_translates_the_same(copier, tmp_path):
    path = tmp_path / "m.safetensors"
    copier.save(path)
    texts = [source for source, _ in with_names(5, seed=5)]
    code = (
        "import sys, gatewise as gw\n"
        f"model = gw.load({str(path)!r})\n"
        f"print(ascii([each[0][:3] for each in model.translations({texts!r})]))\n"
        "assert 'gatewise.training' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ascii([each[0][:3] for each in copier.translations(texts)])
    again = load(path)
    assert again.get_params() == copier.get_params()
    assert again.vocabulary_.to_json() == copier.vocabulary_.to_json()
    np.testing.assert_array_equal(again.network_.parameters.vector, copier.network_.parameters.vector)


@pytest.mark.parametrize(
    "options",
    [
        {"level": "char"},
        {"level": "bpe"},
        {"level": "bpe", "shared_vocabulary": True},
        {"shared_vocabulary": True, "tie_weights": True, "embedding_size": 8, "num_layers": 2},
        {"cell": "rnn", "attention": "additive", "input_feeding": False},
    ],
    ids=str,
)
def test_every_kind_of_model_comes_back_from_its_file(options, tmp_path):
    if options.get("level") == "bpe":
        pytest.importorskip("tokenizers")
    learner = Translator(**{**TINY, **options}).fit(backwards(20, seed=0))
    learner.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.get_params() == learner.get_params()
    texts = ["a b c", "h, ż!"]
    ours, theirs = (each.translations(texts, n_best=2) for each in (learner, again))
    assert [[each[:3] for each in several] for several in ours] == [[e[:3] for e in s] for s in theirs]


def test_copies_and_pickles_are_equal(model):
    texts = ["a b c", "d"]
    assert pickle.loads(pickle.dumps(model)).translate(texts) == model.translate(texts)
    base = pytest.importorskip("sklearn.base")
    again = base.clone(model)
    assert again.get_params() == model.get_params()
    assert not hasattr(again, "network_")


def test_it_follows_the_conventions_of_estimators():
    given = {"hidden_size": "not checked yet", "attention": object()}
    learner = Translator("char", **given)
    assert all(learner.get_params()[name] is value for name, value in given.items())
    assert learner.set_params(hidden_size=6) is learner
    assert repr(Translator()) == "Translator()"
    assert repr(Translator("char", 64)) == "Translator(level='char', hidden_size=64)"
    assert Translator(**learner.get_params()).get_params() == learner.get_params()
    with pytest.raises(ArgumentError, match="Translator has no hyperparameter 'beam_size'; it has level"):
        learner.set_params(beam_size=4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": None}, "the vocabulary has not a source side"),
        ({"vocabulary": {"source": ["a"]}}, "does not fit shared_vocabulary=False"),
        ({"vocabulary": {"source": ["a"], "target": ["a", "a"]}}, "is not a list of distinct words"),
        ({"vocabulary": {"source": ["a"], "target": LETTERS}}, "source_embedding.*has shape"),
        ({"vocabulary": {"source": LETTERS, "target": ["a"]}}, "has shape"),
        ({"config": {"shared_vocabulary": True}}, "does not fit shared_vocabulary=True"),
        (
            {"config": {"level": "char"}, "vocabulary": {"source": ["ab"], "target": []}},
            "distinct characters",
        ),
        ({"config": {"level": "syllable"}}, "level='syllable'; expected one of word, bpe, char"),
        ({"config": {"hidden_size": 10**9}}, "config needs at least [0-9,]+ weights .hidden_size=1000000000"),
        ({"config": {"num_layers": 10**9}}, "needs at least"),
        ({"config": {"embedding_size": 10**12}}, "needs at least"),
        ({"config": {"hidden_size": 0}}, "hidden_size=0; expected a whole number of at least 1"),
        ({"config": {"hidden_size": 7}}, "hidden_size=7; expected an even number"),
        ({"config": {"hidden_size": 6}}, "has shape"),
        ({"config": {"num_layers": 2}}, "lstm.weight_ih_l1|has not|missing"),
        ({"config": {"cell": "gru"}}, "cell='gru'; expected one of lstm, rnn"),
        ({"config": {"attention": "dot"}}, "attention"),
        ({"config": {"attention": None}}, "attention=None; expected one of dot, general, additive"),
        ({"config": {"tie_weights": 1}}, "tie_weights=1; expected True or False"),
        ({"config": {"tie_weights": True}}, "tie_weights=True with embedding_size=4 and hidden_size=8"),
        ({"config": {"heads": 8}}, "no hyperparameter 'heads'"),
    ],
    ids=str,
)
def test_a_damaged_file_is_refused(change, message, tiny, tmp_path):
    path = tmp_path / "m.safetensors"
    tiny.save(path)
    metadata, tensors = read_tensors(path)
    for name, value in change.items():
        metadata[name] = {**metadata[name], **value} if name == "config" else value
    write_tensors(path, metadata, tensors)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(repr(str(path)))


# Bad input


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("a b", "pairs has type str; expected a list of (source, target), or read_pairs of a file"),
        (["ab"], "pairs[0] is 'ab'; expected (source, target)"),
        ([("a", "b"), ("a", "")], "pairs[1][1] is ''; expected a text with something in it"),
        ([("a", 3)], "pairs[0][1] has type int; expected a str"),
        ([], "pairs is empty; at least one is needed"),
    ],
)
def test_what_are_no_pairs_is_refused(pairs, message, tiny):
    for call in (Translator(**TINY).fit, tiny.evaluate, tiny.score):
        with pytest.raises((ArgumentError, DataError), match=re.escape(message)):
            call(pairs)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a b", "texts has type str; expected a list of str"),
        (None, "texts has type NoneType; expected a list of str"),
        (["a", ""], "texts[1] is ''; expected a text with something in it"),
        ([" \n"], r"texts[0] is ' \n'; expected a text with something in it"),
        (["a", 3], "texts[1] has type int; expected a str"),
        (["\ud800"], r"texts[0] is '\ud800'; expected a str that UTF-8 can write"),
    ],
)
def test_what_are_no_texts_is_refused(texts, message, tiny):
    for call in (tiny.translate, tiny.translations):
        with pytest.raises(ArgumentError, match=re.escape(message)):
            call(texts)


@pytest.mark.parametrize("texts", ["ab", None, 5, ["a", ""]])
def test_what_is_no_stream_of_texts_is_refused(texts, tiny):
    with pytest.raises(ArgumentError, match="texts"):
        list(tiny.translate_stream(texts))


def test_what_cannot_be_aligned_is_refused(tiny):
    for source, target, named in (
        ("a", "", "target"),
        ("", "a", "source"),
        (["a"], "a", "source"),
        ("a", None, "target"),
    ):
        with pytest.raises(ArgumentError, match=f"^{named} .*; expected a "):
            tiny.align(source, target)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"beam_size": 0}, "beam_size=0; expected a whole number of at least 1"),
        ({"beam_size": 1.5}, "beam_size=1.5; expected a whole number"),
        ({"n_best": 0}, "n_best=0; expected a whole number of at least 1"),
        ({"n_best": 5}, "n_best=5, but beam_size=4 hypotheses are kept; expected at most as many"),
        ({"length_penalty": -1}, "length_penalty=-1; expected a number of at least 0"),
        ({"length_penalty": np.nan}, "length_penalty=nan; expected a finite number"),
        ({"length_penalty": 1000}, "length_penalty=1000; expected a number of at least 0 and at most 10"),
        ({"coverage_penalty": -0.1}, "coverage_penalty=-0.1; expected a number of at least 0"),
        ({"max_tokens": 0}, "max_tokens=0; expected a whole number of at least 1, or None"),
        ({"copy_unknown": "yes"}, "copy_unknown='yes'; expected True or False"),
        ({"batch_size": 0}, "batch_size=0; expected a whole number of at least 1"),
    ],
    ids=str,
)
def test_options_of_the_search_that_cannot_work_are_refused(option, message, tiny):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        tiny.translations(["a b"], **option)
    if "n_best" not in option:
        with pytest.raises(ArgumentError, match=re.escape(message)):
            tiny.evaluate([("a", "b")], **option)
        with pytest.raises(ArgumentError, match=re.escape(message)):
            next(tiny.translate_stream(["a b"], **option))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "syllable"),
        ("hidden_size", 0),
        ("hidden_size", 15),
        ("num_layers", 1.5),
        ("embedding_size", "8"),
        ("cell", "gru"),
        ("attention", "cosine"),
        ("input_feeding", 1),
        ("shared_vocabulary", None),
        ("tie_weights", "yes"),
        ("vocab_size", 2),
        ("min_count", 0),
        ("max_length", 0),
        ("dropout", 1),
        ("label_smoothing", 1.0),
        ("scheduled_sampling", 1.1),
        ("scheduled_sampling", -0.1),
        ("validation_fraction", 1.0),
        ("learning_rate", 0),
        ("schedule", "steps"),
        ("time_limit", 0),
        ("progress", "yes"),
    ],
)
def test_hyperparameters_that_cannot_work_are_refused(name, value):
    with pytest.raises(ArgumentError, match=f"^{name}="):
        Translator(**{**TINY, name: value}).fit([("a", "b")])


def test_hyperparameters_that_do_not_go_together_are_refused():
    with pytest.raises(ArgumentError, match="hidden_size=15; expected an even number"):
        Translator(hidden_size=15).fit([("a", "b")])
    with pytest.raises(ArgumentError, match="tie_weights=True with embedding_size=4 and hidden_size=8"):
        Translator(**TINY, tie_weights=True).fit([("a", "b")])
    with pytest.raises(ArgumentError, match=r"hidden_size=\d+, num_layers=1, embedding_size=4 need more mem"):
        Translator(**{**TINY, "hidden_size": 10**8}).fit([("a", "b")])


def test_too_few_subwords_are_refused():
    pytest.importorskip("tokenizers")
    with pytest.raises(ArgumentError, match="vocab_size=100; level='bpe' needs at least 256"):
        Translator(**TINY, level="bpe", vocab_size=100).fit([("a", "b")])


def test_too_few_pairs_are_refused():
    with pytest.raises(DataError, match=r"of 1 pairs validation_fraction=0.9 leaves none to learn from"):
        Translator(**TINY, validation_fraction=0.9).fit([("a", "b")])


def test_a_vocabulary_without_words_is_refused():
    pairs = [("a b", "x x"), ("c d", "x y")]
    with pytest.raises(DataError, match=r"no word of the source.* is seen min_count=2 times"):
        Translator(**{**TINY, "min_count": 2}).fit(pairs)
    with pytest.raises(DataError, match=r"no word of the target.* is seen min_count=4 times"):
        Translator(**{**TINY, "min_count": 4}).fit([("a a a a", "x x x")])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("fraction", [0.0, 0.3])
def test_a_text_that_is_too_long_is_named(fraction, side, tmp_path):
    """By its number among the pairs that were given, whichever of them are kept to measure on."""
    pairs = [["a b", "b a"] for _ in range(30)]
    pairs[17][side] = "a " * 40
    learner = Translator(**TINY, max_length=30, validation_fraction=fraction)
    with pytest.raises(DataError) as caught:
        learner.fit(pairs)
    assert str(caught.value).startswith(f"pairs[17][{side}] has 40 tokens, more than max_length=30: 'a a a")

    path = tmp_path / "pairs.tsv"
    path.write_text("".join("\t".join(pair).strip() + "\n" for pair in pairs), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        learner.fit(read_pairs(path))
    assert str(caught.value).startswith(f"{str(path)!r}, line 18 has 40 tokens")


def test_a_text_of_the_validation_that_is_too_long_is_named():
    with pytest.raises(DataError) as caught:
        Translator(**TINY).fit([("a", "b")] * 3, validation=[("a", "b"), ("a", "b " * 101)])
    assert str(caught.value).startswith("validation[1][1] has 101 tokens, more than max_length=100")


def test_a_text_just_short_enough_is_taken():
    learner = Translator(**TINY, max_length=5).fit([("a b c d e", "a b c d e")] * 3)
    assert np.isfinite(learner.score([("a " * 50, "b " * 50)])), "to be measured on longer ones will do"


@pytest.mark.parametrize("side", [0, 1])
def test_very_long_texts_are_not_measured_either(side, tiny, tmp_path):
    pairs = [["a", "b"] for _ in range(5)]
    pairs[3][side] = "a " * 1001
    path = tmp_path / "pairs.tsv"
    path.write_text("".join("\t".join(pair).strip() + "\n" for pair in pairs), encoding="utf-8")
    for measure in (tiny.evaluate, tiny.score):
        with pytest.raises(DataError, match=re.escape(f"pairs[3][{side}] has 1,001 tokens, more than 1,000")):
            measure(pairs)
        with pytest.raises(DataError, match=re.escape(f"{str(path)!r}, line 4 has 1,001 tokens")):
            measure(read_pairs(path))
    with pytest.raises(DataError, match=re.escape(f"pairs[0][{side}] has 1,001 tokens")):
        tiny.align(*pairs[3])


def test_before_fit_there_is_nothing_to_translate_with():
    for call in (
        lambda learner: learner.translate(["a"]),
        lambda learner: learner.translations(["a"]),
        lambda learner: next(learner.translate_stream(["a"])),
        lambda learner: learner.align("a", "b"),
        lambda learner: learner.evaluate([("a", "b")]),
        lambda learner: learner.score([("a", "b")]),
        lambda learner: learner.save("m.safetensors"),
    ):
        with pytest.raises(NotFittedError, match="Translator is not fitted"):
            call(Translator())


def test_what_was_learnt_before_stays_where_fit_refuses(tiny):
    learner = pickle.loads(pickle.dumps(tiny))
    expected = learner.translate(["a b"])
    with pytest.raises(DataError):
        learner.set_params(max_length=1).fit([("a b", "a b")])
    assert learner.translate(["a b"]) == expected
