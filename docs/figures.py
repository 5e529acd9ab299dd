"""Figures and tables of the page of the lab: ``python docs/figures.py FOLDER``.

FOLDER is where ``gatewise lab NAME --out FOLDER`` wrote. NAME.html becomes docs/assets/lab/NAME.png,
NAME.json is copied beside it without the curves, and the tables of docs/lab.md are written anew from all
these copies. It needs chromium, or the browser that the variable CHROMIUM names.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gatewise.lab import EXPERIMENTS
from gatewise.lab.comparison import Case
from gatewise.lab.runner import experiment

WIDTH = 1000
DOCS = Path(__file__).parent
TARGET = DOCS / "assets" / "lab"
PAGE = DOCS / "lab.md"

_TABLE = re.compile(r"<!-- table: (?P<name>[a-z-]+)(?: \((?P<rows>.+?)\))? -->.*?<!-- end of table -->", re.S)
"""Where a table stands, between two remarks; in brackets what chooses its rows by their first cell."""

_RECIPES = "recipes"
"""Name of the table that says how the LSTMs were trained."""


def picture(page: Path) -> None:
    """Open a page in a browser without a window, and keep what it shows."""
    text = page.read_text(encoding="utf-8")
    height = re.findall(r'"height":(\d+)', text)[-1]
    browser = os.environ.get("CHROMIUM", "chromium")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--virtual-time-budget=5000",
    ]
    target = TARGET / f"{page.stem}.png"
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as plain:
        plain.write(text + "<style>.modebar { display: none } body { margin: 0 }</style>")
        plain.flush()
        size = f"--window-size={WIDTH},{height}"
        command = [browser, *options, size, f"--screenshot={target}", Path(plain.name).as_uri()]
        subprocess.run(command, check=True, capture_output=True)
    print(target)


def numbers(report: Path) -> None:
    """Keep what was found without the curves."""
    values = json.loads(report.read_text(encoding="utf-8"))
    del values["results"]
    target = TARGET / report.name
    target.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(target, values["finding"]["verdict"])


def found(name: str) -> dict:
    """What was kept of an experiment."""
    return json.loads((TARGET / f"{name}.json").read_text(encoding="utf-8"))


def table(name: str, rows: str | None) -> str:
    """An experiment's table in Markdown, and the time that it took."""
    if name == _RECIPES:
        return markdown(("experiment", "case", "H", "starts with", "optimiser", "batch"), recipes())
    report = found(name)
    finding = report["finding"]
    chosen = [row for row in finding["rows"] if re.search(rows or "", row[0])]
    used = [k for k in range(len(finding["columns"])) if any(row[k] for row in chosen)]
    kept = [[line[k] for k in used] for line in (finding["columns"], *chosen)]
    of_all = "" if len(chosen) == len(finding["rows"]) else f"{len(chosen)} of {len(finding['rows'])} rows; "
    return f"{markdown(kept[0], kept[1:])}\n\n*({of_all}{report['seconds']:.0f} seconds)*"


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *rows))


def recipes() -> Iterator[tuple[str, ...]]:
    """How the LSTM of each case is made and trained, where it is until it has solved its task."""
    for name in EXPERIMENTS:
        for case in getattr(experiment(name), "cases", ()):
            recipe = case.recipe if isinstance(case, Case) else dict(case.networks)["LSTM"]
            build = recipe.build
            start = f"forget bias {build.forget_bias:g}"
            if build.without:
                start = f"no gates {', '.join(build.without)}"
            elif build.horizon is not None:
                start = f"horizon {build.horizon:,}"
            optimizer = "SGD" if getattr(recipe, "optimizer", "adam") == "sgd" else "Adam"
            batch = recipe.batch_size if isinstance(case, Case) else f"{recipe.streams} streams"
            rate = f"{optimizer}, {recipe.learning_rate:g}, {recipe.schedule}"
            yield name, case.label, str(build.hidden_size), start, rate, str(batch)


def filled(text: str) -> str:
    """The page with all its tables as they were found."""

    def write(place: re.Match) -> str:
        head, _, _ = place.group().partition("-->")
        return f"{head}-->\n\n{table(place['name'], place['rows'])}\n\n<!-- end of table -->"

    return _TABLE.sub(write, text)


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    for page in sorted(Path(sys.argv[1]).resolve().glob("*.html")):
        picture(page)
        numbers(page.with_suffix(".json"))
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
