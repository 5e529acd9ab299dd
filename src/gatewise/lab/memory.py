"""A cell learns a short list of numbers: the demonstration of a widely read NumPy tutorial (Jimenez 2014).

Four random inputs of 50 numbers, always the same, go into an LSTM of 100 units; the first unit's output is to
be -0.5, 0.2, 0.1, -0.5, one number a step. The loss is the sum of the four squared errors, and 100 updates of
plain gradient descent at the rate 0.1 bring it down. As there, h = o ⊙ c without a tanh, and all weights and
biases are drawn from [-0.1, 0.1) - but from one generator, where the tutorial seeds anew for each matrix, so
that those of one shape begin equal.

What it shows is that the gradients are right and that the cell can be fitted. It does not show memory: each
step has an input of its own, and the list can be read off the inputs without the state. Two more things are
measured:

* The plain RNN. At the LSTM's rate its steps are too long; at a tenth of that it fits the list as well.
* One input. Only the first step brings one, the others bring zeros, so that the state alone tells the steps
  apart. Both networks learn that too, each at a rate of its own, for over four steps a plain RNN remembers.
  The experiment recall is about more steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Literal

import numpy as np

from gatewise import charts, nn
from gatewise.lab.comparison import enough
from gatewise.lab.experiment import Finding, Result, Trial, Values, of_group, run_to_its_end
from gatewise.optim import SGD
from gatewise.random_streams import generator
from gatewise.training import Loop
from gatewise.types import Array

__all__ = ["EXPERIMENT", "LIST", "LOW", "Lesson", "Memory", "learn", "loss_and_gradient"]

LIST = (-0.5, 0.2, 0.1, -0.5)
"""What is to be learnt."""

LOW = 1e-3
"""The list is learnt when the loss is below this: no number is off by more than 0.032."""

_INPUT_SIZE, _HIDDEN_SIZE, _SCALE = 50, 100, 0.1
_OTHERS = 100
"""Sets of inputs never learnt from, on which a network is tried."""
_SHOWN = (0, 1, 2, 5, 10, 20, 50, 100, 200, 300)
"""Updates after which the table gives the loss."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One way of teaching the list.

    Attributes:
        cell: of the network.
        learning_rate: of plain gradient descent.
        updates: of the weights.
        one_input: only the first step brings an input.
    """

    cell: Literal["LSTM", "RNN"]
    learning_rate: float
    updates: int = 100
    one_input: bool = False

    @property
    def label(self) -> str:
        """What tells it from the others."""
        inputs = "one input" if self.one_input else "four inputs"
        return f"{self.cell}, {inputs}, rate {self.learning_rate:g}"

    def network(self, rng: np.random.Generator) -> nn.LSTM | nn.RNN:
        """A fresh network."""
        layer: nn.LSTM | nn.RNN
        if self.cell == "LSTM":
            layer = nn.LSTM(_INPUT_SIZE, _HIDDEN_SIZE, output_tanh=False)
        else:
            layer = nn.RNN(_INPUT_SIZE, _HIDDEN_SIZE)
        weights = layer.parameters.vector
        weights[...] = rng.uniform(-_SCALE, _SCALE, weights.size)
        return layer

    def inputs(self, rng: np.random.Generator, size: int) -> Array:
        """(4, B, 50), from [0, 1)."""
        x = rng.random((len(LIST), size, _INPUT_SIZE), dtype=np.float32)
        if self.one_input:
            x[1:] = 0
        return x


_DEMONSTRATION = Lesson("LSTM", 0.1)
_LESSONS = (
    _DEMONSTRATION,
    Lesson("RNN", 0.1),
    Lesson("RNN", 0.01),
    Lesson("LSTM", 0.3, updates=300, one_input=True),
    Lesson("RNN", 0.03, updates=300, one_input=True),
)


def loss_and_gradient(y: Array) -> tuple[Array, Array]:
    """The sum of the squared errors of the first unit.

    Args:
        y: (4, B, H).

    Returns:
        (B,), and the gradient of their sum, (4, B, H).
    """
    errors = y[:, :, 0] - np.array(LIST, y.dtype)[:, None]
    dy = np.zeros_like(y)
    dy[:, :, 0] = 2 * errors
    return np.square(errors).sum(axis=0), dy


class _SameInputs:
    """What the training loop learns from: one sequence, over and over."""

    def __init__(self, network: nn.LSTM | nn.RNN, x: Array, updates: int) -> None:
        self.network = network
        self.steps_per_epoch = updates
        self.losses: list[float] = []
        self._x = x

    def batches(self, epoch: int, first: int) -> Iterator[Array]:
        """The sequence, once for each update."""
        for _ in range(first, self.steps_per_epoch):
            yield self._x

    def step(self, batch: Array, rng: np.random.Generator) -> float:
        """Note the loss and leave the gradients."""
        y, _, cache = self.network.forward(batch)
        loss, dy = loss_and_gradient(y)
        self.network.backward(dy, cache)
        self.losses.append(float(loss[0]))
        return self.losses[-1]

    def validate(self) -> float | None:
        """There is nothing to choose by."""
        return None

    def carried(self) -> dict[str, Array]:
        """Nothing lives from one update to the next."""
        return {}

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Nothing to take up."""


