"""Dynamic evaluation and the neural cache against slow direct computations, and what they leave behind."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise import DynamicEvaluation, LanguageModel, NeuralCache
from gatewise.data import StreamWindows, Window
from gatewise.errors import ArgumentError, DataError
from gatewise.ops import log_softmax, numerical_gradient, relative_error
from gatewise.tasks.language.dynamic_evaluation import AdaptingReader, gradient_sizes
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.neural_cache import CachedReader
from gatewise.training import stream_loss

V, E, H = 5, 4, 4
TOKENS = np.random.default_rng(3).integers(0, V, 41)


def network(**options):
    return LanguageNetwork(V, E, H, 2, dtype=np.float64, **options)


def state_carried_losses(net, tokens):
    """Step by step: log-probabilities (N, V) of what follows each token, and the top layer's outputs."""
    state, rows, outputs = None, [], []
    for token in tokens:
        y, state = net.recurrent(net.embedding(np.array([[token]])), state)
        outputs.append(y[0, 0])
        rows.append(log_softmax(net.head(y))[0, 0])
    return np.array(rows), np.array(outputs)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"zoneout_hidden": 0.2, "zoneout_cell": 0.3},
        {"layer_norm": True},
        {"mogrifier_rounds": 3},
        {"tie_weights": True},
        {"adaptive_cutoffs": (2,)},
        {"hidden_size": (3, 4)},
    ],
    ids=str,
)
def test_the_gradients_of_evaluation(options):
    """Whatever training drops or adds, here it has no part."""
    rates = {"dropout": 0.5, "output_dropout": 0.5, "weight_dropout": 0.5, "activation_reg": 2.0}
    widths = options.pop("hidden_size", H)
    net = LanguageNetwork(V, E, widths, 2, dtype=np.float64, init_scale=0.9, **rates, **options)
    window = Window(TOKENS[:12].reshape(4, 3), TOKENS[12:24].reshape(4, 3))
    loss, state = net.evaluation_gradients(window)
    expected, expected_state = net.loss(window)
    assert loss == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(state.h, expected_state.h, rtol=1e-12)
    analytic = net.gradients.vector.copy()
    numerical = numerical_gradient(lambda: net.loss(window)[0], net.parameters.vector, 1e-5, points=2)
    assert relative_error(analytic, numerical) < 1e-6


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize("window", [1, 6, 40])
@pytest.mark.parametrize(("theta", "weight"), [(0.3, 0.1), (5.0, 0.4), (0.0, 0.2), (0.3, 0.0)])
def test_the_cache_is_the_mixture_of_the_paper(size, window, theta, weight):
    """Grave et al. 2017: one token after the other, each h_i with the token that followed it."""
    net = network(init_scale=0.9)
    log_p, h = state_carried_losses(net, TOKENS[:-1])
    total = 0.0
    for t, target in enumerate(TOKENS[1:]):
        p = np.exp(log_p[t])
        if t:
            remembered = range(max(0, t - size), t)
            likeness = np.array([np.exp(theta * h[t] @ h[i]) for i in remembered])
            cached = np.zeros(V)
            for i, each in zip(remembered, likeness / likeness.sum(), strict=True):
                cached[TOKENS[i + 1]] += each
            p = (1 - weight) * p + weight * cached
        total -= np.log(p[target])
    reader = CachedReader(net, NeuralCache(size, theta, weight))
    assert stream_loss(reader, StreamWindows(TOKENS, 1, window)) == pytest.approx(total / 40, rel=1e-10)


def test_each_row_has_a_cache_of_its_own():
    net, cache = network(), NeuralCache(5, 2.0, 0.3)
    rows = [
        stream_loss(CachedReader(net, cache), StreamWindows(part, 1, 6))
        for part in (TOKENS[:21], TOKENS[20:])
    ]
    both = stream_loss(CachedReader(net, cache), StreamWindows(TOKENS, 2, 6))
    assert both == pytest.approx(np.mean(rows), rel=1e-12)


@pytest.mark.parametrize("with_training", [False, True], ids=["plain", "by size"])
@pytest.mark.parametrize("rate", [None, 0.01])
def test_dynamic_evaluation_is_the_rule_of_the_paper(with_training, rate):
    """Krause et al. 2018, section 5, with gradients by central differences, parameter by parameter."""
    decay, epsilon, segment = 0.3, 1e-3, 7
    training = np.random.default_rng(4).integers(0, V, 400)
    net = network()
    sizes = None
    if with_training:
        windows = StreamWindows(training, 100, segment)
        sizes = gradient_sizes(net, windows)
        assert windows.batch_size == 57
        [window] = windows
        numerical = numerical_gradient(lambda: net.loss(window)[0], net.parameters.vector, 1e-5, points=2)
        np.testing.assert_allclose(sizes, np.abs(numerical), atol=1e-9)
    theta_0 = net.parameters.vector.copy()
    total, state = 0.0, None
    for window in StreamWindows(TOKENS, 1, segment):

        def loss(window=window, state=state):
            return net.loss(window, state)[0]

        total += loss() * len(window.targets)
        gradient = numerical_gradient(loss, net.parameters.vector, 1e-5, points=2)
        _, state = net.loss(window, state)
        theta = net.parameters.vector
        if sizes is None:
            moved = theta - (rate or 0.1) * gradient + decay * (theta_0 - theta)
        else:
            mean = np.mean([sizes[part].mean() for part in slices(net)])
            pull = np.minimum(decay * sizes / mean, 1)
            moved = theta - (rate or 5e-5) * gradient / (sizes + epsilon) + pull * (theta_0 - theta)
        theta[...] = moved
    net.parameters.vector[...] = theta_0
    options = DynamicEvaluation(rate, decay, segment, epsilon=epsilon)
    reader = AdaptingReader(net, options, sizes)
    found = stream_loss(reader, StreamWindows(TOKENS, 1, segment))
    assert found == pytest.approx(total / 40, rel=1e-7)
    assert found != pytest.approx(stream_loss(network(), StreamWindows(TOKENS, 1, segment)), rel=1e-6)


