"""The API reference leaves out nothing that is public in the rooms that it covers."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "api"
SOURCE = ROOT / "src" / "gatewise"
if not PAGES.is_dir() or not SOURCE.is_dir():
    pytest.skip("docs/api or src is not beside these tests", allow_module_level=True)

ROOMS = sorted(page.stem for page in PAGES.glob("*.md") if (SOURCE / page.stem).is_dir())


def directives(page):
    return re.findall(r"^::: (\S+)$", page.read_text(encoding="utf-8"), re.M)


def homes(room):
    """The modules of a room in which the names are defined that it or a room inside it hands out."""
    inner = [f"{room}.{file.parent.name}" for file in (SOURCE / room).glob("*/__init__.py")]
    for package in (import_module(f"gatewise.{name}") for name in (room, *inner)):
        for name in getattr(package, "__all__", ()):
            home = getattr(getattr(package, name), "__module__", "")
            if home.startswith(f"gatewise.{room}."):
                yield home


def test_the_rooms_are_found():
    assert {"ops", "nn", "optim"} <= set(ROOMS)
    assert "gatewise.tasks.language.neural_cache" in set(homes("tasks"))
    assert "gatewise.ops.sequence.cache" in set(homes("ops"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_page_has_every_public_module_of_its_room(room):
    modules = {f"gatewise.{room}.{file.stem}" for file in (SOURCE / room).glob("[!_]*.py")}
    missing = ({f"gatewise.{room}"} | modules | set(homes(room))) - set(directives(PAGES / f"{room}.md"))
    assert sorted(missing) == [], (
        f"docs/api/{room}.md needs one line `::: MODULE` for each public module of the room, and for each "
        "one inside it that defines a public name"
    )


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_names_each_module_once_and_none_that_is_gone(page):
    named = directives(page)
    assert len(named) == len(set(named))
    for name in named:
        place = ROOT / "src" / Path(*name.split("."))
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), name
