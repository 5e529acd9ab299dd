"""What learns from a panel of series: trains, calibrates the intervals, and says whether it was worth it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from gatewise.data.frames import Table
from gatewise.data.panel import Panel
from gatewise.data.windows import ForecastBatch, ForecastWindows, WindowShape
from gatewise.errors import TrainingError
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.forecasting.answer_times import refuse_no_room
from gatewise.tasks.forecasting.cross_fit import Fold, folds
from gatewise.tasks.forecasting.forecasts import Forecasts
from gatewise.tasks.forecasting.frames import actual_values
from gatewise.tasks.forecasting.going_on import after_training, going_on, refuse_other_setup
from gatewise.tasks.forecasting.intervals import calibrated_apart, calibration_of
from gatewise.tasks.forecasting.judge import count_of
from gatewise.tasks.forecasting.network import ForecastNetwork
from gatewise.tasks.forecasting.panel_model import PanelModel
from gatewise.tasks.forecasting.setup import ForecastSetup, choose_shape
from gatewise.tasks.forecasting.split import Split, left_out, never_changing, split_by_time, training_windows
from gatewise.tasks.warm_start import WarmStart
from gatewise.types import IntArray

if TYPE_CHECKING:
    from gatewise import training
    from gatewise.training import Listener

__all__ = ["PanelLearner"]

_JUDGED = 4096
"""Most windows of the part held out that are looked at after each epoch, and for the verdict."""

_SAMPLED = 256
"""The same where a forecast is sampled block by block, for the verdict and the calibration."""

_PASSES, _BATCHES = 10, 10
"""Most passes over the windows in an epoch, or batches if that is more: few are soon learnt by heart."""

_SHARE_OF_TIME = 0.5
"""Of a time limit, for the network that is kept, where the networks of folds come after it."""

_FEW = 5
"""Horizons side by side, with fewer than which an interval is a guess."""


class Unseen(NamedTuple):
    """Forecasts of what the network that made them has not seen.

    Attributes:
        panel: the series, and
        learnt: (N,) first steps of each, over which MASE's scale is taken.
        windows: (M, 2) series and position.
        forecasts: of them, not calibrated.
        parts: (M,) each is judged with what the others have calibrated.
        data: what was forecast, in words.
        independent: horizons side by side in it, whose errors say something each.
    """

    panel: Panel
    learnt: IntArray
    windows: IntArray
    forecasts: Forecasts
    parts: IntArray
    data: str
    independent: int


class HeldOut(NamedTuple):
    """What is not learnt from: what it is in words, series with their split, and windows over them."""

    part: str
    panel: Panel
    split: Split
    read: ForecastWindows


class Learning(NamedTuple):
    """What a network learns from.

    Attributes:
        panel: the series.
        split: of them.
        setup: what was learnt beside the network.
        held_out: what chooses the weights, and may calibrate and judge.
        folds: to calibrate on; none where a part of what is held out is for that.
        began: when ``fit`` did, by the monotonic clock.
        listeners: told of the folds.
    """

    panel: Panel
    split: Split
    setup: ForecastSetup
    held_out: HeldOut
    folds: Sequence[Fold]
    began: float
    listeners: Sequence[Listener]

    def tell(self, number: int) -> None:
        """Tell the listeners that the network of a fold, counted from 0, is to be trained."""
        from gatewise.training import CrossFitting

        for listener in self.listeners:
            listener(CrossFitting(0, number + 1, len(self.folds)))


class PanelLearner(PanelModel):
    """A forecaster that can learn."""

    def _fit_panel(
        self,
        panel: Panel,
        table: Table,
        *,
        validation: Panel | None = None,
        start: WarmStart[Self] | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> None:
        from gatewise import training

        began = time.monotonic()
        refuse_no_room(table, self.time, panel.series, panel.frequency, self.horizon)
        split = split_by_time(panel, self.horizon, self.validation_fraction if validation is None else 0.0)
        season, shape = self._season_and_shape(panel, split, start)
        chosen = training_windows(panel, split, shape, self.horizon)
        flat = never_changing(panel, split, np.unique(chosen[:, 0]), self.target, strict=self.strict)
        cut_at_once = split.is_one_moment(panel)
        # Of a series that nothing can be learnt from nothing is held out: its scale is that of all it has.
        split = Split(*(np.where(flat, split.ends, part) for part in split))
        chosen = chosen[~flat[chosen[:, 0]]]
        setup, notes = self._learn_setup(panel.cut(split.learnt), chosen, season, shape), [*panel.notes]
        if start is not None:
            setup, new = going_on(setup, start.model.setup_, start.name)
            notes = [*start.notes, *new, *notes]
        windows = setup.windows(panel.series, chosen, target=self.target, room=self.horizon)
        held_out = HeldOut("held-out end", panel, split, windows)
        if validation is not None:
            notes += [f"validation: {note}" for note in validation.notes if note not in notes]
            judged, divided = after_training(panel, validation, shape, self.horizon)
            looked_at = [each(judged, self.horizon, _JUDGED) for each in (divided.choosing, divided.judging)]
            read = setup.windows(
                judged.series, np.concatenate(looked_at), target=self.target, room=self.horizon
            )
            held_out = HeldOut("validation", judged, divided, read)
        measured = held_out.split.choosing(held_out.panel, shape.horizon, _JUDGED)
        notes += left_out(panel, flat, np.unique(chosen[:, 0]))
        if len(measured) and validation is None and not cut_at_once:
            notes.append(
                "the series are not all cut at the same time: one may be learnt from where another is judged"
            )
        if len(measured) == 0:
            notes.append("no part is held out: no verdict, and quantiles as learnt")
        network = self._new_network(setup)
        self._tell(notes)
        # A model to begin with may have seen all parts.
        parts = self._folds(panel, split, held_out.split, chosen, shape) if len(measured) else []
        parts = parts if start is None else []
        told: Sequence[Listener] = [*listeners, training.PlainProgress()] if self.progress else listeners
        learning = Learning(panel, split, setup, held_out, parts, began, told)
        try:
            self._train(
                self._learner(network, windows, held_out.read.at(measured) if len(measured) else None),
                {
                    "network_": network,
                    "setup_": setup,
                    "calibration_": np.zeros((self.horizon, len(self.quantiles)), np.float32),
                    "notes_": tuple(notes),
                    "_table": table.empty(),
                    "_tails": panel.last(setup.kept_steps).series,
                },
                panel.digest() + ("" if validation is None else held_out.panel.digest()),
                checkpoint=checkpoint,
                resume=resume,
                listeners=listeners,
                start=start,
                share_of_time=_SHARE_OF_TIME if parts else 1.0,
            )
        except TrainingError:
            if self.history_:  # the best weights so far forecast as well, with intervals that hold
                self._calibrate_and_judge(learning)
            raise
        if self.stopped_by_ == "interrupted":  # who stops it does not want to wait for the folds
            learning = learning._replace(folds=())
        self._calibrate_and_judge(learning)

    def _season_and_shape(
        self, panel: Panel, split: Split, start: WarmStart[Self] | None
    ) -> tuple[int, WindowShape]:
        """Steps of a season, and of the windows."""
        if start is not None:
            known = start.model.setup_
            refuse_other_setup(known, self, panel.frequency, start.name)
            return known.season, known.shape
        season = self.season_length or panel.frequency.season_length
        shape = choose_shape(
            self.horizon, season, self.context_length, self.patch_size, int(split.learnt.max())
        )
        return season, shape._replace(horizon=shape.patch) if self.strategy == "recursive" else shape

    def _learn_setup(self, panel: Panel, chosen: IntArray, season: int, shape: WindowShape) -> ForecastSetup:
        """What is learnt beside the network, from a panel all of which may be learnt from."""
        return ForecastSetup.learn(
            panel,
            np.unique(chosen[:, 0]),
            self._names,
            season=season,
            shape=shape,
            scaling=self.scaling,
            calendar=self.calendar,
        )

    def _learner(
        self, network: ForecastNetwork, windows: ForecastWindows, measured: ForecastWindows | None
    ) -> training.Minibatches[ForecastBatch]:
        """A network with what it learns from, and what its weights are chosen by."""
        from gatewise import training

        most = max(_BATCHES, -(-_PASSES * len(windows.windows) // self.batch_size))
        return training.Minibatches(
            network,
            windows.thinned(self.seed),
            measured,
            batch_size=self.batch_size,
            seed=self.seed,
            steps_per_epoch=min(self.steps_per_epoch, most),
        )

    def _folds(
        self, panel: Panel, split: Split, held_out: Split, chosen: IntArray, shape: WindowShape
    ) -> list[Fold]:
        """Folds to calibrate on, where no part of what is held out is for that."""
        if not self._calibrates or (held_out.judged < held_out.ends).any():
            return []
        return folds(panel, split, chosen, shape.horizon, self.horizon, self._most(shape))

    def _most(self, shape: WindowShape) -> int:
        """Windows that the calibration and the verdict look at."""
        return _SAMPLED if shape.horizon < self.horizon else _JUDGED

    def _calibrate_and_judge(self, learning: Learning) -> None:
        """Calibrate on forecasts of what was not learnt from, and compare them with baselines."""
        unseen = self._unseen(learning)
        if len(unseen.windows) == 0:
            return
        series, forecasts = unseen.panel.series, unseen.forecasts
        if self._calibrates:
            actual = actual_values(series, unseen.windows, self.horizon)
            self.calibration_ = calibration_of(forecasts, actual, self.quantiles, unseen.windows)
            forecasts = calibrated_apart(forecasts, actual, self.quantiles, unseen.windows, unseen.parts)
            if unseen.independent < _FEW:
                much = f"{unseen.independent} horizon{'s' * (unseen.independent != 1)}"
                note = (
                    f"{much} of {self.horizon} steps side by side to calibrate on: too little for intervals "
                    "that can be relied on; give longer or more series, or a shorter horizon"
                )
                self.notes_ = (*self.notes_, note)
                self._tell([note])
        self._judge(series, unseen.windows, unseen.learnt, forecasts, unseen.data)

    def _unseen(self, learning: Learning) -> Unseen:
        """Forecasts to calibrate on and to judge."""
        if learning.folds and (found := self._cross_fitted(learning)):
            return found
        part, panel, split, read = learning.held_out
        most = self._most(learning.setup.shape)
        windows = split.judging(panel, self.horizon, most)
        if len(windows):
            words = f"the {part} of {count_of(windows)}, apart from what the weights were chosen by"
            parts, horizons = split.halves(windows), int(((split.ends - split.judged) // self.horizon).sum())
        else:
            windows = split.choosing(panel, self.horizon, most)
            chosen = "weights and intervals" if self._calibrates else "weights"
            words = f"the {part} of {count_of(windows)}, by which {chosen} were chosen"
            parts = np.zeros(len(windows), np.intp)
            horizons = int(((split.chosen - split.learnt) // self.horizon).sum())
        forecasts = self._forecasts_of(self.network_, read.at(windows))
        return Unseen(panel, split.learnt, windows, forecasts, parts, words, horizons)

    def _cross_fitted(self, learning: Learning) -> Unseen | None:
        """Forecasts of each fold by a network that has learnt from the others; None if that was stopped."""
        windows, forecasts = [], []
        for number, fold in enumerate(learning.folds):
            learning.tell(number)
            setup = self._learn_setup(fold.panel, fold.learnt, learning.setup.season, learning.setup.shape)
            network = self._new_network(setup)
            series = learning.panel.series
            read = setup.windows(series, fold.learnt, target=self.target, room=self.horizon)
            if self._learn_again(network, read, learning, len(learning.folds) - number) == "interrupted":
                self.stopped_by_ = "interrupted"
                break
            windows.append(fold.judged)
            ahead = setup.windows(series, fold.judged, target=self.target, room=self.horizon)
            forecasts.append(self._forecasts_of(network, ahead))
        if len(windows) < 2:
            return None
        judged = np.concatenate(windows)
        return Unseen(
            learning.panel,
            learning.split.learnt,
            judged,
            Forecasts(*map(np.concatenate, zip(*forecasts, strict=True))),
            np.repeat(np.arange(len(windows)), [len(each) for each in windows]),
            f"{count_of(judged)} in {len(windows)} parts, each by a network that learnt from the others",
            sum(fold.independent for fold in learning.folds[: len(windows)]),
        )

    def _learn_again(
        self, network: ForecastNetwork, read: ForecastWindows, learning: Learning, left: int
    ) -> str:
        """Train the network of a fold for as long as the best weights took, by the same schedule.

        Args:
            network: new.
            read: its windows.
            learning: of the network that is kept.
            left: networks to train in what is left of the time.

        Returns:
            Why it ended.
        """
        from gatewise import training

        learner, schedule = self._learner(network, read, None), self._learning_rates()
        planned, seconds = self.epochs * learner.steps_per_epoch, None
        if self.time_limit is not None:
            seconds = max(0.0, self.time_limit - (time.monotonic() - learning.began)) / left
        best = min(self.history_, key=lambda each: each["validation_loss"])["epoch"]
        loop = training.Loop(
            learner,
            self._new_optimizer(network),
            epochs=int(best),
            schedule=lambda step, _: schedule(step, planned),
            clip_norm=self.clip_norm,
            time_limit=seconds,
            rng=stream(self.seed, Purpose.NOISE),
        )
        try:
            return loop.run()
        except TrainingError:  # it has the last weights that were good, as the network that is kept would
            return "diverged"
