"""Every Python block and every command of README, index and guide runs as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from gatewise.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [
    path for path in (ROOT / "README.md", ROOT / "docs/index.md", ROOT / "docs/guide.md") if path.is_file()
]

pytestmark = pytest.mark.skipif(not PAGES, reason="the documentation is not here")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def workplace(tmp_path, monkeypatch, real_text):
    """A folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text(real_text[:4000], encoding="utf-8")
    Path("other.txt").write_text(real_text[4000:5000], encoding="utf-8")


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page):
    names = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), names)


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_run(page, capsys):
    commands = [
        line.removeprefix("$ ")
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ gatewise ")
    ]
    for command in commands:
        if command == "gatewise demo":  # runs two minutes; tests/cli has it with smaller settings
            continue
        assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().err
