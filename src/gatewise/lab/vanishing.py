"""Vanishing and exploding gradients: how far back the error reaches, in a plain RNN and in an LSTM.

The error that flows back is multiplied at every step. With one unit this is a number to the power of the lag,
0.9 or 1.1 (Hochreiter 1991); with many, matrices and slopes take its place, and it vanishes or explodes
(Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013). In the LSTM's cell state it is multiplied by
the forget gate alone, and where that is 1 it stays as it is: the constant error carousel (Hochreiter &
Schmidhuber 1997, section 3).

What is measured are ‖∂L_T/∂h_t‖ and ‖∂L_T/∂c_t‖ for the loss at the last step, by the lag T - t and relative
to lag 0: of one unit; of networks of several sizes and initialisations over a thousand steps; of networks
before and after training on the adding problem, with clipping and without. Beside it, that these are the
derivatives which central differences give, and what 2,000 steps take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from gatewise import nn
from gatewise.lab import _vanishing_report as report
from gatewise.lab.adding import Adding
from gatewise.lab.experiment import Finding, Result, Trial, Values
from gatewise.lab.gradient_flow import GradientByLag, cache_bytes
from gatewise.lab.network import Build, SequenceNetwork
from gatewise.lab.presentations import Recipe, train
from gatewise.ops import error_flow
from gatewise.random_streams import Purpose, stream
from gatewise.training import Event, Stepped
from gatewise.types import Array, State

__all__ = ["EXPERIMENT", "Scale", "Vanishing"]

_LINEAR_STEPS = 101
_OPEN = 40.0
"""σ of it is 1."""

_INPUTS, _SEQUENCES = 8, 8

RNN_STARTS = ("uniform", "radius 0.9", "radius 1", "radius 1.1", "radius 2", "orthogonal")
"""Recurrent matrices: U(-1/√H, 1/√H), the same scaled to a spectral radius, or a random rotation."""

LSTM_STARTS = ("forget bias 0", "forget bias 1", "forget bias 5", "chrono")
"""Chrono: gates that remember for 1 to T steps (Tallec & Ollivier 2018)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large everything is.

    Attributes:
        steps: T before training.
        sizes: H of the networks.
        trained_steps: T of the adding problem that networks are trained on.
        long_steps: T of the one that trained networks are also measured on.
        budget: sequences that each is trained with by Adam, and
        sgd_budget: by SGD.
        lengths: of the sequences of the test of memory.
        updates: made with each of them.
    """

    steps: int = 1000
    sizes: tuple[int, ...] = (16, 64, 256)
    trained_steps: int = 100
    long_steps: int = 1000
    budget: int = 32_000
    sgd_budget: int = 8_000
    lengths: tuple[int, ...] = (500, 1000, 2000)
    updates: int = 50

    def recipes(self) -> dict[str, Recipe]:
        """Of the networks that are trained, with clipping.

        The RNN of radius 2 starts where gradients explode and learns by plain gradient descent, whose steps
        are as long as the gradient; Adam's are not.
        """
        gentle = Recipe(
            Build(hidden_size=16, horizon=self.trained_steps),
            self.budget,
            learning_rate=1e-2,
            batch_size=16,
            schedule="linear",
        )
        # A matrix of numbers from U(-s, s) has a spectral radius of about s √(H/3).
        wild = Build("rnn", hidden_size=32, init_scale=2 * (3 / 32) ** 0.5)
        return {
            "LSTM": gentle,
            "RNN": replace(gentle, build=Build("rnn", hidden_size=32)),
            "RNN of radius 2": replace(
                gentle,
                build=wild,
                budget=self.sgd_budget,
                optimizer="sgd",
                learning_rate=0.1,
                schedule="constant",
            ),
        }


@dataclass(frozen=True, slots=True)
class Vanishing:
    """The experiment.

    Attributes:
        full: its scale, and
        small: when quick.
    """

    full: Scale
    small: Scale
    name: str = "vanishing"
    summary: str = "how far back the gradient reaches, before and after training"
    source: str = (
        "Hochreiter 1991; Bengio, Simard & Frasconi 1994; Pascanu, Mikolov & Bengio 2013; "
        "Hochreiter & Schmidhuber 1997, section 3"
    )

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Everything from every seed, but the one unit, which has no weights to draw."""
        scale = self.small if quick else self.full
        work: dict[str, Any] = {}
        for cell, starts in (("rnn", RNN_STARTS), ("lstm", LSTM_STARTS)):
            kind = cell.upper()
            for start in starts:
                for hidden in scale.sizes:
                    group = report.before(kind, start, hidden)
                    work[group] = partial(measure_untrained, cell, start, hidden, scale)
            work[report.differences(kind)] = partial(measure_differences, cell, scale)
            work[report.long(kind)] = partial(measure_long, cell, scale)
        for name, recipe in scale.recipes().items():
            for clip_norm in (recipe.clip_norm, None):
                group = report.after(name, clip_norm is not None)
                work[group] = partial(measure_trained, replace(recipe, clip_norm=clip_norm), scale)
        return [
            Trial(report.ONE_UNIT, 0, measure_one_unit),
            *(
                Trial(group, seed, partial(each, seed))
                for group, each in work.items()
                for seed in range(seeds)
            ),
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if each figure is as it must be, from every seed."""
        return report.conclude(results)

    def draw(self, results: Sequence[Result]) -> Any:
        """Norm by lag: of one unit, before training and after it."""
        return report.draw(results)


def measure_one_unit() -> Values:
    """The error of one unit by lag: 0.9 and 1.1 a step, and in a cell whose forget gate is open."""
    values: Values = {}
    one = np.ones((1, 1, 1))
    x = np.zeros((_LINEAR_STEPS, 1, 1))
    dy = np.zeros((_LINEAR_STEPS, 1, 1))
    dy[-1] = 1
    for name, weight in (("0.9", 0.9), ("1.1", 1.1)):
        # A rectifier that never shuts is linear.
        rnn = nn.RNN(1, 1, activation="relu", dtype=np.float64)
        rnn.parameters["weight_hh_l0"][...] = weight
        cache = rnn.forward(x, State(one))[2].layers[0][0]
        values[name] = [float(norm) for norm in error_flow(dy, cache).h[::-1, 0, 0]]
    lstm = nn.LSTM(1, 1, forget_bias=_OPEN, dtype=np.float64)
    lstm.parameters["weight_hh_l0"][...] = 0
    cache = lstm.forward(x, State(one, one))[2].layers[0][0]
    flow = error_flow(np.zeros_like(dy), cache, State(np.zeros((1, 1)), np.ones((1, 1))))
    return values | {"carousel": [float(norm) for norm in flow.c[::-1, 0, 0]]}


def untrained(cell: str, start: str, hidden_size: int, steps: int, seed: int) -> SequenceNetwork:
    """A network as it begins.

    Args:
        cell: "rnn" or "lstm".
        start: one of ``RNN_STARTS`` or ``LSTM_STARTS``.
        hidden_size: H.
        steps: T, the horizon of "chrono".
        seed: of all weights.
    """
    rng = stream(seed, Purpose.LAB_WEIGHTS)
    if cell == "lstm":
        chrono = start == "chrono"
        bias = 0.0 if chrono else float(start.removeprefix("forget bias "))
        build = Build(hidden_size=hidden_size, forget_bias=bias, horizon=steps if chrono else None)
        return SequenceNetwork(build, _INPUTS, 1, "last", rng)
    network = SequenceNetwork(Build("rnn", hidden_size), _INPUTS, 1, "last", rng)
    weight = network.recurrent.parameters["weight_hh_l0"]
    if start == "orthogonal":
        weight[...] = np.linalg.qr(rng.normal(size=weight.shape))[0]
    elif start != "uniform":
        radius = np.abs(np.linalg.eigvals(weight.astype(np.float64))).max()
        weight *= float(start.removeprefix("radius ")) / radius
    return network


def measure_untrained(cell: str, start: str, hidden_size: int, scale: Scale, seed: int) -> Values:
    """Curves of a network before training, on sequences of normal numbers."""
    network = untrained(cell, start, hidden_size, scale.steps, seed)
    x = stream(seed, Purpose.LAB_PROBES).normal(size=(scale.steps, _SEQUENCES, _INPUTS))
    return {"far": scale.trained_steps, "curves": GradientByLag(network).curves(x)}


def measure_differences(cell: str, scale: Scale, seed: int) -> Values:
    """How far the gradient by lag is from central differences, at lags where it is large enough for them."""
    lags = [0, 1, 10, 50]
    if cell == "lstm":
        network = untrained(cell, "chrono", 16, scale.steps, seed)
        lags += sorted({100, scale.steps - 1})
    else:
        # Beyond 50 steps there is too little left of it: differences of rounded answers are noise.
        network = untrained(cell, "orthogonal", 32, scale.steps, seed)
    x = stream(seed, Purpose.LAB_PROBES).normal(size=(scale.steps, 1, _INPUTS))
    return {"lags": lags, "errors": GradientByLag(network).disagreement(x, lags)}


def measure_trained(recipe: Recipe, scale: Scale, seed: int) -> Values:
    """Curves of a network before and after training, and the gradients that it met.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    task, longer = Adding(scale.trained_steps), Adding(scale.long_steps)
    rng = stream(seed, Purpose.LAB_PROBES)
    own, long = _sequences(task, rng), _sequences(longer, rng)
    # The same draws as those that training begins from.
    fresh = SequenceNetwork(
        recipe.build, task.input_size, task.output_size, task.read, stream(seed, Purpose.LAB_WEIGHTS)
    )
    gradients = _Gradients()
    network, values = train(task, recipe, seed, [gradients])
    errors = {}
    if recipe.build.cell == "lstm":  # too little is left of an RNN's for differences
        lags = sorted({0, 1, 10, scale.trained_steps // 2, scale.trained_steps})
        errors = GradientByLag(network).disagreement(own[:, :1], lags)
    return {
        "far": scale.trained_steps,
        "solved": values["solved"],
        "diverged": values["diverged"],
        "updates": len(gradients.norms),
        "largest_gradient": max(gradients.norms, default=0.0),
        "loss": values["curve"][-1][2] if not values["diverged"] else None,
        "before": GradientByLag(fresh).curves(own),
        "after": GradientByLag(network).curves(own),
        "after_long": GradientByLag(network).curves(long),
        "differences": errors,
    }


def measure_long(cell: str, scale: Scale, seed: int) -> Values:
    """Training on ever longer sequences: whether all stays finite, what is kept and how long it takes.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    name = cell.upper()
    values: Values = {"hidden_size": scale.recipes()[name].build.hidden_size, "sequences": _SEQUENCES}
    for steps in scale.lengths:
        recipe = scale.recipes()[name]
        if cell == "lstm":
            recipe = replace(recipe, build=replace(recipe.build, horizon=steps))
        gradients = _Gradients()
        network, trained = train(
            Adding(steps), replace(recipe, budget=scale.updates * recipe.batch_size), seed, [gradients]
        )
        finite = bool(np.isfinite([*gradients.norms, *gradients.losses]).all())
        values[str(steps)] = {
            "updates": len(gradients.norms),
            "finite": finite and not trained["diverged"] and len(gradients.norms) == scale.updates,
            "bytes": cache_bytes(network.recurrent, np.zeros((steps, _SEQUENCES, 2), np.float32)),
            "seconds_an_update": float(np.diff([0.0, *gradients.seconds]).min()),
        }
    return values


def _sequences(task: Adding, rng: np.random.Generator) -> Array:
    """(T, B, D), B at most 8: the longest of many, so that each ends with the last step."""
    batch = task.draw(rng, 64 * _SEQUENCES)
    if batch.lengths is None:
        return batch.x[:, :_SEQUENCES]
    return batch.x[:, batch.lengths == batch.lengths.max()][:, :_SEQUENCES]


class _Gradients:
    """Listens to a training loop: norms before clipping, losses, and when each update was done."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.losses: list[float] = []
        self.seconds: list[float] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stepped):
            self.norms.append(event.gradient_norm)
            self.losses.append(event.loss)
            self.seconds.append(event.seconds)


EXPERIMENT = Vanishing(
    full=Scale(),
    small=Scale(
        steps=200,
        sizes=(16,),
        trained_steps=50,
        long_steps=200,
        budget=2_400,
        sgd_budget=1_600,
        lengths=(100, 200, 400),
        updates=5,
    ),
)
