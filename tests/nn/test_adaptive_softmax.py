"""Adaptive softmax: log-probabilities that sum to one, and gradients, whole and target by target."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import (
    LSTM,
    AdaptiveSoftmax,
    Embedding,
    TokenStream,
    head_log_probabilities,
    head_loss,
    head_loss_and_gradient,
)
from gatewise.ops import log_softmax
from tests.ops.gradients import assert_gradients

D, V, CUTOFFS = 9, 12, (4, 7)


def make(**options):
    options = {"div_value": 2.0, "dtype": np.float64, "seed": 3, **options}
    return AdaptiveSoftmax(D, V, CUTOFFS, **options)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(5, 6, D))


@pytest.fixture
def targets():
    drawn = np.random.default_rng(1).integers(0, V, (5, 6))
    drawn[0] = [0, 3, 4, 6, 7, 11]  # both ends of the head and of each cluster
    return drawn


def test_log_probabilities_are_those_of_the_paper(x):
    """p(w) = p(cluster) p(w | cluster), written down once more."""
    layer = make(head_bias=True)
    layer.parameters["head.bias"][...] = np.random.default_rng(2).normal(size=6)
    w = layer.parameters
    head = log_softmax(x @ w["head.weight"].T + w["head.bias"])
    expected = [head[..., :4]]
    for k in range(2):
        within = log_softmax(x @ w[f"tail.{k}.0.weight"].T @ w[f"tail.{k}.1.weight"].T)
        expected.append(head[..., 4 + k : 5 + k] + within)
    np.testing.assert_allclose(layer(x), np.concatenate(expected, axis=-1), rtol=1e-12)
    np.testing.assert_allclose(np.exp(layer(x)).sum(axis=-1), 1, rtol=1e-12)
    assert [w[f"tail.{k}.0.weight"].shape for k in range(2)] == [(4, D), (2, D)]


@pytest.mark.parametrize("head_bias", [False, True], ids=["no bias", "bias"])
def test_gradients_of_all_log_probabilities(x, head_bias):
    layer = make(head_bias=head_bias)
    dy = np.random.default_rng(4).normal(size=(5, 6, V))
    _, cache = layer.forward(x)
    dx = layer.backward(dy, cache)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    assert_gradients(lambda: float(np.sum(layer(x) * dy)), pairs | {"x": (x, dx)})


@pytest.mark.parametrize(
    "counted", [{}, {"weights": np.linspace(0, 2, 30).reshape(5, 6)}], ids=["all", "weights"]
)
def test_the_loss_and_its_gradients(x, targets, counted):
    layer = make(head_bias=True)
    loss, dx = head_loss_and_gradient(layer, x, targets, **counted)
    weights = counted.get("weights", np.ones((5, 6)))
    picked = np.take_along_axis(layer(x), targets[..., None], axis=-1)[..., 0]
    assert loss == pytest.approx(-np.sum(picked * weights) / weights.sum(), rel=1e-12)
    assert head_loss(layer, x, targets, **counted) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(head_log_probabilities(layer, x, targets), picked, rtol=1e-12)
    pairs = {name: (view, layer.gradients[name]) for name, view in layer.parameters.items()}
    assert_gradients(
        lambda: 30 * head_loss(layer, x, targets, **counted),
        {n: (v, 30 * g) for n, (v, g) in (pairs | {"x": (x, dx)}).items()},
    )


def test_masked_targets_may_be_anything(x, targets):
    layer, mask = make(), targets < 7
    expected, dx = head_loss_and_gradient(layer, x[mask], targets[mask])
    gradients = layer.gradients.vector.copy()
    layer.zero_gradients()
    loss, whole = head_loss_and_gradient(layer, x, np.where(mask, targets, -1), mask=mask)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(whole[mask], dx, atol=1e-15)
    assert not whole[~mask].any()
    np.testing.assert_allclose(layer.gradients.vector, gradients, atol=1e-15)


def test_a_cluster_that_is_not_needed_costs_nothing(x, monkeypatch):
    layer = make()
    down, _ = layer.tails[1]
    monkeypatch.setattr(down, "forward", lambda x: pytest.fail("asked without need"))
    head_loss_and_gradient(layer, x, np.full((5, 6), 6))
    assert not layer.gradients["tail.1.0.weight"].any()


def test_a_stream_gives_the_log_probabilities():
    embedding, lstm = Embedding(V, 3, seed=1), LSTM(3, D, seed=2)
    head = AdaptiveSoftmax(D, V, CUTOFFS, div_value=2.0)
    tokens = np.array([1, 7, 11, 0])
    expected = head(lstm(embedding(tokens)[:, None])[0])[:, 0]
    stream = TokenStream(embedding, lstm, head)
    embedding.parameters.vector[...] = head.parameters.vector[...] = 0  # a stream has its own copy
    for token, row in zip(tokens, expected, strict=True):
        np.testing.assert_allclose(stream.step(np.array([token]))[0], row, atol=1e-5)
    assert stream.generate(0, np.zeros(3), 1.0) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cutoffs": ()}, r"cutoffs=\(\); expected at least one, rising"),
        ({"cutoffs": (4, 4)}, r"cutoffs=\(4, 4\); expected at least one, rising"),
        ({"cutoffs": (4, 12)}, "rising, below the 12 symbols"),
        ({"cutoffs": (0, 3)}, r"cutoffs\[0\]=0; expected a whole number of at least 1"),
        ({"cutoffs": (2.5,)}, r"cutoffs\[0\]=2.5; expected a whole number"),
        ({"div_value": 0.5}, "div_value=0.5; expected a finite number of at least 1"),
        ({"div_value": 1e300}, "div_value=1e[+]300 leaves cluster 0 no width of input_size=9"),
        ({"div_value": 4.0}, "div_value=4.0 leaves cluster 1 no width of input_size=9"),
        ({"input_size": 0}, "input_size=0; expected"),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused(options, message):
    with pytest.raises(
        ArgumentError, match=f"AdaptiveSoftmax: {message}" if "rising, b" not in message else message
    ):
        AdaptiveSoftmax(**{"input_size": D, "vocabulary_size": V, "cutoffs": CUTOFFS} | options)


def test_what_does_not_fit_is_refused(x, targets):
    layer = make()
    for wrong in (V, -1):
        with pytest.raises(ArgumentError, match=r"targets lie in .*; expected \[0, 12\)"):
            head_loss_and_gradient(layer, x, np.where(targets == 3, wrong, targets))
        with pytest.raises(ArgumentError, match=r"targets lie in .*; expected \[0, 12\)"):
            head_loss(layer, x, np.where(targets == 3, wrong, targets))
    with pytest.raises(ArgumentError, match=r"smoothing=0.1 with an adaptive softmax; expected 0"):
        head_loss_and_gradient(layer, x, targets, smoothing=0.1)
    with pytest.raises(ArgumentError, match="x has dtype float32"):
        layer(x.astype(np.float32))
