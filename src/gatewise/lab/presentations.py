"""Learning from a stream of sequences until the last so many were all answered rightly.

So do Hochreiter & Schmidhuber (1997) count: each sequence is drawn anew, answered, judged, and only then
learnt from; training ends when the last 2,000, say, were all right, and the sequences up to there are the
result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol

import numpy as np

from gatewise.lab.experiment import Trial, Values, run_to_its_end
from gatewise.lab.network import Batch, Build, Read, SequenceNetwork
from gatewise.optim import SGD, Adam
from gatewise.optim.schedules import SCHEDULES
from gatewise.random_streams import Purpose, stream
from gatewise.training import Listener, Loop
from gatewise.types import Array

__all__ = [
    "TESTS",
    "Criterion",
    "Recipe",
    "Task",
    "count_wrong",
    "errors_on",
    "fresh",
    "present",
    "presentation_trials",
    "train",
]

TESTS = 2560
"""Fresh sequences at the end, as in the paper."""

_TESTED_AT_ONCE = 64
_PAUSE = 0.1
"""Sequences to learn from before a network that failed is examined again, as a share of the exam's."""
_POINTS = 60
"""Of a learning curve."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a task is solved: by the last sequences presented, each judged before it was learnt from.

    Attributes:
        window: sequences that are judged together.
        tolerance: a sequence is right if its error is below this.
        allowed: wrong ones among them.
        mean: their mean error must be below this.
    """

    window: int
    tolerance: float
    allowed: int = 0
    mean: float = math.inf

    def wrong(self, errors: Array) -> int:
        """How many sequences with these errors are wrong."""
        return int((~(errors < self.tolerance)).sum())  # what is not a number is wrong too

    def met(self, errors: Array) -> bool:
        """Whether the errors of the last sequences, or of an exam, are low enough."""
        return self.wrong(errors) <= self.allowed and float(errors.mean()) < self.mean


