"""docs/lab.md says what was found: its tables are those of the runs kept beside it, of all experiments."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from gatewise.lab import EXPERIMENTS
from gatewise.lab.comparison import Case
from gatewise.lab.runner import SEEDS, experiment

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lab.md"
if not PAGE.exists():
    pytest.skip("docs/lab.md is not beside these tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
FIGURES = runpy.run_path(str(PAGE.with_name("figures.py")))
ALL = pytest.mark.parametrize("name", EXPERIMENTS)


def test_the_tables_are_those_of_the_runs():
    assert FIGURES["filled"](TEXT) == TEXT


def test_a_figure_changed_by_hand_is_found():
    row = next(line for line in TEXT.splitlines() if line.startswith("| T = 1,000 | LSTM"))
    changed = TEXT.replace(row, row.replace(" of 10", " of 11"))
    assert changed != TEXT
    assert FIGURES["filled"](changed) == TEXT


@ALL
def test_every_experiment_has_a_section_with_table_picture_and_command(name):
    (section,) = (part for part in re.split(r"^## ", TEXT, flags=re.M) if part.startswith(f"{name}: "))
    assert f"<!-- table: {name}" in section
    assert f"](assets/lab/{name}.png)" in section
    assert f"`gatewise lab {name}`" in " ".join(section.split())
    assert (PAGE.parent / "assets" / "lab" / f"{name}.png").stat().st_size > 10_000


@ALL
def test_what_is_kept_is_the_whole_experiment(name):
    report = FIGURES["found"](name)
    assert (report["name"], report["quick"], report["seeds"]) == (name, False, SEEDS)
    assert report["source"] == experiment(name).source


@ALL
def test_what_is_kept_is_of_the_networks_that_are_trained_today(name):
    """Their names, widths and budgets, as far as the table has them."""
    cases = getattr(experiment(name), "cases", ())
    rows = FIGURES["found"](name)["finding"]["rows"]
    if name == "ablation":
        assert {(row[0], row[1]) for row in rows} == {
            (case.label, network) for case in cases for network in case.recipes()
        }
        return
    expected = set()
    for case in cases:
        recipes = case.recipes() if isinstance(case, Case) else dict(case.networks)
        expected |= {
            (case.label, f"{network}, H = {recipe.build.hidden_size}", recipe.budget)
            for network, recipe in recipes.items()
        }
    if expected:
        assert {row[:2] for row in map(tuple, rows)} == {each[:2] for each in expected}
        for label, network, budget in expected:
            (until,) = (row[3] for row in rows if (row[0], row[1]) == (label, network))
            assert until == f"never in {budget:,}" or "never" not in until


@ALL
def test_every_criterion_was_reached(name):
    finding = FIGURES["found"](name)["finding"]
    assert finding["reached"], finding["verdict"]
