"""What all estimators share: scikit-learn's conventions, and model files."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gatewise.errors import ArgumentError, CheckpointWarning, DataError, ModelFileError
from gatewise.nn import Network
from gatewise.optim.schedules import SCHEDULES, Schedule
from gatewise.random_streams import Purpose, stream
from gatewise.storage import check_suffix, json_field, read_tensors, write_tensors
from gatewise.tasks.checks import check_choice, check_flag, check_number
from gatewise.tasks.scikit_learn import not_fitted
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.optim import Optimizer
    from gatewise.training import Learner, Listener, Loop

__all__ = ["Estimator", "load"]


_FITTED = "fitted."
"""Prefix of a model file's arrays that are no weights."""


class Estimator:
    """Base of the estimators: plain hyperparameters, stored as given and checked by ``fit``.

    A subclass sets ``network_`` when it is fitted and says in ``_vocabulary`` and ``_rebuild`` what its
    model file needs beside the hyperparameters and weights.
    """

    task: ClassVar[str]
    """Name in the model file."""

    _schedules: ClassVar[tuple[str, ...]] = tuple(SCHEDULES)
    """Names that ``schedule`` may have."""

    _by_task: ClassVar[dict[str, type[Estimator]]] = {}

    network_: Network
    history_: list[dict[str, float]]
    notes_: tuple[str, ...]
    stopped_by_: str

    # The hyperparameters of training, which all estimators share.
    batch_size: int
    epochs: int
    learning_rate: float | None
    schedule: str | None
    weight_decay: float | None
    clip_norm: float | None
    patience: int | None
    validation_fraction: float
    seed: int
    time_limit: float | None
    progress: bool

    def __init_subclass__(cls) -> None:
        # A user's subclass is not what our model files name.
        if "task" in vars(cls):
            Estimator._by_task[cls.task] = cls

    @classmethod
    def _hyperparameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Hyperparameters by name."""
        return {name: getattr(self, name) for name in self._hyperparameters()}

    def set_params(self, /, **params: Any) -> Self:
        """Change hyperparameters.

        Raises:
            ArgumentError: a name is unknown.
        """
        for name, value in params.items():
            if name not in self._hyperparameters():
                raise ArgumentError(
                    f"{type(self).__name__} has no hyperparameter {name!r}; "
                    f"it has {', '.join(self._hyperparameters())}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != defaults[name].default
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def _check_hyperparameters(self) -> None:
        """Refuse values that cannot work, naming the hyperparameter."""
        raise NotImplementedError

    def _check_training(self) -> None:
        """Refuse values of the hyperparameters of training, the same for all estimators."""
        for name in ("batch_size", "epochs"):
            check_number(name, getattr(self, name), low=1, whole=True)
        check_choice("schedule", self._of_training("schedule"), self._schedules)
        check_number("learning_rate", self._of_training("learning_rate"), low=0, open_low=True)
        check_number("weight_decay", self._of_training("weight_decay"), low=0)
        check_number("clip_norm", self.clip_norm, low=0, open_low=True, optional=True)
        check_number("patience", self.patience, low=1, whole=True, optional=True)
        check_number("seed", self.seed, low=0, whole=True)
        check_number("time_limit", self.time_limit, low=0, open_low=True, optional=True)
        check_flag("progress", self.progress)

    def _of_training(self, name: str) -> Any:
        """Learning rate, schedule or weight decay; an estimator may have defaults that depend on others."""
        return getattr(self, name)

    def _check_before_fit(self, checkpoint: str | Path | None, resume: bool) -> None:
        """Refuse what ``fit`` can refuse before it looks at the data."""
        self._check_hyperparameters()
        if resume and checkpoint is None:
            raise ArgumentError("resume=True, but checkpoint=None; say which checkpoint to go on from.")

    def _train(
        self,
        learner: Learner,
        learnt: Mapping[str, Any],
        digest: str,
        *,
        checkpoint: str | Path | None,
        resume: bool,
        listeners: Sequence[Listener],
        notes: Sequence[str] = (),
    ) -> None:
        """Run the training loop, and become fitted by it.

        Args:
            learner: the network with its data.
            learnt: attributes that make this estimator a fitted one, ``network_`` among them. They are set
                when nothing can refuse any more, and before the first step.
            digest: fingerprint of the data; a checkpoint of other data is refused.
            checkpoint: as in ``fit``.
            resume: the same.
            listeners: the same.
            notes: what was noticed in the data, for an estimator that does not tell by itself.
        """
        from gatewise import training

        loop = training.Loop(
            learner,
            self._new_optimizer(learnt["network_"]),
            epochs=self.epochs,
            schedule=self._learning_rates(),
            batch_rate=self._batch_rate,
            clip_norm=self.clip_norm,
            patience=self.patience,
            time_limit=self.time_limit,
            rng=stream(self.seed, Purpose.NOISE),
            listeners=[*listeners, training.PlainProgress()] if self.progress else listeners,
        )
        # What a run is known by: time_limit and progress change when it stops, not what it computes.
        run = self._config() | {"data": digest}
        del run["time_limit"], run["progress"]
        if checkpoint is not None and resume:
            training.restore(checkpoint, training.read_checkpoint(checkpoint, run), loop)
        for name, value in learnt.items():
            setattr(self, name, value)
        if "notes_" not in learnt:
            self.notes_ = (*notes, *self._notes_on_validation(getattr(learner, "validation", None)))
            self._tell(self.notes_)
        self.history_ = []
        if checkpoint is not None:
            loop.save = self._checkpointer(Path(checkpoint), run)
        try:
            self.stopped_by_ = loop.run()
        finally:
            self.history_ = loop.progress.history

    def _tell(self, lines: Sequence[str]) -> None:
        """What people are to read while they wait."""
        if self.progress:
            for line in lines:
                print(line, file=sys.stderr, flush=True)  # noqa: T201 (progress=True asked for it)

    def _notes_on_validation(self, validation: object) -> Iterator[str]:
        """What does not happen where nothing is held out, unless nobody could expect it to."""
        fraction, patience = self.validation_fraction, self.patience
        if validation is not None or (fraction == 0 and patience is None):
            return
        why = f"validation_fraction={fraction}" + " of so little is none" * (fraction > 0)
        effect = "" if patience is None else f", and patience={patience} stops nothing"
        yield (
            f"nothing is held out to measure on, for {why}: the last weights are kept, best or not{effect}; "
            "give validation=, a larger validation_fraction, or more data"
        )

    def _new_optimizer(self, network: Network) -> Optimizer:
        """What moves the parameters."""
        from gatewise import optim

        rate, decay = map(self._of_training, ("learning_rate", "weight_decay"))
        return optim.AdamW(network, rate, weight_decay=decay)

    def _learning_rates(self) -> Schedule:
        """How the learning rate goes down."""
        return SCHEDULES[self._of_training("schedule")]

    def _batch_rate(self, batch: Any) -> float:
        """By what the learning rate of a batch is multiplied beside the schedule."""
        return 1.0

    def _checkpointer(self, path: Path, fingerprint: dict[str, Any]) -> Callable[[Loop], None]:
        """What writes where a loop stands."""
        from gatewise import training

        metadata = self._metadata()
        arrays = {_FITTED + name: values for name, values in self._arrays().items()}

        def save(loop: Loop) -> None:
            training.write_checkpoint(path, metadata, loop, fingerprint, arrays)
            loop.tell(training.Checkpointed(loop.progress.step, path))

        return save

    def _vocabulary(self) -> Any:
        """What the model file holds beside hyperparameters and weights, for JSON."""
        raise NotImplementedError

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        """Make ``network_``, its weights still to be read.

        Args:
            vocabulary: what ``_vocabulary`` gave.
            weights: the file's arrays; a network that needs more is refused before it is made.
        """
        raise NotImplementedError

    def _arrays(self) -> Mapping[str, Array]:
        """What the model file holds as arrays beside the weights; nothing, for most."""
        return {}

    def _take_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Take what ``_arrays`` gave; called after ``_rebuild``.

        Raises:
            DataError: an array is missing, too many, or of another shape.
        """
        if arrays:
            raise DataError(
                f"it holds the arrays {', '.join(arrays)}, of which {type(self).__name__} knows none"
            )

    def _check_fitted(self) -> None:
        if not hasattr(self, "network_"):
            raise not_fitted(
                f"this {type(self).__name__} is not fitted: call fit first, or gatewise.load a model file."
            )

    def _metadata(self) -> dict[str, Any]:
        """The model file's metadata."""
        vocabulary = self._vocabulary()
        metadata = {"task": self.task, "config": self._config(), "vocabulary": vocabulary}
        notes = getattr(self, "notes_", ())  # one that an earlier version has pickled has none
        if notes and not (isinstance(vocabulary, dict) and "notes" in vocabulary):
            metadata["notes"] = list(notes)
        return metadata

    def _config(self) -> dict[str, Any]:
        """Hyperparameters for JSON, which knows no NumPy numbers."""
        return {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self.get_params().items()
        }

    @classmethod
    def _from_config(cls, config: Mapping[str, Any]) -> Self:
        """An estimator with the hyperparameters that ``_config`` gave, as JSON has them: without tuples."""
        return cls().set_params(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
        )

    def save(self, path: str | Path) -> None:
        """Write the model to one ``.safetensors`` file.

        Args:
            path: must end in ``.safetensors``; a file that stands there is replaced in one step.

        Raises:
            NotFittedError: there is nothing to save yet.
            OutputError: the file cannot be written; what stood there is still whole.
        """
        self._check_fitted()
        arrays = {_FITTED + name: values for name, values in self._arrays().items()}
        write_tensors(check_suffix(path), self._metadata(), {**self.network_.parameters, **arrays})


