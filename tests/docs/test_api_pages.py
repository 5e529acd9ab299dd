"""The API reference leaves out no module of the rooms that it covers."""

import re
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


def test_the_rooms_are_found():
    assert {"ops", "nn", "optim"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_page_has_every_public_module_of_its_room(room):
    modules = {f"gatewise.{room}.{file.stem}" for file in (SOURCE / room).glob("[!_]*.py")}
    assert sorted(directives(PAGES / f"{room}.md")) == sorted({f"gatewise.{room}"} | modules), (
        f"docs/api/{room}.md needs one line `::: gatewise.{room}.MODULE` for each public module of the room"
    )


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_names_no_module_that_is_gone(page):
    for name in directives(page):
        place = ROOT / "src" / Path(*name.split("."))
        assert place.with_suffix(".py").is_file() or (place / "__init__.py").is_file(), name
