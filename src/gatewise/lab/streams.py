"""Learning from streams that never end: the state is carried from each stretch of steps to the next.

Several streams run side by side; the gradient reaches back to the beginning of a stretch. As in Gers et al.
(2000) a stream that met a wrong answer ends, here with its stretch, and another begins with a state of
zeros. A network is examined on fresh streams, with its weights as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from gatewise.lab.experiment import Values, run_to_its_end
from gatewise.lab.network import Batch, Build, SequenceNetwork
from gatewise.optim import Adam
from gatewise.optim.schedules import SCHEDULES
from gatewise.random_streams import Purpose, stream
from gatewise.training import Loop
from gatewise.types import Array, BoolArray, IntArray, State

__all__ = [
    "Continual",
    "Endless",
    "Step",
    "StreamRecipe",
    "largest_cell",
    "learn_stream",
    "steps_until_error",
]

_STRETCH = 500
"""Steps that are answered at once in an exam."""

_CELLS_AFTER = 10_000
"""Steps on fresh streams after which cell states are measured."""


class Source(Protocol):
    """Streams, side by side, that go on from where they were left."""

    def read(self, steps: int) -> Batch:
        """The next steps of all streams, answers at each."""

    def restart(self, streams: IntArray) -> None:
        """Begin these streams afresh."""


class Continual(Protocol):
    """A task on streams."""

    @property
    def input_size(self) -> int:
        """D."""

    @property
    def output_size(self) -> int:
        """K."""

    def open(self, rng: np.random.Generator, streams: int) -> Source:
        """Fresh streams from their beginning."""

    def wrong(self, answers: Array, batch: Batch) -> BoolArray:
        """(T, B), at which steps an answer is wrong."""


class Step(NamedTuple):
    """A step of a string.

    Attributes:
        symbol: that is read.
        target: the class of the answer.
        counts: whether there is an answer at all.
        meant: what the answer is judged by, where not by the target.
    """

    symbol: int
    target: int
    counts: bool = True
    meant: Sequence[bool] = ()


class Endless:
    """Streams of strings drawn at random, one behind the other without a border.

    Args:
        draw: makes a string, or a few.
        rng: draws.
        streams: side by side.
    """

    def __init__(
        self, draw: Callable[[np.random.Generator], Sequence[Step]], rng: np.random.Generator, streams: int
    ) -> None:
        self._draw = draw
        self._rng = rng
        self._ahead: list[list[Step]] = [[] for _ in range(streams)]

    def read(self, steps: int) -> Batch:
        """The next steps of all streams."""
        taken = []
        for own in self._ahead:
            while len(own) < steps:
                own += self._draw(self._rng)
            taken.append(tuple(zip(*own[:steps], strict=True)))
            del own[:steps]
        symbols, targets, counts, meant = (np.array(part) for part in zip(*taken, strict=True))
        return Batch(symbols.T, targets.T, mask=counts.T, meant=meant.transpose(1, 0, 2))

    def restart(self, streams: IntArray) -> None:
        """Begin these streams with a new string."""
        for number in streams:
            self._ahead[number].clear()


@dataclass(frozen=True, slots=True)
class StreamRecipe:
    """How a network learns from streams, by Adam.

    Attributes:
        build: the network.
        budget: steps of all streams together after which training ends.
        stretch: steps that the gradient goes back.
        streams: side by side.
        learning_rate: of Adam.
        clip_norm: largest gradient norm.
        schedule: of the learning rate over the budget, by its name in ``gatewise.optim.schedules``.
        exams: how many times in the budget the network is examined.
    """

    build: Build = field(default_factory=Build)
    budget: int = 1_000_000
    stretch: int = 50
    streams: int = 16
    learning_rate: float = 5e-3
    clip_norm: float = 1.0
    schedule: str = "constant"
    exams: int = 40


class _Stretches:
    """What the training loop learns from: stretch after stretch, until an exam is passed."""

    def __init__(
        self,
        network: SequenceNetwork,
        task: Continual,
        recipe: StreamRecipe,
        rng: np.random.Generator,
        test: tuple[int, int],
        seed: int,
    ) -> None:
        self.network = network
        self.task = task
        self.steps_per_epoch = -(-recipe.budget // (recipe.stretch * recipe.streams))
        self.passed = False
        self.steps = 0
        self.curve: list[tuple[int, float]] = []
        self._recipe = recipe
        self._source = task.open(rng, recipe.streams)
        self._every = max(1, self.steps_per_epoch // recipe.exams)
        self._test = test
        self._seed = seed
        self._state: State | None = None

    def batches(self, epoch: int, first: int) -> Iterator[Batch]:
        """Stretches until an exam is passed; after so many the network is examined."""
        for number in range(first, self.steps_per_epoch):
            if number and number % self._every == 0 and self.examine():
                return
            yield self._source.read(self._recipe.stretch)
        self.examine()

    def examine(self) -> bool:
        """Whether all answers on fresh streams are right; how far they get becomes a point of the curve."""
        streams, steps = self._test
        rng = stream(self._seed, Purpose.LAB_TESTS, len(self.curve))
        reached = steps_until_error(self.network, self.task, rng, streams, steps)
        self.curve.append((self.steps, float(np.mean(reached))))
        self.passed = bool((reached == steps).all())
        return self.passed

    def step(self, batch: Batch, rng: np.random.Generator) -> float:
        """Learn from a stretch and carry its last state on, but where there was an error begin afresh."""
        loss, answers, (h, c) = self.network.learn(batch, self._state)
        failed = np.flatnonzero(self.task.wrong(answers, batch).any(axis=0))
        h[:, failed], c[:, failed] = 0, 0
        self._source.restart(failed)
        self._state = State(h, c)
        self.steps += batch.targets.shape[0] * batch.targets.shape[1]
        return loss

    def validate(self) -> float | None:
        """The exams judge."""
        return None

    def carried(self) -> dict[str, Array]:
        """There is no checkpoint to write it to."""
        return {}

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Nothing to take up."""


