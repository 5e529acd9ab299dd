"""Between forward and backward nobody may refill the input or step the weights; whoever does is told."""

import copy
import pickle

import numpy as np
import pytest

from gatewise import nn, optim
from gatewise.errors import ArgumentError
from gatewise.ops import TokenInput

T, B, D, H, V = 5, 3, 4, 6, 9
LENGTHS = np.array([5, 2, 4])


def rng():
    return np.random.default_rng(21)


def x_of(*shape):
    return rng().normal(size=shape).astype(np.float32)


def recurrent(layer, x=None, **given):
    x = x_of(T, B, D) if x is None else x
    inputs = x._asdict() if isinstance(x, TokenInput) else {"x": x}

    def forward():
        y, _, cache = layer.forward(x, **given)
        return lambda: layer.backward(np.ones_like(y), cache)

    return layer, inputs, forward


def plain(layer, **inputs):
    def forward():
        y, cache = layer.forward(*inputs.values())
        return lambda: layer.backward(np.ones_like(y), cache)

    return layer, {name: each for name, each in inputs.items() if name not in ("lengths", "tags")}, forward


def weights_alone(layer, x):
    """The way back of this one reads nothing of its input."""
    _, _, forward = plain(layer, x=x)
    return layer, {}, forward


def looked_at():
    layer, x = nn.LSTM(D, H, 2, layer_norm=True), x_of(T, B, D)

    def forward():
        y, _, cache = layer.look(x)
        return lambda: layer.error_flow(np.ones_like(y), cache)

    return layer, {"x": x}, forward


def embedding():
    layer, tokens = nn.Embedding(V, D), rng().integers(0, V, (T, B))
    mask = layer.dropout_mask(0.3, rng())

    def forward():
        y, cache = layer.forward(tokens, mask)
        return lambda: layer.backward(np.ones_like(y), cache, mask)

    return None, {"tokens": tokens, "mask": mask}, forward


def attention(score, late=False):
    layer, memory, query = nn.Attention(H, H, score=score), x_of(T, B, H), x_of(B, H)

    def forward():
        prepared = layer.prepare(memory, LENGTHS)
        context, cache = layer.forward(query, prepared)
        gradient = layer.memory_gradient(prepared)
        if late:  # the memory's gradient is a sum over queries that is taken at the very end
            layer.backward(np.ones_like(context), cache, gradient)
            return lambda: layer.memory_backward(gradient)
        return lambda: layer.backward(np.ones_like(context), cache, gradient)

    return layer if layer.parameters else None, {"query": query}, forward


def decoder():
    layer, memory, x = nn.AttentionDecoder(D, H, 2, H), x_of(T, B, H), x_of(T, B, D)
    state = nn.LSTM(1, H, 2)(x_of(1, B, 1))[1]

    def forward():
        y, _, cache = layer.forward(x, state, layer.attention.prepare(memory))
        return lambda: layer.backward(np.ones_like(y), cache)

    return layer, {"x": x, "state.h": state.h, "state.c": state.c}, forward


def tied():
    table, x = nn.Embedding(V, D), x_of(T, B, D)
    _, inputs, forward = plain(nn.TiedLinear(table), x=x)
    return table, inputs, forward


CASES = {
    "LSTM": lambda: recurrent(nn.LSTM(D, H)),
    "LSTM of all kinds": lambda: recurrent(
        nn.LSTM(D, H, 2, bidirectional=True, peephole=True, layer_norm=True, dropout=0.3, zoneout_cell=0.1)
    ),
    "LSTM float64": lambda: recurrent(nn.LSTM(D, H, dtype=np.float64), x_of(T, B, D).astype(np.float64)),
    "LSTM ragged": lambda: recurrent(nn.LSTM(D, H, skip_connections=True), lengths=LENGTHS),
    "LSTM batch first": lambda: recurrent(nn.LSTM(D, H), x_of(B, T, D).swapaxes(0, 1)),
    "LSTM mogrifier": lambda: recurrent(nn.LSTM(D, H, mogrifier_rounds=2)),
    "LSTM of tokens": lambda: recurrent(nn.LSTM(D, H), TokenInput(rng().integers(0, V, (T, B)), x_of(V, D))),
    "LSTM weight dropout": lambda: recurrent(nn.LSTM(D, H, weight_dropout=0.5)),
    "LSTM large": lambda: recurrent(nn.LSTM(64, 96), x_of(32, 16, 64)),
    "RNN": lambda: recurrent(nn.RNN(D, H, 2)),
    "look": looked_at,
    "Linear": lambda: plain(nn.Linear(D, H), x=x_of(T, B, D)),
    "Linear large": lambda: plain(nn.Linear(64, 200), x=x_of(64, 8, 64)),
    "TiedLinear": tied,
    "AdaptiveSoftmax": lambda: plain(nn.AdaptiveSoftmax(D, V, (3,), div_value=2.0), x=x_of(7, D)),
    "LayerNorm": lambda: weights_alone(nn.LayerNorm(D), x_of(B, D)),
    "AttentionPooling": lambda: plain(nn.AttentionPooling(D, H), y=x_of(T, B, D), lengths=LENGTHS),
    "CRF": lambda: plain(
        nn.CRF(V), emissions=x_of(T, B, V), tags=rng().integers(0, V, (T, B)), lengths=LENGTHS
    ),
    "Embedding": embedding,
    "Attention dot": lambda: attention("dot"),
    "Attention general": lambda: attention("general"),
    "Attention additive": lambda: attention("additive"),
    "Attention general, memory": lambda: attention("general", late=True),
    "AttentionDecoder": decoder,
}


