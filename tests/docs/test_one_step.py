"""docs/one-step.md cannot lie: its tables are recomputed from what it gives, its printouts compared."""

import re
from pathlib import Path

import numpy as np
import pytest

from gatewise.ops import LSTMCell, Weights, sequence
from gatewise.types import GATE_ORDER, State

PAGE = Path(__file__).resolve().parents[2] / "docs" / "one-step.md"
if not PAGE.exists():
    pytest.skip("docs/one-step.md is not beside these tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
CODE = "".join(re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S))
PROSE = re.sub(r"^```.*?^```", "", TEXT, flags=re.M | re.S)


def rows(columns):
    """The tables' rows with so many columns, formulas without their $."""
    cells = [
        [cell.strip(" $") for cell in line.split("|")] for line in re.findall(r"^\|(.*)\|$", PROSE, re.M)
    ]
    return [row for row in cells if len(row) == columns]


SUMS = [row for row in rows(7) if row[0] in GATE_ORDER]
UNITS = {name: values for name, *values in rows(3) if name and "-" not in name}


@pytest.fixture(scope="module")
def step():
    """What gatewise computes from the numbers given on the page, by the page's names; (2,) each."""
    given = np.array([row[2:6] for row in SUMS], float)
    weights = Weights(given[:, :1].copy(), given[:, 1:3].copy(), given[:, 3].copy())
    before = State(*(np.array([UNITS[name]], float) for name in ("h'", "c'")))
    _, _, cache = sequence.forward(LSTMCell(), np.ones((1, 1, 1)), weights, before)
    values = {name: getattr(cache, name)[0, 0] for name in "ifgoch"}
    values |= {"h'": before.h[0], "c'": before.c[0], r"\tanh(c)": np.tanh(values["c"])}
    return values | {
        r"i \odot g": values["i"] * values["g"],
        r"f \odot c'": values["f"] * values["c'"],
    }


def test_the_tables_are_complete():
    assert [(row[0], row[1]) for row in SUMS] == [(gate, unit) for gate in "ifgo" for unit in "12"]
    names = r"h' c' i g i\odotg f f\odotc' c o \tanh(c) h"
    assert " ".join(name.replace(" ", "") for name in UNITS) == names


@pytest.mark.parametrize("row", SUMS, ids=lambda row: f"{row[0]}{row[1]}")
def test_a_sum_can_be_done_by_hand(row):
    x, h1, h2, bias, z = map(float, row[2:])
    old = [float(value) for value in UNITS["h'"]]
    assert z == pytest.approx(x + h1 * old[0] + h2 * old[1] + bias, abs=1e-12)


def test_the_gates_are_those_of_the_sums(step):
    z = np.array([row[6] for row in SUMS], float)[None]
    LSTMCell().forward(z, step["c'"][None])
    np.testing.assert_allclose(z[0], np.concatenate([step[gate] for gate in GATE_ORDER]), rtol=1e-12)


@pytest.mark.parametrize("name", UNITS)
def test_the_numbers_agree_to_the_digits_shown(step, name):
    for shown, value in zip(UNITS[name], step[name], strict=True):
        assert shown == f"{value:.{len(shown.partition('.')[2])}f}"


def test_the_code_prints_what_stands_beside_it(capsys):
    exec(compile(CODE, PAGE.name, "exec"), {})
    beside = re.findall(r"^print\(.*\)  # (.*)$", CODE, re.M)
    assert len(beside) == CODE.count("print(") == 5
    assert capsys.readouterr().out.splitlines() == beside


def test_the_prose_says_what_the_numbers_say(step):
    i, f, o = step["i"], step["f"], step["o"]
    assert i[0] < 0.15, "unit 1 lets almost nothing in"
    assert i[1] > 0.8, "unit 2 most of it"
    assert 0.9 < f[0] < 0.95, "unit 1 keeps nine tenths"
    assert f[1] < 0.25, "unit 2 less than a quarter"
    assert step["c"][0] > step["c"][1], "unit 1 remembers more"
    assert step["h"][0] < step["h"][1], "and shows less"
    assert o[0] < o[1]
