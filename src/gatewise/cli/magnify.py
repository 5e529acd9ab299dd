"""``gatewise magnify``: look into a model while it reads one sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.style import Style
from rich.text import Text

from gatewise.charts import BLUE, ORANGE
from gatewise.cli.console import JsonOption, print_json, say
from gatewise.cli.forecast import one_by_one
from gatewise.cli.units import Report, meanings_report, parse_range, search_report
from gatewise.data import TextSource
from gatewise.data.frames import file_content, read_file
from gatewise.data.labelled import read_texts
from gatewise.data.tagged import read_words
from gatewise.data.ts_files import read_ts
from gatewise.errors import ArgumentError
from gatewise.magnify import LayerView, Magnification, read_snapshots, snapshots_path
from gatewise.magnify import magnify as look_into
from gatewise.storage import check_writable, write_bytes
from gatewise.tasks import Forecaster, SequenceTagger, load

__all__ = ["colored", "magnify"]

_ENDINGS = (".html", ".csv", ".parquet", ".pq")


def magnify(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    text: Annotated[str | None, typer.Option(help="What it is to read.", show_default="none")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Or a file of the kind that the model was trained on.")
    ] = None,
    row: Annotated[int, typer.Option(help="Which of them, from 1.")] = 1,
    layer: Annotated[int, typer.Option(help="Layer to colour the text by, from 1; 0 for the top.")] = 0,
    unit: Annotated[
        int | None,
        typer.Option(help="Unit of that layer, from 0.", show_default="the one whose cell changes most"),
    ] = None,
    mark: Annotated[
        str | None,
        typer.Option(
            metavar="START:STOP",
            help="Range of tokens, from 0: find the units that are on there and off around it, and other "
            "places where they are.",
            show_default="none",
        ),
    ] = None,
    threshold: Annotated[float, typer.Option(help="With --mark: a unit is on above it, 0 to 1.")] = 0.3,
    corpus: Annotated[
        Path | None,
        typer.Option(help="Text file, or table of a series: tell what units follow there, and search it."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="HTML file for a report to look around in; or CSV or Parquet for the numbers, a row a step "
            "and unit.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model lets in, keeps and forgets while it reads.

    With -o report.html and neither --text nor --data, it shows the snapshots that train --magnify has left
    beside the model, with a slider over the training.
    """
    if output is not None:
        if output.suffix.lower() not in _ENDINGS:
            raise ArgumentError(
                f"--output={str(output)!r}; expected a name that ends in {' or '.join(_ENDINGS)}."
            )
        check_writable(output)
    marked = None if mark is None else parse_range(mark)
    loaded = load(model)
    if text is None and data is None and output is not None and _is_page(output):
        kept = snapshots_path(model)
        if kept.exists():
            _training_page(loaded, kept, output, as_json)
            return
    inside = look_into(loaded, _sequence(loaded, text, data, row))
    if layer < 0:
        raise ArgumentError(f"--layer={layer}; expected 0 for the top one, or a layer counted from 1.")
    view = inside.layer(layer - 1)
    chosen = _unit(view, unit)
    reports: dict[str, Report] = {}
    if marked is not None:
        reports["search"] = search_report(
            loaded, inside.data, marked, corpus, view.layer, threshold=threshold
        )
    if corpus is not None:
        series = _row(loaded, corpus, row) if isinstance(loaded, Forecaster) else None
        reports["meanings"] = meanings_report(loaded, corpus if series is None else series, view.layer)
    if as_json:
        found = {name: facts for name, (facts, _) in reports.items()}
        print_json({"model": str(model), "unit": chosen, **_facts(inside), **found})
    elif output is None:
        Console(highlight=False, soft_wrap=True).print(colored(inside, view, chosen))
        say(f"\ncoloured by unit {chosen} of {view.name}: blue below 0, orange above\n")
        say(inside.summary())
    if not as_json:
        for _, lines in reports.values():
            say("\n" + "\n".join(lines))
    if output is not None:
        said = _write(inside, output, corpus, row)
        if not as_json:
            say(said)


def _write(inside: Magnification, output: Path, corpus: Path | None, row: int) -> str:
    """Write the file that its name asks for, and say what was written."""
    if _is_page(output):
        inside.save(output, corpus=None if corpus is None else _content(inside.model, corpus, row))
        return f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB); open it in a browser"
    columns = {name: values.tolist() for name, values in inside.columns().items()}
    write_bytes(output, file_content(columns, output))
    return f"wrote {len(columns['step']):,} rows to {output}"


