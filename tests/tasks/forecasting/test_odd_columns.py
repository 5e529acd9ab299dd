"""Columns whose type has no room for what goes out, or that mix kinds: nothing is lost, or it is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from gatewise import load
from gatewise.data.table_files import read_file
from gatewise.errors import ArgumentError, DataError
from tests.tasks.forecasting.problems import quick, wave

COUNT = 40
DAYS = pd.date_range("2026-01-01", periods=COUNT)
HOURS = pd.date_range("2026-10-20", periods=COUNT, freq="h", tz="Europe/Berlin")
VALUES = wave(COUNT)
TWICE = [*DAYS[:20], *DAYS[:20]]


def model(**changes):
    return quick(horizon=3, epochs=1, steps_per_epoch=2, context_length=8, **changes)


def in_pandas(times, **columns):
    return pd.DataFrame({"ds": times, "y": VALUES, **columns})


# No room in the type


@pytest.mark.parametrize(
    ("times", "following"),
    [
        (DAYS, list(pd.date_range("2026-02-10", periods=3))),
        (DAYS.strftime("%Y-%m-%d"), ["2026-02-10", "2026-02-11", "2026-02-12"]),
        (np.arange(COUNT), [40, 41, 42]),
    ],
    ids=["dates", "texts", "counted"],
)
def test_times_kept_as_categories_go_on_beyond_them(times, following):
    assert model().fit(in_pandas(pd.Categorical(times))).predict()["ds"].tolist() == following


def test_times_kept_as_an_enum_go_on_beyond_it():
    texts = DAYS.strftime("%Y-%m-%d").tolist()
    frame = pl.DataFrame({"ds": pl.Series(texts, dtype=pl.Enum(texts)), "y": VALUES})
    assert model().fit(frame).predict()["ds"].to_list() == ["2026-02-10", "2026-02-11", "2026-02-12"]


COUNTED = np.arange(88, 128, dtype=np.int8)
UNSIGNED = np.arange(216, 256, dtype=np.uint8)


@pytest.mark.parametrize(
    ("frame", "first"),
    [
        ({"ds": COUNTED, "y": VALUES}, 128),
        (in_pandas(COUNTED), 128),
        (in_pandas(pd.array(UNSIGNED, dtype="uint8[pyarrow]")), 256),
        (pl.DataFrame({"ds": UNSIGNED, "y": VALUES}), 256),
        (pa.table({"ds": pa.array(COUNTED), "y": VALUES}), 128),
    ],
    ids=["dict", "pandas", "pandas of pyarrow", "polars", "pyarrow"],
)
def test_counted_times_do_not_wrap_around(frame, first):
    found = model().fit(frame).predict()["ds"]
    assert np.asarray(found).tolist() == [first, first + 1, first + 2]


def test_counted_times_that_fit_stay_narrow():
    assert model().fit(in_pandas(np.arange(COUNT, dtype=np.int8))).predict()["ds"].dtype == np.int8


def test_ids_of_a_type_that_pandas_cannot_name_come_back_as_words(tmp_path):
    ids = pd.array(["a"] * COUNT, dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.large_string())))
    model().fit(in_pandas(DAYS, unique_id=ids)).save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").predict()["unique_id"].tolist() == ["a"] * 3


# Mixed kinds, and what is missing


@pytest.mark.parametrize("first", [1, "a", True])
@pytest.mark.parametrize("kind", [pd.Categorical, lambda ids: pd.Series(ids, dtype=object), list])
def test_ids_of_two_kinds_are_refused(first, kind):
    ids = [first] * 20 + ["1" if first == "a" else "b"] * 20
    if first == "a":
        ids[20:] = [1] * 20
    with pytest.raises(DataError, match=r"'unique_id' holds words and numbers, as .* and .*; expected one"):
        model().fit({"unique_id": kind(ids), "ds": TWICE, "y": VALUES})


def test_what_is_missing_in_a_list_of_words_is_no_word():
    data = {"ds": list(DAYS), "y": VALUES}
    with pytest.raises(DataError, match="'unique_id' names no series in row 40"):
        model().fit({"unique_id": ["a"] * 39 + [float("nan")], **data})
    with pytest.raises(DataError, match="'region' has a missing value"):
        model(static=("region",)).fit({"region": ["a"] * 39 + [float("nan")], **data})


def test_masked_values_are_missing():
    gap = np.arange(COUNT) == 20
    masked = model().fit({"ds": DAYS, "y": np.ma.array(np.where(gap, 9e9, VALUES), mask=gap)})
    plain = model().fit({"ds": DAYS, "y": np.where(gap, np.nan, VALUES)})
    np.testing.assert_array_equal(masked.predict()["y_hat"], plain.predict()["y_hat"])


def test_masked_ids_and_times_are_refused():
    last = np.arange(COUNT) == COUNT - 1
    with pytest.raises(DataError, match="names no series in row 40"):
        model().fit({"unique_id": np.ma.array(np.ones(COUNT, int), mask=last), "ds": DAYS, "y": VALUES})
    with pytest.raises(DataError, match="'ds' has no time in row 40"):
        model().fit({"ds": np.ma.array(DAYS.to_numpy(), mask=last), "y": VALUES})


def test_times_finer_than_a_microsecond_are_refused():
    with pytest.raises(DataError, match=r"'ds' has .*\.000000123 in row 1; expected whole microseconds"):
        model().fit(in_pandas(DAYS.as_unit("ns") + pd.Timedelta(nanoseconds=123)))


# Static covariates


@pytest.fixture
def regions():
    ids = ["a"] * 20 + ["b"] * 20
    return pd.DataFrame({"unique_id": ids, "ds": TWICE, "y": VALUES, "region": ["1"] * 20 + ["2"] * 20})


@pytest.mark.parametrize(
    ("value", "message"),
    [("", "has a missing value in series 'b'"), (np.inf, "has an infinite value in series 'b'")],
)
def test_a_static_covariate_that_is_none(value, message, regions):
    first = "x" if value == "" else 1.0
    with pytest.raises(DataError, match=f"column 'region' {message}"):
        model(static=("region",)).fit(regions.assign(region=[first] * 20 + [value] * 20))


def test_numbers_for_a_static_covariate_of_words_are_refused(regions):
    made = model(static=("region",)).fit(regions)
    with pytest.raises(DataError, match="series 'a' has the static covariate 1; expected a word, as the '1'"):
        made.predict(regions.assign(region=regions["region"].astype(int)))


def test_a_text_file_has_static_covariates_as_they_were_learnt(regions, tmp_path):
    made = model(static=("region",)).fit(regions)
    regions.to_csv(tmp_path / "regions.csv", index=False)
    found = made.predict(read_file(tmp_path / "regions.csv"))
    np.testing.assert_allclose(found["y_hat"], made.predict(regions)["y_hat"], rtol=1e-6)


def test_a_text_file_read_series_by_series_keeps_its_words(regions, tmp_path):
    regions.to_csv(tmp_path / "regions.csv", index=False)
    table = read_file(tmp_path / "regions.csv")
    part = table.rows(table.columns["unique_id"] == "b").with_words("region")
    assert part.columns["region"].tolist() == ["2"] * 20


# Time zones


@pytest.mark.parametrize(
    "times",
    [pd.Series(HOURS), HOURS, pa.array(HOURS), pl.from_arrow(pa.array(HOURS))],
    ids=["pandas", "an index", "pyarrow", "polars"],
)
def test_a_dict_does_not_lose_a_time_zone(times):
    with pytest.raises(ArgumentError, match="'ds' is in the time zone Europe/Berlin, which a dict"):
        model().fit({"ds": times, "y": VALUES})


@pytest.mark.parametrize(
    "last", ["2026-10-25 01:00+02:00", "2026-10-25 02:00+02:00", "2026-03-29 01:00+01:00"]
)
def test_hours_after_a_single_row_where_clocks_are_changed(last):
    made, at = model().fit(in_pandas(HOURS)), pd.DatetimeIndex([last]).tz_convert("Europe/Berlin")
    found = made.predict(pd.DataFrame({"ds": at, "y": [5.0]}))["ds"]
    assert found.tolist() == [at[0] + pd.Timedelta(hours=step) for step in (1, 2, 3)]


def test_a_single_row_of_a_zone_goes_on_from_the_training():
    made = model().fit(in_pandas(HOURS))
    row = pd.DataFrame({"ds": [HOURS[-1] + pd.Timedelta(hours=1)], "y": [5.0]})
    naive = model().fit(in_pandas(HOURS.tz_localize(None)))
    same = naive.anomalies(row.assign(ds=row["ds"].dt.tz_localize(None)))
    assert made.anomalies(row)["score"].tolist() == same["score"].tolist()


ROWS = np.zeros((COUNT, 2))
NESTED = {
    "polars": lambda: pl.Series(ROWS),
    "pyarrow": lambda: pa.FixedSizeListArray.from_arrays(pa.array(ROWS.ravel()), 2),
    "lists": lambda: pl.Series(ROWS.tolist()),
}


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("column", ["y", "ds", "unique_id", "y alone"])
def test_rows_within_rows_are_refused_and_no_traceback(column, name):
    nested = NESTED[name]()
    columns = {"unique_id": ["a"] * COUNT, "ds": list(range(COUNT)), "y": VALUES, column: nested}
    make = pa.table if name == "pyarrow" else pl.DataFrame
    with pytest.raises(DataError, match=f"column '{column.removesuffix(' alone')}' (has|holds) "):
        model().fit(nested if column == "y alone" else make(columns))


def test_an_index_alone_is_no_series():
    with pytest.raises(ArgumentError, match=r"the data has type pandas\.\S*Index; expected a data frame"):
        model().fit(pd.Index(VALUES))