class Task(Protocol):
    """A problem: sequences drawn at random, and how far off an answer is.

    Answers are (B, K) where they are read at the last step, (T, B, K) where at each.
    """

    @property
    def input_size(self) -> int:
        """D."""

    @property
    def output_size(self) -> int:
        """K."""

    @property
    def read(self) -> Read:
        """Where the answer is read."""

    @property
    def criterion(self) -> Criterion:
        """When it is solved."""

    def draw(self, rng: np.random.Generator, size: int) -> Batch:
        """A batch of ``size`` sequences."""

    def errors(self, answers: Array, batch: Batch) -> Array:
        """(B,), how far off each sequence's answer is."""

    def exam(self, rng: np.random.Generator) -> Sequence[Batch]:
        """Sequences that must meet the criterion in the end too; none where the stream alone judges."""
        return ()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is made and trained.

    Attributes:
        build: the network.
        budget: sequences after which training ends.
        learning_rate: of the optimiser.
        batch_size: sequences an update.
        clip_norm: largest gradient norm; None for no limit.
        optimizer: "adam", or "sgd" as in 1997.
        schedule: of the learning rate over the budget, by its name in ``gatewise.optim.schedules``.
    """

    build: Build = field(default_factory=Build)
    budget: int = 100_000
    learning_rate: float = 2e-3
    batch_size: int = 32
    clip_norm: float | None = 1.0
    optimizer: Literal["adam", "sgd"] = "adam"
    schedule: str = "constant"


class _Presentations:
    """What the training loop learns from: an endless stream, cut off once the network is right for long."""

    def __init__(
        self,
        network: SequenceNetwork,
        task: Task,
        recipe: Recipe,
        rng: np.random.Generator,
        exam_rng: np.random.Generator,
    ) -> None:
        self.network = network
        self.task = task
        self.batch_size = recipe.batch_size
        self.steps_per_epoch = -(-recipe.budget // recipe.batch_size)
        self.sequences = 0
        self.passed = False
        self._next_exam = 0
        self._errors = np.full(task.criterion.window, np.inf)
        self.curve: list[tuple[int, float, float]] = []
        self._rng = rng
        self._exam_rng = exam_rng
        self._recent: list[tuple[float, float]] = []

    def solved(self) -> bool:
        """Whether the last ones meet the criterion, and those of the exam too."""
        if self.sequences >= self._next_exam and self.task.criterion.met(self._errors):
            exam = self.task.exam(self._exam_rng)
            errors = errors_on(self.network, self.task, exam) if exam else self._errors
            self.passed = self.task.criterion.met(errors)
            self._next_exam = self.sequences + int(_PAUSE * len(errors))
        return self.passed

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Fresh sequences until the task is solved."""
        for _ in range(first, self.steps_per_epoch):
            if self.solved():
                return
            yield self.task.draw(self._rng, self.batch_size)
        self.solved()

    def step(self, batch: Batch, rng: np.random.Generator) -> float:
        """Answer, judge, and leave the gradients."""
        loss, answers, _ = self.network.learn(batch)
        errors = self.task.errors(answers, batch)
        self._errors = np.concatenate([self._errors[len(errors) :], errors[-len(self._errors) :]])
        self.sequences += len(errors)
        if np.isfinite(loss):  # else training ends here, and the curve before
            self._note(1 - self.task.criterion.wrong(errors) / len(errors), loss)
        return loss

    def _note(self, right: float, loss: float) -> None:
        self._recent.append((right, loss))
        if len(self._recent) >= max(1, self.steps_per_epoch // _POINTS):
            self.end_point()

    def end_point(self) -> None:
        """The mean of the latest batches becomes a point of the curve."""
        if self._recent:
            right, loss = np.mean(self._recent, axis=0)
            self.curve.append((self.sequences, round(float(right), 4), float(loss)))
            self._recent.clear()

    def validate(self) -> float | None:
        """There is nothing to choose by: the stream judges."""
        return None

    def carried(self) -> dict[str, Array]:
        """Nothing lives from one batch to the next."""
        return {}

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Nothing to take up."""


def train(
    task: Task, recipe: Recipe, seed: int, listeners: Sequence[Listener] = ()
) -> tuple[SequenceNetwork, Values]:
    """Train a network on a task until it is solved or the budget is spent.

    Args:
        task: what is to be learnt.
        recipe: how.
        seed: of the weights and the sequences.
        listeners: told of each event of the training loop.

    Returns:
        The network, and ``solved``, ``sequences`` presented, the learning ``curve`` (sequences, share right,
        loss), and whether training ``diverged``; such a network has the last weights that were finite.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    purposes = Purpose.LAB_WEIGHTS, Purpose.LAB_DATA, Purpose.LAB_EXAMS
    weights, data, exams = (stream(seed, purpose) for purpose in purposes)
    network = SequenceNetwork(recipe.build, task.input_size, task.output_size, task.read, weights)
    learner = _Presentations(network, task, recipe, data, exams)
    loop = Loop(
        learner,
        {"adam": Adam, "sgd": SGD}[recipe.optimizer](network, recipe.learning_rate),
        epochs=1,
        schedule=SCHEDULES[recipe.schedule],
        clip_norm=recipe.clip_norm,
        rng=data,
        listeners=listeners,
    )
    diverged = run_to_its_end(loop)
    learner.end_point()
    return network, {
        "solved": learner.passed,
        "sequences": learner.sequences,
        "curve": [list(point) for point in learner.curve],
        "diverged": diverged,
    }


def present(task: Task, recipe: Recipe, seed: int) -> Values:
    """``train``, and how many of ``TESTS`` fresh sequences the network then gets ``wrong``."""
    network, values = train(task, recipe, seed)
    return values | {"wrong": count_wrong(network, task, stream(seed, Purpose.LAB_TESTS))}


def count_wrong(network: SequenceNetwork, task: Task, rng: np.random.Generator) -> int:
    """How many of ``TESTS`` fresh sequences a network gets wrong."""
    return task.criterion.wrong(errors_on(network, task, fresh(task, rng, TESTS)))


def fresh(task: Task, rng: np.random.Generator, count: int) -> list[Batch]:
    """``count`` sequences, some at a time."""
    sizes = [min(_TESTED_AT_ONCE, count - start) for start in range(0, count, _TESTED_AT_ONCE)]
    return [task.draw(rng, size) for size in sizes]


def errors_on(network: SequenceNetwork, task: Task, batches: Iterable[Batch]) -> Array:
    """How far off a network's answers are on sequences, one number for each of them."""
    errors = [task.errors(network.outputs(batch.x, batch.lengths)[0], batch) for batch in batches]
    return np.concatenate(errors)


def presentation_trials(group: str, task: Task, recipe: Recipe, seeds: int) -> list[Trial]:
    """``present`` for each seed."""
    return [Trial(group, seed, partial(present, task, recipe, seed)) for seed in range(seeds)]
