"""What forecasts a panel of series by what was learnt: the inside of ``Forecaster``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from gatewise.data.columns import Column
from gatewise.data.frames import Table
from gatewise.data.missing import is_missing
from gatewise.data.panel import ColumnNames, Series, read_panel
from gatewise.data.tables import as_table
from gatewise.data.windows import ForecastWindows
from gatewise.errors import DataError
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.forecasting.answer_times import refuse_no_room
from gatewise.tasks.forecasting.contexts import (
    after_kept_ends,
    first_unseen,
    missing_of_contexts,
    refuse_other_clock,
    without_values,
)
from gatewise.tasks.forecasting.forecasts import Forecasts, Sampling, forecast_windows
from gatewise.tasks.forecasting.frames import actual_values, forecast_columns
from gatewise.tasks.forecasting.heads import Head, make_head
from gatewise.tasks.forecasting.intervals import calibrated
from gatewise.tasks.forecasting.judge import count_of, judge, verdict_from
from gatewise.tasks.forecasting.network import ForecastNetwork
from gatewise.tasks.forecasting.recent_errors import following_errors, horizons_before
from gatewise.tasks.forecasting.setup import ForecastSetup
from gatewise.tasks.forecasting.split import origins
from gatewise.tasks.forecasting.tails import tail_arrays, tails_from, tails_to_json
from gatewise.tasks.forecasting.verdict import Verdict
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    pass

__all__ = ["PanelModel"]


class PanelModel(Estimator):
    """A fitted forecaster: reads series, forecasts them, and is kept in a file.

    ``PanelLearner`` makes one; ``Forecaster`` says what the hyperparameters and attributes mean.
    """

    _shaping: ClassVar[tuple[str, ...]] = (
        "horizon",
        "quantiles",
        "distribution",
        "point",
        "strategy",
        "hidden_size",
        "num_layers",
        "cell",
        "linear_skip",
        "scaling",
        "calendar",
        "known",
        "past",
        "static",
    )

    network_: ForecastNetwork
    setup_: ForecastSetup
    calibration_: Array
    verdict_: Verdict | None
    notes_: tuple[str, ...]
    context_notes_: tuple[str, ...]
    _left_out: str | None
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
    time_zone: str | None
    id: str
    known: tuple[str, ...]
    past: tuple[str, ...]
    static: tuple[str, ...]
    calibrate: bool
    strict: bool
    validation_fraction: float
    dropout: float
    steps_per_epoch: int

    @property
    def _names(self) -> ColumnNames:
        known, past, static = map(tuple, (self.known, self.past, self.static))
        return ColumnNames(self.target, self.time, self.id, known, past, static, self.time_zone)

    @property
    def _head(self) -> Head:
        tails = self.setup_.draws_tails if hasattr(self, "setup_") else True
        return make_head(self.distribution, self.quantiles, self.point, tails=tails)

    @property
    def _samples_steps(self) -> bool:
        """Whether a forecast is drawn block after block."""
        return self.setup_.shape.horizon < self.horizon

    @property
    def _calibrates(self) -> bool:
        return self.calibrate and len(self.quantiles) > 0

    def _read(self, data: Any, horizon: int = 0) -> tuple[Table, Sequence[Series]]:
        """Series to go on from, whose times have room for so many steps more: new, or kept from training."""
        self._left_out = None
        if data is None:
            return self._table, self._tails
        table = self._as_table(data)
        panel = read_panel(table, self._names, str(self.setup_.frequency), strict=self.strict)
        series = panel.series
        if not series:
            raise DataError(f"{table.name}: no series has a value in column {self.target!r} to go on from.")
        self.setup_.refuse_other_units(series, self.target)
        self._left_out = without_values(table, self._names, series)
        refuse_no_room(table, self.time, series, self.setup_.frequency, horizon)
        return table, series

    def _as_table(self, data: Any, name: str = "the data") -> Table:
        """What is given as a table, ids and static covariates of a text file as those of the training."""
        ids_as_numbers = self._ids_are_numbers()
        table = as_table(data, self._names, name, ids_as_numbers=ids_as_numbers, learnt_zone=self._zone)
        for column in self.setup_.statics.names_of_words(self.static):
            table = table.with_words(column)
        return self._checked_table(table)

    @property
    def _zone(self) -> str | None:
        """The time zone that the times of the training had; before it the one that is named."""
        return (self._table.zones or {}).get(self.time) if hasattr(self, "_table") else self.time_zone

    def _ids_are_numbers(self) -> bool:
        """Whether it was trained on series whose ids are numbers; not yet, while it is being trained."""
        return hasattr(self, "_tails") and not isinstance(self._tails[0].key, str)

    def _checked_table(self, table: Table) -> Table:
        """A table whose times and ids are of the kind of the training's.

        Raises:
            DataError: they are not, so that none would be where it seems to be.
        """
        refuse_other_clock(table, self._table, self.time)
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
        self.context_notes_ = tuple(each for each in (self._left_out, note) if each is not None)
        self._tell(self.context_notes_)

    def _forecast(
        self,
        series: Sequence[Series],
        windows: IntArray,
        future: Sequence[npt.NDArray[np.float64]] | None = None,
        steps: int | None = None,
        seen: IntArray | None = None,
    ) -> Forecasts:
        """Forecasts from these windows on, of the whole horizon or of its first steps.

        Intervals of the whole horizon follow the errors of what has come since training.
        """
        source = self.setup_.windows(
            series, windows, target=self.target, future=future, room=steps or self.horizon, seen=seen
        )
        forecasts = self._forecast_windows(source, steps)
        if steps is not None or not self._calibrates:
            return forecasts
        shape, frequency = self.setup_.shape, self.setup_.frequency
        firsts = first_unseen(series, self._tails, frequency, shape.context)
        before = horizons_before(windows, firsts, self.horizon)
        if len(before) == 0:
            return forecasts
        earlier = self.setup_.windows(series, before, target=self.target, room=self.horizon, seen=seen)
        actual = actual_values(series, before, self.horizon)
        past = self._forecast_windows(earlier)
        return following_errors(forecasts, windows, past, before, actual, self.quantiles)

    def _forecast_windows(self, source: ForecastWindows, steps: int | None = None) -> Forecasts:
        forecasts = self._forecasts_of(self.network_, source, steps)
        return calibrated(forecasts, self.calibration_, self.quantiles)

    def _forecasts_of(
        self, network: ForecastNetwork, source: ForecastWindows, steps: int | None = None
    ) -> Forecasts:
        """Forecasts as a network gives them, its intervals not calibrated."""
        sampling = Sampling(self.num_samples, self.point, stream(self.seed, Purpose.FUTURES))
        return forecast_windows(network, self._head, source, steps or self.horizon, self.quantiles, sampling)

    def _judge(
        self, series: Sequence[Series], windows: IntArray, learnt: IntArray, forecasts: Forecasts, data: str
    ) -> Verdict:
        season, clock = self.setup_.season, self.setup_.clock
        verdict = judge(series, windows, learnt, forecasts, self.quantiles, season, data, clock)
        self._tell([str(verdict)])
        self.verdict_ = verdict
        return verdict

    def _measured(self, data: Any) -> dict[str, Any]:
        """What ``Forecaster.evaluate`` returns."""
        from gatewise.training import mean_loss

        _, series, before = self._read_on(data)
        ends = np.array([len(each) for each in series])
        windows = origins(series, np.maximum(ends - self.horizon, np.maximum(before, 1)), ends, self.horizon)
        if len(windows) == 0:
            longest = (ends - before).max()
            raise DataError(
                f"no series has more than horizon={self.horizon} steps; the longest has {longest}."
            )
        self._note_contexts(series, windows)
        seen = np.maximum(ends - self.horizon, 1)
        source = self.setup_.windows(series, windows, target=self.target, room=self.horizon, seen=seen)
        forecasts = self._forecast(series, windows, seen=seen)
        verdict = self._judge(
            series, windows, ends - self.horizon, forecasts, f"the end of {count_of(windows)}"
        )
        count = int(np.isfinite(actual_values(series, windows, self.horizon)).sum())
        return {
            **verdict.as_dict(),
            "loss": mean_loss(self.network_, source, self.batch_size),
            "count": count,
        }

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
        self.setup_, self._table = setup, table
        self.network_ = self._new_network(setup)

    def _verdict_from(self, values: Mapping[str, Any]) -> Verdict:
        return verdict_from(values)

    def _take_arrays(self, arrays: Mapping[str, Array]) -> None:
        rest = dict(arrays)
        calibration = rest.pop("calibration", None)
        expected = (self.horizon, len(self.quantiles))
        if calibration is None or calibration.shape != expected:
            raise DataError(f"its calibration does not have the shape {expected}")
        self.calibration_ = calibration
        self._tails = tails_from(self._described, rest, self._names, self.setup_)
        del self._described