@pytest.mark.parametrize("name", CASES)
def test_a_refilled_input_is_refused_by_name(name):
    for held, values in CASES[name]()[1].items():
        _, inputs, forward = CASES[name]()
        backward = forward()
        inputs[held][...] = (values + 1) % 5
        with pytest.raises(ArgumentError, match=rf"{held} changed after the forward pass"):
            backward()


def stepped(layer):
    layer.gradients.vector[...] = 1
    optim.Adam(layer).step()


def loaded(layer):
    layer.parameters.assign({name: values + 1 for name, values in layer.parameters.items()})


def written_by_hand(layer):
    layer.parameters.vector[...] += 0.5


WRITES = {"a step": stepped, "a load": loaded, "a write into the vector": written_by_hand}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", CASES)
def test_stepped_weights_are_refused(name, write):
    layer, _, forward = CASES[name]()
    if layer is None:
        return  # without weights, or none that the way back reads
    backward = forward()
    WRITES[write](layer)
    with pytest.raises(ArgumentError, match=r"(parameters|transitions) changed after the forward pass"):
        backward()


@pytest.mark.parametrize("name", CASES)
def test_each_parameters_own_write_is_seen_even_of_one_in_a_large_layer(name):
    layer, _, _ = CASES[name]()
    for parameter in layer.parameters if layer is not None else ():
        layer, _, forward = CASES[name]()
        backward = forward()
        layer.parameters[parameter][...] += 1
        with pytest.raises(ArgumentError, match="parameters changed after the forward pass"):
            backward()


def test_a_refused_cache_is_not_spent_and_nothing_was_added():
    layer, inputs, forward = CASES["LSTM"]()
    backward, before = forward(), inputs["x"].copy()
    inputs["x"][0, 0, 0] += 1
    with pytest.raises(ArgumentError, match="LSTM: x changed"):
        backward()
    assert not layer.gradients.vector.any()
    inputs["x"][...] = before
    dx, _ = backward()
    assert dx.shape == before.shape


def network():
    parts = {"lstm": nn.LSTM(D, H), "head": nn.Linear(H, V)}
    return nn.Network({"inner": nn.Network(parts), "other": nn.Linear(D, 2)}), parts


def test_a_step_of_a_network_is_one_of_all_its_layers():
    """Even where the gradient, and with it what is written, is zero but for one layer."""
    whole, parts = network()
    x = x_of(T, B, D)
    y, _, cache = parts["lstm"].forward(x)
    logits, of_head = parts["head"].forward(y)
    optim.SGD(whole, 0.1).step()
    for layer, dy, kept in ((parts["head"], logits, of_head), (parts["lstm"], y, cache)):
        with pytest.raises(ArgumentError, match="parameters changed"):
            layer.backward(np.ones_like(dy), kept)


def test_a_step_of_one_layer_leaves_its_neighbours_caches_alone():
    _, parts = network()
    y, _, cache = parts["lstm"].forward(x_of(T, B, D))
    parts["head"].gradients.vector[...] = 1
    optim.SGD(parts["head"], 0.1).step()
    parts["lstm"].backward(np.ones_like(y), cache)


def test_a_refused_step_changes_nothing_and_refuses_nothing():
    layer, _, forward = CASES["Linear"]()
    backward = forward()
    layer.gradients.vector[...] = np.nan
    optim.SGD(layer, 0.1).step()
    layer.zero_gradients()
    backward()


def test_moving_into_a_network_is_no_change():
    layer, _, forward = CASES["LSTM"]()
    optim.SGD(layer, 0.1).step()
    backward = forward()
    nn.Network({"lstm": layer})
    backward()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_counts_for_itself(copied):
    whole, parts = network()
    other = copied(whole)
    linear = other._layers["other"]
    y, cache = linear.forward(x_of(B, D))
    optim.SGD(whole, 0.1).step()
    linear.backward(np.ones_like(y), cache)
    y, cache = linear.forward(x_of(B, D))
    optim.SGD(other, 0.1).step()
    with pytest.raises(ArgumentError, match="parameters changed"):
        linear.backward(np.ones_like(y), cache)
    assert parts["lstm"].parameters.version == 1


def test_the_state_a_decoder_hands_out_is_not_its_caches():
    layer, _, _ = decoder()
    memory, x = x_of(T, B, H), x_of(T, B, D)
    state = nn.LSTM(1, H, 2)(x_of(1, B, 1))[1]
    found = []
    for spoil in (False, True):
        layer.zero_gradients()
        y, last, cache = layer.forward(x, state, layer.attention.prepare(memory))
        if spoil:
            last.recurrent.h[...] = last.recurrent.c[...] = last.feed[...] = 7
        layer.backward(np.ones_like(y), cache)
        found.append(layer.gradients.vector.copy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("options", [{}, {"layer_norm": True}, {"mogrifier_rounds": 2}], ids=str)
@pytest.mark.parametrize("how", ["forward", "look"])
def test_outputs_that_the_cache_shares_cannot_be_written_into(how, options):
    layer = nn.LSTM(D, H, **options)
    y, last, _ = getattr(layer, how)(x_of(T, B, D))
    with pytest.raises(ValueError, match="read-only"):
        y *= 2
    last.h[...] = last.c[...] = 0  # a copy


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layer", [nn.LSTM, nn.RNN])
def test_outputs_of_inference_are_the_callers_own(layer, dtype):
    y, _ = layer(D, H, 2, dtype=dtype)(x_of(T, B, D).astype(dtype))
    y *= 2
