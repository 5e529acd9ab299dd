"""The n-gram baseline is the formula of its docstring: against a slow dictionary, and as a distribution."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewise.data import CharTokenizer, TextSource, tokenize
from gatewise.errors import ArgumentError, DataError, GatewiseError
from gatewise.lab import NGram


class Slow:
    """Absolute discounting (Ney, Essen & Kneser 1994) word for word, with dictionaries."""

    def __init__(self, tokens, order, vocabulary_size):
        self.order, self.vocabulary_size = order, vocabulary_size
        self.counts = [
            Counter(tuple(tokens[k : k + n]) for k in range(len(tokens) - n + 1)) for n in range(1, order + 1)
        ]
        self.after = []
        for counts in self.counts:
            after = defaultdict(Counter)
            for gram, count in counts.items():
                after[gram[:-1]][gram[-1]] = count
            self.after.append(after)

    def discount(self, n):
        """With no gram that was seen once there is nothing to estimate it from: one half."""
        of_counts = Counter(self.counts[n - 1].values())
        return of_counts[1] / (of_counts[1] + 2 * of_counts[2]) if of_counts[1] else 0.5

    def probability(self, token, context):
        """p(token | context), of which the last n - 1 tokens count."""
        shorter = self.probability(token, context[1:]) if context else 1 / self.vocabulary_size
        after = self.after[len(context)].get(context)
        if after is None:
            return shorter
        discount, total = self.discount(len(context) + 1), after.total()
        return max(after[token] - discount, 0) / total + discount * len(after) / total * shorter

    def loss(self, tokens):
        context = self.order - 1
        return -np.mean(
            [
                math.log(self.probability(tokens[k], tuple(tokens[k - context : k])))
                for k in range(context, len(tokens))
            ]
        )


def tokens_of(*texts):
    """Tokens of texts in one vocabulary, that of the first, and its size."""
    tokenizer = CharTokenizer.learn([texts[0]])
    parts = [tokenize(TextSource(text), tokenizer).tokens for text in texts]
    return *parts, tokenizer.vocabulary_size


@pytest.fixture(scope="module")
def real(real_text):
    """Tokens to count, tokens to measure on, V."""
    return tokens_of(real_text[:40_000], real_text[40_000:44_000])


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_loss_is_that_of_the_formula(order, real_text):
    seen, unseen, size = tokens_of(real_text[:3000], real_text[3000:4000])
    expected = Slow(seen.tolist(), order, size).loss(unseen.tolist())
    assert NGram(seen, order, size).loss(unseen) == pytest.approx(expected, rel=1e-12)


@given(
    st.lists(st.integers(0, 3), min_size=6, max_size=40),
    st.lists(st.integers(0, 3), min_size=4, max_size=20),
    st.integers(1, 4),
)
def test_any_small_text_gives_the_formula(seen, unseen, order):
    """Also where no gram was seen once, where all were, and where a context is new."""
    expected = Slow(seen, order, 4).loss(unseen)
    assert NGram(np.array(seen), order, 4).loss(np.array(unseen)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("context", [(1, 2), (3, 3), (0, 4)], ids=["frequent", "rare", "never seen"])
def test_the_probabilities_of_what_follows_sum_to_one(order, context):
    """A sequence of one whole context and a token has the loss -log p(token | context)."""
    size = 6
    seen = np.array([1, 2, 3, 1, 2, 1, 2, 3, 3, 1, 2, 5, 1, 2, 3, 1])
    model = NGram(seen, order, size)
    start = context[len(context) - order + 1 :]
    probabilities = [math.exp(-model.loss(np.array([*start, token]))) for token in range(size)]
    assert min(probabilities) > 0, "a token never seen can still come"
    assert sum(probabilities) == pytest.approx(1, abs=1e-12)


def test_longer_contexts_predict_a_real_text_better(real):
    seen, unseen, size = real
    uniform = math.log(size)
    unigram, bigram, trigram = (NGram(seen, order, size).loss(unseen) for order in (1, 2, 3))
    assert trigram < 0.9 * bigram < 0.9 * 0.9 * unigram < 0.9 * 0.9 * 0.9 * uniform


def test_the_type_of_the_tokens_does_not_matter(real):
    seen, unseen, size = real
    assert seen.dtype == np.uint8
    wide = NGram(seen.astype(np.int64), 3, size).loss(unseen.astype(np.int64))
    assert NGram(seen, 3, size).loss(unseen) == wide


def test_a_large_vocabulary_does_not_overflow():
    """Three words of 100,000 make 10**15 keys."""
    size = 100_000
    rng = np.random.default_rng(0)
    seen = rng.integers(size - 30, size, 3000)
    slow = Slow(seen.tolist(), 3, size).loss(seen[:500].tolist())
    assert NGram(seen, 3, size).loss(seen[:500]) == pytest.approx(slow, rel=1e-12)


@pytest.mark.parametrize(
    ("order", "size"),
    [(0, 10), (-1, 10), (4, 2**16), (64, 2), (10**6, 10)],
    ids=["none", "negative", "four of 65,536", "64 bits", "a million"],
)
def test_orders_that_cannot_work_are_refused(order, size):
    with pytest.raises(
        ArgumentError, match=rf"order={order}; expected at least 1, and {size}\*\*order below"
    ):
        NGram(np.zeros(100, np.int64), order, size)


def test_the_largest_keys_fit():
    assert NGram(np.arange(100) % 2, 62, 2).loss(np.arange(100) % 2) < math.log(2)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_tokens_than_the_order_are_refused(count):
    """There is nothing to count, or to measure on."""
    few = np.zeros(count, np.int64)
    with pytest.raises((ArgumentError, DataError)):
        NGram(few, 3, 10)
    model = NGram(np.arange(10), 3, 10)
    with pytest.raises(GatewiseError):
        model.loss(few)
