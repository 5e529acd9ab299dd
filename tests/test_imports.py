"""Imports point one way, libraries enter by one door, and `import gatewise` stays light.

The rule is read off the source text, so imports inside functions and for type checking count too.
"""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import gatewise

# An importer may use anything further down. Rooms on one line do not import each other.
LAYERS = [
    {"cli"},
    {"serve", "magnify", "lab", "interop", "scale"},
    {"tasks"},
    {"training"},
    {"optim", "data"},
    {"nn"},
    {"ops"},
    {"kernels"},
    {"charts"},
    {"pictures"},
    {"storage"},
    {"random_streams"},
    {"types"},
    {"errors"},
    {"version"},
]
# In the room of the tasks each job has a room of its own; this is what they share.
SHARED_BY_TASKS = {
    "checks",
    "estimator",
    "hyperparameters",
    "run_record",
    "scikit_learn",
    "scores",
    "verdict",
    "warm_start",
}
DEPTH = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}

# Every library beside NumPy, and the one room that adapts it.
DOORS = {
    "typer": "cli",
    "rich": "cli",
    "narwhals": "data",
    "pyarrow": "data",
    "tokenizers": "data",
    "sacrebleu": "tasks",
    "safetensors": "storage",
    "sklearn": "tasks or lab",
    "plotly": "charts",
    "choreographer": "pictures",
    "jinja2": "magnify",
}
EVERYWHERE = {*sys.stdlib_module_names, "numpy"}


def imported_names(tree, package):
    """Yield (dotted name, line) of all that a module imports: `from a import b` counts as a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = [*parents, *([node.module] if node.module else [])]
            yield from ((".".join([*base, alias.name]), node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield importlib.util.resolve_name(name.value, ".".join(package)), node.lineno


def objection(importer, target):
    """Say what is wrong with `importer` (parts of a module's name) importing `target`, or return None."""
    room = importer[1]
    if target[0] != "gatewise":
        door = DOORS.get(target[0], "a door named in DOORS")
        return (
            None
            if target[0] in EVERYWHERE or room in door.split(" or ")
            else f"{target[0]} may enter only by {door}"
        )
    other = target[1] if len(target) > 1 else ""
    if room in ("__init__", "__main__"):
        return None
    if room == "cli" and other not in DEPTH:
        return None  # the public names: only the outermost room may go in by the front door
    if room not in DEPTH or other not in DEPTH:
        return f"{room if room not in DEPTH else other or 'gatewise itself'} is no room of LAYERS"
    if room != other:
        return None if DEPTH[other] > DEPTH[room] else f"{room} may not import {other}"
    outermost = room != "tasks" or len(target) < 3 or importer[2] == "__init__"
    if outermost or target[2] in SHARED_BY_TASKS | {importer[2]}:
        return None
    return f"task {importer[2]} may not import task {target[2]}"


def violations(root):
    """Return every objection to the package below `root`, each as 'file:line: what'."""
    found = []
    for path in sorted(root.rglob("*.py")):
        module = ("gatewise", *path.relative_to(root).with_suffix("").parts)
        for name, line in imported_names(ast.parse(path.read_text(encoding="utf-8")), list(module[:-1])):
            if what := objection(module, name.split(".")):
                found.append(f"{path.relative_to(root).as_posix()}:{line}: {what}")
    return found


def test_imports_point_one_way():
    assert violations(Path(gatewise.__file__).parent) == []


@pytest.mark.parametrize(
    ("file", "source", "what"),
    [
        ("ops/cell.py", "import gatewise.nn", "ops may not import nn"),
        ("ops/cell.py", "from gatewise import nn", "ops may not import nn"),
        ("ops/cell.py", "from ..nn.lstm import LSTM", "ops may not import nn"),
        ("nn/deep/lstm.py", "from ... import training", "nn may not import training"),
        ("nn/lstm.py", "def f():\n    from gatewise.tasks import Translator", "nn may not import tasks"),
        ("nn/lstm.py", "import importlib\nimportlib.import_module('gatewise.cli')", "nn may not import cli"),
        ("nn/lstm.py", "from gatewise import LSTM", "LSTM is no room of LAYERS"),
        ("nn/lstm.py", "import gatewise", "gatewise itself is no room of LAYERS"),
        ("helpers.py", "import gatewise.nn", "helpers is no room of LAYERS"),
        ("serve/http.py", "from gatewise.magnify import report", "serve may not import magnify"),
        ("optim/adam.py", "from gatewise.data import windows", "optim may not import data"),
        ("errors.py", "from gatewise.types import State", "errors may not import types"),
        ("tasks/tag/crf.py", "from gatewise.tasks.text import x", "task tag may not import task text"),
        ("tasks/tag/crf.py", "from gatewise.tasks.text.beam import x", "task tag may not import task text"),
        ("tasks/tag/crf.py", "from .. import text", "task tag may not import task text"),
        ("tasks/tag/__init__.py", "import gatewise.tasks.text", "task tag may not import task text"),
        ("tasks/checks.py", "from gatewise.tasks.text import x", "task checks may not import task text"),
        ("nn/lstm.py", "from gatewise import __version__", "__version__ is no room of LAYERS"),
        ("nn/lstm.py", "import rich.progress", "rich may enter only by cli"),
        ("__init__.py", "import typer", "typer may enter only by cli"),
        ("tasks/model.py", "from safetensors.numpy import load", "safetensors may enter only by storage"),
        ("lab/curves.py", "import pandas", "pandas may enter only by a door named in DOORS"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, file, source, what):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(source, encoding="utf-8")
    assert violations(tmp_path) == [f"{file}:{source.count(chr(10)) + 1}: {what}"]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cli/demo.py", "import rich, typer\nfrom gatewise.tasks import LanguageModel\nfrom . import app"),
        ("cli/info.py", "import gatewise\nfrom gatewise import LanguageModel"),
        ("tasks/tag/crf.py", "from .. import estimator, tag\nfrom gatewise.tasks.tag.spans import x"),
        (
            "tasks/tag/__init__.py",
            "from gatewise.tasks.tag.tagger import x\nfrom .. import checks",
        ),
        ("tasks/__init__.py", "from gatewise.tasks.tag import SequenceTagger"),
        (
            "storage.py",
            "import os, numpy as np\nfrom safetensors import safe_open\nfrom gatewise import errors",
        ),
        ("__init__.py", "from gatewise.tasks import LanguageModel"),
        ("nn/lstm.py", "from gatewise.version import __version__"),
    ],
)
def test_a_rightful_import_is_let_through(tmp_path, file, source):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(source, encoding="utf-8")
    assert violations(tmp_path) == []


@pytest.mark.parametrize("module", ["gatewise", "gatewise.tasks"])
def test_an_import_loads_no_more_than_it_needs(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} does not exist yet")
    kept_out = ["typer", "rich", "tokenizers", "torch", "gatewise.training", "gatewise.cli"]
    code = f"import sys, {module}; print(*set({kept_out}).intersection(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []
