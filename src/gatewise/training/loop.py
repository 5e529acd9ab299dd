"""The training loop: step, validate, keep the best, stop in time, and be able to go on later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from gatewise.errors import TrainingError
from gatewise.nn.parameters import Parameters
from gatewise.optim import Optimizer, clip_by_value, gradient_norm
from gatewise.optim.schedules import Schedule, constant
from gatewise.training.events import Ended, Event, Listener, Started, Stepped, Validated
from gatewise.training.interrupt import Interrupt
from gatewise.types import Array

__all__ = ["Learner", "Loop", "Progress"]


class TrainableNetwork(Protocol):
    """Anything with a flat vector of parameters and one of gradients."""

    parameters: Parameters
    gradients: Parameters


class Learner(Protocol):
    """What the loop trains: a network, its data and its way of learning from a batch."""

    @property
    def network(self) -> TrainableNetwork:
        """Whose parameters are learnt."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the data."""

    def batches(self, epoch: int, first: int) -> Iterator[Any]:
        """The batches of an epoch, from number ``first`` on; the same ones each time they are asked for."""

    def step(self, batch: Any, rng: np.random.Generator) -> float:
        """The loss of a batch; adds its gradients to the network's."""

    def validate(self) -> float | None:
        """The validation loss; None if there is nothing to validate on."""

    def carried(self) -> dict[str, Array]:
        """Arrays that live from one batch to the next, for a checkpoint."""

    def restore(self, carried: Mapping[str, Array]) -> None:
        """Take these arrays up again."""


