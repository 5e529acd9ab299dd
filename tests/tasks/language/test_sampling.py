"""Sampling draws from the distribution it says, and from nothing else."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gatewise import LanguageModel
from gatewise.errors import ArgumentError
from gatewise.kernels import choose_token, set_target, set_threads, targets
from gatewise.nn import LSTM, Embedding, Linear, TokenStream
from gatewise.tasks.language.sampling import Sampler

LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.07, 0.03], dtype=np.float32))
DRAWS = 20_000
NATIVE = [name for name in targets() if name != "numpy"]
needs_native = pytest.mark.skipif(not NATIVE, reason="the native module is not here")


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def frequencies(**options):
    options = {"temperature": 1.0, "top_k": None, "top_p": None, **options}
    sampler = Sampler(**options, rng=np.random.default_rng(0))
    return np.bincount([sampler.choose(LOGITS) for _ in range(DRAWS)], minlength=5) / DRAWS


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_temperature_raises_probabilities_to_its_inverse(temperature):
    expected = np.exp(LOGITS.astype(float)) ** (1 / temperature)
    # Four standard errors of a frequency.
    np.testing.assert_allclose(
        frequencies(temperature=temperature), expected / expected.sum(), atol=4 * 0.5 / DRAWS**0.5
    )


def test_temperature_zero_takes_the_likeliest():
    assert frequencies(temperature=0)[0] == 1


def test_a_tiny_temperature_does_not_overflow():
    assert frequencies(temperature=1e-30)[0] == 1


def test_top_k_keeps_the_k_likeliest_in_proportion():
    found = frequencies(top_k=2)
    assert found[2:].sum() == 0
    assert found[0] == pytest.approx(2 / 3, abs=4 * 0.5 / DRAWS**0.5)


def test_top_k_cuts_ties_to_k():
    sampler = Sampler(1.0, 2, None, np.random.default_rng(0))
    assert {sampler.choose(np.zeros(6)) for _ in range(200)} == {0, 1}


@pytest.mark.parametrize(("p", "kept"), [(0.4, 1), (0.5, 1), (0.6, 2), (0.9, 3), (1.0, 5)])
def test_top_p_keeps_the_fewest_that_make_up_p(p, kept):
    found = frequencies(top_p=p)
    assert np.count_nonzero(found) == kept
    assert (found[:kept] > 0).all()


def test_a_forbidden_token_is_never_drawn():
    logits = LOGITS.copy()
    logits[0] = -np.inf
    sampler = Sampler(5.0, None, None, np.random.default_rng(0))
    assert 0 not in {sampler.choose(logits) for _ in range(500)}


def test_choosing_leaves_the_logits_alone():
    logits = LOGITS.copy()
    Sampler(0.7, 3, 0.9, np.random.default_rng(0)).choose(logits)
    assert np.array_equal(logits, LOGITS)


# The native module chooses as `Sampler` does. It weighs in float32, so a draw that falls onto the border
# between two tokens, or a token onto the border of what top_p keeps, may go either way.
BORDER = 1e-6
SHAPES = {
    "normal": lambda rng, count: 3 * rng.standard_normal(count),
    "flat": lambda rng, count: np.zeros(count),
    "ties": lambda rng, count: rng.integers(-2, 3, count),
    "steep": lambda rng, count: 60 * rng.standard_normal(count),
    "impossible tokens": lambda rng, count: np.where(
        (rng.random(count) < 0.4) & (np.arange(count) > 0), -np.inf, rng.standard_normal(count)
    ),
    "far from zero": lambda rng, count: 1e4 + rng.standard_normal(count).astype(np.float32),
}


def picks(logits, uniform, temperature, top_k, top_p, never):
    """The reference's choice, at the draw and on both sides of every border near it."""
    around = (0, -BORDER, BORDER)
    shares = (None,) if top_p is None else tuple(min(1.0, top_p * (1 + shift)) for shift in around)
    for share, shift in itertools.product(shares, around):
        sampler = Sampler(temperature, top_k, share, np.random.default_rng(0))
        yield sampler._pick(logits, min(max(uniform + shift, 0.0), np.nextafter(1.0, 0.0)), never)


