"""Forecast one series or many, with intervals that hold and a verdict on whether it was worth it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gatewise.data.panel import read_future, read_panel
from gatewise.data.tables import as_table
from gatewise.errors import ArgumentError
from gatewise.tasks.forecasting.backtest import backtest
from gatewise.tasks.forecasting.checks import check_forecaster, check_future, check_marks
from gatewise.tasks.forecasting.contexts import refuse_other_clock
from gatewise.tasks.forecasting.frames import anomaly_columns
from gatewise.tasks.forecasting.panel_learner import PanelLearner
from gatewise.tasks.forecasting.split import origins

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["Forecaster"]


class Forecaster(PanelLearner):
    """One recurrent network over all series of a panel, with quantiles and calibrated intervals.

    The network reads the recent past of a series, patch by patch, and forecasts the whole horizon at once
    ("direct") or patch after patch, from its own draws ("recursive"). Each series is scaled by what its
    training part shows. The last part of every series in time is held out and chooses the weights. What
    neither this nor training has seen calibrates the intervals (Romano et al. 2019) and gives the verdict: a
    part of what is held out, or in short series parts forecast by up to five networks more (Xu & Xie 2021).
    Where steps have come since training, intervals follow the errors there (Angelopoulos et al. 2023).

    Args:
        horizon: S, steps to forecast.
        quantiles: levels of the quantiles to forecast, rising; () for none.
        distribution: None for quantiles learnt as such, or "normal" or "student_t": the network gives the
            location and the scale, and the quantiles follow.
        point: y_hat is the "median" or the "mean".
        strategy: "direct" or "recursive".
        num_samples: paths drawn along the horizon, where the strategy is "recursive".
        hidden_size: H, units of each layer.
        num_layers: L.
        cell: "lstm" or "rnn".
        context_length: C, steps looked back on; chosen by season and horizon where None.
        patch_size: P, consecutive steps that the network reads as one; a season at most where None.
        linear_skip: add a linear map of the context (LSTNet).
        scaling: series are divided by their "standard" deviation, or by their "mean" magnitude, which is
            better where errors count in percent and values are far from 0.
        season_length: steps of a season; that of the frequency where None (a day of hours, a week of days, a
            year of months).
        freq: step of time, as "15min", "1h", "1d", "1b", "1w", "1mo", "1q-end", "1d@mon-sat" or "QE-NOV"
            (``Frequency.parse``); found in the data where None.
        calendar: tell the network (local) hour, weekday and day of the year where the data know dates.
        target: column of the values.
        time: column of their times.
        time_zone: zone of times that come without an offset to UTC, as "Europe/Berlin"; others are brought
            into it. The answers have it too.
        id: column that tells the series apart; a frame without it is one series.
        known: columns of covariates whose future is known.
        past: columns of covariates that are known up to the present only.
        static: columns of covariates that do not change in time, numbers or words.
        calibrate: adjust the quantiles to what the validation part shows, and what came since training.
        strict: refuse data in which a series has no value or never changes; else the first are left out, from
            the others nothing is learnt, and ``notes_`` names both.
        validation_fraction: last part of each series, at least a horizon, kept from training; 0 for none.
        dropout: rate between layers and before the output.
        epochs: of ``steps_per_epoch`` batches each.
        steps_per_epoch: batches after which the validation part is looked at; at most ten passes.
        batch_size: B, windows in a batch.
        learning_rate: Adam's η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine" or "exponential".
        weight_decay: decoupled, as in AdamW.
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        patience: epochs without improvement after which training stops; None never stops early.
        seed: of the first weights, the windows' order, dropout and draws.
        time_limit: seconds that training takes at most, that for the intervals included; None for no limit.
        progress: tell the progress and the verdict on standard error.

    Attributes:
        network_: the trained network, with ``parameters``.
        setup_: frequency, season, window shape and scales.
        calibration_: (S, Q) what is added to each quantile, in scaled units.
        verdict_: how the forecasts of the validation part, or of the last backtest or evaluation, compare
            with baselines; None where nothing was held out.
        notes_: what was noticed in the data, in words.
        context_length_: steps that a forecast looks back on; ``context_notes_`` says what the last lacked.
        history_: for each epoch its training and validation loss.
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".

    Example:
        >>> import numpy as np, gatewise as gw
        >>> wave = np.sin(np.arange(400) * np.pi / 6) + 0.001 * np.arange(400)
        >>> fc = gw.Forecaster(horizon=6, season_length=12, hidden_size=16, epochs=5, progress=False)
        >>> _ = fc.fit(wave)
        >>> expected = np.sin(np.arange(400, 406) * np.pi / 6) + 0.001 * np.arange(400, 406)
        >>> bool(np.abs(fc.predict()["y_hat"] - expected).max() < 0.01)
        True
    """

    task: ClassVar[str] = "forecaster"

    def __init__(
        self,
        horizon: int = 24,
        quantiles: tuple[float, ...] = (0.1, 0.5, 0.9),
        *,
        distribution: str | None = None,
        point: str = "median",
        strategy: str = "direct",
        num_samples: int = 200,
        hidden_size: int = 128,
        num_layers: int = 1,
        cell: str = "lstm",
        context_length: int | None = None,
        patch_size: int | None = None,
        linear_skip: bool = True,
        scaling: str = "standard",
        season_length: int | None = None,
        freq: str | None = None,
        calendar: bool = True,
        target: str = "y",
        time: str = "ds",
        time_zone: str | None = None,
        id: str = "unique_id",
        known: tuple[str, ...] = (),
        past: tuple[str, ...] = (),
        static: tuple[str, ...] = (),
        calibrate: bool = True,
        strict: bool = False,
        validation_fraction: float = 0.1,
        dropout: float = 0.1,
        epochs: int = 20,
        steps_per_epoch: int = 100,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        schedule: str = "cosine",
        weight_decay: float = 0.01,
        clip_norm: float | None = 1.0,
        patience: int | None = None,
        seed: int = 0,
        time_limit: float | None = None,
        progress: bool = True,
    ) -> None:
        self.horizon = horizon
        self.quantiles = quantiles
        self.distribution = distribution
        self.point = point
        self.strategy = strategy
        self.num_samples = num_samples
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cell = cell
        self.context_length = context_length
        self.patch_size = patch_size
        self.linear_skip = linear_skip
        self.scaling = scaling
        self.season_length = season_length
        self.freq = freq
        self.calendar = calendar
        self.target = target
        self.time = time
        self.time_zone = time_zone
        self.id = id
        self.known = known
        self.past = past
        self.static = static
        self.calibrate = calibrate
        self.strict = strict
        self.validation_fraction = validation_fraction
        self.dropout = dropout
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.patience = patience
        self.seed = seed
        self.time_limit = time_limit
        self.progress = progress

    def fit(
        self,
        data: Any,
        *,
        validation: Any = None,
        init: str | Path | Forecaster | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn from a panel of series.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            data: a long data frame of pandas, polars or pyarrow, a row for each series and time; or a dict of
                columns; or the values of one series, counted from 0.
            validation: later steps of these series, or other series, to hold out instead of the last part
                ``validation_fraction`` of each.
            init: model whose weights to begin with, fitted or as a file. It must have the same horizon,
                quantiles, sizes, covariates and step of time; its season and windows are kept.
            checkpoint: file to write where training stands to, after each epoch.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's or from ``init``'s.
            ModelFileError: ``init`` or the checkpoint is no intact file of a model.
            DataError: a column is missing or unfit, times are doubled or irregular, a series is constant, or
                none is long enough.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
        """
        self._check_before_fit(checkpoint, resume)
        start = self._warm_start(init)
        table = as_table(data, self._names)
        panel = read_panel(table, self._names, self.freq, strict=self.strict)
        later = None
        if start is not None:
            refuse_other_clock(table, start.model._table, self.time)
        if validation is not None:
            zone = (table.zones or {}).get(self.time)
            others = as_table(validation, self._names, "validation", learnt_zone=zone)
            refuse_other_clock(others, table, self.time)
            later = read_panel(others, self._names, str(panel.frequency), strict=self.strict)
        run: dict[str, Any] = {"checkpoint": checkpoint, "resume": resume, "listeners": listeners}
        self._fit_panel(panel, table, validation=later, start=start, **run)
        return self

    def predict(self, data: Any = None, *, future: Any = None) -> Any:
        """Forecast the steps that follow.

        Args:
            data: series to go on from, as in ``fit``; those of the training where omitted. The network is not
                trained again, and a series that it has not seen is scaled by what it shows here.
            future: a frame with the ``known`` covariates of the steps to forecast, where there are any.

        Returns:
            A frame of the kind that came in, or of the training data's: id, time, ``y_hat`` and a column for
            each quantile, as ``q0.1``; ``horizon`` rows for each series.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: future is missing.
            DataError: the data are unfit, or a value of the future is missing.
        """
        self._check_fitted()
        table, series = self._read(data, self.horizon)
        ahead = None
        check_future(self, future)
        if self.known:
            source = self._as_table(future, "future")
            table = table if data is not None else source.answering(table, self.time)
            by_clock = self.time in table.by_clock
            ahead = read_future(source, self._names, self.setup_.frequency, series, self.horizon, by_clock)
        windows = np.stack([np.arange(len(series)), [len(each) for each in series]], axis=1)
        self._note_contexts(series, windows)
        forecasts = self._forecast(series, windows, ahead)
        return table.like(self._columns(series, windows, forecasts), (self.time,))

    def evaluate(self, data: Any) -> dict[str, Any]:
        """Measure on series: the last ``horizon`` steps of each are forecast from what comes before them.

        The network is not trained again, so the data should not be those that it was trained on.

        Args:
            data: as in ``fit``.

        Returns:
            The verdict as a dict, which ``verdict_`` has as an object; ``loss``, as training measures it, in
            scaled units; and ``count``, of the values compared.

        Raises:
            NotFittedError: the model is not fitted.
            DataError: the data are unfit, or no series is longer than a horizon.
        """
        self._check_fitted()
        return self._measured(data)

    def score(self, data: Any) -> float:
        """Minus the MASE of ``evaluate`` (minus the MAE where there is none), so that more is better."""
        ours = self.evaluate(data)["forecasters"][0]
        return -float(ours["mae"] if ours["mase"] is None else ours["mase"])

    def backtest(
        self,
        data: Any,
        *,
        windows: int = 3,
        step: int | None = None,
        refit: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Any:
        """Forecast from several origins in the past, by models that have not seen what they forecast.

        A fresh model with these hyperparameters is trained on what precedes the first origin; this one is
        left as it is, but for ``verdict_``.

        Args:
            data: as in ``fit``.
            windows: origins; the last one leaves a horizon to the end of each series.
            step: steps from origin to origin; a horizon where omitted.
            refit: train anew at each origin, on all that precedes it.
            listeners: of the trainings, as in ``fit``.

        Returns:
            A frame of the kind that came in: id, ``cutoff`` (time of the last step before the forecast),
            time, y, ``y_hat`` and the quantiles. Series that are too short are left out.

        Raises:
            DataError: no series is long enough, or as in ``fit``.
            KeyboardInterrupt: Ctrl-C.
        """
        return backtest(self, data, windows, step, refit, listeners)

    def anomalies(self, data: Any, *, rate: float | None = None, threshold: float | None = None) -> Any:
        """Score each step by how far its value lies from what is forecast a step ahead.

        Args:
            data: as in ``predict``.
            rate: share of the steps of each series, those with the highest scores, that are marked, whether
                anything happened or not; 0.01 where no threshold is given either.
            threshold: mark instead the steps whose score is above it, be they many or none.

        Returns:
            A frame of the kind that came in: id, time, y, ``y_hat``, ``score`` (the residual over half the
            width of the interval: 1 is its border) and ``anomaly``. The score is NaN where the value is
            missing, and where too little came before it.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: there are no two quantiles, rate is no share, or a threshold is given as well.
            DataError: as in ``predict``.
        """
        self._check_fitted()
        check_marks(rate, threshold)
        if len(self.quantiles) < 2:
            raise ArgumentError(
                f"quantiles={self.quantiles!r}; expected at least two, for residuals to be measured by."
            )
        table, series, before = self._read_on(data)
        lengths = np.array([len(each) for each in series])
        firsts = np.minimum(self.setup_.shape.context, np.maximum(1, lengths // 2))
        windows = origins(series, np.where(before > 0, before, firsts), lengths, 1)
        self._note_contexts(series, windows)
        forecasts = self._forecast(series, windows, steps=1)
        rate = 0.01 if rate is None and threshold is None else rate
        how = rate, threshold, self._names, self.setup_.frequency
        return table.like(
            anomaly_columns(series, before, windows, forecasts, *how), (self.time,), self.target
        )

    def plot(
        self,
        data: Any = None,
        *,
        future: Any = None,
        anomalies: Any = None,
        backtest: Any = None,
        most: int = 6,
    ) -> Any:
        """Draw series, their forecasts with intervals, or marked events, or what a backtest forecast.

        Args:
            data: as in ``predict``.
            future: the same.
            anomalies: what ``anomalies`` returned: its events are drawn instead of forecasts.
            backtest: what ``backtest`` returned: its forecasts are drawn over what came.
            most: series drawn, the first ones.

        Returns:
            A plotly figure: ``.show()``, ``.write_html("file.html")``.

        Raises:
            ArgumentError: both frames are given, or most is below 1.
            MissingExtraError: plotly is not installed.
        """
        from gatewise.tasks.forecasting.plot import plot

        return plot(self, data, lambda: self.predict(data, future=future), anomalies, backtest, most)

    def _check_hyperparameters(self) -> None:
        check_forecaster(self)
        self._check_training()
