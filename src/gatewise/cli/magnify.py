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
from gatewise.data.frames import Table, file_content, read_file
from gatewise.data.labelled import read_texts
from gatewise.data.tagged import read_words
from gatewise.data.ts_files import read_ts
from gatewise.errors import ArgumentError
from gatewise.magnify import LayerView, Magnification
from gatewise.magnify import magnify as look_into
from gatewise.storage import check_writable, write_bytes
from gatewise.tasks import Forecaster, SequenceTagger, load

__all__ = ["magnify"]

_ENDINGS = (".csv", ".parquet", ".pq")


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
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="CSV or Parquet file for the numbers, a row a step and unit."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model lets in, keeps and forgets while it reads."""
    if output is not None:
        if output.suffix.lower() not in _ENDINGS:
            raise ArgumentError(
                f"--output={str(output)!r}; expected a name that ends in {' or '.join(_ENDINGS)}."
            )
        check_writable(output)
    loaded = load(model)
    inside = look_into(loaded, _sequence(loaded, text, data, row))
    if layer < 0:
        raise ArgumentError(f"--layer={layer}; expected 0 for the top one, or a layer counted from 1.")
    view = inside.layer(layer - 1)
    chosen = _unit(view, unit)
    if as_json:
        print_json({"model": str(model), "unit": chosen, **_facts(inside)})
    elif output is None:
        Console(highlight=False, soft_wrap=True).print(_colored(inside, view, chosen))
        say(f"\ncoloured by unit {chosen} of {view.name}: blue below 0, orange above\n")
        say(inside.summary())
    if output is not None:
        columns = {name: values.tolist() for name, values in inside.columns().items()}
        write_bytes(output, file_content(columns, output))
        if not as_json:
            say(f"wrote {len(columns['step']):,} rows to {output}")


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
    sequences: Any
    if isinstance(model, Forecaster):
        sequences = _series(read_file(data), model)
    elif isinstance(model, SequenceTagger):
        sequences = read_words(data)
    else:
        sequences = read_ts(data).X if data.suffix.lower() == ".ts" else read_texts(data)
    if not 1 <= row <= len(sequences):
        raise ArgumentError(
            f"--row={row}, but {str(data)!r} has {len(sequences)} sequences; expected 1 to {len(sequences)}."
        )
    return sequences[row - 1]


def _series(table: Table, model: Forecaster) -> list[Table]:
    """The rows of each series."""
    if model.id not in table.columns:
        return [table]
    keys = table.columns[model.id]
    return [
        Table({name: values[keys == key] for name, values in table.columns.items()}, name=table.name)
        for key in dict.fromkeys(keys.tolist())
    ]


def _unit(view: LayerView, unit: int | None) -> int:
    """The unit asked for, or the one whose cell state changes most."""
    by_activity = view.order("activity")
    if unit is None:
        return int(by_activity[0])
    if not 0 <= unit < len(by_activity):
        raise ArgumentError(f"--unit={unit}; expected 0 to {len(by_activity) - 1}, the units of {view.name}.")
    return unit


def _colored(inside: Magnification, view: LayerView, unit: int) -> Text:
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
