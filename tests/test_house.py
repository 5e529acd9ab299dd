"""The house keeps its order: no circle of imports, no file that has outgrown its one concept."""

import ast
from pathlib import Path

import pytest

import gatewise
from tests.test_imports import imported_names

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 400
CODE = ("*.py", "*.pyi", "*.cpp", "*.h", "*.js", "*.css", "*.j2", "*.sh", "*.toml")
FOLDERS = ("src", "native", "tests", "benchmarks", "examples", "docs", "findings", ".ci")


def modules(root):
    """Each module below `root`, the package's own folder, by its dotted name."""
    found = {}
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.pyi")]):
        parts = [root.name, *path.relative_to(root).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root):
    """For each module the others that it imports, wherever the import stands; a name counts as its module."""
    files = modules(root)
    found = {}
    for module, path in files.items():
        package = module.split(".") if path.stem == "__init__" else module.split(".")[:-1]
        targets = set()
        for name, _ in imported_names(ast.parse(path.read_text(encoding="utf-8")), package):
            while name and name not in files:
                name = name.rpartition(".")[0]
            targets.add(name)
        found[module] = targets - {module, ""}
    return found


def circles(graph):
    """The sets of modules that import each other, by following what each one leads to."""

    def leads_to(module):
        reached, ahead = set(), [module]
        while ahead:
            new = graph[ahead.pop()] - reached
            reached |= new
            ahead += new
        return reached

    reach = {module: leads_to(module) for module in graph}
    found = {frozenset(b for b in reach[a] if a in reach[b]) for a in graph if a in reach[a]}
    return sorted(map(sorted, found))


def test_no_module_imports_itself_by_a_detour():
    assert circles(imports(Path(gatewise.__file__).parent)) == []


def test_a_circle_is_found(tmp_path):
    root = tmp_path / "house"
    (root / "attic").mkdir(parents=True)
    (root / "__init__.py").write_text("from house.attic import b\n")
    (root / "attic" / "__init__.py").write_text("")
    (root / "attic" / "a.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.attic.b import B\n"
    )
    (root / "attic" / "b.py").write_text("def f():\n    from . import c\n")
    (root / "attic" / "c.py").write_text("import house.attic.a\n")
    assert circles(imports(root)) == [["house.attic.a", "house.attic.b", "house.attic.c"]]
    (root / "attic" / "c.py").write_text("from house.attic import x\n")
    assert circles(imports(root)) == []


def test_no_file_is_longer_than_it_can_be_read():
    if not (ROOT / "src").is_dir():
        pytest.skip("the source tree is not beside these tests")
    files = {path for folder in FOLDERS for pattern in CODE for path in (ROOT / folder).rglob(pattern)}
    assert len(files) > 300
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files if file.is_file()}
    longer = {str(file.relative_to(ROOT)): lines for file, lines in lengths.items() if lines > LONGEST}
    assert longer == {}