def _content(model: Any, corpus: Path, row: int) -> Any:
    """What a model is to index: a text, or the rows of a series."""
    return _row(model, corpus, row) if isinstance(model, Forecaster) else TextSource(corpus).read()


def _training_page(model: Any, kept: Path, output: Path, as_json: bool) -> None:
    """The report on the snapshots of a model's training.

    Raises:
        ArgumentError: they are of another training.
    """
    history = read_snapshots(kept)
    if not history.of(model):
        raise ArgumentError(
            f"{str(kept)!r} is of another training than the model; give --text or --data, or train again "
            "with --magnify."
        )
    history.save(output)
    names = [moment.facts["name"] for moment in history.moments.values()]
    if as_json:
        print_json({"path": str(output), "moments": names})
    else:
        say(f"wrote {output}: {len(names)} moments of the training, from {kept}; open it in a browser")


def _is_page(output: Path) -> bool:
    return output.suffix.lower() == ".html"


def _sequence(model: Any, text: str | None, data: Path | None, row: int) -> Any:
    """What the model is to read.

    Raises:
        ArgumentError: nothing is given, or both; the file has no such row.
    """
    if text is None and data is None and isinstance(model, Forecaster):
        return None
    if (text is None) is (data is None):
        raise ArgumentError("give either --text, or --data with a file; expected one of the two.")
    if data is None:
        return text.split() if isinstance(model, SequenceTagger) and text is not None else text
    return _row(model, data, row)


def _row(model: Any, data: Path, row: int) -> Any:
    """A sequence of a file."""
    sequences: Any
    if isinstance(model, Forecaster):
        sequences = one_by_one(read_file(data), model)
    elif isinstance(model, SequenceTagger):
        sequences = read_words(data)
    else:
        sequences = read_ts(data).X if data.suffix.lower() == ".ts" else read_texts(data)
    if not 1 <= row <= len(sequences):
        raise ArgumentError(
            f"--row={row}, but {str(data)!r} has {len(sequences)} sequences; expected 1 to {len(sequences)}."
        )
    return sequences[row - 1]


def _unit(view: LayerView, unit: int | None) -> int:
    """The unit asked for, or the one whose cell state changes most."""
    by_activity = view.order("activity")
    if unit is None:
        return int(by_activity[0])
    if not 0 <= unit < len(by_activity):
        raise ArgumentError(f"--unit={unit}; expected 0 to {len(by_activity) - 1}, the units of {view.name}.")
    return unit


def colored(inside: Magnification, view: LayerView, unit: int) -> Text:
    """The steps one behind the other, on a ground that says what the unit holds."""
    between = "" if inside.reading.kind == "text" else " "
    memory = view.arrays["c" if "c" in view.arrays else "h"]
    colored = Text()
    for label, value in zip(inside.labels, np.tanh(memory[:, unit]), strict=True):
        ends = bytes.fromhex((ORANGE if value > 0 else BLUE).removeprefix("#"))
        strength = abs(float(value))
        red, green, blue = (round(255 + (end - 255) * strength) for end in ends)
        colored.append(label, Style.parse(f"black on rgb({red},{green},{blue})"))
        colored.append(between)
    return colored


def _facts(inside: Magnification) -> dict[str, Any]:
    """The summary in numbers."""
    curves = {(curve.layer, curve.reverse): curve for curve in inside.lag()}
    layers = []
    for view in inside.layers:
        decay, curve = view.half_life(), curves[view.layer, view.reverse]
        finite = None if decay is None else float(np.median(decay))
        layers.append(
            {
                "layer": view.layer + 1,
                "reverse": view.reverse,
                "horizon_h": curve.horizon_h,
                "horizon_c": curve.horizon_c,
                "half_life": finite if finite is not None and np.isfinite(finite) else None,
                **{
                    f"{gate}_{name}": float(share.mean())
                    for gate, shares in view.saturation().items()
                    for name, share in shares._asdict().items()
                },
            }
        )
    found = inside.connectivity()
    return {
        "steps": len(inside.labels),
        "question": found.question,
        "answer": found.answer,
        "layers": layers,
        "rnn_horizon_h": inside.rnn_lag().horizon_h,
        "rests_on": found.integrated.tolist(),
        "completeness_error": found.completeness_error,
    }
