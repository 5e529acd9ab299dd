"""How many tokens a second does a language model write, against a loop in PyTorch?

Batch 1, each token drawn at temperature 1. PyTorch runs in inference mode, with ``nn.LSTM`` one step at a
time and with ``torch.lstm_cell``, which has less overhead; the faster counts. Ours gives the text, PyTorch's
loop only the tokens.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks._language import MODELS, Model, TorchLanguageModel
from benchmarks._turns import (
    RATIO,
    Times,
    check_agreement,
    fastest,
    measure,
    opening,
    ratio,
    row,
    table,
    verdict,
)
from gatewise import LanguageModel
from gatewise.data import CharTokenizer, WordTokenizer

TOKENS = 400
BARS = (20, 10, 10)
"""Ratio to be reached, in the order of the models."""
FIRST, TOLERANCE = 1, 1e-4

Logits = Callable[[torch.Tensor], torch.Tensor]
"""A token (1,) to the logits of the next (1, V); keeps the state."""


def main() -> None:
    """Measure each model and print a row of a table for it."""
    opening(torch)
    table("model", "gatewise, tokens a second", "PyTorch, tokens a second", "by", RATIO, "bar")
    ratios = []
    for model, bar in zip(MODELS, BARS, strict=True):
        with torch.inference_mode():
            times = contest(model)
        ours = times.pop("gatewise")
        way, theirs = fastest(times)
        ratios.append(ratio(ours, theirs))
        speeds = (f"{TOKENS / each.median:,.0f}" for each in (ours, theirs))
        row(model.name, *speeds, way, ratios[-1], bar)
    verdict(ratios, "that of each row")


def contest(model: Model) -> dict[str, Times]:
    """Check that all find the same logits, then time them."""
    ours = language_model(model)
    theirs = TorchLanguageModel(ours.network_).eval()
    token = torch.tensor([FIRST])
    logits = ours.network_.logits(np.array([[FIRST]]))[0][0]
    for way in (with_layer, with_cells):
        check_agreement(f"{model.name}: logits {way.__name__}", logits, way(theirs)(token), TOLERANCE)
    return measure(
        {
            "gatewise": lambda: ours.generate(max_tokens=TOKENS, temperature=1.0),
            "nn.LSTM": lambda: their_tokens(with_layer(theirs)),
            "torch.lstm_cell": lambda: their_tokens(with_cells(theirs)),
        }
    )


def language_model(model: Model) -> LanguageModel:
    """A model whose weights are as drawn and whose words are made up; its speed depends on neither."""
    result = LanguageModel(
        model.level, model.hidden, model.layers, embedding_size=model.embedding, dropout=0, progress=False
    )
    if model.level == "char":
        result.tokenizer_ = CharTokenizer("".join(map(chr, range(32, 32 + model.vocabulary - 1))))
    else:
        result.tokenizer_ = WordTokenizer([f"word{number}" for number in range(model.vocabulary - 2)])
    result.network_ = model.network()
    return result


def their_tokens(logits_after: Logits) -> list[int]:
    """The loop that PyTorch's users write."""
    token, written = torch.tensor([FIRST]), []
    for _ in range(TOKENS):
        probabilities = torch.softmax(logits_after(token), dim=-1)
        token = torch.multinomial(probabilities, 1)[0]
        written.append(token.item())
    return written


def with_layer(network: TorchLanguageModel) -> Logits:
    """One step of ``nn.LSTM`` at a time."""
    state = None

    def logits_after(token: torch.Tensor) -> torch.Tensor:
        nonlocal state
        logits, state = network(token[None], state)
        return logits[0]

    return logits_after


def with_cells(network: TorchLanguageModel) -> Logits:
    """One call of ``torch.lstm_cell`` a layer."""
    zeros = torch.zeros(1, network.lstm.hidden_size)
    layers = network.lstm.all_weights
    states = [(zeros, zeros)] * len(layers)

    def logits_after(token: torch.Tensor) -> torch.Tensor:
        x = network.embedding(token)
        for number, weights in enumerate(layers):
            states[number] = torch.lstm_cell(x, states[number], *weights)
            x = states[number][0]
        return network.head(x)

    return logits_after


if __name__ == "__main__":
    main()
