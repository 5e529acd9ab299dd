"""``gatewise magnify``: look into a model while it reads one sequence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.style import Style
from rich.text import Text

from gatewise.charts import BLUE, ORANGE
from gatewise.cli.classify import read_for
from gatewise.cli.columns import NoHeaderOption, of_columns, sequence_columns
from gatewise.cli.console import JsonOption, print_json, printable, say
from gatewise.cli.drawing import PngOption, SvgOption, chosen_formats, draw_beside
from gatewise.cli.forecast import one_by_one
from gatewise.cli.models import check_kind
from gatewise.cli.units import Corpus, Report, meanings_report, parse_range, read_corpus, search_report
from gatewise.data import TextSource, read_lines, read_pairs
from gatewise.data.labelled import read_texts
from gatewise.data.pairs import PairColumns, column_of, is_pair_table, pair_cells
from gatewise.data.table_files import file_content, read_file
from gatewise.data.tagged import read_words
from gatewise.data.words import split_words
from gatewise.errors import ArgumentError
from gatewise.magnify import LayerView, Magnification, read_snapshots, snapshots_path
from gatewise.magnify import magnify as look_into
from gatewise.storage import check_writable, write_bytes
from gatewise.tasks import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator, load

__all__ = ["colored", "magnify"]

_ENDINGS = (".html", ".csv", ".parquet", ".pq")


def magnify(
    model: Annotated[Path, typer.Argument(help="Model file.")],
    text: Annotated[
        str | None,
        typer.Option(
            help="What it is to read; of a translator, behind a tab, also what that should become.",
            show_default="none",
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Or a file of the kind that the model was trained on.")
    ] = None,
    row: Annotated[
        int | None,
        typer.Option(help="Which sequence of DATA, from 1.", show_default="the first; of a text all"),
    ] = None,
    no_header: NoHeaderOption = False,
    layer: Annotated[int, typer.Option(help="Layer to look at, from 1; 0 for the top.")] = 0,
    reverse: Annotated[bool, typer.Option("--reverse", help="Its direction from the end.")] = False,
    unit: Annotated[
        int | None,
        typer.Option(help="Unit of that layer, from 0.", show_default="the one whose cell changes most"),
    ] = None,
    step: Annotated[
        list[int] | None,
        typer.Option(help="Steps whose answers the report traces back, from 0.", show_default="six"),
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
    training: Annotated[
        bool, typer.Option("--training", help="Report on the snapshots that train --magnify has left.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="HTML file for a report to look around in; or CSV or Parquet for the numbers, a row a step "
            "and unit.",
        ),
    ] = None,
    png: PngOption = False,
    svg: SvgOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a model lets in, keeps and forgets while it reads."""
    if output is not None:
        if output.suffix.lower() not in _ENDINGS:
            raise ArgumentError(
                f"--output={str(output)!r}; expected a name that ends in {' or '.join(_ENDINGS)}."
            )
        check_writable(output)
    formats = chosen_formats(png, svg)
    if formats and (output is None or not _is_page(output)):
        raise ArgumentError(
            "--png and --svg draw the figures of the report; they need -o with a name that ends in .html."
        )
    loaded = load(model)
    if training:
        given = {"--text": text, "--data": data, "--row": row, "--step": step or None}
        given |= {"--mark": mark, "--corpus": corpus, "--unit": unit}
        _training_report(loaded, snapshots_path(model), output, given, formats, as_json)
        return
    marked = None if mark is None else parse_range(mark)
    if not 0 < threshold < 1:
        raise ArgumentError(f"--threshold={threshold:g}; expected a number between 0 and 1.")
    if step and (output is None or not _is_page(output)):
        raise ArgumentError(
            "--step chooses answers of the report; it needs -o with a name that ends in .html."
        )
    if no_header and data is None and corpus is None:
        raise ArgumentError("--no-header is of a table; give one with --data or --corpus.")
    columns = of_columns(loaded, model, sequence_columns(no_header=no_header))
    if corpus is not None:
        check_kind(f"corpus={str(corpus)!r}", (LanguageModel, Forecaster), loaded, model)
    inside = look_into(loaded, _sequence(loaded, text, data, row, columns))
    view = _layer(inside, layer, reverse)
    units = view.arrays["h"].shape[1]
    if unit is not None and not 0 <= unit < units:
        raise ArgumentError(f"--unit={unit}; expected 0 to {units - 1}, the units of {view.name}.")
    chosen = view.unit(unit)
    known: Corpus | None = None
    if corpus is not None:
        content = _row(loaded, corpus, row, columns) if isinstance(loaded, Forecaster) else corpus
        known = read_corpus(loaded, content, view.layer)
    reports: dict[str, Report] = {}
    if marked is not None:
        reports["search"] = search_report(loaded, inside.data, marked, known, view.layer, threshold=threshold)
    if known is not None:
        reports["meanings"] = meanings_report(loaded, known)
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
    if output is None:
        return
    if _is_page(output):
        inside.save(
            output,
            questions=step or None,
            corpus=None if known is None else known.index,
            layer=view.layer,
            reverse=reverse,
            unit=chosen,
            mark=marked,
        )
        pictures = draw_beside(output, formats)
        said = f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB); open it in a browser"
        said += "".join(f"\nwrote {picture}" for picture in pictures)
    else:
        columns = {name: values.tolist() for name, values in inside.columns().items()}
        write_bytes(output, file_content(columns, output))
        said = f"wrote {len(columns['step']):,} rows to {output}"
    if not as_json:
        say(said)


