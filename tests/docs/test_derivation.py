"""docs/derivation.md cannot lie: its numbers are recomputed, its code and names looked up in the source."""

import contextlib
import io
import math
import re
import tokenize
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from gatewise.ops import LSTMCell, Weights, numerical_gradient, sequence
from gatewise.ops import squared_error as loss_of
from gatewise.ops import squared_error_backward as loss_backward
from gatewise.types import State

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "derivation.md"
if not PAGE.exists():
    pytest.skip("docs/derivation.md is not beside these tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<language>\w*)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<code>.*?)^```$", re.M | re.S)
EXCERPTS = [match.groupdict() for match in FENCE.finditer(TEXT)]
SPANS = sorted(set(re.findall(r"`([^`\n]+)`", FENCE.sub("", TEXT))))


def rows(heading, columns):
    """Cells of the tables with so many columns below a heading of the page, formulas without their $."""
    section = re.split(r"^#+ ", TEXT.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = re.findall(r"^\|(.*)\|$", section, re.M)
    cells = [[cell.strip(" $`") for cell in line.split("|")] for line in lines]
    return [row for row in cells if len(row) == columns and set(row[0]) != {"-"}]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# The numbers.

GIVEN = re.compile(
    r"\$x = (\S+)\$, \$h' = (\S+)\$, \$c' = (\S+)\$.+\$L = \(h - (\S+)\)\^2\$.+"
    r"next step\s+come\s+\$(\S+)\$\s+for\s+\$h\$\s+and\s+\$(\S+)\$\s+for\s+\$c\$",
    re.S,
)
WORKED = [row for row in rows("One step in numbers", 3) if row[1] != "how"]
POWERS = [
    *rows("The plain RNN: it vanishes or explodes", 2)[1:],
    *rows("The cell state: a path with a gate instead of a matrix", 2)[1:],
]


@pytest.fixture(scope="module")
def example():
    """The worked example's values by their names on the page, from the numbers given there."""
    given = {name: np.array(cells, float) for name, *cells in rows("One step in numbers", 5)[1:]}
    numbers = [np.full((1, 1), float(number)) for number in GIVEN.search(TEXT).groups()]
    x, h_prev, c_prev, target, dh_next, dc_next = numbers
    weights = Weights(given["weight_ih"][:, None], given["weight_hh"][:, None], given["bias"])
    y, _, cache = sequence.forward(LSTMCell(), x[None], weights, State(h_prev, c_prev))
    loss, loss_cache = loss_of(y, target[None])
    dy = loss_backward(loss_cache)
    values = {name: getattr(cache, name).copy() for name in "ifgoch"}
    dx, dstate, gradients = sequence.backward(dy, cache, State(dh_next, dc_next))
    z = given["weight_ih"] * x + given["weight_hh"] * h_prev + given["bias"]
    dz = gradients.bias  # one step, one sequence: the sum over both is dz itself
    values |= {f"z_{gate}": z[0, k] for k, gate in enumerate("ifgo")}
    values |= {f"dz_{gate}": dz[k] for k, gate in enumerate("ifgo")}
    values |= {"x": x, "h'": h_prev, "c'": c_prev, r"\tanh(c)": np.tanh(cache.c), "L": loss}
    values |= {"dh": dy + dh_next, "dc": dstate.c / values["f"], "dc'": dstate.c, "dh'": dstate.h, "dx": dx}
    values |= {"dW_{xf}": gradients.weight_ih[1], "dW_{hf}": gradients.weight_hh[1], "db_f": dz[1]}
    return {name: float(np.squeeze(value)) for name, value in values.items()}


def test_the_worked_example_shows_every_step():
    forward = "z_i z_f z_g z_o i f g o c \\tanh(c) h L"
    backward = "dh dz_o dc dz_i dz_f dz_g dc' dh' dx dW_{xf} dW_{hf} db_f"
    assert " ".join(name for name, _, _ in WORKED) == f"{forward} {backward}"


@pytest.mark.parametrize(("name", "how", "value"), WORKED, ids=[row[0] for row in WORKED])
def test_the_worked_example_is_what_the_code_computes(example, name, how, value):
    assert value == f"{example[name]:.4f}"
    # The column "how" leads to the same number.
    python = how.replace(r"\cdot", "*").replace(r"\tanh^2(c)", "tanh(c)**2").replace("^2", "**2")
    python = python.replace("\\", "").replace("'", "_prev")
    names = {name.replace("'", "_prev"): number for name, number in example.items()}
    assert value == f"{eval(python, {'tanh': np.tanh, 'sigma': sigmoid, **names}):.4f}"


def test_the_powers_are_all_there():
    assert [factor for factor, _ in POWERS] == ["0.9", "1.1", "1", "0.99", r"\sigma(5)", r"\sigma(1)"]


@pytest.mark.parametrize(("factor", "power"), POWERS, ids=[row[0] for row in POWERS])
def test_powers_are_right_to_the_last_digit_shown(factor, power):
    logistic = re.fullmatch(r"\\sigma\((\d+)\)", factor)
    expected = float(sigmoid(float(logistic[1])) if logistic else factor) ** 100
    shown = Decimal(re.sub(r" \\cdot 10\^\{(-?\d+)\}", r"E\1", power))
    half_a_digit = Decimal((0, (5,), shown.as_tuple().exponent - 1))
    assert abs(Decimal(expected) - shown) <= half_a_digit


def test_steps_to_halve_the_gradient():
    stated = re.search(r"every (\S+) at 0.99, every (\S+) at \$\\sigma\(1\)\$", TEXT)
    steps = [math.log(0.5) / math.log(f) for f in (0.99, sigmoid(1))]
    assert stated.groups() == (f"{steps[0]:.0f}", f"{steps[1]:.1f}")


@pytest.mark.parametrize("with_peepholes", [False, True])
def test_the_derivative_along_the_cell_state_has_both_parts(with_peepholes):
    """The formula of "What runs through h", against central differences."""
    rng = np.random.default_rng(0)
    hidden, inputs = 3, 2
    peephole = rng.normal(size=(3, hidden)) if with_peepholes else None
    weights = Weights(*map(rng.standard_normal, [(12, inputs), (12, hidden), 12]), peephole)
    x, c_prev, z_o_prev = map(rng.standard_normal, [(1, 1, inputs), (1, hidden), hidden])
    p_i, p_f, p_o = np.zeros((3, hidden)) if peephole is None else peephole

    def o_prev():
        return sigmoid(z_o_prev + p_o * c_prev)

    def step():
        return sequence.forward(LSTMCell(), x, weights, State(o_prev() * np.tanh(c_prev), c_prev))[2]

    i, f, g = (getattr(step(), name)[0, 0] for name in "ifg")
    by_i, by_f, by_g = g * i * (1 - i), c_prev[0] * f * (1 - f), i * (1 - g * g)
    w_i, w_f, w_g, _ = np.split(weights.weight_hh, 4)
    a = np.diag(by_f) @ w_f + np.diag(by_i) @ w_i + np.diag(by_g) @ w_g
    o, tanh_c = o_prev()[0], np.tanh(c_prev[0])
    slope = o * (1 - tanh_c**2) + tanh_c * o * (1 - o) * p_o
    expected = np.diag(f + by_f * p_f + by_i * p_i) + a @ np.diag(slope)
    actual = [numerical_gradient(lambda k=k: float(step().c[0, 0, k]), c_prev)[0] for k in range(hidden)]
    np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-10)


