"""Pictures show the numbers of the frames, and nothing else."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from gatewise.errors import ArgumentError, DataError, MissingExtraError, NotFittedError
from tests.tasks.forecasting.problems import DAY, START, following, panel, quick, wave

pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def model():
    return quick().fit(panel())


def traces(figure, row=None):
    """The numbers of each trace by its name, of one panel or of all; those of one name in a list."""
    found = {}
    for trace in figure.data:
        if row is None or (trace.yaxis or "y") == ("y" if row == 1 else f"y{row}"):
            found.setdefault(trace.name, []).append((np.array(trace.x), np.array(trace.y, float)))
    return found


def titles(figure):
    return [note.text for note in figure.layout.annotations]


def test_a_panel_for_each_series_with_its_end_and_its_forecast(model):
    figure, forecast, data = model.plot(panel()), model.predict(), panel()
    assert titles(figure) == ["b", "a"]
    for row, (key, length, first) in enumerate((("b", 120, 0), ("a", 100, 7)), start=1):
        found, mine = traces(figure, row), forecast["unique_id"] == key
        assert list(found) == ["observed", "80 % interval", "forecast"]
        [(times, values)] = found["observed"]
        whole = data["y"][data["unique_id"] == key]
        np.testing.assert_array_equal(values, whole[-24:])
        np.testing.assert_array_equal(
            times.astype("M8[us]"), START + (first + np.arange(length - 24, length)) * DAY
        )
        (low_times, low), (_, high) = found["80 % interval"]
        np.testing.assert_array_equal(low, forecast["q0.1"][mine])
        np.testing.assert_array_equal(high, forecast["q0.9"][mine])
        np.testing.assert_array_equal(low_times.astype("M8[us]"), forecast["ds"][mine])
        np.testing.assert_array_equal(found["forecast"][0][1], forecast["y_hat"][mine])


def test_the_band_lies_between_the_outer_quantiles_and_names_are_shown_once(model):
    figure = model.plot(panel())
    fills = [trace.fill for trace in figure.data if trace.name == "80 % interval"]
    assert fills == [None, "tonexty"] * 2
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert sorted(shown) == ["80 % interval", "forecast", "observed"]


def test_the_data_kept_from_training_are_enough(model):
    one, other = model.plot(), model.plot(panel())
    assert titles(one) == titles(other)
    for row in (1, 2):
        np.testing.assert_array_equal(
            traces(one, row)["forecast"][0][1], traces(other, row)["forecast"][0][1]
        )
        np.testing.assert_array_equal(
            traces(one, row)["observed"][0][1], traces(other, row)["observed"][0][1]
        )


def test_no_more_series_than_asked_for(model):
    assert titles(model.plot(most=1)) == ["b"]
    assert titles(model.plot(panel(), anomalies=model.anomalies(panel()), most=1)) == ["b"]


def test_frames_of_pandas_and_integers_as_keys():
    frame = pd.DataFrame({**panel(), "unique_id": np.repeat([3, 10], [120, 100])})
    made = quick(epochs=1).fit(frame)
    forecast = made.predict()
    figure = made.plot(frame)
    assert titles(figure) == ["3", "10"]
    expected = forecast["y_hat"][forecast["unique_id"] == 10]
    np.testing.assert_array_equal(traces(figure, 2)["forecast"][0][1], expected)


def test_without_an_interval_there_is_no_band():
    made = quick(quantiles=(0.5,), epochs=1).fit(wave())
    assert list(traces(made.plot())) == ["observed", "forecast"]


def test_the_future_of_covariates_reaches_the_picture():
    made = quick(known=("price",), epochs=1).fit(panel())
    expected = made.predict(future=following(2.0))["y_hat"][:6]
    np.testing.assert_array_equal(traces(made.plot(future=following(2.0)), 1)["forecast"][0][1], expected)


def test_marked_events(model):
    scored = model.anomalies(panel(), rate=0.05)
    figure = model.plot(anomalies=scored)
    assert titles(figure) == ["b", "a"]
    for row, key in enumerate("ba", start=1):
        mine = scored["unique_id"] == key
        found = traces(figure, row)
        assert list(found) == ["expected", "observed", "anomaly"]
        np.testing.assert_array_equal(found["expected"][0][1], scored["y_hat"][mine])
        np.testing.assert_array_equal(found["observed"][0][1], scored["y"][mine])
        times, values = found["anomaly"][0]
        marked = mine & scored["anomaly"]
        assert marked.sum() > 0
        np.testing.assert_array_equal(values, scored["y"][marked])
        np.testing.assert_array_equal(times.astype("M8[us]"), scored["ds"][marked])


def test_a_figure_is_written_as_a_page(model, tmp_path):
    path = tmp_path / "figure.html"
    model.plot().write_html(path)
    assert "80 % interval" in path.read_text(encoding="utf-8")


def test_without_plotly_the_extra_is_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.subplots", None)
    with pytest.raises(
        MissingExtraError, match=r"plotting needs plotly; install it with: pip install 'gatewise\[plot\]'"
    ):
        model.plot()
    with pytest.raises(NotFittedError, match="not fitted"):
        quick().plot()


@pytest.mark.parametrize("kind", ["forecast", "anomalies"])
def test_zoned_hours_are_drawn_by_local_time(kind):
    times = pd.Series(pd.date_range("2026-03-28", periods=60, freq="h", tz="Europe/Berlin"))
    frame = pd.DataFrame({"ds": times, "y": wave(60)})
    made = quick(horizon=12).fit(frame)
    figure = made.plot(frame) if kind == "forecast" else made.plot(anomalies=made.anomalies(frame))
    drawn = {str(np.datetime64(x, "h")) for trace in figure.data for x in np.asarray(trace.x, "M8[us]")}
    assert "2026-03-29T02" not in drawn, "the hour that the clocks leave out"
    assert {"2026-03-29T01", "2026-03-29T03"} <= drawn
    ahead = {str(time)[:13].replace(" ", "T") for time in made.predict()["ds"]}
    assert (ahead <= drawn) == (kind == "forecast")


def axes(figure):
    """What stands along the axes of each panel."""
    panels = range(1, len(figure.layout.annotations) + 1)
    names = [("xaxis", "yaxis") if panel == 1 else (f"xaxis{panel}", f"yaxis{panel}") for panel in panels]
    return [(figure.layout[x].title.text, figure.layout[y].title.text) for x, y in names]


# Backtests


@pytest.mark.parametrize("step", [6, 3, 10])
def test_a_backtest_is_drawn_over_what_came(step):
    made = quick(epochs=1)
    made.fit(panel())
    tested = made.backtest(panel(), windows=3, step=step)
    figure = made.plot(backtest=tested)
    assert titles(figure) == ["b", "a"]
    assert axes(figure) == [("ds", "y")] * 2
    for row, key in enumerate("ba", start=1):
        found, mine = traces(figure, row), tested["unique_id"] == key
        assert list(found) == ["observed", "80 % interval", "forecast"]
        origins = list(dict.fromkeys(tested["cutoff"][mine].tolist()))
        assert len(origins) == len(found["forecast"]) == len(found["observed"]) == 3
        for name, column in (("forecast", "y_hat"), ("observed", "y")):
            drawn = np.concatenate([values for _, values in found[name]])
            np.testing.assert_array_equal(drawn, tested[column][mine])
    assert titles(made.plot(backtest=tested, most=1)) == ["b"]


def test_a_backtest_of_zoned_hours_is_drawn_by_local_time():
    times = pd.Series(pd.date_range("2026-03-27", periods=72, freq="h", tz="Europe/Berlin"))
    made = quick(horizon=12, epochs=1, time="when", target="load")
    frame = pd.DataFrame({"when": times, "load": wave(72)})
    made.fit(frame)
    figure = made.plot(backtest=made.backtest(frame, windows=2))
    drawn = {str(np.datetime64(x, "h")) for trace in figure.data for x in np.asarray(trace.x, "M8[us]")}
    assert "2026-03-29T02" not in drawn, "the hour that the clocks leave out"
    assert axes(figure) == [("when, Europe/Berlin", "load")]


def test_a_frame_of_another_method_is_refused(model):
    with pytest.raises(DataError, match=r"backtest has no column 'cutoff'; .* that backtest has made"):
        model.plot(backtest=model.anomalies(panel()))
    with pytest.raises(ArgumentError, match="anomalies and backtest are both given"):
        model.plot(backtest=panel(), anomalies=panel())
    with pytest.raises(DataError, match="column 'anomaly' has 'perhaps'; expected True or False"):
        model.plot(anomalies=model.anomalies(panel()) | {"anomaly": np.array(["perhaps"] * 220)})


# Axes


@pytest.mark.parametrize("kind", ["forecast", "anomalies", "backtest"])
@pytest.mark.parametrize(("time", "said"), [("ds", "ds"), (None, "ds, steps")])
def test_axes_say_what_they_measure(kind, time, said):
    data = panel() if time else {"y": wave(), "ds": np.arange(120)}
    made = quick(epochs=1).fit(data)
    given = {} if kind == "forecast" else {kind: getattr(made, kind)(data)}
    assert set(axes(made.plot(**given))) == {(said, "y")}
