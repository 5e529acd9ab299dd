"""The smallest forecast there is: an LSTM reads three values of a series and says the fourth.

    python examples/three_steps.py FOLDER

``FOLDER/forecasting/airline-passengers.csv`` holds the monthly airline passengers of 1949 to 1960 (GitHub:
jbrownlee/Datasets). Three values alone say little of the season, and the verdict says so; told the month as
well, the same network beats every baseline.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import gatewise as gw
from gatewise.data.table_files import read_file


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of data sets.", envvar="GATEWISE_DATA")],
) -> list[gw.Forecaster]:
    """Train on all but the last three years, and forecast each of their months from the three before it."""
    table = read_file(folder / "forecasting" / "airline-passengers.csv")
    models = []
    for calendar in (False, True):
        model = gw.Forecaster(
            horizon=1,  # one step out
            context_length=3,  # three steps in
            patch_size=1,
            season_length=12,
            quantiles=(),
            linear_skip=False,  # the LSTM alone
            calendar=calendar,
            time="Month",
            target="Passengers",
            hidden_size=32,
            progress=False,
        )
        months = model.backtest(table, windows=36)
        print("three values and the month:" if calendar else "three values alone:")
        last = (months[name][-3:] for name in ("Month", "Passengers", "y_hat"))
        for month, came, said in zip(*last, strict=True):
            print(f"  {month.astype('M8[M]')}  came {came:.0f}, forecast {said:.0f}")
        print(f"{model.verdict_}\n")
        models.append(model)
    return models


if __name__ == "__main__":
    typer.run(main)
