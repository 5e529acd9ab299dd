"""The language model's network: each way to regularise against central differences, and against its law."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import Window
from gatewise.nn import Embedding, TiedLinear
from gatewise.ops import numerical_gradient, relative_error
from gatewise.ops.dropout import dropout
from gatewise.tasks.language.network import LanguageNetwork

V, E, H = 5, 4, 4


def network(**options):
    return LanguageNetwork(V, E, H, 2, dtype=np.float64, **options)


@pytest.fixture
def window():
    draws = np.random.default_rng(5)
    return Window(draws.integers(0, V, (4, 3)), draws.integers(0, V, (4, 3)))


@pytest.mark.parametrize(
    "options",
    [
        {"tie_weights": True},
        {"input_dropout": 0.3},
        {"output_dropout": 0.3, "locked_dropout": True},
        {"embedding_dropout": 0.3},
        {"weight_dropout": 0.5},
        {"zoneout_hidden": 0.2},
        {"layer_norm": True, "init_scale": 0.8},
        {"adaptive_cutoffs": (1, 3), "adaptive_div_value": 2.0},
        {
            "dropout": 0.2,
            "input_dropout": 0.3,
            "output_dropout": 0.4,
            "embedding_dropout": 0.2,
            "weight_dropout": 0.5,
            "locked_dropout": True,
            "tie_weights": True,
        },
    ],
    ids=lambda options: ", ".join(options),
)
@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_gradients_by_central_differences(options, cell, window):
    """The same draws each time: the function is then as smooth as the network without dropout."""
    net = network(cell=cell, **options)
    net.parameters.vector[...] += np.random.default_rng(2).normal(0, 0.3, net.parameters.vector.size)

    def loss():
        return net.loss_and_gradients(window, None, np.random.default_rng(1))[0]

    net.zero_gradients()
    loss()
    analytic = net.gradients.vector.copy()
    assert relative_error(analytic, numerical_gradient(loss, net.parameters.vector, 1e-5, points=2)) < 1e-6


@pytest.mark.parametrize(
    "options",
    [
        {"zoneout_hidden": 0.2, "zoneout_cell": 0.5},
        {"hidden_size": (3, E), "num_layers": 2, "tie_weights": True, "weight_dropout": 0.3},
        {"mogrifier_rounds": 2, "mogrifier_rank": 2},
    ],
    ids=["zoneout", "widths", "mogrifier"],
)
def test_gradients_of_an_lstm_alone(options, window):
    sizes = {"hidden_size": H, "num_layers": 2, **options}
    net = LanguageNetwork(V, E, **sizes, dtype=np.float64)
    net.parameters.vector[...] += np.random.default_rng(2).normal(0, 0.3, net.parameters.vector.size)

    def loss():
        return net.loss_and_gradients(window, None, np.random.default_rng(1))[0]

    net.zero_gradients()
    loss()
    analytic = net.gradients.vector.copy()
    assert relative_error(analytic, numerical_gradient(loss, net.parameters.vector, 1e-5, points=2)) < 1e-6


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 0.0), (0.0, 1.0), (2.0, 1.0)])
def test_gradients_of_the_penalties(alpha, beta, locked, window):
    """α · mean(m ⊙ h)² and β · mean(h_t - h_{t-1})², written down once more."""
    rate = 0.4
    net = network(
        output_dropout=rate, locked_dropout=locked, activation_reg=alpha, temporal_reg=beta, init_scale=0.8
    )

    def loss_and_penalties():
        net_loss, _ = net.loss_and_gradients(window, None, np.random.default_rng(1))
        hidden, _ = net.recurrent(net.embedding(window.inputs))
        thinned, _ = dropout(hidden, rate, np.random.default_rng(1), locked=locked)
        return net_loss + alpha * np.mean(thinned**2) + beta * np.mean(np.diff(hidden, axis=0) ** 2)

    net.zero_gradients()
    net.loss_and_gradients(window, None, np.random.default_rng(1))
    analytic = net.gradients.vector.copy()
    numerical = numerical_gradient(loss_and_penalties, net.parameters.vector, 1e-5, points=2)
    assert relative_error(analytic, numerical) < 1e-6


def test_the_penalty_on_changes_needs_two_steps():
    net = network(temporal_reg=1.0)
    single = Window(np.array([[1, 2]]), np.array([[3, 0]]))
    loss, _ = net.loss_and_gradients(single, None, np.random.default_rng(0))
    assert loss == pytest.approx(net.loss(single)[0])


def test_in_evaluation_nothing_is_dropped(window):
    rates = {"input_dropout": 0.5, "output_dropout": 0.5, "embedding_dropout": 0.5, "weight_dropout": 0.5}
    whole, thinned = network(), network(**rates)
    assert np.array_equal(whole.parameters.vector, thinned.parameters.vector)
    assert thinned.loss(window)[0] == whole.loss(window)[0]
    assert thinned.loss_and_gradients(window, None, np.random.default_rng(0))[0] != whole.loss(window)[0]


def test_one_table_serves_both_ends(window):
    net = network(tie_weights=True)
    assert set(net.parameters) & {"embedding.weight", "head.weight", "head.bias"} == {
        "embedding.weight",
        "head.bias",
    }
    logits, _ = net.logits(window.inputs)
    hidden, _ = net.recurrent(net.embedding(window.inputs))
    table = net.parameters["embedding.weight"]
    np.testing.assert_allclose(logits, hidden @ table.T + net.parameters["head.bias"], rtol=1e-12)
    table[...] = 0
    assert not net.logits(window.inputs)[0].any(), "the head follows the table"


def test_the_gradients_of_a_tied_table_add_up():
    embedding = Embedding(V, E, seed=0, dtype=np.float64)
    head = TiedLinear(embedding)
    x, dy = np.random.default_rng(0).normal(size=(2, 3, E)), np.random.default_rng(1).normal(size=(2, 3, V))
    for _ in range(2):
        _, cache = head.forward(x)
        dx = head.backward(dy, cache)
    np.testing.assert_allclose(dx, dy @ embedding.parameters["weight"])
    np.testing.assert_allclose(embedding.gradients["weight"], 2 * np.einsum("tbv,tbe->ve", dy, x))


def test_a_stream_of_a_tied_network_says_what_the_network_says():
    net = LanguageNetwork(V, E, H, 2, tie_weights=True, seed=3)
    tokens = np.array([1, 4, 0, 2])
    logits, _ = net.logits(tokens[:, None])
    stream = net.stream()
    for token, expected in zip(tokens, logits[:, 0], strict=True):
        np.testing.assert_allclose(stream.step(np.array([token]))[0], expected, atol=1e-5)
