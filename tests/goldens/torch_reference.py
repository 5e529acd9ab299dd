"""The same cases, calculated by PyTorch. Only what is imported from here needs PyTorch."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.goldens.adaptive_softmax_cases import AdaptiveSoftmaxCase
from tests.goldens.attention_cases import AttentionCase
from tests.goldens.layer_cases import LayerCase
from tests.goldens.layer_norm_cases import LayerNormCase
from tests.goldens.optimizer_cases import OptimizerCase
from tests.goldens.recurrent_cases import RecurrentCase


def run(case, arrays, dtype):
    """What PyTorch gives for a case, under the names that the case's own `run` uses."""
    runs = {
        RecurrentCase: _run_recurrent,
        LayerCase: _run_layer,
        AdaptiveSoftmaxCase: _run_adaptive_softmax,
        AttentionCase: _run_attention,
        LayerNormCase: _run_layer_norm,
        OptimizerCase: _run_optimizer,
    }
    return {name: value.detach().numpy() for name, value in runs[type(case)](case, arrays, dtype).items()}


def _tensors(arrays, dtype):
    """Floating-point arrays as leaves that collect a gradient, the others as they are."""
    tensors = {}
    for name, array in arrays.items():
        tensor = torch.tensor(array)
        tensors[name] = tensor.to(dtype).requires_grad_() if tensor.is_floating_point() else tensor
    return tensors


def _run_recurrent(case, arrays, dtype):
    tensors = _tensors(arrays, dtype)
    _, _, D, H = case.sizes
    kind, _, activation = case.kind.partition("_")
    options = {"nonlinearity": activation} if activation else {}
    layer = (nn.LSTM if kind == "lstm" else nn.RNN)(
        D, H, case.num_layers, bidirectional=case.bidirectional, **options
    )
    layer.to(dtype)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(tensors[name])

    x, state = tensors["x"], tensors["h0"]
    if kind == "lstm":
        state = (state, tensors["c0"])
    if case.lengths:
        packed = pack_padded_sequence(x, torch.tensor(case.lengths), enforce_sorted=False)
        y, last = layer(packed, state)
        y, _ = pad_packed_sequence(y, total_length=len(x))
    else:
        y, last = layer(x, state)
    h, c = last if kind == "lstm" else (last, None)
    loss = (y * tensors["dy"]).sum() + (h * tensors["dh"]).sum()
    results = {"y": y, "h": h}
    if kind == "lstm":
        loss = loss + (c * tensors["dc"]).sum()
        results["c"] = c
    loss.backward()

    results |= {"dx": x.grad, "dh0": tensors["h0"].grad}
    if kind == "lstm":
        results["dc0"] = tensors["c0"].grad
    for name, parameter in layer.named_parameters():
        if name.startswith("weight"):
            results["d" + name] = parameter.grad
        elif name.startswith("bias_ih"):
            results["d" + name.replace("bias_ih", "bias")] = parameter.grad
    return results


def _run_layer(case, arrays, dtype):
    tensors = _tensors(arrays, dtype)
    if case.kind == "embedding":
        y = nn.functional.embedding(tensors["tokens"], tensors["table"])
        (y * tensors["dy"]).sum().backward()
        return {"y": y, "dtable": tensors["table"].grad}
    if case.kind == "linear":
        y = nn.functional.linear(tensors["x"], tensors["weight_ih"], tensors["bias_ih"])
        (y * y.detach()).sum().backward()
        return {"y": y, **_gradients(tensors)}
    if case.kind == "squared_error":
        prediction, target = tensors["prediction"], tensors["target"].detach()
        if case.masked:
            loss = nn.functional.mse_loss(prediction[tensors["mask"]], target[tensors["mask"]])
        else:
            loss = nn.functional.mse_loss(prediction, target)
        loss.backward()
        return {"loss": loss, "dprediction": prediction.grad}
    loss = _token_loss(case, tensors["logits"] if case.kind == "cross_entropy" else _logits(tensors), tensors)
    loss.backward()
    return {"loss": loss, **_gradients(tensors)}


