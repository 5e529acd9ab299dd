"""Beam search against all texts there are, against the greedy choice, and against teacher forcing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gatewise.tasks.translation import beam_search as beam_search_module
from gatewise.tasks.translation.beam_search import Beam, beam_search
from gatewise.tasks.translation.examples import PairBatch, source_batch
from gatewise.tasks.translation.network import TranslationNetwork

S, V, END = 6, 5, 4
SOURCES = [[1, 4, 0, 2], [3], [2, 2, 0], []]


def make(seed=2, scale=1.0, dtype=np.float64, symbols=V, **options):
    options = {"num_layers": 1, **options}
    network = TranslationNetwork(S, symbols, 3, 4, seed=1, dtype=dtype, **options)
    size = network.parameters.vector.size
    network.parameters.vector[...] = np.random.default_rng(seed).normal(0, scale, size)
    return network


def never_ending(**options):
    """The end is never likely."""
    network = make(**options)
    network.parameters["head.bias"][END] = -50
    return network


def sources(*rows):
    return source_batch([np.array(SOURCES[row], np.int64) for row in rows], S - 1)


def search(network, rows, most, size=3, length_penalty=1.0, coverage_penalty=0.0, never=()):
    source = sources(*rows)
    most = np.broadcast_to(most, len(rows))
    return beam_search(network, source, most, Beam(size, length_penalty, coverage_penalty, END, never))


def teach(network, row, tokens, *, ended=True):
    """log P of a text, and its attention, by teacher forcing."""
    wanted = np.array([[*tokens, END] if ended else tokens]).T
    inputs = np.concatenate([[[END]], wanted[:-1]])
    batch = PairBatch(sources(row), inputs, wanted, np.ones(wanted.shape, bool))
    loss, count = network.loss(batch)
    return -loss * count, network.attend(batch)[1][:, 0]


def score(log_p, attention, length_penalty, coverage_penalty):
    """Wu et al. 2016, equation 14, with the end counted among the tokens."""
    lp = (5 + len(attention)) ** length_penalty / (5 + 1) ** length_penalty
    cp = coverage_penalty * np.log(np.minimum(attention.sum(axis=0), 1.0)).sum()
    return log_p / lp + cp


def all_texts(network, row, most, length_penalty, coverage_penalty):
    """Every text of at most ``most`` tokens, the best first."""
    found = []
    for count in range(most + 1):
        for tokens in itertools.product(range(END), repeat=count):
            log_p, attention = teach(network, row, tokens)
            found.append((score(log_p, attention, length_penalty, coverage_penalty), list(tokens), log_p))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("coverage_penalty", [0.0, 0.4])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "attention": "additive", "input_feeding": False}])
def test_a_beam_as_wide_as_the_tree_finds_the_best_of_all_texts(options, length_penalty, coverage_penalty):
    network = make(**options)
    rows, most = [0, 1, 2], 3
    found = search(network, rows, most, (V - 1) ** 3 * V, length_penalty, coverage_penalty)
    for row, hypotheses in zip(rows, found, strict=True):
        expected = all_texts(network, row, most, length_penalty, coverage_penalty)
        assert [each.tokens for each in hypotheses] == [tokens for _, tokens, _ in expected]
        np.testing.assert_allclose([each.score for each in hypotheses], [s for s, *_ in expected], rtol=1e-9)
        np.testing.assert_allclose(
            [each.log_probability for each in hypotheses], [log_p for *_, log_p in expected], rtol=1e-9
        )


def test_the_penalties_choose_among_texts():
    """What is longer, or covers more, wins only with them."""
    network, rows = make(seed=8), [0, 1, 2]

    def lengths(*penalties):
        return [len(best.tokens) for best, *_ in search(network, rows, 3, 320, *penalties)]

    plain, long = lengths(0.0, 0.0), lengths(4.0, 0.0)
    assert all(a <= b for a, b in zip(plain, long, strict=True))
    assert sum(plain) < sum(long)

    def covered(*penalties):
        return [
            float(np.log(np.minimum(best.attention.sum(axis=0), 1)).sum())
            for best, *_ in search(network, rows, 3, 320, *penalties)
        ]

    few, more = covered(0.0, 0.0), covered(0.0, 5.0)
    assert all(a <= b for a, b in zip(few, more, strict=True))
    assert sum(few) < sum(more)


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_beam_of_one_is_the_greedy_choice(seed):
    network, most = make(seed), 7
    for row, [best, *others] in zip(range(4), search(network, range(4), most, 1), strict=True):
        tokens: list[int] = []
        while True:
            chances = [teach(network, row, [*tokens, token], ended=False)[0] for token in range(V)]
            token = int(np.argmax(chances))
            ended = token == END
            if ended or len(tokens) == most:
                break
            tokens.append(token)
        assert best.tokens == tokens
        assert others == []
        log_p, attention = teach(network, row, tokens, ended=ended)
        assert best.log_probability == pytest.approx(log_p, rel=1e-9)
        np.testing.assert_allclose(best.attention, attention, rtol=1e-9)


def plain_beam_search(network, row, most, size):
    """The same search once more, with lists, for one text; log P by teacher forcing."""
    going, done = [[]], []
    for _ in range(most + 1):
        offers = sorted(
            (
                (teach(network, row, [*each, token], ended=False)[0], each, token)
                for each in going
                for token in range(V)
            ),
            key=lambda offer: -offer[0],
        )[: 2 * size]
        done += [each for _, each, token in offers[:size] if token == END]
        cut, going = going[0], [[*each, token] for _, each, token in offers if token != END][:size]
        best = max((score(*teach(network, row, each), 1.0, 0.0) for each in done), default=-np.inf)
        if len(done) >= size and best >= score(*teach(network, row, going[0], ended=False), 1.0, 0.0):
            break
    if not done:
        return [cut]
    return sorted(done, key=lambda each: -score(*teach(network, row, each), 1.0, 0.0))[:size]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_narrow_beam_is_the_same_search_with_lists(size):
    for seed in (2, 3, 4):
        network = make(seed)
        for row, hypotheses in enumerate(search(network, range(4), 5, size)):
            expected = plain_beam_search(network, row, 5, size)
            assert [each.tokens for each in hypotheses] == expected


@pytest.mark.parametrize("size", [2, 3])
def test_unlikely_ends_do_not_end_the_search(size):
    """One token is nearly certain at every step, and the end a distant second."""
    network, most = make(seed=2), 6
    network.parameters["head.bias"][...] = -40
    network.parameters["head.bias"][[3, END]] = 12, 0
    for hypotheses in search(network, range(4), most, size):
        assert [each.tokens for each in hypotheses] == [[3] * (most - rank) for rank in range(size)]


# Many texts at once


@pytest.mark.parametrize("size", [1, 2, 4, 30])
@pytest.mark.parametrize("options", [{}, {"cell": "rnn"}, {"num_layers": 2, "attention": "dot"}])
def test_texts_are_searched_as_if_alone(size, options):
    network = make(seed=3, **options)
    rows, most = [0, 1, 2, 3, 1, 0], np.array([6, 2, 4, 5, 3, 1])
    together = search(network, rows, most, size)
    for row, limit, hypotheses in zip(rows, most, together, strict=True):
        [alone] = search(network, [row], limit, size)
        assert [each.tokens for each in hypotheses] == [each.tokens for each in alone]
        for one, other in zip(hypotheses, alone, strict=True):
            assert one.score == pytest.approx(other.score, rel=1e-9)
            assert one.attention.shape == other.attention.shape
            np.testing.assert_allclose(one.attention, other.attention, rtol=1e-8)


@pytest.mark.parametrize("seed", range(10, 16))
def test_each_hypothesis_is_what_it_says(seed):
    network, rows = make(seed, num_layers=2), range(4)
    length_penalty, coverage_penalty, most = 0.7, 0.3, 6
    found = search(network, rows, most, 4, length_penalty, coverage_penalty)
    for row, hypotheses in zip(rows, found, strict=True):
        assert 1 <= len(hypotheses) <= 4
        assert len({tuple(each.tokens) for each in hypotheses}) == len(hypotheses)
        scores = [each.score for each in hypotheses]
        assert scores == sorted(scores, reverse=True)
        for each in hypotheses:
            assert END not in each.tokens
            ended = len(each.attention) == len(each.tokens) + 1
            assert ended or len(hypotheses) == 1
            assert each.attention.shape == (len(each.tokens) + ended, len(SOURCES[row]) + 1)
            assert len(each.tokens) <= most
            np.testing.assert_allclose(each.attention.sum(axis=1), 1, rtol=1e-9)
            log_p, attention = teach(network, row, each.tokens, ended=ended)
            assert each.log_probability == pytest.approx(log_p, rel=1e-9)
            np.testing.assert_allclose(each.attention, attention, rtol=1e-8)
            assert each.score == pytest.approx(
                score(each.log_probability, each.attention, length_penalty, coverage_penalty), rel=1e-9
            )


def test_in_float32_the_same_texts_are_found():
    narrow, wide = (make(seed=5, dtype=dtype) for dtype in (np.float32, np.float64))
    for ours, theirs in zip(*(search(each, range(4), 6, 4) for each in (narrow, wide)), strict=True):
        assert [each.tokens for each in ours] == [each.tokens for each in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one.score == pytest.approx(other.score, rel=1e-4)


# Limits


@pytest.mark.parametrize("size", [1, 3])
def test_a_text_that_never_ends_is_cut_at_its_limit(size):
    network, most = never_ending(), np.array([5, 1, 3])
    for row, limit, hypotheses in zip(range(3), most, search(network, range(3), most, size), strict=True):
        [cut] = hypotheses
        assert len(cut.tokens) == len(cut.attention) == limit
        log_p, attention = teach(network, row, cut.tokens, ended=False)
        assert cut.log_probability == pytest.approx(log_p, rel=1e-9)
        np.testing.assert_allclose(cut.attention, attention, rtol=1e-8)
        assert cut.score == pytest.approx(score(log_p, attention, 1.0, 0.0), rel=1e-9)


def test_what_has_ended_goes_before_what_is_cut():
    network = never_ending()
    network.parameters["head.bias"][END] = -4
    [hypotheses] = search(network, [0], 2, 100)
    assert all(len(each.attention) == len(each.tokens) + 1 for each in hypotheses)
    assert len(hypotheses) == 1 + (V - 1) + (V - 1) ** 2


@pytest.mark.parametrize("seed", range(2, 8))
def test_a_text_may_have_as_many_tokens_as_the_limit(seed):
    """Its end is not counted."""
    network = make(seed)
    for row in range(4):
        [[best]] = search(network, [row], 30, 1)
        if len(best.attention) > len(best.tokens) > 0:
            [[same]] = search(network, [row], len(best.tokens), 1)
            assert same.tokens == best.tokens
            assert same.log_probability == best.log_probability
            [[cut]] = search(network, [row], len(best.tokens) - 1, 1) if len(best.tokens) > 1 else [[same]]
            assert best.tokens[: len(cut.tokens)] == cut.tokens


@pytest.mark.parametrize("size", [1, 2, 200])
def test_what_is_never_to_be_written_is_never_written(size):
    network = make(seed=3)
    network.parameters["head.bias"][2] += 5
    allowed = search(network, range(4), 3, size)
    assert any(2 in each.tokens for hypotheses in allowed for each in hypotheses)
    for hypotheses in search(network, range(4), 3, size, never=(2,)):
        assert not any(2 in each.tokens for each in hypotheses)
        if size == 200:
            assert len(hypotheses) == 1 + 3 + 9 + 27
            assert all(np.isfinite(each.score) for each in hypotheses)


def test_to_leave_a_token_out_makes_no_text_likelier():
    """log P(Y | X) is the network's, whatever else is not to be written."""
    network = make(seed=3)
    network.parameters["head.bias"][2] += 2
    for row, hypotheses in enumerate(search(network, range(4), 4, 3, never=(2,))):
        for each in hypotheses:
            ended = len(each.attention) > len(each.tokens)
            log_p, _ = teach(network, row, each.tokens, ended=ended)
            assert each.log_probability == pytest.approx(log_p, rel=1e-9)