def slices(net):
    """Where each array of the parameters lies in the vector."""
    start = 0
    for array in net.parameters.values():
        yield slice(start, start + array.size)
        start += array.size


def test_nothing_learnt_is_static_evaluation():
    net = network()
    reader = AdaptingReader(net, DynamicEvaluation(0.0, 0.5), None)
    windows = StreamWindows(TOKENS, 2, 6)
    assert stream_loss(reader, windows) == pytest.approx(stream_loss(net, windows), rel=1e-12)


SMALL = {"hidden_size": 32, "num_layers": 1, "embedding_size": 16, "window": 20, "batch_size": 8}
STRANGE = "zyx wvu tsr qpo nml kji hgf edc ba. " * 12


@pytest.fixture(scope="module")
def model(real_text):
    text = "abcdefghijklmnopqrstuvwxyz. " + real_text[:8000]
    return LanguageModel(**SMALL, epochs=3, progress=False, learning_rate=1e-2).fit(text)


EACH = {
    "dynamic": {"dynamic": DynamicEvaluation()},
    "dynamic by size": {"dynamic": DynamicEvaluation(1e-3, training=STRANGE[:200])},
    "cache": {"cache": NeuralCache(200, 1.0, 0.5)},
    "both": {"dynamic": DynamicEvaluation(), "cache": NeuralCache(200, 1.0, 0.5)},
}


@pytest.mark.parametrize("options", EACH.values(), ids=EACH)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_what_repeats_itself_is_predicted_better_and_the_model_stays_as_it_is(model, options, batch_size):
    weights, static = model.network_.parameters.vector.copy(), model.evaluate(STRANGE, batch_size=batch_size)
    result = model.evaluate(STRANGE, batch_size=batch_size, **options)
    assert result["loss"] < 0.95 * static["loss"]
    assert result["perplexity"] == pytest.approx(np.exp(result["loss"]))
    assert abs(result["tokens"] - static["tokens"]) < batch_size, "at most so many are left over"
    assert np.array_equal(model.network_.parameters.vector, weights)
    assert model.evaluate(STRANGE, batch_size=batch_size, **options) == result
    assert model.evaluate(STRANGE, batch_size=batch_size) == static


def test_both_are_better_than_each(model):
    losses = {name: model.evaluate(STRANGE, **options)["loss"] for name, options in EACH.items()}
    assert losses["both"] < min(losses["dynamic"], losses["cache"])


def test_an_interrupt_leaves_the_model_as_it_is(model, monkeypatch):
    weights, calls = model.network_.parameters.vector.copy(), []
    gradients = LanguageNetwork.evaluation_gradients

    def stop(self, *given):
        calls.append(given)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return gradients(self, *given)

    monkeypatch.setattr(LanguageNetwork, "evaluation_gradients", stop)
    with pytest.raises(KeyboardInterrupt):
        model.evaluate(STRANGE, dynamic=DynamicEvaluation())
    assert np.array_equal(model.network_.parameters.vector, weights)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("NeuralCache", {"size": 0}, "size=0; expected a whole number of at least 1"),
        ("NeuralCache", {"theta": -1}, "theta=-1; expected a number of at least 0"),
        ("NeuralCache", {"weight": 1.0}, "weight=1.0; expected a number of at least 0 and below 1"),
        (
            "DynamicEvaluation",
            {"learning_rate": -1},
            "learning_rate=-1; expected a number of at least 0, or None",
        ),
        ("DynamicEvaluation", {"decay": 1.5}, "decay=1.5; expected a number of at least 0 and at most 1"),
        ("DynamicEvaluation", {"segment": 0}, "segment=0; expected a whole number of at least 1"),
        ("DynamicEvaluation", {"epsilon": 0}, "epsilon=0; expected a number above 0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_that_cannot_work_are_named(kind, options, message):
    with pytest.raises(ArgumentError) as caught:
        getattr(gw, kind)(**options)
    assert message in str(caught.value)


def test_weights_that_run_away_are_told(model):
    with pytest.raises(ArgumentError, match=r"makes the weights run away: .* Lower its learning_rate"):
        model.evaluate(STRANGE, dynamic=DynamicEvaluation(1e6))


def test_options_of_another_kind_are_refused(model):
    with pytest.raises(ArgumentError, match=r"dynamic=True; expected a gatewise.DynamicEvaluation, or None"):
        model.evaluate(STRANGE, dynamic=True)
    with pytest.raises(ArgumentError, match=r"cache=500; expected a gatewise.NeuralCache, or None"):
        model.evaluate(STRANGE, cache=500)
    with pytest.raises(DataError, match=r"the text 'abc' .* has 3 tokens; at least 6"):
        model.evaluate(STRANGE, dynamic=DynamicEvaluation(training="abc"))
