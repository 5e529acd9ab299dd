"""The network of the experiments: one recurrent layer, and a linear map of its hidden states."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np

from gatewise import nn
from gatewise.errors import ArgumentError
from gatewise.lab.variants import Constraint, couple, hold_open
from gatewise.ops import (
    TokenInput,
    cross_entropy_in_place,
    log_softmax,
    squared_error,
    squared_error_backward,
)
from gatewise.random_streams import generator
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = ["Batch", "Build", "Read", "SequenceNetwork", "probability_errors"]

Read = Literal["last", "each"]
"""Where the answer is read: at each sequence's last step, or at each step."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences and their answers.

    Attributes:
        x: (T, B, D), or tokens (T, B), each of which is a vector with a one at its place.
        targets: numbers, or classes as integers: (B, K) or (B,) where the answer is read at the last step,
            (T, B, K) or (T, B) where it is read at each.
        lengths: (B,) valid steps; all T where omitted.
        mask: (T, B), False where an answer does not count.
        meant: what answers are judged by, where not by the targets; empty where there is nothing else.
    """

    x: Array | IntArray
    targets: Array | IntArray
    lengths: IntArray | None = None
    mask: BoolArray | None = None
    meant: Array = field(default_factory=partial(np.zeros, 0))


@dataclass(frozen=True, slots=True)
class Build:
    """How a network is made.

    Attributes:
        cell: "lstm" or "rnn".
        hidden_size: H.
        forget_bias: of the LSTM at the start.
        peephole: gates of the LSTM see the cell state.
        output_tanh: False leaves it out.
        candidate_tanh: False leaves it out.
        without: gates of the LSTM that are held at 1: "i", "f", "o".
        coupled: the LSTM's forget gate is 1 - i.
        init_scale: of the recurrent weights; 1/√H where omitted.
        horizon: steps that the LSTM's units begin by remembering, spread from 1 to this: forget biases
            log U(1, horizon), input biases their negatives (Tallec & Ollivier 2018, equation 16). Where
            omitted, forget_bias holds.
        shortcut: the input symbol reaches the outputs directly too.
        head_start: updates in which the shortcut learns alone.
    """

    cell: Literal["lstm", "rnn"] = "lstm"
    hidden_size: int = 32
    forget_bias: float = 1.0
    peephole: bool = False
    output_tanh: bool = True
    candidate_tanh: bool = True
    without: tuple[str, ...] = ()
    coupled: bool = False
    init_scale: float | None = None
    horizon: int | None = None
    shortcut: bool = False
    head_start: int = 0

    def __post_init__(self) -> None:
        gated = (self.peephole, self.without, self.coupled, self.horizon)
        if self.cell == "rnn" and (any(gated) or not (self.output_tanh and self.candidate_tanh)):
            raise ArgumentError(f"{self} has options of the LSTM; expected none of them for an RNN.")


class SequenceNetwork(nn.Network):
    """One recurrent layer, and a linear map of what it ends with, or of each of its outputs.

    Args:
        build: the recurrent layer.
        input_size: D.
        output_size: K.
        read: where the answer is read.
        seed: of all weights.
    """

    def __init__(
        self, build: Build, input_size: int, output_size: int, read: Read, seed: int | np.random.Generator
    ) -> None:
        rng = generator(seed)
        self.read = read
        self.recurrent, self._constraints = _recurrent(build, input_size, rng)
        self.head = nn.Linear(build.hidden_size, output_size, seed=rng)
        self._one_hot = np.eye(input_size, dtype=np.float32)
        layers: dict[str, nn.Layer] = {"recurrent": self.recurrent, "head": self.head}
        self.shortcut, self._head_start = None, build.head_start
        if build.shortcut:
            layers["shortcut"] = self.shortcut = nn.Embedding(input_size, output_size, init_scale=0, seed=rng)
        super().__init__(layers)

    def outputs(
        self, x: Array | IntArray, lengths: IntArray | None = None, state: State | None = None
    ) -> tuple[Array, State]:
        """Answers (B, K) or (T, B, K), before any softmax, and the state after the last step."""
        y, last = self.recurrent(self._input(x), state, lengths)
        answers = self.head(last.h[-1] if self.read == "last" else y)
        return answers if self.shortcut is None else answers + self.shortcut(x), last

    def learn(self, batch: Batch, state: State | None = None) -> tuple[float, Array, State]:
        """Loss, answers before the update, and the state after the last step; adds to the gradients.

        The loss is the mean cross-entropy where the targets are classes, the mean squared error where they
        are numbers.
        """
        y, last, cache = self.recurrent.forward(self._input(batch.x), state, batch.lengths)
        answers, head_cache = self.head.forward(last.h[-1] if self.read == "last" else y)
        if self.shortcut is not None:
            direct, shortcut_cache = self.shortcut.forward(batch.x)
            answers += direct
        loss, danswers = _loss(answers, batch.targets, batch.mask)
        dread = self.head.backward(danswers, head_cache)
        if self.read == "last":
            dlast = State(np.zeros_like(last.h), np.zeros_like(last.c))
            dlast.h[-1] = dread
            self.recurrent.backward(np.zeros_like(y), cache, dlast)
        else:
            self.recurrent.backward(dread, cache)
        if self.shortcut is not None:
            self.shortcut.backward(danswers, shortcut_cache)
        if self._head_start:
            self._head_start -= 1
            self.recurrent.zero_gradients()
            self.head.zero_gradients()
        for constrain in self._constraints:
            constrain()
        return loss, answers, last

    def _input(self, x: Array | IntArray) -> Array | TokenInput:
        return TokenInput(x, self._one_hot) if np.issubdtype(x.dtype, np.integer) else x


def _recurrent(
    build: Build, input_size: int, rng: np.random.Generator
) -> tuple[nn.LSTM | nn.RNN, list[Constraint]]:
    """The layer, and what keeps a variant a variant."""
    if build.cell == "rnn":
        return nn.RNN(input_size, build.hidden_size, init_scale=build.init_scale, seed=rng), []
    lstm = nn.LSTM(
        input_size,
        build.hidden_size,
        peephole=build.peephole,
        output_tanh=build.output_tanh,
        candidate_tanh=build.candidate_tanh,
        forget_bias=build.forget_bias,
        init_scale=build.init_scale,
        seed=rng,
    )
    if build.horizon is not None:
        spread = np.log(rng.uniform(1, build.horizon, build.hidden_size))
        for name, bias in lstm.parameters.items():
            if name.startswith("bias"):
                bias[: 2 * build.hidden_size] = np.concatenate([-spread, spread])
    constraints = [couple(lstm)] if build.coupled else []
    return lstm, [*constraints, hold_open(lstm, build.without)] if build.without else constraints


def _loss(answers: Array, targets: Array | IntArray, mask: BoolArray | None) -> tuple[float, Array]:
    """The loss, and its gradient with respect to the answers."""
    if np.issubdtype(targets.dtype, np.integer):
        danswers = answers.copy()
        return cross_entropy_in_place(danswers, targets, mask), danswers
    wide = None if mask is None else np.broadcast_to(mask[..., None], answers.shape)
    loss, cache = squared_error(answers, targets, wide)
    return loss, squared_error_backward(cache)


def probability_errors(answers: Array, classes: IntArray) -> Array:
    """(...): the greatest distance of softmax(answers) (..., K) from 1 at the class and 0 elsewhere.

    It is the class's own, 1 - p, for no other probability is above what p leaves.
    """
    errors: Array = 1 - np.exp(np.take_along_axis(log_softmax(answers), classes[..., None], axis=-1)[..., 0])
    return errors