def _layer(inside: Magnification, layer: int, reverse: bool) -> LayerView:
    """A layer as people count it."""
    count = 1 + max(view.layer for view in inside.layers)
    if not 0 <= layer <= count:
        raise ArgumentError(f"--layer={layer}; expected 0 for the top one, or a number from 1 to {count}.")
    return inside.layer(layer - 1, reverse=reverse)


def _training_report(
    model: Any,
    kept: Path,
    output: Path | None,
    given: Mapping[str, object],
    formats: list[str],
    as_json: bool,
) -> None:
    """The report on the snapshots of a model's training.

    Raises:
        ArgumentError: there are none, or of another training; there is no page to write; an option is given
            that has no say here.
    """
    if others := [option for option, value in given.items() if value is not None]:
        raise ArgumentError(
            f"--training shows the sequence that the snapshots have seen; leave out {', '.join(others)}."
        )
    if output is None or not _is_page(output):
        raise ArgumentError("--training needs -o with a name that ends in .html.")
    if not kept.exists():
        raise ArgumentError(
            f"{str(kept)!r} does not exist: train the model with --magnify every=N to have snapshots."
        )
    history = read_snapshots(kept)
    if not history.of(model):
        raise ArgumentError(
            f"{str(kept)!r} is of another training than the model; train it again with --magnify."
        )
    history.save(output)
    pictures = list(map(str, draw_beside(output, formats)))
    names = [moment.facts["name"] for moment in history.moments.values()]
    if as_json:
        print_json({"path": str(output), "moments": names, **({"pictures": pictures} if pictures else {})})
    else:
        say(f"wrote {output}: {len(names)} moments of the training, from {kept}; open it in a browser")
        for picture in pictures:
            say(f"wrote {picture}")


def _is_page(output: Path) -> bool:
    return output.suffix.lower() == ".html"


def _sequence(
    model: Any, text: str | None, data: Path | None, row: int | None, columns: dict[str, Any]
) -> Any:
    """What the model is to read.

    Raises:
        ArgumentError: nothing is given, or both; the file has no such row.
    """
    if row is not None and data is None:
        raise ArgumentError("--row needs --data with a file.")
    if text is None and data is None and isinstance(model, Forecaster):
        return None
    if (text is None) is (data is None):
        raise ArgumentError("give either --text, or --data with a file; expected one of the two.")
    if text is not None and isinstance(model, Forecaster):
        raise ArgumentError("--text is given, but a forecaster reads a table; give it with --data.")
    if text is not None and isinstance(model, SequenceClassifier) and model.n_features_in_ is not None:
        raise ArgumentError("--text is given, but this classifier reads series; give one with --data.")
    if text is not None and not text.strip() and not isinstance(model, LanguageModel):
        raise ArgumentError(f"--text {text!r} has no words; expected a text with something in it.")
    if data is None:
        if isinstance(model, SequenceTagger) and text is not None:
            return [word.text for word in split_words(text)]
        if isinstance(model, Translator) and text is not None and "\t" in text:
            return _pair(text)
        return text
    if isinstance(model, LanguageModel) and row is None:
        return TextSource(data).read()
    return _row(model, data, row, columns)


def _pair(text: str) -> tuple[str, str]:
    """A source and its target, with a tab between as files have them."""
    sides = [each.strip() for each in text.split("\t")]
    if len(sides) != 2 or not all(sides):
        raise ArgumentError(
            f"--text {text!r:.60} has tabs; expected a source, or a source, one tab and its target."
        )
    return sides[0], sides[1]


def _row(model: Any, data: Path, row: int | None, columns: dict[str, Any]) -> Any:
    """A sequence of a file; the one it has, whatever the row. Columns are as ``of_columns`` tells them."""
    sequences: Any
    if isinstance(model, Forecaster):
        sequences = one_by_one(read_file(data, **columns), model)
    elif isinstance(model, SequenceTagger):
        sequences = read_words(data)
    elif isinstance(model, Translator):
        # With targets beside the sources, attention is drawn for these.
        named = columns.get("columns", PairColumns())
        if is_pair_table(data, named):
            cells = pair_cells(data, named)
            target = "target" if named.header else "2"
            with_targets = target in cells.columns
            sequences = read_pairs(data, header=named.header) if with_targets else column_of(cells, named, 0)
        else:
            lines = read_lines(data)
            sequences = read_pairs(data) if "\t" in lines[0] else lines
    elif isinstance(model, SequenceClassifier):
        sequences = read_for(model, data, **columns, labels=False).X
    else:
        sequences = read_texts(data)
    chosen = 1 if row is None or (isinstance(model, Forecaster) and len(sequences) == 1) else row
    if not 1 <= chosen <= len(sequences):
        raise ArgumentError(
            f"--row={row}, but {str(data)!r} has {len(sequences)} sequences; expected 1 to {len(sequences)}."
        )
    return sequences[chosen - 1]


def colored(inside: Magnification, view: LayerView, unit: int) -> Text:
    """The steps one behind the other, on a ground that says what the unit holds."""
    between = "" if inside.reading.kind == "text" else " "
    held = np.tanh(view.arrays["c"][:, unit]) if "c" in view.arrays else view.arrays["h"][:, unit].clip(-1, 1)
    text = Text()
    for label, value in zip(inside.labels, held, strict=True):
        ends = bytes.fromhex((ORANGE if value > 0 else BLUE).removeprefix("#"))
        strength = abs(float(value))
        red, green, blue = (round(255 + (end - 255) * strength) for end in ends)
        text.append(printable(label, {"\n": "\n"}), Style.parse(f"black on rgb({red},{green},{blue})"))
        text.append(between)
    return text


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
        "rests_on": [share if np.isfinite(share) else None for share in found.integrated.tolist()],
        "completeness_error": found.completeness_error,
    }
