"""``gatewise lab``: the experiments of the founding papers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gatewise.charts import can_draw
from gatewise.cli.console import InterruptionError, JsonOption, print_json, say
from gatewise.cli.drawing import PngOption, SvgOption, chosen_formats, draw_beside
from gatewise.kernels import get_threads
from gatewise.lab import EXPERIMENTS, Report, run
from gatewise.lab.experiment import Result
from gatewise.lab.runner import Listener, experiment, prepare_folder

__all__ = ["lab"]


def lab(
    name: Annotated[str | None, typer.Argument(help="The experiment; all are listed where omitted.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the figure and the numbers.")] = Path("lab"),
    quick: Annotated[bool, typer.Option("--quick", help="A smaller problem of the same kind.")] = False,
    seeds: Annotated[
        int | None, typer.Option(help="Networks of each kind.", show_default="10, 2 if quick")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Processes side by side.", show_default="one a core")
    ] = None,
    png: PngOption = False,
    svg: SvgOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run an experiment, or list them all."""
    if name is None:
        _list(as_json)
        return
    chosen, formats = experiment(name), chosen_formats(png, svg)
    prepare_folder(out)
    if not as_json:
        say(f"{name}: {chosen.summary}\n({chosen.source})")
    with _listener(as_json) as tell:
        try:
            jobs = get_threads() if jobs is None else jobs
            report = run(name, seeds=seeds, quick=quick, jobs=jobs, tell=tell)
        except KeyboardInterrupt:
            raise InterruptionError(
                "interrupted: not all trials are done, and no report was written."
            ) from None
    written = report.save(out)
    for page in [each for each in written if each.suffix == ".html"]:
        written += draw_beside(page, formats)
    if as_json:
        finding = report.finding
        print_json(
            {
                "event": "experiment",
                "name": name,
                "reached": finding.reached,
                "verdict": finding.verdict,
                "seconds": round(report.seconds, 1),
                "files": [str(path) for path in written],
            }
        )
        return
    _tell(report)
    say("wrote " + " and ".join(map(str, written)))
    if not can_draw():
        say("no figure, for plotly is not installed: pip install 'gatewise[lab]'")


def _list(as_json: bool) -> None:
    """A line for each experiment."""
    width = max(map(len, EXPERIMENTS))
    for name in EXPERIMENTS:
        each = experiment(name)
        if as_json:
            print_json({"name": name, "summary": each.summary, "source": each.source})
        else:
            say(f"{name:<{width}}  {each.summary}")
    if not as_json:
        say("\nrun one: gatewise lab NAME [--quick]")


def _tell(report: Report) -> None:
    """The table, and the verdict below it."""
    lines = [report.finding.columns, *report.finding.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    say()
    for line in lines:
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    say(f"\n{report.finding.verdict}  ({report.seconds:.0f} s)")


@contextmanager
def _listener(as_json: bool) -> Iterator[Listener]:
    """A bar on a terminal; lines in a pipe; JSON for machines."""
    if as_json:
        yield _print_trial
    elif sys.stderr.isatty():
        bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        task = bar.add_task("", total=None)

        def advance(result: Result, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"{result.group}, seed {result.seed}")

        with bar:
            yield advance
    else:
        yield _print_line


def _print_trial(result: Result, done: int, total: int) -> None:
    values = {
        name: value for name, value in result.values.items() if isinstance(value, int | float | str | None)
    }
    event = {"event": "trial", "group": result.group, "seed": result.seed, "done": done, "total": total}
    print_json({**event, "seconds": round(result.seconds, 1), **values})


def _print_line(result: Result, done: int, total: int) -> None:
    print(
        f"{done}/{total}  {result.group}, seed {result.seed}  {result.seconds:.1f} s",
        file=sys.stderr,
        flush=True,
    )
