"""Layers of every kind to be streamed, what goes in, and a stream taken through it."""

import numpy as np

from gatewise.nn import LSTM, RNN, Embedding, Linear
from gatewise.types import State

LAYERS = {
    "LSTM": lambda *sizes, **options: LSTM(*sizes, **options),
    "LSTM without tanh": lambda *sizes, **options: LSTM(*sizes, output_tanh=False, **options),
    "LSTM with a linear candidate": lambda *sizes, **options: LSTM(*sizes, candidate_tanh=False, **options),
    "LSTM with peepholes": lambda *sizes, **options: LSTM(*sizes, peephole=True, **options),
    "LSTM with all": lambda *sizes, **options: LSTM(
        *sizes, peephole=True, output_tanh=False, zoneout_hidden=0.2, **options
    ),
    "LSTM with zoneout": lambda *sizes, **options: LSTM(
        *sizes, zoneout_hidden=0.2, zoneout_cell=0.35, **options
    ),
    "LSTM with dropout": lambda *sizes, **options: LSTM(
        *sizes, dropout=0.5, recurrent_dropout=0.4, **options
    ),
    "RNN": lambda *sizes, **options: RNN(*sizes, **options),
    "RNN with sigmoid": lambda *sizes, **options: RNN(*sizes, activation="sigmoid", **options),
    "RNN with relu and zoneout": lambda *sizes, **options: RNN(
        *sizes, activation="relu", zoneout_hidden=0.3, **options
    ),
}


def shaken(layer, seed=0):
    """The layer with biases and peepholes that a test can see."""
    rng = np.random.default_rng(seed)
    vector = layer.parameters.vector
    vector[...] = rng.uniform(-1, 1, vector.size) / np.sqrt(layer.hidden_size)
    return layer


def draw(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def draw_state(rng, layer, batch):
    """Zero beyond a layer's width."""
    shape = (layer.num_layers, batch, layer.hidden_size)
    inside = np.arange(layer.hidden_size) < np.array(layer.hidden_sizes)[:, None, None]
    memory = layer.hidden_size if layer.cell.has_memory else 0
    return State(draw(rng, *shape) * inside, draw(rng, *shape[:2], memory) * inside[..., :memory])


def steps(stream, x):
    return np.stack([stream.step(each).copy() for each in x])


def language_parts(symbols, layer, *, bias=True, features=5, seed=0):
    embedding, head = (
        Embedding(symbols, features, seed=seed),
        Linear(layer.output_size, symbols, bias=bias, seed=seed),
    )
    if bias:
        head.parameters["bias"][...] = np.random.default_rng(seed).standard_normal(symbols)
    return embedding, shaken(layer), head
