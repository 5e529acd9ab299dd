"""The language models that are measured, and their twins in PyTorch."""

from __future__ import annotations

from typing import NamedTuple

import torch

from benchmarks._layer import torch_weights
from gatewise.tasks._language_network import LanguageNetwork


class Model(NamedTuple):
    """Sizes of a language model, and of the windows it learns from."""

    name: str
    level: str
    vocabulary: int
    embedding: int
    hidden: int
    layers: int
    window: int
    batch: int

    def network(self) -> LanguageNetwork:
        """A network of these sizes, without dropout."""
        return LanguageNetwork(self.vocabulary, self.embedding, self.hidden, self.layers, seed=0)


MODELS = [
    Model("characters, V = 65, 1 × 128", "char", 65, 128, 128, 1, window=64, batch=32),
    Model("characters, V = 65, 2 × 256", "char", 65, 128, 256, 2, window=100, batch=64),
    Model("words of PTB, V = 10,000, 2 × 200", "word", 10_000, 200, 200, 2, window=20, batch=20),
]


class TorchLanguageModel(torch.nn.Module):
    """The same network with the same weights in PyTorch."""

    def __init__(self, ours: LanguageNetwork) -> None:
        super().__init__()
        recurrent = ours.recurrent
        vocabulary = len(ours.embedding.parameters["weight"])
        self.embedding = torch.nn.Embedding(vocabulary, recurrent.input_size)
        self.lstm = torch.nn.LSTM(recurrent.input_size, recurrent.hidden_size, recurrent.num_layers)
        self.head = torch.nn.Linear(recurrent.hidden_size, vocabulary)
        self.load_state_dict(torch_weights(ours.parameters))

    def forward(
        self, tokens: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Logits and the next state."""
        y, state = self.lstm(self.embedding(tokens), state)
        return self.head(y), state
