"""What all estimators share: scikit-learn's conventions, and model files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from gatewise.data.file_kinds import told_of
from gatewise.errors import ArgumentError, CheckpointWarning, DataError, ModelFileError
from gatewise.nn import Network
from gatewise.optim.schedules import SCHEDULES, Schedule
from gatewise.random_streams import Purpose, stream
from gatewise.storage import check_suffix, file_problem, json_field, read_tensors, write_tensors
from gatewise.tasks.hyperparameters import Hyperparameters
from gatewise.tasks.run_record import RunRecord, read_notes, read_record
from gatewise.tasks.scikit_learn import not_fitted
from gatewise.tasks.verdict import Verdict
from gatewise.tasks.warm_start import Places, WarmStart
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.optim import Optimizer
    from gatewise.training import Learner, Listener, Loop

__all__ = ["Estimator", "load"]


_FITTED = "fitted."
"""Prefix of a model file's arrays that are no weights."""


class Estimator(Hyperparameters):
    """Base of the estimators: plain hyperparameters, stored as given and checked by ``fit``.

    A subclass sets ``network_`` when it is fitted and says in ``_vocabulary`` and ``_rebuild`` what its
    model file needs beside the hyperparameters and weights.
    """

    task: ClassVar[str]
    """Name in the model file."""

    _not_of_run: ClassVar[tuple[str, ...]] = ("time_limit", "progress")
    """Hyperparameters by which no run is known: they change when it stops, not what it computes."""

    _by_task: ClassVar[dict[str, type[Estimator]]] = {}

    _shaping: ClassVar[tuple[str, ...]] = ()
    """Hyperparameters on which the shape and the meaning of the weights depend."""

    network_: Network
    history_: list[dict[str, float]]
    notes_: tuple[str, ...]
    stopped_by_: str | None
    verdict_: Any
    _init_digest: str | None = None

    def __init_subclass__(cls) -> None:
        # A user's subclass is not what our model files name.
        if "task" in vars(cls):
            Estimator._by_task[cls.task] = cls

    def _check_before_fit(self, checkpoint: str | Path | None, resume: bool) -> None:
        """Refuse what ``fit`` can refuse before it looks at the data."""
        self._check_hyperparameters()
        if resume and checkpoint is None:
            raise ArgumentError("resume=True, but checkpoint=None; say which checkpoint to go on from.")

    def _warm_start(self, init: str | Path | Estimator | None) -> WarmStart[Self] | None:
        """The model to begin with, checked against the hyperparameters that its weights depend on.

        Raises:
            ArgumentError: it is of another kind, not fitted, or has other hyperparameters.
            ModelFileError: the file is no model's.
        """
        kind = type(self).__name__
        if init is None:
            return None
        if isinstance(init, Estimator):
            model, name = init, f"a {type(init).__name__}"
        elif isinstance(init, str | Path):
            name = repr(str(init))
            try:
                model = load(init)
            except ModelFileError as error:
                raise ModelFileError(f"init={name}: {error}") from error
        else:
            raise ArgumentError(f"init={init!r:.60}; expected the path of a model file, or a fitted {kind}.")
        if model.task != self.task or not hasattr(model, "network_"):
            what = f"is a {type(model).__name__}" if model.task != self.task else "is not fitted"
            raise ArgumentError(f"init={name} {what}; expected a fitted {kind}.")
        start: WarmStart[Self] = WarmStart(cast("Self", model), name)
        start.check(self)
        return start

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
        share_of_time: float = 1.0,
        start: WarmStart[Self] | None = None,
        places: Places | None = None,
        symbols: Any = None,
        judge: Callable[[], Verdict | None] | None = None,
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
            share_of_time: of ``time_limit``, where more than this training has to be done in it.
            start: the model whose weights to begin with.
            places: where its symbols are now, as ``WarmStart.fill`` takes them.
            symbols: what tokens stand for, for JSON, where ``digest`` is of tokens alone.
            judge: compares the trained network with baselines; an estimator without it does so by itself.
        """
        from gatewise import training

        if start is not None:
            start.fill(learnt["network_"].parameters, places or {})
        loop = training.Loop(
            learner,
            self._new_optimizer(learnt["network_"]),
            epochs=self.epochs,
            schedule=self._learning_rates(),
            batch_rate=self._batch_rate,
            clip_norm=self.clip_norm,
            patience=self.patience,
            time_limit=None if self.time_limit is None else share_of_time * self.time_limit,
            rng=stream(self.seed, Purpose.NOISE),
            listeners=[*listeners, training.PlainProgress()] if self.progress else listeners,
        )
        # What a run is known by.
        run = {name: value for name, value in self._config().items() if name not in self._not_of_run}
        run["data"] = digest
        if start is not None:
            run["init"] = start.digest
        if symbols is not None:
            run["symbols"] = hashlib.blake2b(json.dumps(symbols).encode(), digest_size=16).hexdigest()
        if checkpoint is not None and resume:
            # Checkpoints of 0.1.0 say nothing of their symbols.
            also: dict[str, list[Any]] = {"symbols": [None], "init": start.digests if start else []}
            file = training.read_checkpoint(checkpoint, run, also)
            training.restore(checkpoint, file, loop)
            run |= {name: value for name, value in training.fingerprint_of(file).items() if name == "init"}
        self._init_digest = run.get("init")
        for name, value in learnt.items():
            setattr(self, name, value)
        if "notes_" not in learnt:
            began = () if start is None else start.notes
            self.notes_ = (*began, *notes, *self._notes_on_validation(getattr(learner, "validation", None)))
            self._tell(self.notes_)
        self.history_, self.stopped_by_, self.verdict_ = [], None, None
        if checkpoint is not None:
            loop.save = self._checkpointer(Path(checkpoint), run)
        try:
            self.stopped_by_ = loop.run()
        finally:
            self.history_ = loop.progress.history
        # Whoever has ended training by Ctrl-C, or is tired of waiting now, gets the model without it.
        with contextlib.suppress(KeyboardInterrupt):
            self.verdict_ = judge() if judge is not None and self.history_ else None
            self._tell([] if self.verdict_ is None else [str(self.verdict_)])

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

    def _record(self) -> RunRecord:
        """What the model file tells of the training; a model that an earlier version has pickled has less."""
        verdict = getattr(self, "verdict_", None)
        return RunRecord(
            getattr(self, "history_", []),
            getattr(self, "stopped_by_", None),
            None if verdict is None else verdict.as_dict(),
            self._init_digest,
        )

    def _take_record(self, record: RunRecord) -> None:
        """Take what ``_record`` gave.

        Raises:
            DataError: the verdict is none of this estimator's.
        """
        self.history_, self.stopped_by_, self._init_digest = record.history, record.stopped_by, record.init
        self.verdict_ = None if record.verdict is None else self._verdict_from(record.verdict)

    def _verdict_from(self, values: Mapping[str, Any]) -> Any:
        """A verdict from what its ``as_dict`` gave."""
        return Verdict.from_dict(values)

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
        run = self._record().to_json()
        metadata = self._metadata() | ({"run": run} if run else {})
        write_tensors(check_suffix(path), metadata, {**self.network_.parameters, **arrays})


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
    try:
        file = read_tensors(path)
    except ModelFileError as error:
        if file_problem(path) or not (told := told_of(path)):
            raise
        raise ModelFileError(
            f"{str(path)!r} is {told}. Expected a model or checkpoint that gatewise has written; a command "
            "takes its model first, and its data after it."
        ) from error
    if "network" in file.metadata:
        raise ModelFileError(
            f"{str(path)!r} holds the parameters of a network of one's own, and no model; expected a model "
            "or checkpoint, or in Python that network made anew, for gatewise.nn.load_parameters."
        )
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
        estimator.notes_ = read_notes(file.metadata.get("notes", []))
        record = read_record(file.metadata)
        estimator._rebuild(file.metadata.get("vocabulary"), weights)
        for name, values in weights.items():
            if values.dtype != estimator.network_.dtype:
                raise ArgumentError(
                    f"array {name!r} has dtype {values.dtype}; expected {estimator.network_.dtype}."
                )
        estimator.network_.parameters.assign(weights)
        estimator._take_arrays(arrays)
        estimator._take_record(record)
    except (ArgumentError, DataError) as error:
        raise ModelFileError(f"{str(path)!r} is damaged or was changed: {error}") from error
    if "training" in file.metadata:
        warnings.warn(
            f"{str(path)!r} is the checkpoint of a training, not a finished model: it has the weights that "
            "training stood at, not the best ones, and nothing that comes after training, as the calibration "
            f"of a forecaster's intervals. Finish it with fit(..., checkpoint={str(path)!r}, resume=True), "
            "or on the command line with gatewise train and --resume.",
            CheckpointWarning,
            stacklevel=2,
        )
    return estimator
