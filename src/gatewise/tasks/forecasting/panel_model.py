"""What learns from a panel of series and forecasts it: the inside of ``Forecaster``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gatewise.data.columns import Column
from gatewise.data.frames import Table
from gatewise.data.missing import is_missing
from gatewise.data.panel import ColumnNames, Panel, Series, named, read_panel
from gatewise.data.tables import as_table
from gatewise.data.windows import ForecastWindows
from gatewise.errors import DataError, TrainingError
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.forecasting.contexts import after_kept_ends, missing_of_contexts
from gatewise.tasks.forecasting.forecasts import Forecasts, Sampling, forecast_windows
from gatewise.tasks.forecasting.frames import actual_values, forecast_columns
from gatewise.tasks.forecasting.heads import Head, make_head
from gatewise.tasks.forecasting.intervals import calibrated, calibration_of
from gatewise.tasks.forecasting.judge import count_of, judge
from gatewise.tasks.forecasting.network import ForecastNetwork
from gatewise.tasks.forecasting.setup import ForecastSetup, choose_shape
from gatewise.tasks.forecasting.split import Split, split_by_time, training_windows
from gatewise.tasks.forecasting.tails import tail_arrays, tails_from, tails_to_json
from gatewise.tasks.forecasting.verdict import Verdict
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["PanelModel"]

_JUDGED = 4096
"""Most windows of the part held out that are looked at after each epoch, and for the verdict."""

_SAMPLED = 256
"""The same where a forecast is sampled block by block, for the verdict and the calibration."""


class PanelModel(Estimator):
    """Base of ``Forecaster``, which says what the hyperparameters and attributes mean."""

    network_: ForecastNetwork
    setup_: ForecastSetup
    calibration_: Array
    verdict_: Verdict | None
    notes_: tuple[str, ...]
    context_notes_: tuple[str, ...]
    _table: Table
    _tails: Sequence[Series]

    horizon: int
    quantiles: tuple[float, ...]
    distribution: str | None
    point: str
    strategy: str
    num_samples: int
    hidden_size: int
    num_layers: int
    cell: str
    context_length: int | None
    patch_size: int | None
    linear_skip: bool
    scaling: str
    season_length: int | None
    freq: str | None
    calendar: bool
    target: str
    time: str
    id: str
    known: tuple[str, ...]
    past: tuple[str, ...]
    static: tuple[str, ...]
    calibrate: bool
    strict: bool
    validation_fraction: float
    dropout: float
    steps_per_epoch: int

    def _fit_panel(
        self,
        panel: Panel,
        table: Table,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> None:
        from gatewise import training

        split = split_by_time(panel, self.horizon, self.validation_fraction)
        season = self.season_length or panel.frequency.season_length
        shape = choose_shape(
            self.horizon, season, self.context_length, self.patch_size, int(split.learnt.max())
        )
        if self.strategy == "recursive":
            shape = shape._replace(horizon=shape.patch)
        chosen = training_windows(panel, split, shape, self.horizon)
        flat = self._never_changing(panel, split, np.unique(chosen[:, 0]))
        cut_at_once = split.is_one_moment(panel)
        # Of a series that nothing can be learnt from nothing is held out: its scale is that of all it has.
        split = split._replace(learnt=np.where(flat, split.ends, split.learnt))
        chosen = chosen[~flat[chosen[:, 0]]]
        used = np.unique(chosen[:, 0])
        setup = ForecastSetup.learn(
            panel.cut(split.learnt),
            used,
            self._names,
            season=season,
            shape=shape,
            scaling=self.scaling,
            calendar=self.calendar,
        )
        measured = split.held_out(panel, shape.horizon, _JUDGED)
        windows = setup.windows(panel.series, chosen, target=self.target, room=self.horizon)
        network = self._new_network(setup)
        notes = [*panel.notes]
        if flat.any():
            keys = [each.key for each, is_flat in zip(panel.series, flat, strict=True) if is_flat]
            notes.append(
                f"{named(keys, ('never changes', 'never change'))} in the part to learn from, from which "
                "nothing is learnt then; forecast all the same"
            )
        if short := len(panel.series) - len(used) - int(flat.sum()):
            notes.append(f"{short:,} series are too short to learn from")
        if len(measured) and not cut_at_once:
            notes.append(
                "the series are not all cut at the same time: one may be learnt from where another is judged"
            )
        if len(measured) == 0:
            notes.append("no part is held out: no verdict, and quantiles as learnt")
        self._tell(notes)
        try:
            self._train(
                training.Minibatches(
                    network,
                    windows.thinned(self.seed),
                    windows.at(measured) if len(measured) else None,
                    batch_size=self.batch_size,
                    seed=self.seed,
                    steps_per_epoch=self.steps_per_epoch,
                ),
                {
                    "network_": network,
                    "setup_": setup,
                    "calibration_": np.zeros((self.horizon, len(self.quantiles)), np.float32),
                    "verdict_": None,
                    "notes_": tuple(notes),
                    "_table": table.empty(),
                    "_tails": panel.last(shape.context).series,
                },
                panel.digest(),
                checkpoint=checkpoint,
                resume=resume,
                listeners=listeners,
            )
        except TrainingError:
            if self.history_:  # the best weights so far forecast as well, with intervals that hold
                self._judge_held_out(panel, split, windows)
            raise
        self._judge_held_out(panel, split, windows)

    def _never_changing(self, panel: Panel, split: Split, used: IntArray) -> npt.NDArray[np.bool_]:
        """Which series (N,) have one value alone to learn from.

        Raises:
            DataError: all of them, or with ``strict`` any.
        """
        flat = np.zeros(len(panel.series), dtype=bool)
        said = []
        for index in used.tolist():
            each = panel.series[index]
            values = each.values[: split.learnt[index]]
            values = values[~np.isnan(values)]
            if values.min() == values.max():
                flat[index] = True
                said.append(
                    f"series {each.key!r} of column {self.target!r} is constant: all {len(values)} values to "
                    f"learn from are {values[0]:g}"
                )
        if said and (self.strict or len(said) == len(used)):
            more = f"; and so {len(said) - 5:,} more" if len(said) > 5 else ""
            raise DataError(
                f"{'; '.join(said[:5])}{more}. Remove what never changes; its forecast is its value."
            )
        return flat

    def _judge_held_out(self, panel: Panel, split: Split, read: ForecastWindows) -> None:
        """Calibrate on the part that was held out, and compare with baselines there.

        Args:
            panel: the series.
            split: of them.
            read: windows over them, so that they are not read again.
        """
        windows = split.held_out(panel, self.horizon, _SAMPLED if self._samples_steps else _JUDGED)
        if len(windows) == 0:
            return
        forecasts = self._forecast_windows(read.at(windows))
        if self.calibrate and self.quantiles:
            actual = actual_values(panel.series, windows, self.horizon)
            self.calibration_ = calibration_of(forecasts, actual, self.quantiles)
            forecasts = calibrated(forecasts, self.calibration_, self.quantiles)
        data = f"the held-out end of {count_of(windows)}, by which weights and intervals were chosen"
        self._judge(panel.series, windows, split.learnt, forecasts, data)

    def _judge(
        self, series: Sequence[Series], windows: IntArray, learnt: IntArray, forecasts: Forecasts, data: str
    ) -> None:
        verdict = judge(series, windows, learnt, forecasts, self.quantiles, self.setup_.season, data)
        self._tell([str(verdict)])
        self.verdict_ = verdict

    @property
    def _names(self) -> ColumnNames:
        return ColumnNames(
            self.target, self.time, self.id, tuple(self.known), tuple(self.past), tuple(self.static)
        )

    @property
    def _head(self) -> Head:
        return make_head(self.distribution, self.quantiles, self.point)

    @property
    def _samples_steps(self) -> bool:
        """Whether a forecast is drawn block after block."""
        return self.setup_.shape.horizon < self.horizon

    def _read(self, data: Any) -> tuple[Table, Sequence[Series]]:
        """Series to go on from: of new data, or those kept from training."""
        if data is None:
            return self._table, self._tails
        table = self._as_table(data)
        panel = read_panel(table, self._names, str(self.setup_.frequency), strict=self.strict)
        series = panel.series
        if not series:
            raise DataError(f"{table.name}: no series has a value in column {self.target!r} to go on from.")
        self.setup_.refuse_other_units(series, self.target)
        return table, series

    def _as_table(self, data: Any, name: str = "the data") -> Table:
        """What is given as a table, ids and static covariates of a text file as those of the training."""
        table = as_table(data, self._names, name, ids_as_numbers=self._ids_are_numbers())
        for column in self.setup_.statics.names_of_words(self.static):
            table = table.with_words(column)
        return self._checked_table(table)

    def _ids_are_numbers(self) -> bool:
        """Whether it was trained on series whose ids are numbers; not yet, while it is being trained."""
        return hasattr(self, "_tails") and not isinstance(self._tails[0].key, str)

    def _checked_table(self, table: Table) -> Table:
        """A table whose times and ids are of the kind of the training's.

        Raises:
            DataError: they are not, so that none would be where it seems to be.
        """
        zone, trained = ((each.zones or {}).get(self.time) for each in (table, self._table))
        if (zone is None) is not (trained is None):
            given = f"the time zone {zone}" if zone else "no time zone"
            raise DataError(
                f"{table.name}: column {self.time!r} has {given}, and the model learnt times with "
                f"{trained or 'none'}; expected the same. Give it the zone, as in "
                f"df[{self.time!r}].dt.tz_localize({trained or zone!r}), or take it away."
            )
        ids = table.columns.get(self.id)
        if ids is not None and len(ids) and self._has_ids:
            one, known = ids.tolist()[0], self._tails[0].key
            if not is_missing(one) and isinstance(one, str) is not isinstance(known, str):
                kind = type(known).__name__
                raise DataError(
                    f"{table.name}: column {self.id!r} has {one!r} of type {type(one).__name__}, and the "
                    f"model learnt ids of type {kind}, as {known!r}: every series would be a new one. Give "
                    f"the ids as they were, as in df[{self.id!r}].astype({kind})."
                )
        return table.counted_as(self._table, self.time)

    @property
    def _has_ids(self) -> bool:
        return len(self._tails) > 1 or self._tails[0].key != self.target

    def _read_on(self, data: Any) -> tuple[Table, list[Series], IntArray]:
        """Series as ``_read`` gives them, after what is kept of them; and how many steps that is."""
        table, series = self._read(data)
        kept = self._tails if (self.time in table.by_clock) is (self.time in self._table.by_clock) else ()
        return table, *after_kept_ends(series, kept, self.setup_.frequency, self.setup_.shape.context)

    @property
    def context_length_(self) -> int:
        """Steps that a forecast looks back on."""
        return self.setup_.shape.context

    def _note_contexts(self, series: Sequence[Series], windows: IntArray) -> None:
        """Say what the contexts of these forecasts lack."""
        note = missing_of_contexts(series, windows, self.setup_.shape.context)
        self.context_notes_ = () if note is None else (note,)
        self._tell(self.context_notes_)

    def _forecast(
        self,
        series: Sequence[Series],
        windows: IntArray,
        future: Sequence[npt.NDArray[np.float64]] | None = None,
        steps: int | None = None,
        seen: IntArray | None = None,
    ) -> Forecasts:
        """Forecasts from these windows on, of the whole horizon or of its first steps."""
        source = self.setup_.windows(
            series, windows, target=self.target, future=future, room=steps or self.horizon, seen=seen
        )
        return self._forecast_windows(source, steps)

    def _forecast_windows(self, source: ForecastWindows, steps: int | None = None) -> Forecasts:
        sampling = Sampling(self.num_samples, self.point, stream(self.seed, Purpose.FUTURES))
        forecasts = forecast_windows(
            self.network_, self._head, source, steps or self.horizon, self.quantiles, sampling
        )
        return calibrated(forecasts, self.calibration_, self.quantiles)

    def _columns(
        self, series: Sequence[Series], windows: IntArray, forecasts: Forecasts, with_actual: bool = False
    ) -> dict[str, Column]:
        frequency = self.setup_.frequency
        return forecast_columns(
            series, windows, forecasts, self.quantiles, self._names, frequency, with_actual=with_actual
        )

    def _new_network(self, setup: ForecastSetup) -> ForecastNetwork:
        with enough_memory(self, "hidden_size", "num_layers", "context_length", "horizon"):
            return ForecastNetwork(
                setup.shape,
                setup.features,
                self._head,
                self.hidden_size,
                self.num_layers,
                cell=self.cell,
                dropout=self.dropout,
                linear_skip=self.linear_skip,
                seed=stream(self.seed, Purpose.WEIGHTS),
            )

    def _vocabulary(self) -> Any:
        return {
            "setup": self.setup_.to_json(),
            "notes": list(self.notes_),
            "table": {
                "backend": self._table.backend,
                "zones": dict(self._table.zones or {}),
                "by_clock": list(self._table.by_clock),
                "types": {name: kind.to_json() for name, kind in (self._table.types or {}).items()},
            },
            "series": tails_to_json(self._tails),
        }

    def _arrays(self) -> Mapping[str, Array]:
        return {"calibration": self.calibration_, **tail_arrays(self._tails)}

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        try:
            setup = ForecastSetup.from_json(vocabulary["setup"], self._names)
            kind = vocabulary["table"]
            table = Table.of_kind(kind["backend"], kind["zones"], kind["by_clock"], kind.get("types"))
            self.notes_, self._described = tuple(vocabulary["notes"]), vocabulary["series"]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"what it says of its data cannot be read: {error!r}") from error
        hidden, shape = self.hidden_size, setup.shape
        expected = shape.patch if self.strategy == "recursive" else self.horizon
        if shape.horizon != expected:
            raise DataError(f"its windows forecast {shape.horizon} steps; expected {expected}.")
        needed = hidden * (setup.features + self.num_layers * hidden + shape.patch * self._head.width)
        needed += shape.context * shape.horizon if self.linear_skip else 0
        sizes = f"hidden_size={hidden}, num_layers={self.num_layers}, windows of {shape.context} steps"
        check_size(needed, self.num_layers, weights, sizes)
        self.setup_, self._table, self.verdict_ = setup, table, None
        self.network_ = self._new_network(setup)

    def _take_arrays(self, arrays: Mapping[str, Array]) -> None:
        rest = dict(arrays)
        calibration = rest.pop("calibration", None)
        expected = (self.horizon, len(self.quantiles))
        if calibration is None or calibration.shape != expected:
            raise DataError(f"its calibration does not have the shape {expected}")
        self.calibration_ = calibration
        self._tails = tails_from(self._described, rest, self._names, self.setup_)
        del self._described