# The code.

ROOMS = ["ops", "ops.cell", "nn", "optim", "training", "types"]
FUNCTIONS = re.compile(
    r"(sequence|[A-Z]\w*)\.\w+|[A-Z]\w+|\w+_backward|squared_error|cross_entropy|clip_\w+|log_softmax"
)


def code_tokens(code):
    """Names, numbers and operators of Python code, one space between; neither comments nor strings."""
    tokens = []
    with contextlib.suppress(tokenize.TokenError):  # a bracket that is open where an excerpt ends
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP):
                tokens.append(token.string)
    return f" {' '.join(tokens)} "


TESTS = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
SOURCE = "".join(code_tokens(file.read_text(encoding="utf-8")) for file in (ROOT / "src").rglob("*.py"))


def is_an_object(name):
    """Whether a dotted name leads to something in one of the rooms."""
    for place in [import_module(f"gatewise.{room}") for room in ROOMS]:
        for part in name.split("."):
            place = getattr(place, part, None)
        if place is not None:
            return True
    return False


def test_every_block_of_code_is_an_excerpt():
    assert len(EXCERPTS) >= 15
    assert [each for each in EXCERPTS if each["language"] != "python" or not each["file"]] == []


@pytest.mark.parametrize("excerpt", EXCERPTS, ids=lambda excerpt: excerpt["code"].split("\n")[0])
def test_excerpts_stand_in_their_file(excerpt):
    """Literally but for white space; a line of three dots stands for lines left out."""
    source = " ".join((ROOT / excerpt["file"]).read_text(encoding="utf-8").split())
    position = 0
    for part in re.split(r"^ *\.\.\.$", excerpt["code"], flags=re.M):
        part = " ".join(part.split())
        position = source.find(part, position)
        assert position >= 0, f"{excerpt['file']} does not have, in this order: {part}"


@pytest.mark.parametrize("span", SPANS)
def test_names_in_the_text_exist(span):
    if span == "np.random.seed(0)":
        return  # what not to do
    if span.endswith(".py"):
        found = (ROOT / span).is_file() or (ROOT / "src" / "gatewise" / span).is_file()
    elif span.startswith("test_"):
        found = f"\ndef {span}(" in TESTS
    elif FUNCTIONS.fullmatch(span):
        found = is_an_object(span)
    else:
        found = code_tokens(span) in SOURCE
    assert found, f"docs/derivation.md names `{span}`, which is not in the source"
