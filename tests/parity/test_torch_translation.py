"""The translator's network beside the same one written in PyTorch: loss and all gradients."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.tasks.translation.examples import PairBatch, source_batch
from gatewise.tasks.translation.network import TranslationNetwork

torch = pytest.importorskip("torch")
functional = torch.nn.functional

S, V, E, H = 9, 8, 6, 10
IGNORED = -100

OPTIONS = {
    "general": {},
    "dot": {"attention": "dot"},
    "additive": {"attention": "additive"},
    "not fed": {"input_feeding": False},
    "rnn": {"cell": "rnn", "num_layers": 2},
    "two layers": {"num_layers": 2},
    "smoothed": {"label_smoothing": 0.15},
    "one table": {"shared": True},
    "tied": {"tie_weights": True},
    "all at once": {
        "num_layers": 3,
        "attention": "additive",
        "shared": True,
        "tie_weights": True,
        "label_smoothing": 0.1,
    },
}


def problem(symbols, seed):
    """Pairs of 0 to 7 symbols."""
    rng = np.random.default_rng(seed)
    count = 5
    sources = [rng.integers(0, symbols - 1, rng.integers(0, 8)) for _ in range(count)]
    texts = [rng.integers(0, V - 1, rng.integers(0, 8)) for _ in range(count)]
    lengths = np.array([len(text) + 1 for text in texts])
    targets = np.full((lengths.max(), count), V - 1)
    inputs = targets.copy()
    for column, text in enumerate(texts):
        targets[: len(text), column] = inputs[1 : len(text) + 1, column] = text
    valid = np.arange(len(targets))[:, None] < lengths
    return PairBatch(source_batch(sources, symbols - 1), inputs, targets, valid)


def make(dtype, seed, **options):
    options = {"num_layers": 1, **options}
    symbols = V if options.get("shared") else S
    width = H if options.get("tie_weights") else E
    network = TranslationNetwork(symbols, V, width, H, dtype=dtype, seed=seed, **options)
    size = network.parameters.vector.size
    network.parameters.vector[...] = np.random.default_rng(seed).normal(0, 0.5, size)
    return network, problem(symbols, seed)


def theirs(network, batch, label_smoothing):
    """Loss and gradients by name, with PyTorch's layers and its own way back."""
    weights = {name: torch.tensor(values, requires_grad=True) for name, values in network.parameters.items()}
    shared = weights.get("embedding.weight")
    sources, targets = (weights.get(f"{side}_embedding.weight", shared) for side in ("source", "target"))
    kind = "lstm" if network.decoder.recurrent.cell.has_memory else "rnn"
    layers, dtype = network.decoder.num_layers, sources.dtype

    # The encoder; its parameters are ours, so that their gradients are.
    encoder = {"lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}[kind](
        sources.shape[1], H // 2, layers, bidirectional=True, dtype=dtype
    )
    held = {}
    for layer in range(layers):
        for way in ("", "_reverse"):
            for part in ("weight_ih", "weight_hh"):
                held[f"{part}_l{layer}{way}"] = weights[f"encoder.{part}_l{layer}{way}"]
            bias = weights[f"encoder.bias_l{layer}{way}"]
            held[f"bias_ih_l{layer}{way}"], held[f"bias_hh_l{layer}{way}"] = bias, torch.zeros_like(bias)
    tokens, lengths = torch.tensor(batch.source.tokens), torch.tensor(batch.source.lengths)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        functional.embedding(tokens, sources), lengths, enforce_sorted=False
    )
    read, last = torch.func.functional_call(encoder, held, (packed,))
    memory, _ = torch.nn.utils.rnn.pad_packed_sequence(read)
    memory = memory.transpose(0, 1)
    last = [torch.cat([part[0::2], part[1::2]], dim=-1) for part in (last if kind == "lstm" else (last,))]

    # The decoder, a step at a time.
    cells = {"lstm": torch.nn.LSTMCell, "rnn": torch.nn.RNNCell}[kind]
    fed = network.decoder.input_feeding
    stack, state = [], [[part[layer] for part in last] for layer in range(layers)]
    for layer in range(layers):
        below = H if layer else targets.shape[1] + H * fed
        bias = weights[f"decoder.{kind}.bias_l{layer}"]
        parts = {
            "weight_ih": weights[f"decoder.{kind}.weight_ih_l{layer}"],
            "weight_hh": weights[f"decoder.{kind}.weight_hh_l{layer}"],
            "bias_ih": bias,
            "bias_hh": torch.zeros_like(bias),
        }
        stack.append((cells(below, H, dtype=dtype), parts))
    hidden = torch.arange(memory.shape[1])[None] >= lengths[:, None]
    named = {name.split(".")[-1]: w for name, w in weights.items() if name.startswith("decoder.attention.")}
    outputs, feed = [], torch.zeros(len(lengths), H, dtype=dtype)
    for inputs in torch.tensor(batch.inputs):
        x = functional.embedding(inputs, targets)
        x = torch.cat([x, feed], dim=-1) if fed else x
        for layer, (cell, parts) in enumerate(stack):
            before = tuple(state[layer]) if kind == "lstm" else state[layer][0]
            after = torch.func.functional_call(cell, parts, (x, before))
            state[layer] = list(after) if kind == "lstm" else [after]
            x = state[layer][0]
        if "weight_score" in named:
            inner = torch.tanh((x @ named["weight_query"].T)[:, None] + memory @ named["weight_memory"].T)
            scores = inner @ named["weight_score"]
        else:
            keys = memory @ named["weight_memory"].T if named else memory
            scores = torch.einsum("bk,bsk->bs", x, keys)
        alpha = scores.masked_fill(hidden, -torch.inf).softmax(dim=-1)
        context = torch.einsum("bs,bsm->bm", alpha, memory)
        feed = torch.tanh(torch.cat([context, x], dim=-1) @ weights["decoder.combine.weight"].T)
        outputs.append(feed)
    table = weights.get("head.weight", targets)
    logits = functional.linear(torch.stack(outputs), table, weights["head.bias"])
    wanted = torch.tensor(np.where(batch.valid, batch.targets, IGNORED))
    loss = functional.cross_entropy(
        logits.flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, label_smoothing=label_smoothing
    )
    loss.backward()
    return loss.item(), {name: weight.grad.numpy() for name, weight in weights.items()}


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("name", OPTIONS)
def test_loss_and_gradients_agree_with_pytorch(name, dtype, tolerance):
    network, batch = make(dtype, 1, **OPTIONS[name])
    network.zero_gradients()
    loss = network.loss_and_gradients(batch, np.random.default_rng(0))
    expected, gradients = theirs(network, batch, network.label_smoothing)
    assert loss == pytest.approx(expected, rel=tolerance)
    assert set(gradients) == set(network.gradients)
    for key, gradient in gradients.items():
        assert np.abs(gradient).max() > 1e-6, f"{key}: the loss does not depend on it"
        scale = max(1, np.abs(gradient).max())
        np.testing.assert_allclose(
            network.gradients[key], gradient, rtol=0, atol=tolerance * scale, err_msg=key
        )


@pytest.mark.parametrize("name", OPTIONS)
def test_the_measured_loss_agrees_with_pytorch(name):
    network, batch = make(np.float32, 3, **OPTIONS[name])
    loss, tokens = network.loss(batch)
    assert loss == pytest.approx(theirs(network, batch, 0.0)[0], rel=1e-5)
    assert tokens == batch.valid.sum()
