"""What a forecaster refuses: one error that names the argument or the column, and what to do about it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gatewise.errors import ArgumentError, DataError, GatewiseError
from tests.tasks.forecasting.problems import DAY, START, following, panel, quick, wave, words


@pytest.fixture(scope="module")
def model():
    return quick(known=("price",), static=("region",)).fit(panel())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon=0; expected a whole number of at least 1"),
        ({"horizon": 2.5}, r"horizon=2\.5; expected a whole number"),
        ({"hidden_size": 0}, "hidden_size=0"),
        ({"num_layers": -1}, "num_layers=-1"),
        ({"num_samples": 0}, "num_samples=0"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0"),
        ({"steps_per_epoch": None}, "steps_per_epoch=None"),
        ({"context_length": 0}, "context_length=0; .*, or None"),
        (
            {"context_length": 25, "patch_size": 6},
            "context_length=25 is no multiple of patch_size=6; .* as 30",
        ),
        ({"patch_size": "6"}, "patch_size='6'"),
        ({"season_length": 0}, "season_length=0"),
        ({"quantiles": (0.9, 0.1)}, r"quantiles=\(0\.9, 0\.1\); expected numbers between 0 and 1, rising"),
        ({"quantiles": (0.1, 0.1)}, "quantiles="),
        ({"quantiles": (0, 0.5)}, "quantiles="),
        ({"quantiles": (0.5, 1)}, "quantiles="),
        ({"quantiles": (0.5, "x")}, "quantiles="),
        ({"quantiles": 0.5}, r"quantiles=0\.5"),
        ({"quantiles": (float("nan"),)}, "quantiles="),
        (
            {"strategy": "recursive", "quantiles": ()},
            r"quantiles=\(\) with strategy='recursive'; expected at least two",
        ),
        ({"strategy": "recursive", "quantiles": (0.5,)}, "with strategy='recursive'"),
        ({"strategy": "both"}, "strategy='both'; expected one of direct, recursive"),
        ({"distribution": "poisson"}, "distribution='poisson'; expected one of normal, student_t"),
        ({"point": "mode"}, "point='mode'"),
        ({"cell": "gru"}, "cell='gru'"),
        ({"scaling": "minmax"}, "scaling='minmax'"),
        ({"freq": "1x"}, "freq='1x'; expected a number and a unit"),
        ({"freq": "1d"}, "freq='1d', but column 'ds' of the data holds numbers"),
        ({"freq": 5}, "freq=5"),
        ({"known": "price"}, "known='price'; expected a tuple of column names"),
        ({"past": (1,)}, r"past=\(1,\)"),
        ({"target": None}, "target=None; expected the name of a column"),
        ({"calibrate": 1}, "calibrate=1; expected True or False"),
        ({"dropout": 1}, "dropout=1"),
        ({"validation_fraction": 1}, "validation_fraction=1"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"epochs": 0}, "epochs=0"),
        ({"horizon": 200}, "horizon=200 is longer than the data: the longest of 1 series has 120 steps"),
        ({"horizon": 120}, "horizon=120 is longer than the data"),
    ],
)
def test_hyperparameters(options, message):
    with pytest.raises(GatewiseError, match=message):
        quick(**options).fit(wave())


def one(times=None, values=None, **others):
    return {
        "ds": START + np.arange(40) * DAY if times is None else times,
        "y": wave(40) if values is None else values,
        **others,
    }


TWICE = START + np.minimum(np.arange(40), 38) * DAY
EACH_BAD_FRAME = pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.DataFrame(), "no column 'y'; there are none. Rename one of them, or name"),
        ({"ds": np.arange(40)}, "no column 'y'; there are 'ds'"),
        ({"y": wave(40)}, "no column 'ds'; .* with time="),
        (one(TWICE), "series 'y' has the time 2024-02-08.* more than once in column 'ds'. .* with id="),
        (one(values=np.full(40, np.nan)), "column 'y' has no value at all"),
        (
            one(values=np.full(40, 7.0)),
            "series 'y' of column 'y' is constant: all [0-9]+ values to learn from are 7",
        ),
        (one(values=words(*["x"] * 40)), "column 'y' has 'x' in row 1; expected a number"),
        (
            one(values=np.where(np.arange(40) == 4, np.inf, wave(40))),
            "column 'y' has an infinite value in row 5",
        ),
        (one(words(*["soon"] * 40)), "column 'ds' has 'soon' in row 1; expected dates"),
        (one(unique_id=words(*["a"] * 39, None)), "column 'unique_id' names no series in row 40"),
        ([], "the data has no rows"),
        ([1.0], "column 'ds': no series has two times"),
        ([1.0, 2.0, 3.0], "horizon=6.* longest .* 3 steps"),
        (["a"] * 40, "column 'y' has 'a' in row 1"),
        ([[1, 2], [3, 4]], "expected"),
        ([[1, 2], [3]], "expected"),
        ({"ds": [1, 2], "y": [[1], [2, 3]]}, "'y'"),
        (None, "the data has type builtins.NoneType; expected a data frame"),
        ("data.csv", "the data has type builtins.str"),
        (np.zeros((40, 2)), r"the data has (type numpy\.ndarray|rows within rows)"),
        (pd.DataFrame(np.zeros((40, 2)), columns=["y", "y"]), "'y'"),
    ],
)


@EACH_BAD_FRAME
def test_data_to_learn_from(data, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        quick().fit(data)


@EACH_BAD_FRAME
def test_data_to_test_on(data, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        quick().backtest(data)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"target": "y_hat"}, "y_hat"),
        ({"time": "cutoff"}, "cutoff"),
        ({"id": "q0.1"}, "q0.1"),
        ({"quantiles": (0.1, 0.1000001)}, "0.1000001"),
    ],
    ids=["target", "time", "id", "quantiles"],
)
def test_names_that_the_forecasts_need(options, name):
    data = {"unique_id": words(*["a"] * 120), "ds": np.arange(120), "y": wave()}
    for role, column in (("target", "y"), ("time", "ds"), ("id", "unique_id")):
        data[options.get(role, column)] = data.pop(column)
    with pytest.raises(GatewiseError, match=name):
        quick(epochs=1, **options).fit(data)


def test_a_step_beyond_all_time():
    with pytest.raises(GatewiseError, match="freq='99999999999999999999h'"):
        quick(freq="99999999999999999999h").fit(one())


def test_covariates_beyond_what_can_be_scaled():
    with pytest.raises(DataError, match="column 'k'"):
        quick(past=("k",)).fit(one(k=1e300 * np.arange(40)))


def test_a_series_that_is_constant_is_named():
    data = panel()
    data["y"][120:210] = 3
    with pytest.raises(
        DataError, match=r"series 'a' of column 'y' is constant: all 90 values to learn from are 3"
    ):
        quick(strict=True).fit(data)


@pytest.mark.parametrize(
    ("options", "column"),
    [
        ({"target": "sales"}, "target"),
        ({"time": "when"}, "time"),
        ({"id": "shop"}, "id"),
        ({"known": ("plan",)}, "known"),
        ({"past": ("plan",)}, "past"),
        ({"static": ("plan",)}, "static"),
    ],
)
def test_columns_that_are_not_there(options, column):
    value = options[column]
    name = value if isinstance(value, str) else value[0]
    with pytest.raises(DataError, match=rf"no column '{name}'; there are 'unique_id', 'ds', .*{column}"):
        quick(**options).fit(panel())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            words(*["x", 1] * 60, *[2] * 100),
            "column 'region' has 2 values in series 'b'; a static covariate has one",
        ),
        (words(*["x"] * 120, *[2] * 100), "column 'region' holds words and numbers; expected one kind"),
        (np.full(220, np.nan), "column 'region'"),
        (np.repeat([START, START + DAY], [120, 100]).astype("M8[D]"), "column 'region'"),
    ],
    ids=["two values", "two kinds", "missing", "dates"],
)
def test_static_covariates(values, message):
    with pytest.raises(DataError, match=message):
        quick(static=("region",)).fit({**panel(), "region": values})


# Of a fitted model


def future(**changes):
    return {**following(), **changes}


@pytest.mark.parametrize(
    ("ahead", "message"),
    [
        (None, r"future=None, but the model was trained with known=\('price',\); give a table"),
        (
            {name: values[:-1] for name, values in following().items()},
            "future: series 'a' has no row for 2024-04-22",
        ),
        ({"ds": following()["ds"], "unique_id": following()["unique_id"]}, "future: no column 'price'"),
        (future(price=np.full(12, np.nan)), "future: series 'b' has a missing value in column 'price'"),
        (future(price=words(*["x"] * 12)), "future: column 'price' has 'x' in row 1"),
        (future(ds=following()["ds"] + DAY), "future: series 'b' has no row for 2024-04-30"),
        (5, r"future has type builtins\.int; expected a data frame"),
    ],
    ids=["none", "short", "no column", "missing", "words", "late", "number"],
)
def test_the_future(ahead, message, model):
    with pytest.raises((ArgumentError, DataError), match=message):
        model.predict(future=ahead)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ds": np.arange(220)}, "freq='1d', but column 'ds' of the data holds numbers"),
        ({"ds": panel()["ds"] + np.arange(220) * np.timedelta64(1, "m")}, "lies off its grid of 1d"),
        ({"y": np.full(220, np.nan)}, "column 'y' has no value at all"),
        ({"region": np.arange(220.0)}, "column 'region' has 120 values in series 'b'"),
        ({"price": words(*["x"] * 220)}, "column 'price' has 'x' in row 1"),
    ],
)
def test_data_that_do_not_fit_the_model(change, message, model):
    for call in (lambda data: model.predict(data, future=following()), model.anomalies, model.evaluate):
        with pytest.raises((ArgumentError, DataError), match=message):
            call({**panel(), **change})


def test_a_word_where_the_static_covariate_was_a_number():
    made = quick(epochs=1, static=("region",)).fit({**panel(), "region": np.repeat([1, 2], [120, 100])})
    with pytest.raises(DataError, match="series 'b' has the static covariate 'north'; expected a number"):
        made.predict(panel())


def test_a_new_series_that_is_constant_goes_on_about_as_it_was(model):
    """It is nothing to learn from, and no reason not to forecast the others."""
    data = {name: values[:50] for name, values in panel().items()}
    new = {**data, "unique_id": words(*["new"] * 50), "y": np.full(50, 2.0)}
    assert model.evaluate(new)["forecasters"][0]["mae"] < 2


def test_a_new_series_of_one_row_stops_nothing(model):
    data = {name: np.append(values, values[:1]) for name, values in panel().items()}
    data["unique_id"] = words(*panel()["unique_id"], "new")
    assert model.evaluate(data)["data"].startswith("the end of 2 series")


def test_past_covariates_have_no_future_to_go_on_from():
    with pytest.raises(ArgumentError, match=r"past=\('visitors',\) with strategy='recursive'; expected none"):
        quick(strategy="recursive", past=("visitors",)).fit(panel())


def test_too_short_to_be_measured():
    made = quick(epochs=1).fit(wave())
    with pytest.raises(DataError, match="no series has more than horizon=6 steps; the longest has 6"):
        made.evaluate(wave(6))
    with pytest.raises(
        DataError,
        match=r"windows=3 of horizon=6 reach 18 steps back, .* has 24 steps; expected at least 25",
    ):
        made.backtest(wave(24))
    assert len(made.evaluate(wave(7))["forecasters"]) == 4


def test_nothing_to_score():
    """One step has nothing before it to be forecast from."""
    made = quick(epochs=1).fit(wave())
    found = made.anomalies([5.0])
    assert np.isnan(found["score"]).all()
    assert not found["anomaly"].any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda made: made.backtest(wave(), windows=0), "windows=0"),
        (lambda made: made.backtest(wave(), step=0), "step=0"),
        (
            lambda made: made.anomalies(wave(), rate=2),
            "rate=2; expected a number of at least 0 and at most 1",
        ),
        (
            lambda made: quick(quantiles=(0.5,), epochs=1).fit(wave()).anomalies(wave()),
            r"quantiles=\(0\.5,\); expected at least two",
        ),
    ],
)
def test_arguments(call, message):
    made = quick(epochs=1).fit(wave())
    with pytest.raises(ArgumentError, match=message):
        call(made)


@pytest.mark.parametrize("scaling", ["standard", "mean"])
@pytest.mark.parametrize("factor", [0.01, 0.1, 10, 1000])
def test_values_in_another_unit_are_no_silent_nonsense(factor, scaling):
    """Under a name that is known; as a series of its own it is scaled by what it shows."""
    data = {"unique_id": words(*["a"] * 120), "ds": np.arange(120), "y": 10 + wave()}
    made = quick(epochs=1, scaling=scaling).fit(data)
    other = {**data, "y": factor * data["y"]}
    for call in (made.predict, made.evaluate, made.anomalies):
        with pytest.raises(
            DataError, match=r"series 'a' of column 'y' has a mean of .*, far from what was learnt"
        ):
            call(other)
    renamed = made.predict({**other, "unique_id": words(*["b"] * 120)})
    np.testing.assert_allclose(renamed["y_hat"], factor * made.predict()["y_hat"], rtol=0.05)


@pytest.mark.parametrize(
    "options",
    [
        {"known": ("y",)},
        {"past": ("ds",)},
        {"static": ("unique_id",)},
        {"known": ("price",), "past": ("price",)},
        {"known": ("price", "price")},
    ],
    ids=str,
)
def test_a_column_has_one_role(options):
    with pytest.raises(ArgumentError, match="expected one role"):
        quick(**options).fit(panel())


def test_a_future_that_the_model_does_not_ask_for():
    made = quick(epochs=1).fit(wave())
    with pytest.raises(ArgumentError, match="future is given, but the model knows no such covariates"):
        made.predict(future=following())


def test_a_frame_that_was_not_scored_is_not_drawn():
    pytest.importorskip("plotly")
    made = quick(epochs=1).fit(wave())
    with pytest.raises(
        DataError, match=r"anomalies has no column 'unique_id'; there are 'ds', 'y'\. Expected the table that"
    ):
        made.plot(anomalies={"ds": np.arange(3), "y": np.arange(3)})
