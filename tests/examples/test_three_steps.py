"""The smallest forecast: three values say no more than the naive forecast does, the month helps."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "examples/three_steps.py"


@pytest.mark.slow
def test_the_month_makes_the_difference(data_folder, capsys):
    spec = importlib.util.spec_from_file_location("three_steps", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    alone, told = module.main(data_folder)
    # Persistence and the last year's value, as published with the series.
    assert alone.verdict_.baselines[0].rmse == pytest.approx(50.30, abs=0.005)
    assert alone.verdict_.baselines[1].rmse == pytest.approx(41.98, abs=0.005)
    assert alone.verdict_.baseline_wins
    assert "A BASELINE WINS" in capsys.readouterr().out
    assert not told.verdict_.baseline_wins
    assert told.verdict_.forecaster.rmse < 35