def learn(network: nn.LSTM | nn.RNN, x: Array, learning_rate: float, updates: int) -> list[float]:
    """Teach a network the list, by plain gradient descent.

    Args:
        network: whose parameters are moved.
        x: (4, 1, D).
        learning_rate: of all updates.
        updates: how many.

    Returns:
        The loss before the first update and after each.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    learner = _SameInputs(network, x, updates)
    loop = Loop(learner, SGD(network, learning_rate), epochs=1, rng=generator(0))
    run_to_its_end(loop)
    y, _ = network(x)
    return [*learner.losses, float(loss_and_gradient(y)[0][0])]


def _teach(lesson: Lesson, seed: int) -> Values:
    """``losses`` along the updates, the ``list`` in the end, and the median loss on ``other`` inputs."""
    rng = generator(seed)
    network = lesson.network(rng)
    x = lesson.inputs(rng, 1)
    losses = learn(network, x, lesson.learning_rate, lesson.updates)
    others, _ = network(lesson.inputs(rng, _OTHERS))
    return {
        "losses": losses,
        "list": network(x)[0][:, 0, 0].tolist(),
        "other": float(np.median(loss_and_gradient(others)[0])),
    }


@dataclass(frozen=True, slots=True)
class Memory:
    """The experiment. It takes two seconds, so that the quick version is the same with fewer seeds."""

    name: str = "memory"
    summary: str = "learn a short list of numbers, the loss printed as it falls"
    source: str = "Jimenez 2014, Simple LSTM, nicodjimenez.github.io/2014/08/08/lstm.html"

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Each lesson from every seed."""
        return [
            Trial(lesson.label, seed, partial(_teach, lesson, seed))
            for lesson in _LESSONS
            for seed in range(seeds)
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if the LSTM learnt the list in both ways, from nine of ten seeds."""
        found = {lesson: of_group(results, lesson.label) for lesson in _LESSONS}
        learnt = {lesson: sum(_end(each) < LOW for each in group) for lesson, group in found.items()}
        counts = {lesson: f"{learnt[lesson]} of {len(group)}" for lesson, group in found.items()}
        falling = [
            (f"loss after {updates}", *(_loss_after(updates, group[0]) for group in found.values()))
            for updates in _SHOWN
        ]
        ends = [
            (f"list of seed {each[0].seed}", *(_numbers(result) for result in each))
            for each in zip(*found.values(), strict=True)
        ]
        other = median(result.values["other"] for result in found[_DEMONSTRATION])
        shown, same_rate, low_rate, one_input, rnn_one_input = (counts[lesson] for lesson in _LESSONS)
        verdict = (
            f"The LSTM learnt the list in {_DEMONSTRATION.updates} updates (loss below {LOW:g}) from {shown} "
            f"seeds, and with an input at the first step only from {one_input}. The plain RNN did so from "
            f"{same_rate} at the same rate, {low_rate} at a tenth of it, and {rnn_one_input} with one input: "
            f"this fits a cell, it does not tell the two apart. Given other inputs the LSTM's loss is "
            f"{other:.2f}; {sum(number**2 for number in LIST):.2f} is that of an output of 0."
        )
        return Finding(
            ("of the first seed", *(lesson.label for lesson in found)),
            (*falling, ("learnt", *counts.values()), *ends),
            verdict,
            all(enough(learnt[lesson], len(found[lesson])) for lesson in _LESSONS if lesson.cell == "LSTM"),
        )

    def draw(self, results: Sequence[Result]) -> Any:
        """The loss along the updates, a line a seed."""
        figure = charts.panels(
            ["an input at each step", "an input at the first step only"],
            x="updates of the weights",
            y="loss, sum of squared errors",
        )
        for lesson in _LESSONS:
            color = charts.BLUE if lesson.cell == "LSTM" else charts.ORANGE
            dash = "dash" if lesson == _LESSONS[1] else "solid"
            name = f"{lesson.cell}, rate {lesson.learning_rate:g}"
            for result in of_group(results, lesson.label):
                losses = result.values["losses"]
                x = list(range(len(losses)))
                charts.line(figure, int(lesson.one_input), x, losses, name, color, dash=dash, opacity=0.6)
        figure.update_yaxes(type="log", exponentformat="power")
        figure.add_hline(LOW, line_dash="dot", annotation_text="learnt")
        return figure


def _end(result: Result) -> float:
    loss: float = result.values["losses"][-1]
    return loss


def _loss_after(updates: int, result: Result) -> str:
    losses = result.values["losses"]
    return f"{losses[updates]:.1e}" if updates < len(losses) else ""


def _numbers(result: Result) -> str:
    return " ".join(f"{number:.3f}" for number in result.values["list"])


EXPERIMENT = Memory()