def _logits(tensors):
    table, weight_hh = tensors["table"], tensors["weight_hh"]
    lstm = nn.LSTM(table.shape[1], weight_hh.shape[1]).to(table.dtype)
    weights = {f"{name}_l0": tensors[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    y, _ = torch.func.functional_call(lstm, weights, (nn.functional.embedding(tensors["tokens"], table),))
    return nn.functional.linear(y, tensors["weight"], tensors["bias"])


def _token_loss(case, logits, tensors):
    targets = tensors["targets"]
    if case.masked:
        targets = torch.where(tensors["mask"], targets, -100)  # cross_entropy's default ignore_index
    return nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


def _gradients(tensors):
    """The gradient of each leaf; the two biases of an LSTM have the same, of which one is enough."""
    leaves = {name: tensor for name, tensor in tensors.items() if tensor.requires_grad and name != "bias_hh"}
    return {f"d{name}": tensor.grad for name, tensor in leaves.items()}


def _run_attention(case, arrays, dtype):
    """Batch first. Dot and general by PyTorch's own attention, unscaled; it has none that is additive."""
    tensors = _tensors(arrays, dtype)
    dcontext, lengths = tensors.pop("dcontext").detach(), tensors.pop("lengths")
    values, query = tensors["memory"].transpose(0, 1), tensors["query"].transpose(0, 1)
    valid = torch.arange(values.shape[1]) < lengths[:, None, None]
    keys = nn.functional.linear(values, tensors["weight_memory"]) if "weight_memory" in tensors else values
    if case.score == "additive":
        hidden = torch.tanh((query @ tensors["weight_query"].T)[:, :, None] + keys[:, None])
        scores = (hidden @ tensors["weight_score"]).masked_fill(~valid, -torch.inf)
        weights = torch.softmax(scores, dim=-1)
        context = weights @ values
    else:
        attend = partial(nn.functional.scaled_dot_product_attention, query, keys, attn_mask=valid, scale=1.0)
        context = attend(values)
        weights = attend(torch.eye(values.shape[1], dtype=dtype).expand(len(values), -1, -1))
    context, weights = context.transpose(0, 1), weights.transpose(0, 1)
    (context * dcontext).sum().backward()
    return {"context": context, "weights": weights, **_gradients(tensors)}


def _run_layer_norm(case, arrays, dtype):
    tensors = _tensors(arrays, dtype)
    y, dy = tensors["x"], tensors.pop("dy").detach()
    for number, hidden in enumerate(case.widths):
        lstm = nn.LSTM(y.shape[-1], hidden, bidirectional=True).to(dtype)
        names = [name for name, _ in lstm.named_parameters()]
        weights = {name: tensors[name.replace("_l0", f"_l{number}")] for name in names}
        packed = pack_padded_sequence(y, torch.tensor(case.lengths), enforce_sorted=False)
        y, _ = pad_packed_sequence(
            torch.func.functional_call(lstm, weights, (packed,))[0], total_length=len(y)
        )
        y = _normalised(y, case, tensors, f"norm_weight_l{number}", f"norm_bias_l{number}")
    if not case.widths:
        y = _normalised(y, case, tensors, "weight", "bias")
    (y * dy).sum().backward()
    gradients = _gradients({name: each for name, each in tensors.items() if not name.startswith("bias_hh")})
    return {"y": y} | {name.replace("bias_ih", "bias"): value for name, value in gradients.items()}


def _normalised(x, case, tensors, weight, bias):
    """By ``nn.LayerNorm``; zero in the padding."""
    norm = nn.LayerNorm(x.shape[-1], eps=case.epsilon, dtype=x.dtype)
    y = torch.func.functional_call(norm, {"weight": tensors[weight], "bias": tensors[bias]}, (x,))
    return y * (torch.arange(len(x))[:, None] < torch.tensor(case.lengths))[..., None]


def _run_adaptive_softmax(case, arrays, dtype):
    tensors = _tensors(arrays, dtype)
    _, D = arrays["x"].shape
    V = max(arrays["targets"]) + 1
    layer = nn.AdaptiveLogSoftmaxWithLoss(
        D, V, list(case.cutoffs), div_value=case.div_value, head_bias=case.head_bias
    ).to(dtype)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            parameter.copy_(tensors[name])
    loss = layer(tensors["x"], tensors["targets"]).loss
    loss.backward()
    gradients = {f"d{name}": parameter.grad for name, parameter in layer.named_parameters()}
    log_probabilities = layer.log_prob(tensors["x"])
    return {"loss": loss, "log_probabilities": log_probabilities, "dx": tensors["x"].grad, **gradients}


OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "averaged_sgd": torch.optim.ASGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


def _run_optimizer(case, arrays, dtype):
    options = dict(case.options)
    options["lr"] = options.pop("learning_rate")
    if "epsilon" in options:
        options["eps"] = options.pop("epsilon")
    if case.kind == "averaged_sgd":
        # PyTorch begins to average one step after it has passed t0.
        options |= {"t0": options.pop("start", 0) - 1, "lambd": 0.0, "alpha": 0.0}
    parameter = torch.tensor(arrays["start"], dtype=dtype, requires_grad=True)
    parameters, weights = [], []
    default = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # ASGD keeps its rates in the default type, whatever the parameters have
    try:
        optimizer = OPTIMIZERS[case.kind]([parameter], **options)
        for gradient in arrays["gradients"]:
            parameter.grad = torch.tensor(gradient, dtype=dtype)
            optimizer.step()
            parameters.append(parameter.detach().clone())
            weights.append(optimizer.state[parameter].get("ax", parameter).detach().clone())
    finally:
        torch.set_default_dtype(default)
    results = {"parameters": torch.stack(parameters)}
    return results | ({"weights": torch.stack(weights)} if case.kind == "averaged_sgd" else {})


def dtype_of(dtype):
    """PyTorch's name for a NumPy type."""
    return {np.float32: torch.float32, np.float64: torch.float64}[dtype]
