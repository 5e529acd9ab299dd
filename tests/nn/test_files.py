"""Parameters of one's own networks: kept, read again, and taken from PyTorch's state dicts."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from gatewise import load, nn
from gatewise.errors import ArgumentError, ModelFileError
from gatewise.types import State
from tests.goldens import files

GOLDENS = files.read("recurrent")


def network(hidden=4, seed=0, **options):
    rng = np.random.default_rng(seed)
    lstm = nn.LSTM(3, hidden, seed=rng, bidirectional=True, **options)
    return nn.Network({"lstm": lstm, "head": nn.Linear(2 * hidden, 2, seed=rng, **options)})


@pytest.mark.parametrize(
    "make",
    [
        network,
        lambda seed=0: nn.LSTM(2, 5, num_layers=2, peephole=True, seed=seed),
        lambda seed=0: nn.Embedding(7, 3, seed=seed),
        lambda seed=0: network(seed=seed, dtype=np.float64),
        lambda seed=0: nn.Network({"inner": network(seed=seed), "crf": nn.CRF(3)}),
    ],
)
def test_what_was_saved_is_read_to_the_bits(make, tmp_path):
    path, one, other = tmp_path / "p.safetensors", make(seed=1), make(seed=2)
    nn.save_parameters(one, path)
    nn.load_parameters(other, path)
    np.testing.assert_array_equal(other.parameters.vector, one.parameters.vector)
    again = tmp_path / "again.safetensors"
    nn.save_parameters(other, again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (network(hidden=5), "is of another network: parameter 'head.weight' has shape|has shape"),
        (nn.LSTM(3, 4), "is of another network: parameter '.*' is not one of this model's parameters"),
        (
            network(dtype=np.float64),
            "has dtype float32, and the layer float64; make the layer with dtype='flo",
        ),
    ],
)
def test_a_file_of_another_network_changes_nothing(other, message, tmp_path):
    nn.save_parameters(network(), tmp_path / "p.safetensors")
    before = other.parameters.vector.copy()
    with pytest.raises(ModelFileError, match=message):
        nn.load_parameters(other, tmp_path / "p.safetensors")
    np.testing.assert_array_equal(other.parameters.vector, before)


def test_files_of_models_and_of_others_are_told_apart(model_path, tmp_path):
    path = tmp_path / "p.safetensors"
    with pytest.raises(ModelFileError, match=r"a model's is read with gatewise\.load"):
        nn.load_parameters(network(), model_path)
    nn.save_parameters(network(), path)
    with pytest.raises(ModelFileError, match=r"no model; .* gatewise\.nn\.load_parameters"):
        load(path)
    save_file(dict(network().parameters), path)
    with pytest.raises(ModelFileError, match="of another program"):
        nn.load_parameters(network(), path)
    with pytest.raises(ArgumentError, match=r"expected '\.safetensors'"):
        nn.save_parameters(network(), tmp_path / "p.npz")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("lstm_1_layers", lambda D, H: nn.LSTM(D, H)),
        ("lstm_1_layers_bidirectional", lambda D, H: nn.LSTM(D, H, bidirectional=True)),
        ("lstm_2_layers", lambda D, H: nn.LSTM(D, H, num_layers=2)),
        ("lstm_2_layers_bidirectional", lambda D, H: nn.LSTM(D, H, num_layers=2, bidirectional=True)),
    ],
)
def test_weights_of_pytorch_give_what_pytorch_gave(name, layer):
    if name not in GOLDENS:
        pytest.skip("there is no such golden")
    given, expected = GOLDENS[name]
    state = {key: value for key, value in given.items() if key.startswith(("weight", "bias"))}
    made = layer(given["x"].shape[2], given["h0"].shape[2])
    made.parameters.assign(nn.parameters_from_torch(state))
    y, last = made(given["x"], State(given["h0"], given["c0"]))
    for found, key in ((y, "y"), (last.h, "h"), (last.c, "c")):
        np.testing.assert_allclose(found, expected[key], rtol=5e-6, atol=5e-6)


def test_layers_are_renamed_and_biases_added():
    rng = np.random.default_rng(0)
    own = network()
    names = {"encoder.rnn": "lstm", "out": "head"}
    state = {
        f"{'encoder.rnn' if name.startswith('lstm') else 'out'}.{name.partition('.')[2]}": rng.normal(
            size=values.shape
        )
        for name, values in own.parameters.items()
    }
    for direction in ("", "_reverse"):
        whole = state.pop(f"encoder.rnn.bias_l0{direction}")
        state[f"encoder.rnn.bias_ih_l0{direction}"] = whole / 4
        state[f"encoder.rnn.bias_hh_l0{direction}"] = whole * 3 / 4
    found = nn.parameters_from_torch(state, names)
    own.parameters.assign(found)
    assert set(found) == set(own.parameters)
    np.testing.assert_array_equal(found["head.bias"], state["out.bias"])
    total = state["encoder.rnn.bias_ih_l0_reverse"] + state["encoder.rnn.bias_hh_l0_reverse"]
    np.testing.assert_array_equal(found["lstm.bias_l0_reverse"], total)


class OnAnotherDevice:
    def __array__(self, dtype=None, copy=None):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


@pytest.mark.parametrize(
    ("state", "names", "message"),
    [
        ({"bias_ih_l0": [1.0]}, None, "one of the two biases that make 'bias_l0' and lacks bias_hh"),
        ({"a.bias_hh_l1": [1.0]}, None, "that make 'a.bias_l1' and lacks bias_ih"),
        ({"a.weight": [1.0]}, {"b": "c"}, "names has 'b', which is no layer in state; expected some of 'a'"),
        ({"a.weight": [1.0], "b.weight": [2.0]}, {"a": "b"}, "calls two parameters 'b.weight'"),
        ({"a.weight": OnAnotherDevice()}, None, r"'a.weight'\] cannot be read as an array .*cuda.*\.cpu\(\)"),
        ({"a.weight": ["x"]}, None, r"'a.weight'\] has dtype <U1; expected numbers"),
        ({"a.weight": [[1], [1, 2]]}, None, r"'a.weight'\] cannot be read as an array"),
    ],
)
def test_a_state_that_cannot_be_taken_is_refused(state, names, message):
    with pytest.raises(ArgumentError, match=message):
        nn.parameters_from_torch(state, names)
