"""What the installed distribution says of itself, and what it brought along."""

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

import gatewise

DISTRIBUTION = importlib.metadata.distribution("gatewise")


def requirement_names(*, extra):
    """Names required by the core (extra=None) or by one extra."""
    names = set()
    for requirement in DISTRIBUTION.requires:
        specification, _, marker = requirement.partition(";")
        of_extra = re.search(r"extra\s*==\s*['\"](\w+)['\"]", marker)
        if (of_extra.group(1) if of_extra else None) == extra:
            names.add(re.match(r"[\w.-]+", specification).group().lower())
    return names


@pytest.fixture(scope="module")
def files():
    origin = json.loads(DISTRIBUTION.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("an editable installation does not bring the files of the package")
    return [str(path) for path in DISTRIBUTION.files]


def test_the_core_needs_light_libraries_only():
    assert requirement_names(extra=None) == {"numpy", "safetensors", "narwhals", "typer", "rich"}


def test_every_extra_is_known_and_filled():
    extras = DISTRIBUTION.metadata.get_all("Provides-Extra")
    assert set(extras) == {
        *("bleu", "bpe", "parquet", "plot", "pictures", "report", "lab"),
        *("examples", "test", "browser", "lint", "docs", "bench"),
    }
    assert all(requirement_names(extra=extra) for extra in extras)


def test_one_version():
    assert gatewise.__version__ == DISTRIBUTION.version


def test_the_changelog_tells_of_the_version():
    changelog = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
    if not changelog.is_file():
        pytest.skip("CHANGELOG.md is not beside these tests")
    headings = re.findall(r"^## (.*)$", changelog.read_text(encoding="utf-8"), re.M)
    assert headings[0] == "[Unreleased]"
    newest = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}", headings[1])[1]
    release, development, _ = gatewise.__version__.partition(".dev")
    assert (release != newest) if development else (release == newest)


def test_the_command_leads_to_a_function():
    (command,) = (point for point in DISTRIBUTION.entry_points if point.group == "console_scripts")
    assert (command.name, command.value) == ("gatewise", "gatewise.cli:main")
    assert callable(command.load())


def test_types_are_shipped(files):
    assert "gatewise/py.typed" in files
    assert "gatewise/kernels/_native.pyi" in files


def test_nothing_but_the_package_is_installed(files):
    folders = {path.split("/")[0] for path in files if not path.startswith("..")}
    assert folders == {"gatewise", f"gatewise-{DISTRIBUTION.version}.dist-info"}
    inside = [path for path in files if path.startswith("gatewise/")]
    assert not [path for path in inside if path.endswith((".cpp", ".h", ".hpp", ".cmake", "CMakeLists.txt"))]
    assert not [path for path in inside if {"tests", "native"} & set(path.split("/"))]


def test_the_licence_is_shipped(files):
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in files)
