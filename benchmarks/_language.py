"""The language models that are measured, and their twins in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any, NamedTuple

import numpy as np
import torch

from benchmarks._layer import torch_weights
from gatewise.data import StreamWindows, Window
from gatewise.optim import Adam, clip_by_norm
from gatewise.tasks.language.network import LanguageNetwork

RATE, CLIP, WINDOWS = 1e-3, 1.0, 16


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

    def network(self, **options: Any) -> LanguageNetwork:
        """A network of these sizes, without dropout if nothing else is asked for."""
        return LanguageNetwork(self.vocabulary, self.embedding, self.hidden, self.layers, seed=0, **options)

    def windows(self) -> list[Window]:
        """Random tokens, in windows of these sizes."""
        count = WINDOWS * self.window * self.batch + 1
        tokens = np.random.default_rng(0).integers(self.vocabulary, size=count)
        return list(StreamWindows(tokens, self.batch, self.window))


MODELS = [
    Model("characters, V = 65, 1 × 128", "char", 65, 128, 128, 1, window=64, batch=32),
    Model("characters, V = 65, 2 × 256", "char", 65, 128, 256, 2, window=100, batch=64),
    Model("words of PTB, V = 10,000, 2 × 200", "word", 10_000, 200, 200, 2, window=20, batch=20),
]


def training_step(network: LanguageNetwork, windows: list[Window]) -> Callable[[], float]:
    """What ``training.Loop`` does with the next window, by Adam; gives the loss."""
    source, rng = cycle(windows), np.random.default_rng(0)
    adam, state = Adam(network, RATE), None

    def step() -> float:
        nonlocal state
        network.zero_gradients()
        loss, state = network.loss_and_gradients(next(source), state, rng)
        clip_by_norm(network.gradients.vector, CLIP)
        adam.step()
        return loss

    return step


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