def assert_chosen_alike(target, cases):
    set_target(target)
    compared = 0
    for case in cases:
        expected = list(picks(*case))
        if len(set(expected)) == 1:
            compared += 1
            assert choose_token(*case) == expected[0], case
    return compared


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 65, 1000])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_native_choice_is_the_same(shape, count, target):
    rng = np.random.default_rng([count, list(SHAPES).index(shape)])
    cases = [
        (
            SHAPES[shape](rng, count).astype(np.float32),
            float(rng.random()),
            float(rng.choice([0.0, 0.1, 0.5, 1.0, 1.7, 3.0])),
            [None, 1, 2, 5, 40, count, count + 3][rng.integers(7)],
            [None, 1e-9, 0.1, 0.5, 0.9, 0.999, 1.0][rng.integers(7)],
            None if count == 1 or rng.random() < 0.5 else int(rng.integers(count)),
        )
        for _ in range(150)
    ]
    if shape == "impossible tokens":  # the only possible token must not be forbidden
        cases = [(*case[:-1], None if case[-1] == 0 else case[-1]) for case in cases]
    compared = assert_chosen_alike(target, cases)
    assert compared > (100 if shape in ("normal", "steep", "ties") else 60)


@needs_native
@pytest.mark.parametrize("target", NATIVE)
def test_the_native_choice_is_the_same_among_many(target):
    rng = np.random.default_rng(5)
    cases = [
        (
            3 * rng.standard_normal(10_000).astype(np.float32),
            float(rng.random()),
            temperature,
            top_k,
            top_p,
            never,
        )
        for temperature, top_k, top_p, never in itertools.product(
            (0.0, 0.3, 1.0, 3.0), (None, 50), (None, 0.9), (None, 7)
        )
    ]
    assert assert_chosen_alike(target, cases) > 20


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize(("uniform", "chosen"), [(0.0, 0), (0.25, 1), (0.5, 2), (0.75, 3)])
def test_a_draw_on_a_border_takes_the_token_behind_it(uniform, chosen, target):
    set_target(target)
    assert choose_token(np.zeros(4, np.float32), uniform, 1.0, None, None, None) == chosen


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("uniform", [0.0, 0.5, np.nextafter(1.0, 0.0)])
def test_the_ends_of_the_draw(uniform, target):
    """A token without probability is not chosen, not even by the first or the last draw there is."""
    set_target(target)
    logits = np.array([-np.inf, 1, -np.inf, 2, -np.inf], np.float32)
    for top_k, top_p in itertools.product((None, 2, 5), (None, 0.99)):
        chosen = choose_token(logits, uniform, 1.0, top_k, top_p, None)
        assert chosen == Sampler(1.0, top_k, top_p, np.random.default_rng(0))._pick(logits, uniform, None)
        assert chosen in (1, 3)
        assert choose_token(logits, uniform, 1.0, top_k, top_p, 3) == 1
        assert choose_token(logits, uniform, 0.0, top_k, top_p, 3) == 1


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("count", [65, 1000, 5000])
def test_the_ends_of_the_draw_among_many(count, target):
    """Most tokens have no probability, before, between and behind those that have."""
    set_target(target)
    rng = np.random.default_rng(count)
    for _ in range(50):
        possible = np.sort(rng.choice(count, 3, replace=False))
        logits = np.full(count, -np.inf, np.float32)
        logits[possible] = rng.standard_normal(3)
        for uniform, expected in ((0.0, possible[0]), (np.nextafter(1.0, 0.0), possible[-1])):
            assert choose_token(logits, uniform, 1.0, None, None, None) == expected


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 1e-40, 5e-324])
def test_tiny_temperatures_choose_among_the_likeliest(temperature, target):
    set_target(target)
    logits = np.array([0, 3, 1, 3, 2], np.float32)
    for uniform in (0.1, 0.4, 0.6, 0.9):
        expected = Sampler(temperature, None, None, np.random.default_rng(0))._pick(logits, uniform, None)
        assert choose_token(logits, uniform, temperature, None, None, None) == expected


def language_stream(batch_size=1, symbols=30, seed=0):
    rng = np.random.default_rng(seed)
    layer = LSTM(6, 20, 2, seed=rng)
    layer.parameters.vector[...] *= 3
    head = Linear(20, symbols, seed=rng)
    head.parameters["weight"][...] *= 5
    return TokenStream(Embedding(symbols, 6, seed=rng), layer, head, batch_size)


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0},
        {"temperature": 1},
        {"temperature": 0.7, "top_k": 5},
        {"temperature": 1.5, "top_p": 0.8},
        {"temperature": 2.0, "top_k": 9, "top_p": 0.9, "never": 3},
        {"temperature": 0.0, "never": 3},
    ],
    ids=str,
)
def test_generating_is_stepping_and_choosing(options, target):
    """Token by token, to the state that it leaves behind."""
    set_target(target)
    uniforms = np.random.default_rng(1).random(60)
    stream, slow = language_stream(), language_stream()
    chosen = np.concatenate([stream.generate(4, uniforms[:20], **options)])
    chosen = np.append(chosen, stream.generate(int(chosen[-1]), uniforms[20:], **options))
    sampler = [options.get(name) for name in ("top_k", "top_p", "never")]
    token = 4
    for uniform, found in zip(uniforms, chosen, strict=True):
        token = choose_token(
            slow.step(np.array([token]))[0], float(uniform), options["temperature"], *sampler
        )
        assert token == found
    assert len(set(chosen.tolist())) > 3
    assert options.get("never") not in chosen
    np.testing.assert_array_equal(stream.state.h, slow.state.h)


