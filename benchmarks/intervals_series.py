"""Do 80 % intervals of Forecaster with its defaults cover 76 to 84 % of series that people have?

Each has one network that is trained before its test part and forecasts all of that, from origin to origin,
without being trained again.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable

import numpy as np

from benchmarks._data import data_file
from benchmarks._forecasting import etth1, m4_hourly
from benchmarks.intervals import Coverage, coverage_of, print_coverages
from gatewise import Forecaster


def m4() -> Coverage:
    """M4 hourly: 48 hours of 414 series, whose hours are only counted."""
    table, actual = m4_hourly()
    model = Forecaster(horizon=48, season_length=24, progress=False).fit(table)
    found = model.predict()
    return coverage_of(model, actual.ravel(), found["q0.1"], found["q0.9"])


def transformer() -> Coverage:
    """ETTh1: oil temperature, hourly."""
    return _from_origins(etth1(["OT"]), 24, 2880)


def airline() -> Coverage:
    """Airline passengers by month: the last three years."""
    return _from_origins(_columns("airline-passengers.csv", ("Month", "Passengers")), 12, 36, step=1)


def temperatures() -> Coverage:
    """Daily minimum temperatures: the last two years."""
    return _from_origins(_columns("daily-min-temperatures.csv", ("Date", "Temp")), 14, 730)


def sunspots() -> Coverage:
    """Monthly sunspots: the last fifth."""
    return _from_origins(_columns("monthly-sunspots.csv", ("Month", "Sunspots")), 12, 564)


def pollution() -> Coverage:
    """PM2.5 in Beijing, hourly: the last year."""
    with gzip.open(data_file("forecasting", "pollution.csv.gz"), "rt", newline="") as file:
        values = [row["pm2.5"] for row in csv.DictReader(file)]
    hours = np.datetime64("2010-01-01", "us") + np.arange(len(values)) * np.timedelta64(1, "h")
    numbers = np.array([np.nan if each == "NA" else float(each) for each in values])
    return _from_origins({"ds": hours[24:], "y": numbers[24:]}, 24, 365 * 24)


def exchange() -> Coverage:
    """Exchange rates of eight countries, daily: the last fifth."""
    with gzip.open(data_file("forecasting", "exchange_rate.csv.gz"), "rt") as file:
        rates = np.loadtxt(file, delimiter=",")
    days, countries = rates.shape
    table = {
        "unique_id": np.repeat(np.arange(countries), days),
        "ds": np.tile(np.arange(days), countries),
        "y": rates.T.ravel(),
    }
    return _from_origins(table, 30, days // 5)


QUESTIONS: dict[str, Callable[[], Coverage]] = {
    "M4 hourly, 48 ahead": m4,
    "ETTh1 OT, 24 ahead": transformer,
    "airline passengers, 12 ahead": airline,
    "minimum temperatures, 14 ahead": temperatures,
    "sunspots, 12 ahead": sunspots,
    "Beijing PM2.5, 24 ahead": pollution,
    "exchange rates, 30 ahead": exchange,
}


def _columns(name: str, columns: tuple[str, str]) -> dict[str, np.ndarray]:
    with data_file("forecasting", name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = np.array([row[columns[0]] for row in rows], dtype="M8[us]")
    return {"ds": times, "y": np.array([float(row[columns[1]]) for row in rows])}


def _from_origins(table: dict[str, np.ndarray], horizon: int, test: int, step: int | None = None) -> Coverage:
    """By a network that is trained before the test part; from origins a horizon apart if not said."""
    count = len(np.unique(table.get("unique_id", np.zeros(1))))
    each = {name: column.reshape(count, -1) for name, column in table.items()}
    end = each["y"].shape[1]

    def part(first: int, last: int) -> dict[str, np.ndarray]:
        return {name: column[:, first:last].ravel() for name, column in each.items()}

    model = Forecaster(horizon=horizon, progress=False).fit(part(0, end - test))
    inside, values = 0, 0
    for origin in range(end - test, end - horizon + 1, step or horizon):
        found = model.predict(part(0, origin))
        actual = part(origin, origin + horizon)["y"]
        inside += int(((found["q0.1"] <= actual) & (actual <= found["q0.9"])).sum())
        values += int((~np.isnan(actual)).sum())
    return Coverage(inside / values, model.verdict_.forecaster.coverage, values)


def main() -> None:
    """Print a row for each question."""
    print_coverages(QUESTIONS)


if __name__ == "__main__":
    main()