def test_a_vocabulary_may_be_smaller_than_the_beam():
    network = TranslationNetwork(S, 3, 3, 4, 1, seed=1, dtype=np.float64)
    [hypotheses] = beam_search(network, sources(0), np.array([2]), Beam(50, 1.0, 0.0, end=2, never=(0,)))
    assert sorted(each.tokens for each in hypotheses) == [[], [1], [1, 1]]


# The highest of many


@pytest.mark.parametrize("block", [4, 64])
@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_highest_are_found_whatever_the_number_of_symbols(count, block, monkeypatch):
    monkeypatch.setattr(beam_search_module, "_BLOCK", block)
    rng = np.random.default_rng(0)
    whole = [blocks * block for blocks in (1, 2, count, count + 1, count + 2, 12)]
    sizes = {size + more for size in whole for more in (-1, 0, 1)} | {count, count + 1}
    for symbols in sorted(size for size in sizes if size >= count):
        x = rng.normal(size=(2, 3, symbols)).astype(np.float32)
        found = beam_search_module._highest(x, count)
        assert found.shape == (2, 3, count)
        np.testing.assert_array_equal(np.sort(found), np.sort(np.argsort(-x)[..., :count]))


@pytest.mark.parametrize("symbols", [9, 40, 41, 43])
def test_of_equals_any_will_do_but_none_twice(symbols, monkeypatch):
    monkeypatch.setattr(beam_search_module, "_BLOCK", 4)
    rng = np.random.default_rng(1)
    for _ in range(50):
        x = rng.integers(0, 3, (2, 2, symbols)).astype(np.float32)
        x[..., rng.integers(symbols)] = -np.inf
        found = beam_search_module._highest(x, 4)
        values = np.take_along_axis(x, found, axis=-1)
        np.testing.assert_array_equal(np.sort(values), np.sort(x)[..., -4:])
        assert all(len(set(places)) == 4 for places in found.reshape(-1, 4).tolist())


def test_a_large_vocabulary_is_searched_like_a_small_one(monkeypatch):
    symbols = 300
    network = TranslationNetwork(S, symbols, 3, 4, 1, seed=1, dtype=np.float64)
    network.parameters.vector[...] *= 3
    beam = Beam(3, 1.0, 0.0, end=symbols - 1)
    found = []
    for block in (16, 1000):
        monkeypatch.setattr(beam_search_module, "_BLOCK", block)
        found.append(beam_search(network, sources(0, 1), np.array([6, 6]), beam))
    for one, other in zip(*found, strict=True):
        assert [each.tokens for each in one] == [each.tokens for each in other]