@pytest.mark.parametrize("target", targets())
def test_following_a_stream_feeds_what_it_chose(target):
    """With as many draws as tokens, whichever way it goes."""
    set_target(target)
    by_count = []
    for counts in ([40], [1] * 40, [7, 0, 20, 13]):
        rng = np.random.default_rng(2)
        sampler, stream, chosen = Sampler(0.8, 10, 0.95, rng), language_stream(), [3]
        for count in counts:
            chosen += list(sampler.follow(stream, chosen[-1], count, never=1))
        by_count.append((chosen, rng.random()))
    assert by_count[0] == by_count[1] == by_count[2]
    assert len(by_count[0][0]) == 41
    assert 1 not in by_count[0][0]


def test_every_target_follows_to_the_same_tokens():
    found = set()
    for target in targets():
        set_target(target)
        sampler = Sampler(0.8, None, None, np.random.default_rng(3))
        found.add(tuple(sampler.follow(language_stream(), 0, 100)))
    assert len(found) == 1


@needs_native
@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("top_k", [2**31, 10**12])
def test_top_k_may_be_any_number(top_k, target):
    set_target(target)
    uniforms = np.random.default_rng(0).random(3)
    expected = language_stream().generate(0, uniforms, 1.0, 30)
    found = language_stream().generate(0, uniforms, 1.0, top_k)
    np.testing.assert_array_equal(found, expected)


@needs_native
@pytest.mark.parametrize(
    ("batch_size", "token", "message"),
    [(2, 0, "stream: batch_size=2"), (1, 30, "stream: token=30"), (1, -1, "stream: token=-1")],
)
def test_generating_says_what_it_cannot_do(batch_size, token, message):
    stream = language_stream(batch_size)
    with pytest.raises(ArgumentError, match=message):
        stream.generate(token, np.zeros(3), 1.0)


@pytest.fixture(scope="module")
def models():
    text = "to be or not to be, that is the question. " * 30
    options = {
        "hidden_size": 24,
        "num_layers": 2,
        "embedding_size": 8,
        "window": 16,
        "batch_size": 4,
        "epochs": 4,
    }
    return {
        (level, cell): LanguageModel(level=level, cell=cell, progress=False, **options).fit(text)
        for level, cell in (("char", "lstm"), ("char", "rnn"), ("word", "lstm"))
    }


@pytest.mark.parametrize("kind", [("char", "lstm"), ("char", "rnn"), ("word", "lstm")], ids="-".join)
@pytest.mark.parametrize("prompt", ["to be", "", "q"])
def test_the_likeliest_text_is_the_same_on_every_target(prompt, kind, models):
    texts = set()
    for target in targets():
        set_target(target)
        texts.add(models[kind].generate(prompt, max_tokens=80, temperature=0, seed=2))
    assert len(texts) == 1


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 31, 32, 33, 100])
def test_the_pieces_of_a_stream_are_the_text(count, target, models):
    """Tokens are chosen in batches that grow, and as many come out as were asked for."""
    set_target(target)
    for (level, cell), model in models.items():
        options = {"max_tokens": count, "temperature": 0.9, "top_k": 8, "seed": 4}
        text = model.generate("to be", **options)
        pieces = list(model.generate_stream("to be", **options))
        assert text == "to be" + "".join(pieces), (level, cell)
        assert text == model.generate("to be", **options)
        if level == "char":
            assert len(text) == len("to be") + count
            assert model.generate("to be", **{**options, "max_tokens": 100}).startswith(text)


def test_a_huge_top_k_keeps_all_tokens_of_a_model(models):
    model = models["char", "lstm"]
    options = {"max_tokens": 20, "seed": 1}
    assert model.generate("to", top_k=10**12, **options) == model.generate("to", **options)
