"""A translator learns, copies what it does not know, and says what it did."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

from gatewise import Translator
from gatewise.errors import DataError, MissingExtraError
from gatewise.tasks import Translation
from gatewise.tasks.translation import search
from gatewise.tasks.translation.beam_search import Hypothesis
from tests.tasks.translation.problems import LETTERS, SMALL, TINY, backwards, with_names


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


def test_texts_to_align_may_bring_their_line_ends(model):
    source, target = backwards(1, seed=1)[0]
    found, plain = model.align(source + "\n", target + "\r\n"), model.align(source, target)
    assert (found.text, found.source_symbols) == (target, plain.source_symbols)
    np.testing.assert_array_equal(found.attention, plain.attention)


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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_lines_mean_the_same_with_their_ends_or_without(end):
    pairs = backwards(40, seed=0)
    ended = [(source + end, target + end) for source, target in pairs]
    first, other = (
        Translator(**{**TINY, "level": "char"}).fit(each, validation=each[:9]) for each in (pairs, ended)
    )
    np.testing.assert_array_equal(first.network_.parameters.vector, other.network_.parameters.vector)
    assert first.history_ == other.history_
    assert first.evaluate(pairs, bleu=False) == first.evaluate(ended, bleu=False)
    for texts in ([source for source, _ in each] for each in (pairs, ended)):
        assert first.translate(texts) == list(first.translate_stream(iter(texts)))
        assert first.translate(texts) == first.translate([source for source, _ in pairs])


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
    # Of several candidates one that has ended would come first, however unlikely.
    [[cut]] = model.translations(["a b c d e"], max_tokens=2, beam_size=1)
    assert len(cut.target_symbols) == len(cut.attention) == 2
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
        "count": tokens,
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
        *("loss", "perplexity", "tokens", "count", "unknown", "exact")
    }
