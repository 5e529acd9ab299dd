"""The one runner of all experiments: trials side by side, then a report of numbers, words and a figure."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from gatewise import charts
from gatewise.errors import ArgumentError, OutputError, TrainingError
from gatewise.lab._workers import deaf_to_interrupts, work_while
from gatewise.lab.experiment import Experiment, Finding, Result, Trial
from gatewise.storage import check_writable, json_text, write_bytes
from gatewise.version import __version__

__all__ = ["EXPERIMENTS", "Listener", "Report", "experiment", "run"]

EXPERIMENTS = (
    "vanishing",
    "recall",
    "reber",
    "long-lags",
    "two-sequence",
    "adding",
    "multiplication",
    "temporal-order",
    "continual-reber",
    "continual-order",
    "timing",
    "digits",
    "memory",
    "ablation",
)
"""The experiments' names; each is a file of this folder."""

SEEDS, QUICK_SEEDS = 10, 2
"""Networks of each kind, of an experiment and of its quick version."""

_BLAS_THREADS = "OPENBLAS_NUM_THREADS"
_ENVIRONMENT = threading.Lock()

Listener: TypeAlias = Callable[[Result, int, int], None]
"""Told of each result, how many trials are done, and how many there are."""


def experiment(name: str) -> Experiment:
    """The experiment of a name.

    Raises:
        ArgumentError: there is none.
    """
    if name not in EXPERIMENTS:
        raise ArgumentError(f"there is no experiment {name!r}; expected one of {', '.join(EXPERIMENTS)}.")
    found: Experiment = import_module(f"gatewise.lab.{name.replace('-', '_')}").EXPERIMENT
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an experiment.

    Attributes:
        name: the experiment's.
        source: the paper it follows.
        quick: whether it was the smaller version.
        seeds: networks of each kind.
        seconds: that all of it took.
        finding: table, verdict and whether it was reached.
        results: of each trial.
    """

    name: str
    source: str
    quick: bool
    seeds: int
    seconds: float
    finding: Finding
    results: tuple[Result, ...]

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {"gatewise": __version__, **asdict(self)}

    def figure(self) -> Any:
        """The figure, a plotly object.

        Raises:
            MissingExtraError: plotly is not installed.
        """
        return experiment(self.name).draw(self.results)

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``NAME.json``, and where plotly is installed ``NAME.html``, into a folder.

        Returns:
            The files written.

        Raises:
            OutputError: one cannot be written.
        """
        prepare_folder(folder)
        numbers = Path(folder, f"{self.name}.json")
        write_bytes(numbers, json_text(self.as_dict()).encode())
        if not charts.can_draw():
            return [numbers]
        page = Path(folder, f"{self.name}.html")
        charts.save_page(self.figure(), page)
        return [numbers, page]


def prepare_folder(folder: str | Path) -> None:
    """Make a folder, and find out before the work whether it can be written to.

    Raises:
        OutputError: it cannot.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {str(folder)!r}: {error.strerror}.") from error
    check_writable(Path(folder, "report.json"))


def run(
    name: str,
    *,
    seeds: int | None = None,
    quick: bool = False,
    jobs: int = 1,
    tell: Listener | None = None,
) -> Report:
    """Run an experiment.

    Args:
        name: one of ``EXPERIMENTS``.
        seeds: networks of each kind; 10 where omitted, 2 when quick.
        quick: a smaller problem of the same kind, in seconds.
        jobs: processes that share the trials, one thread each. With 1 all is done in this process. More need
            what every use of Python's ``multiprocessing`` needs: a script that can be imported, with
            ``if __name__ == "__main__":`` around what it does.
        tell: listener, called after each trial.

    Raises:
        ArgumentError: there is no such experiment, seeds or jobs is below 1.
        MissingExtraError: the experiment needs a library that is not installed.
        KeyboardInterrupt: Ctrl-C; no process is left behind.
        TrainingError: one of the processes was ended from outside, or could not begin.
    """
    chosen = experiment(name)
    seeds = (QUICK_SEEDS if quick else SEEDS) if seeds is None else seeds
    for argument, value in (("seeds", seeds), ("jobs", jobs)):
        if type(value) is not int or value < 1:
            raise ArgumentError(f"{argument}={value!r}; expected a whole number of at least 1.")
    started = time.monotonic()
    trials = chosen.trials(seeds, quick)
    results: list[Result | None] = [None] * len(trials)
    with closing(_results(trials, jobs)) as found:
        for done, (index, result) in enumerate(found, start=1):
            results[index] = result
            if tell is not None:
                tell(result, done, len(trials))
    complete = tuple(result for result in results if result is not None)
    return Report(
        name=name,
        source=chosen.source,
        quick=quick,
        seeds=seeds,
        seconds=time.monotonic() - started,
        finding=chosen.conclude(complete),
        results=complete,
    )


def _results(trials: Sequence[Trial], jobs: int) -> Generator[tuple[int, Result]]:
    """Each trial's number and result, in the order in which they are done."""
    if jobs == 1 or len(trials) == 1:
        yield from ((index, _perform(trial)) for index, trial in enumerate(trials))
        return
    # Forking a process that has threads is unsafe, hence spawn.
    spawn = multiprocessing.get_context("spawn")
    line, held = spawn.Pipe(duplex=False)
    with line, held, ProcessPoolExecutor(min(jobs, len(trials)), spawn, work_while, (line,)) as pool:
        ahead = iter(enumerate(trials))
        running: dict[Future[Result], int] = {}
        try:
            while True:
                # No more than can run: what is handed over is done even after Ctrl-C.
                for index, trial in islice(ahead, jobs - len(running)):
                    # A process is started by what is handed over.
                    with _one_blas_thread(), deaf_to_interrupts():
                        running[pool.submit(_perform, trial)] = index
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BaseException as error:
            held.close()  # nobody waits for the trials that still run
            if not isinstance(error, BrokenProcessPool):
                raise
            raise TrainingError(
                f"one of the {jobs} processes ended before its trial did: it was killed, perhaps for want of "
                'memory, or in Python the script that asked for it lacks `if __name__ == "__main__":`. '
                "Use fewer jobs; with jobs=1 there are no other processes."
            ) from error


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Processes that start in here have it; NumPy's BLAS threads of several would slow each other down.

    NumPy reads it when it is loaded, before a new process does anything of ours, so it has to be inherited.
    The environment is one for all threads: they take turns, lest one takes what another has set for what
    was there before, and each keeps it for no longer than it takes to start a process.
    """
    with _ENVIRONMENT:
        before = os.environ.get(_BLAS_THREADS)
        os.environ[_BLAS_THREADS] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[_BLAS_THREADS]
            else:
                os.environ[_BLAS_THREADS] = before


def _perform(trial: Trial) -> Result:
    started = time.monotonic()
    values = trial.work()
    return Result(trial.group, trial.seed, time.monotonic() - started, values)
