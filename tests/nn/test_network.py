"""A network: layers under names in one flat vector, trained by hand-written backward passes."""

import numpy as np
import pytest

from gatewise.nn import LSTM, Embedding, Linear, Network
from gatewise.ops import cross_entropy, cross_entropy_backward
from tests.ops.gradients import assert_gradients


@pytest.fixture
def layers():
    rng = np.random.default_rng(0)
    return {
        "embedding": Embedding(5, 2, init_scale=1.0, seed=rng, dtype=np.float64),
        "lstm": LSTM(2, 3, seed=rng, dtype=np.float64),
        "output": Linear(3, 5, seed=rng, dtype=np.float64),
    }


def test_the_gradient_of_a_whole_network_over_its_one_vector(layers):
    tokens = np.array([[0, 3], [1, 3], [3, 2], [0, 0]])
    targets = np.array([[1, 3], [3, 2], [0, 4], [2, 0]])
    lengths = np.array([4, 2])
    mask = np.arange(4)[:, None] < lengths
    network = Network(layers)
    embedding, lstm, output = layers.values()

    def loss():
        return cross_entropy(output(lstm(embedding(tokens), lengths=lengths)[0]), targets, mask)[0]

    x, embedded = embedding.forward(tokens)
    y, _, through_time = lstm.forward(x, lengths=lengths)
    logits, projected = output.forward(y)
    dlogits = cross_entropy_backward(cross_entropy(logits, targets, mask)[1])
    embedding.backward(lstm.backward(output.backward(dlogits, projected), through_time)[0], embedded)
    assert_gradients(loss, {"all parameters": (network.parameters.vector, network.gradients.vector)})


def test_layers_move_in_with_the_weights_they_have(layers):
    before = {
        f"{prefix}.{name}": view.copy()
        for prefix, layer in layers.items()
        for name, view in layer.parameters.items()
    }
    network = Network(layers)
    assert list(network.parameters) == list(before)
    assert all(np.array_equal(network.parameters[name], value) for name, value in before.items())


def test_layers_and_network_share_parameters_and_gradients(layers):
    network = Network(layers)
    network.parameters.vector[...] = 7
    network.gradients.vector[...] = 8
    for prefix, layer in layers.items():
        for name, view in layer.parameters.items():
            assert (view == 7).all()
            view[...] = 9
            assert (network.parameters[f"{prefix}.{name}"] == 9).all()
            assert (layer.gradients[name] == 8).all()
    network.zero_gradients()
    assert not any(layer.gradients.vector.any() for layer in layers.values())


def test_a_network_within_a_network_takes_its_layers_along(layers):
    inner = Network({"embedding": layers["embedding"], "lstm": layers["lstm"]})
    outer = Network({"body": inner, "output": layers["output"]})
    assert "body.lstm.weight_hh_l0" in outer.parameters
    outer.parameters.vector[...] = 7
    assert (layers["lstm"].parameters["weight_hh_l0"] == 7).all()
    assert (inner.parameters.vector == 7).all()
