"""Times by the clocks of a zone: objects keep it, others are read by it, and answers have it."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import load
from gatewise.errors import ArgumentError, DataError
from tests.tasks.forecasting.problems import quick, wave

COUNT, HORIZON = 60, 4
VALUES = wave(COUNT)
BERLIN = ZoneInfo("Europe/Berlin")
# Clocks are set back within the training, and forward within what is forecast.
AUTUMN = dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC)
SPRING = dt.datetime(2026, 3, 26, 13, tzinfo=dt.UTC)


def model(**changes):
    return quick(horizon=HORIZON, epochs=1, steps_per_epoch=2, context_length=12, **changes)


def moments(first, zone=BERLIN, count=COUNT + HORIZON):
    return [(first + dt.timedelta(hours=hour)).astimezone(zone) for hour in range(count)]


def instants(times):
    return [time.astimezone(dt.UTC) for time in times]


ZONES = {
    "of the IANA": BERLIN,
    "half an hour at a change": ZoneInfo("Australia/Lord_Howe"),
    "an offset": dt.timezone(dt.timedelta(hours=5, minutes=30)),
    "UTC": dt.UTC,
}


@pytest.mark.parametrize("first", [AUTUMN, SPRING], ids=["autumn", "spring"])
@pytest.mark.parametrize("zone", ZONES.values(), ids=ZONES)
def test_a_dict_of_moments_keeps_their_zone(zone, first, tmp_path):
    times = moments(first, zone)
    made = model().fit({"ds": times[:COUNT], "y": VALUES})
    made.save(tmp_path / "m.safetensors")
    for each in (made, load(tmp_path / "m.safetensors")):
        found = each.predict()["ds"].tolist()
        assert [str(time) for time in found] == [str(time) for time in times[COUNT:]]
    scored = made.anomalies({"ds": times[:COUNT], "y": VALUES})["ds"]
    assert [str(time) for time in scored] == [str(time) for time in times[:COUNT]]


OBJECTS = {
    "moments of pandas": [pd.Timestamp(time) for time in moments(AUTUMN)],
    "moments in UTC": moments(AUTUMN, dt.UTC),
    "without a zone": [time.replace(tzinfo=None) for time in moments(AUTUMN, dt.UTC)],
    "days": [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(COUNT + HORIZON)],
}


@pytest.mark.parametrize("times", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("library", ["dict", "pandas"])
def test_objects_come_back_as_objects(library, times):
    column = np.empty(COUNT, dtype=object)
    column[:] = times[:COUNT]
    data = {"ds": column, "y": VALUES}
    frame = data if library == "dict" else pd.DataFrame(data | {"ds": pd.Series(column, dtype=object)})
    found = model().fit(frame).predict()["ds"]
    assert found.dtype == object
    assert list(found) == times[COUNT:]
    assert isinstance(found[0], dt.datetime) is isinstance(times[0], dt.datetime)


def naive(time):
    return time.replace(tzinfo=None)


@pytest.mark.parametrize("last", [naive(moments(AUTUMN)[1]), moments(AUTUMN, dt.UTC)[1]], ids=["none", "UTC"])
@pytest.mark.parametrize("make", [dict, pd.DataFrame], ids=["dict", "pandas"])
def test_moments_of_two_zones_are_refused(make, last):
    times = [*moments(AUTUMN)[: COUNT - 1], last]
    data = make({"ds": np.array(times, dtype=object), "y": VALUES})
    with pytest.raises(DataError, match=r"Europe/Berlin in row 1 and (none|UTC) in row 60; expected one"):
        model().fit(data)


# A zone that is named

LOCAL = moments(SPRING - dt.timedelta(days=2))
FRAMES = {
    "texts": lambda: {"ds": [f"{time:%Y-%m-%d %H:%M}" for time in LOCAL[:COUNT]], "y": VALUES},
    "texts of UTC": lambda: {
        "ds": [f"{time.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}" for time in LOCAL[:COUNT]],
        "y": VALUES,
    },
    "objects": lambda: {"ds": list(map(naive, LOCAL[:COUNT])), "y": VALUES},
    "arrays": lambda: {"ds": np.array(list(map(naive, LOCAL[:COUNT])), "M8[s]"), "y": VALUES},
    "pandas": lambda: pd.DataFrame({"ds": list(map(naive, LOCAL[:COUNT])), "y": VALUES}),
    "pandas in UTC": lambda: pd.DataFrame({"ds": instants(LOCAL[:COUNT]), "y": VALUES}),
    "polars": lambda: pl.DataFrame({"ds": list(map(naive, LOCAL[:COUNT])), "y": VALUES}),
    "pyarrow": lambda: pa.table(
        {"ds": pa.array(list(map(naive, LOCAL[:COUNT])), pa.timestamp("ms")), "y": VALUES}
    ),
}


@pytest.mark.parametrize("made", FRAMES.values(), ids=FRAMES)
def test_times_are_read_by_the_clocks_of_the_zone_that_is_named(made, tmp_path):
    data = made()
    fitted = model(time_zone="Europe/Berlin").fit(data)
    fitted.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.time_zone == "Europe/Berlin"
    assert fitted.setup_.clock.zone == "Europe/Berlin"
    for found in (fitted.predict()["ds"], again.predict()["ds"], again.predict(data)["ds"]):
        texts = [
            str(time).replace("T", " ")
            for time in (found.to_pylist() if isinstance(data, pa.Table) else found)
        ]
        assert [dt.datetime.fromisoformat(text) for text in texts] == instants(LOCAL[COUNT:])
        assert [text[:16] for text in texts] == [f"{time:%Y-%m-%d %H:%M}" for time in LOCAL[COUNT:]]


def test_units_stay_in_the_zone_that_is_named():
    found = model(time_zone="Europe/Berlin").fit(FRAMES["pyarrow"]()).predict()
    assert found.schema.field("ds").type == pa.timestamp("ms", "Europe/Berlin")
    seconds = pd.DataFrame(FRAMES["arrays"]())
    assert model(time_zone="+05:30").fit(seconds).predict()["ds"].dtype.unit == "s"


TWICE = {
    "objects": lambda times: {"ds": times, "y": VALUES},
    "texts": lambda times: {"ds": list(map(str, times)), "y": VALUES},
    "polars": lambda times: pl.DataFrame({"ds": times, "y": VALUES}),
}


@pytest.mark.parametrize("made", TWICE.values(), ids=TWICE)
def test_an_hour_that_clocks_show_twice_is_refused(made):
    times = list(map(naive, moments(AUTUMN)[:COUNT]))
    with pytest.raises(
        DataError, match=r"02:00.* in row 13, which clocks in Europe/Berlin show twice.*\+02:00"
    ):
        model(time_zone="Europe/Berlin").fit(made(times))


@pytest.mark.parametrize("made", TWICE.values(), ids=TWICE)
def test_an_hour_that_clocks_leave_out_is_refused(made):
    times = [dt.datetime(2026, 3, 28, 13) + dt.timedelta(hours=hour) for hour in range(COUNT)]
    with pytest.raises(
        DataError, match=r"02:00.* in row 14, which clocks in Europe/Berlin never show.*time_zone"
    ):
        model(time_zone="Europe/Berlin").fit(made(times))


def test_the_hour_that_comes_twice_may_have_its_offset():
    times = [str(time) if time.hour == 2 else str(naive(time)) for time in moments(AUTUMN)[:COUNT]]
    found = model(time_zone="Europe/Berlin").fit({"ds": times, "y": VALUES}).predict()["ds"]
    assert [dt.datetime.fromisoformat(text) for text in found] == instants(moments(AUTUMN)[COUNT:])


def test_offsets_that_differ_need_a_zone_or_a_model_that_knows_it():
    times = list(map(str, moments(AUTUMN)[:COUNT]))
    with pytest.raises(DataError, match=r"\+02:00 in row 1 and \+01:00 in row 14.*with time_zone="):
        model().fit({"ds": times, "y": VALUES})
    zoned = model().fit(pd.DataFrame({"ds": moments(AUTUMN)[:COUNT], "y": VALUES}))
    found = zoned.predict({"ds": times, "y": VALUES})["ds"].tolist()
    assert found == list(map(str, moments(AUTUMN)[COUNT:]))


@pytest.mark.parametrize(
    "times",
    [
        [str(dt.date(2026, 3, 1) + dt.timedelta(days=day)) for day in range(COUNT)],
        [dt.date(2026, 3, 1) + dt.timedelta(days=day) for day in range(COUNT)],
        [f"{2000 + quarter // 4}Q{quarter % 4 + 1}" for quarter in range(COUNT)],
    ],
    ids=["texts of days", "days", "quarters"],
)
def test_days_and_longer_spans_have_no_zone(times):
    data = {"ds": times, "y": VALUES}
    assert (
        model(time_zone="Europe/Berlin").fit(data).predict()["ds"].tolist()
        == model().fit(data).predict()["ds"].tolist()
    )


@pytest.mark.parametrize(
    "data", [VALUES, {"ds": np.arange(COUNT), "y": VALUES}, {"ds": ["1"] * COUNT, "y": VALUES}]
)
def test_what_is_counted_has_no_zone(data):
    with pytest.raises(ArgumentError, match=r"time_zone='UTC', but column 'ds' of .* holds no times of day"):
        model(time_zone="UTC").fit(data)


@pytest.mark.parametrize("zone", ["Europe/Berln", "+25:00", "", 3])
def test_a_zone_that_there_is_not(zone):
    with pytest.raises(
        ArgumentError, match=rf"time_zone={re.escape(repr(zone))} is no time zone; expected its name"
    ):
        model(time_zone=zone).fit(VALUES)


@pytest.mark.parametrize(
    "times",
    [list(map(naive, moments(AUTUMN)[:COUNT])), [str(naive(time)) for time in moments(AUTUMN)[:COUNT]]],
)
def test_a_doubled_hour_without_a_zone_is_told_with_the_remedy(times):
    with pytest.raises(
        DataError, match=r"02:00:00.* more than once .*Where clocks were set back, write .* offset"
    ):
        model().fit({"ds": times, "y": VALUES})