def steps_until_error(
    network: SequenceNetwork,
    task: Continual,
    rng: np.random.Generator,
    streams: int,
    steps: int,
    stretch: int = _STRETCH,
) -> Array:
    """(streams,): how far a network gets on fresh streams before its first wrong answer, at most ``steps``.

    It stops when all have met one.
    """
    source, state = task.open(rng, streams), None
    reached = np.full(streams, steps)
    for start in range(0, steps, stretch):
        batch = source.read(min(stretch, steps - start))
        answers, state = network.outputs(batch.x, state=state)
        wrong = task.wrong(answers, batch)
        met = wrong.any(axis=0) & (reached == steps)
        reached[met] = start + wrong.argmax(axis=0)[met]
        if (reached < steps).all():
            break
    return reached


def largest_cell(network: SequenceNetwork, task: Continual, rng: np.random.Generator, streams: int) -> float:
    """The greatest |c| after 10,000 steps on fresh streams; 0 where there are no cells."""
    source, state = task.open(rng, streams), None
    for _ in range(_CELLS_AFTER // _STRETCH):
        _, state = network.outputs(source.read(_STRETCH).x, state=state)
    return 0.0 if state is None else float(np.abs(state.c).max(initial=0))


def learn_stream(task: Continual, recipe: StreamRecipe, test: tuple[int, int], seed: int) -> Values:
    """Train a network on streams until it passes an exam or the budget is spent.

    Args:
        task: what is to be learnt.
        recipe: how.
        test: streams and steps of an exam; it is passed if no answer in it is wrong.
        seed: of the weights and the streams.

    Returns:
        ``solved``, ``steps`` learnt from, the ``curve`` (steps learnt, mean steps until the first error), the
        largest ``cell`` state after 10,000 steps, and whether training ``diverged``.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    weights, data = stream(seed, Purpose.LAB_WEIGHTS), stream(seed, Purpose.LAB_DATA)
    network = SequenceNetwork(recipe.build, task.input_size, task.output_size, "each", weights)
    stretches = _Stretches(network, task, recipe, data, test, seed)
    loop = Loop(
        stretches,
        Adam(network, recipe.learning_rate),
        epochs=1,
        schedule=SCHEDULES[recipe.schedule],
        clip_norm=recipe.clip_norm,
        rng=data,
    )
    diverged = run_to_its_end(loop)
    if diverged:
        stretches.examine()
    return {
        "solved": stretches.passed,
        "steps": stretches.steps,
        "curve": [list(point) for point in stretches.curve],
        "cell": largest_cell(network, task, stream(seed, Purpose.LAB_EXAMS), test[0]),
        "diverged": diverged,
    }
