"""What an experiment is: trials that stand by themselves, and what is made of their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from gatewise.errors import TrainingError
from gatewise.training import Loop

__all__ = ["Experiment", "Finding", "Result", "Trial", "Values", "of_group", "run_to_its_end"]

Values: TypeAlias = dict[str, Any]
"""What a trial found: numbers, texts and lists of them, as JSON holds them."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One network to train or to measure, from one seed.

    Attributes:
        group: trials that differ in the seed only share it: "LSTM, T = 100".
        seed: of the weights and the data.
        work: does it; a function of a module with its arguments bound, so that another process can run it.
    """

    group: str
    seed: int
    work: Callable[[], Values]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial.

    Attributes:
        group: the trial's.
        seed: the trial's.
        seconds: that it took.
        values: what it found.
    """

    group: str
    seed: int
    seconds: float
    values: Values


@dataclass(frozen=True, slots=True)
class Finding:
    """What an experiment says when all its trials are done.

    Attributes:
        columns: headings of the table.
        rows: its lines.
        verdict: a sentence or two.
        reached: whether what the experiment is to show was seen.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    verdict: str
    reached: bool


class Experiment(Protocol):
    """One experiment, named after what it is about."""

    @property
    def name(self) -> str:
        """As on the command line."""

    @property
    def summary(self) -> str:
        """What it shows, on a line."""

    @property
    def source(self) -> str:
        """The paper, and the place in it."""

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """All that is to be run; ``quick`` for a smaller problem of the same kind."""

    def conclude(self, results: Sequence[Result]) -> Finding:
        """What the results say."""

    def draw(self, results: Sequence[Result]) -> Any:
        """A figure by ``gatewise.charts``."""


def of_group(results: Sequence[Result], group: str) -> list[Result]:
    """The results of one group, by seed."""
    return sorted((each for each in results if each.group == group), key=lambda each: each.seed)


def run_to_its_end(loop: Loop) -> bool:
    """Run a trial's training loop.

    Returns:
        Whether it diverged, which is a result too; the network has the last weights that were finite.

    Raises:
        KeyboardInterrupt: Ctrl-C, which ends the experiment and not only this training.
    """
    try:
        if loop.run() == "interrupted":
            raise KeyboardInterrupt
    except TrainingError:
        return True
    return False