def load(path: str | Path) -> Any:
    """Read a model file, or a checkpoint as a model with the weights it stands at.

    Returns:
        A fitted estimator of the class that was saved.

    Warns:
        CheckpointWarning: it is a checkpoint: its weights are not the best, and it lacks what comes after
            training, as the calibration of a forecaster's intervals.

    Raises:
        ModelFileError: the file is missing, damaged, foreign, or of a newer format.
    """
    file = read_tensors(path)
    task = json_field(path, file.metadata, "task", str)
    if task not in Estimator._by_task:
        raise ModelFileError(
            f"{str(path)!r} holds a model for task {task!r}; "
            f"this gatewise knows {', '.join(sorted(Estimator._by_task))}."
        )
    estimator_class = Estimator._by_task[task]
    config = json_field(path, file.metadata, "config", dict)
    others = ("training.", _FITTED)
    weights = {name: values for name, values in file.tensors.items() if not name.startswith(others)}
    arrays = {n.removeprefix(_FITTED): v for n, v in file.tensors.items() if n.startswith(_FITTED)}
    try:
        estimator = estimator_class._from_config(config)
        estimator._check_hyperparameters()
        estimator.notes_ = _notes(file.metadata.get("notes", []))
        estimator._rebuild(file.metadata.get("vocabulary"), weights)
        for name, values in weights.items():
            if values.dtype != estimator.network_.dtype:
                raise ArgumentError(
                    f"array {name!r} has dtype {values.dtype}; expected {estimator.network_.dtype}."
                )
        estimator.network_.parameters.assign(weights)
        estimator._take_arrays(arrays)
    except (ArgumentError, DataError) as error:
        raise ModelFileError(f"{str(path)!r} is damaged or was changed: {error}") from error
    if "training" in file.metadata:
        warnings.warn(
            f"{str(path)!r} is the checkpoint of a training, not a finished model: it has the weights that "
            "training stood at, not the best ones, and nothing that comes after training, as the calibration "
            f"of a forecaster's intervals. Finish it with fit(..., checkpoint={str(path)!r}, resume=True), "
            "or on the command line with --resume.",
            CheckpointWarning,
            stacklevel=2,
        )
    return estimator


def _notes(value: Any) -> tuple[str, ...]:
    """The notes of a file, which has none where there was nothing to note.

    Raises:
        DataError: they are no texts.
    """
    if not isinstance(value, list) or not all(isinstance(note, str) for note in value):
        raise DataError(f"its notes are {value!r:.60}")
    return tuple(value)
