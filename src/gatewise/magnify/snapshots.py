"""Snapshots: how a network comes to remember, kept small while it is trained."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from gatewise.errors import ArgumentError, ModelFileError
from gatewise.magnify.inspection import Inspection
from gatewise.magnify.page.moment import Moment, moment
from gatewise.magnify.page.report import framed, page, sequence_facts, write_page
from gatewise.storage import check_suffix, check_writable, json_field, read_tensors, write_tensors
from gatewise.tasks import Estimator
from gatewise.training import Checkpointed, Ended, Event, Started, Stepped

__all__ = ["History", "Snapshots", "read_snapshots", "snapshots_path"]

_MOST = 16
"""Moments that are kept."""

_KEY = "snapshots"


def snapshots_path(model: str | Path) -> Path:
    """Where a model's snapshots lie: beside ``m.safetensors``, ``m.snapshots.safetensors``."""
    model = Path(model)
    return model.with_name(f"{model.stem}.snapshots{model.suffix}")


class Snapshots:
    """A listener of training that looks into the model every so many updates.

    It looks at one sequence, before the first update, after every so many, and at the end. When there are
    more than 16 moments every other one is dropped, and from then on half as many are taken, so that a long
    training leaves no large file. Looking changes nothing: the training comes out the same to the bit. The
    file is written with each checkpoint and at the end; a training that goes on from a checkpoint goes on
    with the file as well.

    Args:
        model: the estimator that is to be fitted.
        data: the sequence, as for ``gatewise.magnify``; some dozens of steps are enough. Symbols that a
            language model does not know are read as such.
        path: of the file, ``.safetensors``.
        every: updates from one moment to the next.

    Raises:
        ArgumentError: every is below 1, or the path ends in something else.
        OutputError: no file could be written there.

    Example:
        >>> import gatewise as gw, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp(), "m.snapshots.safetensors")
        >>> lm = gw.LanguageModel(hidden_size=8, epochs=2, window=10, batch_size=2, progress=False)
        >>> taken = gw.magnify.Snapshots(lm, "to be or", path, every=10)
        >>> _ = lm.fit("to be or not to be. " * 20, listeners=[taken])
        >>> gw.magnify.read_snapshots(path)
        History('a text', 8 steps, 5 moments)
    """

    def __init__(self, model: Estimator, data: Any, path: str | Path, every: int) -> None:
        if type(every) is not int or every < 1:
            raise ArgumentError(f"Snapshots: every={every!r}; expected a whole number of at least 1.")
        self.model = model
        self.data = data
        self.path = check_suffix(path)
        check_writable(self.path)
        self.every = every
        self._asked = every
        self._checkpoint = ""
        self._facts: dict[str, Any] = {}
        self._moments: dict[int, Moment] = {}

    def __call__(self, event: Event) -> None:
        """Hear of one event of the training."""
        match event:
            case Started(step=0):
                self._take(0, "before training")
            case Started():
                self._go_on(event.step)
            case Stepped() if event.step % self.every == 0:
                self._take(event.step, f"after {event.step:,} updates, loss {event.loss:.4g}")
            case Checkpointed():
                self._checkpoint = _digest(self.model)
                self._write()
            case Ended():
                # At the end the network has the best weights, which need not be the last.
                self._take(event.step + 1, "when training ended")
                self._write()
            case _:
                pass

    def _take(self, step: int, name: str) -> None:
        inside = Inspection(self.model, self.data, allow_unknown=True)
        self._facts = sequence_facts(inside)
        questions = [len(inside.labels) - 1]
        self._moments[step] = moment(inside, name, questions=questions)
        if len(self._moments) > _MOST:
            self.every *= 2
            self._moments = dict(list(self._moments.items())[::2])

    def _go_on(self, step: int) -> None:
        """Take up what this very training kept up to a step, for what came after it will come again."""
        history = read_snapshots(self.path) if self.path.exists() else None
        if history is None or history.checkpoint != _digest(self.model):
            self._take(step, f"going on after {step:,} updates")
            return
        self._facts, self._checkpoint = history.facts, history.checkpoint
        self._moments = {at: kept for at, kept in history.moments.items() if at <= step}
        if history.asked == self._asked:  # and otherwise the user has thought better of it
            self.every = history.every

    def _write(self) -> None:
        header = {
            "facts": self._facts,
            "every": self.every,
            "asked": self._asked,
            "checkpoint": self._checkpoint,
            "weights": _digest(self.model),
            "moments": [[step, kept.facts] for step, kept in self._moments.items()],
        }
        arrays = {
            f"{step}/{name}": values
            for step, kept in self._moments.items()
            for name, values in kept.arrays.items()
        }
        write_tensors(self.path, {_KEY: header}, arrays)


class History:
    """The moments of a training, in their order; what ``Snapshots`` wrote.

    Attributes:
        facts: of the sequence that was looked at.
        moments: by the number of updates before them.
        every: updates between two, and
        asked: as it was to begin with.
        checkpoint: digest of the weights in the training's last checkpoint.
        weights: digest of those that it stands at, or ended with.
    """

    def __init__(
        self,
        facts: dict[str, Any],
        moments: dict[int, Moment],
        *,
        every: int,
        asked: int,
        checkpoint: str,
        weights: str,
    ) -> None:
        self.facts = facts
        self.moments = moments
        self.every = every
        self.asked = asked
        self.checkpoint = checkpoint
        self.weights = weights

    def of(self, model: Estimator) -> bool:
        """Whether a model has the weights with which this training ended."""
        return _digest(model) == self.weights

    def save(self, path: str | Path) -> None:
        """Write a report with a slider over the moments; errors are those of ``Magnification.save``."""
        write_page(path, self._page)

    def _page(self) -> str:
        title = f"{self.facts['title']}, {len(self.moments)} moments of a training"
        return page(list(self.moments.values()), title=title, summary=(), facts=self.facts)

    def _repr_html_(self) -> str | None:
        return framed(self._page)

    def __repr__(self) -> str:
        return (
            f"History({self.facts['title']!r}, {len(self.facts['labels'])} steps, "
            f"{len(self.moments)} moments)"
        )


def read_snapshots(path: str | Path) -> History:
    """Read what ``Snapshots`` wrote.

    Raises:
        ModelFileError: the file is missing, damaged, or of another kind.
    """
    file = read_tensors(path)
    header = json_field(path, file.metadata, _KEY, dict)
    facts = json_field(path, header, "facts", dict)
    numbers = {name: json_field(path, header, name, int) for name in ("every", "asked")}
    digests = {name: json_field(path, header, name, str) for name in ("checkpoint", "weights")}
    listed = json_field(path, header, "moments", list)
    try:
        moments = {int(step): Moment(facts_then) for step, facts_then in listed}
        for name, values in file.tensors.items():
            step, _, array = name.partition("/")
            moments[int(step)].arrays[array] = values
    except (TypeError, ValueError, KeyError) as error:
        raise ModelFileError(f"{str(path)!r} is damaged: its moments are not whole ({error!r}).") from error
    return History(facts, moments, **numbers, **digests)


def _digest(model: Estimator) -> str:
    return hashlib.sha256(model.network_.parameters.vector.tobytes()).hexdigest()