@dataclass
class Progress:
    """Counters and cursor: where training stands, in plain values that JSON holds exactly.

    Attributes:
        step: updates made.
        epoch: passes completed.
        batch: batches of the current pass done.
        loss_sum: of the batches since the last validation, and
        loss_count: their number.
        best_loss: lowest validation loss so far.
        worse: validations since then.
        history: for each validation its step, epoch, training and validation loss.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best_loss: float | None = None
    worse: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Progress:
        """Counters that came from a file.

        Raises:
            ValueError: one is missing, too many, or of another type.
        """
        expected = {name: type(value) for name, value in vars(cls()).items()}
        if values.get("best_loss") is not None:
            expected["best_loss"] = float
        if (found := {name: type(value) for name, value in values.items()}) != expected:
            raise ValueError(f"its counters are {found}, not {expected}")
        if any(value < 0 for value in values.values() if isinstance(value, int)):
            raise ValueError(f"a counter is negative: {dict(values)}")
        return cls(**values)


class Loop:
    """Trains a network; what it does is fixed by its arguments and ``rng``, down to the bit.

    Args:
        learner: the network, its data, and how it learns from a batch.
        optimizer: moves the parameters.
        epochs: passes over the data.
        schedule: of the learning rate, over all planned steps.
        batch_rate: by what the learning rate of a batch is multiplied beside that; 1 where omitted.
        clip_norm: largest gradient norm; None for no limit.
        clip_value: largest magnitude of a gradient's element; None for no limit.
        validate_every: steps between validations; once an epoch where omitted.
        patience: validations without a new best after which training stops; None never stops early.
        time_limit: seconds after which training ends.
        rng: where dropout and the like draw from.
        listeners: called with each event.
        save: writes a checkpoint; called after each pass, on an early end, and in between when the last
            call is more than ``save_every`` seconds ago.
        save_every: see ``save``.
    """

    def __init__(
        self,
        learner: Learner,
        optimizer: Optimizer,
        *,
        epochs: int,
        schedule: Schedule = constant,
        batch_rate: Callable[[Any], float] | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        validate_every: int | None = None,
        patience: int | None = None,
        time_limit: float | None = None,
        rng: np.random.Generator,
        listeners: Sequence[Listener] = (),
        save: Callable[[Loop], None] | None = None,
        save_every: float = 60.0,
    ) -> None:
        self.learner = learner
        self.optimizer = optimizer
        self.epochs = epochs
        self.schedule = schedule
        self.batch_rate = batch_rate
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.validate_every = validate_every
        self.patience = patience
        self.time_limit = time_limit
        self.rng = rng
        self.listeners = listeners
        self.save = save
        self.save_every = save_every
        self.progress = Progress()
        self.best: Array | None = None
        self._base_rate = optimizer.learning_rate
        self._started = self._saved = 0.0

    @property
    def total_steps(self) -> int:
        """Updates planned."""
        return self.epochs * self.learner.steps_per_epoch

    def tell(self, event: Event) -> None:
        """Pass an event to all listeners."""
        for listener in self.listeners:
            listener(event)

    def run(self) -> str:
        """Train from where ``progress`` stands, and leave the best weights in the network.

        Returns:
            Why it ended: "finished", "early stopping", "time limit" or "interrupted" (by Ctrl-C).

        Raises:
            TrainingError: a loss or a gradient is not finite; the network has the best weights so far, or
                before the first validation those of the last step that was finite.
        """
        self._started = self._saved = time.monotonic()
        parameters = self.learner.network.parameters.vector
        self._good = parameters.copy()
        self.tell(Started(self.progress.step, self.total_steps, self.epochs, parameters.size))
        with Interrupt() as interrupt:
            try:
                reason = self._run(interrupt)
                parameters[...] = self.optimizer.weights
            except BaseException:
                parameters[...] = self._good
                raise
            finally:
                self.optimizer.learning_rate = self._base_rate
                if self.best is not None:
                    parameters[...] = self.best
        self.tell(Ended(self.progress.step, reason, self.progress.best_loss, self._seconds()))
        return reason

    def _run(self, interrupt: Interrupt) -> str:
        progress = self.progress
        while progress.epoch < self.epochs and not self._out_of_patience():
            for batch in self.learner.batches(progress.epoch, progress.batch):
                self._step(batch)
                if self.validate_every and progress.step % self.validate_every == 0:
                    self._validate()
                if reason := self._reason_to_stop(interrupt):
                    return self._stop_early(reason)
                if time.monotonic() - self._saved > self.save_every:
                    self._checkpoint()
            progress.epoch, progress.batch = progress.epoch + 1, 0
            if not self.validate_every or progress.epoch == self.epochs:
                self._validate()
            self._checkpoint()
        return "finished" if progress.epoch >= self.epochs else "early stopping"

    def _step(self, batch: Any) -> None:
        progress, network = self.progress, self.learner.network
        rate = self._base_rate * self.schedule(progress.step, self.total_steps)
        if self.batch_rate is not None:
            rate *= self.batch_rate(batch)
        gradients = network.gradients.vector
        gradients[...] = 0
        # What overflows here is found just below and told in words.
        with np.errstate(over="ignore", invalid="ignore"):
            loss = self.learner.step(batch, self.rng)
            if self.clip_value is not None or not np.isfinite(loss):
                norm = gradient_norm(gradients)
                self._check_finite(loss, norm)
            if self.clip_value is not None:
                clip_by_value(gradients, self.clip_value)
            self.optimizer.learning_rate = rate
            # The weights before the update have proved good; those after it have yet to.
            update = self.optimizer.step(self.clip_norm, before=self._good)
        if self.clip_value is None:
            norm = update.gradient_norm
            self._check_finite(loss, norm)
        if not update.finite:
            raise TrainingError(_diverged(f"the update at step {progress.step + 1} is not finite"))
        progress.step += 1
        progress.batch += 1
        progress.loss_sum += loss
        progress.loss_count += 1
        self.tell(Stepped(progress.step, progress.epoch + 1, loss, norm, rate, self._seconds()))

    def _check_finite(self, loss: float, norm: float) -> None:
        if not (np.isfinite(loss) and np.isfinite(norm)):
            raise TrainingError(
                _diverged(
                    f"at step {self.progress.step + 1} the loss is {loss:g} and the gradient norm {norm:g}"
                )
            )

    def _validate(self) -> None:
        progress, parameters = self.progress, self.learner.network.parameters.vector
        if progress.loss_count == 0:  # nothing learnt since the last time
            return
        current = parameters.copy()
        parameters[...] = self.optimizer.weights
        with np.errstate(over="ignore", invalid="ignore"):
            loss = self.learner.validate()
        weights = parameters.copy()
        parameters[...] = current
        if loss is None:
            return
        if not np.isfinite(loss):
            raise TrainingError(_diverged(f"the validation loss after step {progress.step} is {loss:g}"))
        self.optimizer.validated(loss)
        improved = progress.best_loss is None or loss < progress.best_loss
        if improved:
            progress.best_loss, progress.worse, self.best = loss, 0, weights
        else:
            progress.worse += 1
        train_loss = progress.loss_sum / progress.loss_count
        progress.loss_sum, progress.loss_count = 0.0, 0
        epoch = progress.epoch + (progress.batch > 0)
        progress.history.append(
            {"step": progress.step, "epoch": epoch, "train_loss": train_loss, "validation_loss": loss}
        )
        self.tell(Validated(progress.step, epoch, train_loss, loss, improved, self._seconds()))

    def _reason_to_stop(self, interrupt: Interrupt) -> str | None:
        if interrupt.requested:
            return "interrupted"
        if self.time_limit is not None and self._seconds() >= self.time_limit:
            return "time limit"
        return "early stopping" if self._out_of_patience() else None

    def _stop_early(self, reason: str) -> str:
        """Save where training stands, then measure the weights it stopped with, for they may be the best.

        The checkpoint comes first: what goes on from it must not know of a validation that a run without
        a stop would not have made.
        """
        self._checkpoint()
        self._validate()
        return reason

    def _checkpoint(self) -> None:
        self._saved = time.monotonic()
        if self.save is not None:
            self.save(self)

    def _out_of_patience(self) -> bool:
        return self.patience is not None and self.progress.worse >= self.patience

    def _seconds(self) -> float:
        return time.monotonic() - self._started

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """All that going on needs, beside the parameters: plain values, and arrays."""
        values = {"progress": asdict(self.progress), "rng": self.rng.bit_generator.state}
        arrays = {f"optimizer.{name}": array for name, array in self.optimizer.state().items()}
        arrays |= {f"carried.{name}": array for name, array in self.learner.carried().items()}
        if self.best is not None:
            arrays["best"] = self.best
        return values, arrays

    def restore(self, values: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
        """Stand again where ``state`` was taken; the parameters are the caller's to restore.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: the values or arrays are not what ``state`` gave.
        """
        progress = Progress.from_json(values["progress"])
        per_epoch = self.learner.steps_per_epoch
        if progress.step != progress.epoch * per_epoch + progress.batch or progress.step > self.total_steps:
            raise ValueError(
                f"step {progress.step} is not epoch {progress.epoch}, batch {progress.batch} of {per_epoch}"
            )
        if (progress.best_loss is None) is not ("best" not in arrays):
            raise ValueError("the best loss and the best weights do not belong together")
        self.progress = progress
        self.rng.bit_generator.state = values["rng"]
        self.optimizer.restore(_under("optimizer.", arrays))
        self.learner.restore(_under("carried.", arrays))
        self.best = arrays.get("best")


def _diverged(finding: str) -> str:
    return f"training diverged: {finding}. The last good weights are kept. Lower learning_rate or clip_norm."


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
