"""What one Forecaster over M4's 414 hourly series reaches, 48 hours ahead (bar: sMAPE 12.5, MASE 1.0)."""

from __future__ import annotations

import time

import numpy as np

from benchmarks._forecasting import m4_hourly
from benchmarks._machine import machine
from gatewise import Forecaster


def main() -> None:
    """Train on all but the 48 values that follow each series, and forecast these once."""
    table, actual = m4_hourly()
    model = Forecaster(horizon=48, season_length=24, scaling="mean")
    start = time.perf_counter()
    model.fit(table)
    minutes = (time.perf_counter() - start) / 60
    found = model.predict()
    forecast = found["y_hat"].reshape(actual.shape)
    inside = (actual.ravel() >= found["q0.1"]) & (actual.ravel() <= found["q0.9"])
    print(machine())
    print(f"{model.network_.parameters.vector.size:,} parameters, {minutes:.1f} minutes")
    season = model.setup_.season
    starts = np.flatnonzero(table["ds"] == 0)
    scales = [np.abs(y[season:] - y[:-season]).mean() for y in np.split(table["y"], starts[1:])]
    relative = np.abs(forecast - actual) / (np.abs(forecast) + np.abs(actual))
    print(
        f"sMAPE {200 * relative.mean():.2f}  (bar 12.5; seasonal naive 13.91, the competition's winner 9.33)"
    )
    mase = (np.abs(forecast - actual).mean(axis=1) / scales).mean()
    print(f"MASE {mase:.3f}  (bar 1.0; seasonal naive 1.193, the winner 0.89)")
    print(f"the 80 % interval holds {inside.mean():.1%}  (bar: 76 to 84 %)")


if __name__ == "__main__":
    main()
