"""``gatewise plot``: a picture of forecasts, of marked events, or of a backtest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gatewise.charts import save_figure
from gatewise.cli.anomalies import RateOption, ThresholdOption
from gatewise.cli.columns import NoHeaderOption
from gatewise.cli.console import JsonOption, note, print_json, say
from gatewise.cli.drawing import PngOption, SvgOption, chosen_formats, draw_beside
from gatewise.cli.models import load_forecaster
from gatewise.data.table_files import read_file
from gatewise.errors import ArgumentError
from gatewise.pictures import FORMATS, check_pictures
from gatewise.storage import check_writable
from gatewise.tasks import Forecaster

__all__ = ["plot"]

_ENDINGS = (".html", *(f".{kind}" for kind in FORMATS))


def plot(
    model: Annotated[Path, typer.Argument(help="Model file of a forecaster.")],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or Parquet file of the series to go on from.", show_default="those of the training"
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="HTML file to write; or .png or .svg, with the extra pictures installed."
        ),
    ],
    future: Annotated[
        Path | None,
        typer.Option(help="File with the known covariates of the steps to forecast.", show_default="none"),
    ] = None,
    anomalies: Annotated[
        Path | None,
        typer.Option(help="Draw the events of this file of gatewise anomalies.", show_default="none"),
    ] = None,
    rate: RateOption = None,
    threshold: ThresholdOption = None,
    backtest: Annotated[
        Path | None,
        typer.Option(help="Draw the forecasts of this file of gatewise backtest.", show_default="none"),
    ] = None,
    no_header: NoHeaderOption = False,
    most: Annotated[int, typer.Option(help="Series to draw, the first ones.")] = 6,
    png: PngOption = False,
    svg: SvgOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw the ends of series and their forecasts with intervals.

    With --rate or --threshold draw DATA and the steps that are marked, as gatewise anomalies marks them. With
    --anomalies or --backtest draw what these commands have written into a CSV or Parquet file.
    """
    _check_output(output)
    formats = [kind for kind in chosen_formats(png, svg) if output.suffix.lower() != f".{kind}"]
    given = {"DATA": data, "--future": future, "--rate": rate, "--threshold": threshold}
    given |= {"--anomalies": anomalies, "--backtest": backtest, "--no-header": no_header or None}
    _check_together({name: value for name, value in given.items() if value is not None})
    loaded = load_forecaster(model)
    header = not no_header
    figure = _figure(loaded, data, future, anomalies, rate, threshold, backtest, most, header)
    save_figure(figure, output)
    files = [output]
    if formats and output.suffix.lower() == ".html":
        files += draw_beside(output, formats)
    else:
        for kind in formats:
            files.append(output.with_suffix(f".{kind}"))
            save_figure(figure, files[-1])
    if as_json:
        print_json({"files": [str(file) for file in files]})
    else:
        say(f"wrote {' and '.join(map(str, files))}")


def _figure(
    model: Forecaster,
    data: Path | None,
    future: Path | None,
    anomalies: Path | None,
    rate: float | None,
    threshold: float | None,
    backtest: Path | None,
    most: int,
    header: bool,
) -> Any:
    """The plotly figure that is asked for."""
    if anomalies is not None:
        return model.plot(anomalies=read_file(anomalies), most=most)
    if backtest is not None:
        return model.plot(backtest=read_file(backtest), most=most)
    table = None if data is None else read_file(data, header=header)
    if rate is not None or threshold is not None:
        scored = model.anomalies(table, rate=rate, threshold=threshold)
        figure = model.plot(anomalies=scored, most=most)
    else:
        known = None if future is None else read_file(future, header=header)
        figure = model.plot(table, future=known, most=most)
    for each in model.context_notes_:
        note(each)
    return figure


def _check_output(output: Path) -> None:
    """Find out before the work whether such a file could be written there."""
    ending = output.suffix.lower()
    if ending not in _ENDINGS:
        raise ArgumentError(
            f"--output={str(output)!r}; expected a name that ends in {' or '.join(_ENDINGS)}."
        )
    check_writable(output)
    if ending != ".html":
        check_pictures()


def _check_together(given: dict[str, object]) -> None:
    """Refuse what cannot be drawn in one picture."""
    for name, others in (
        ("--anomalies", ("DATA", "--future", "--rate", "--threshold", "--backtest", "--no-header")),
        ("--backtest", ("DATA", "--future", "--rate", "--threshold", "--no-header")),
        ("--rate", ("--future", "--threshold")),
        ("--threshold", ("--future",)),
    ):
        if name in given and (more := [other for other in others if other in given]):
            raise ArgumentError(f"{name} is given, and {', '.join(more)} too; expected {name} alone of them.")
    for name in ("--rate", "--threshold"):
        if name in given and "DATA" not in given:
            raise ArgumentError(f"{name} marks steps of DATA; name its file behind the model's.")
