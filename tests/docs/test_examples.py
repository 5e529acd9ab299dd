"""Every Python block and every command of README, index and guide runs as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from gatewise.cli import main

ROOT = Path(__file__).parents[2]
NAMES = (
    "README.md",
    "docs/index.md",
    "docs/guide.md",
    "docs/conventions.md",
    "docs/forecasting.md",
    "docs/lab.md",
    "docs/one-step.md",
)
PAGES = [ROOT / name for name in NAMES if (ROOT / name).is_file()]

pytestmark = pytest.mark.skipif(not PAGES, reason="the documentation is not here")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def workplace(tmp_path, monkeypatch, real_text):
    """A folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text(real_text[:4000], encoding="utf-8")
    Path("other.txt").write_text(real_text[4000:5000], encoding="utf-8")
    Path("films.csv").write_text(
        "label,text\n" + "good,a warm film\nbad,an empty film\n" * 10, encoding="utf-8"
    )
    Path("reviews.csv").write_text(
        "key,stars,review,site\n" + "a1,5,a warm film,x\nb2,1,an empty film,y\n" * 10, encoding="utf-8"
    )
    Path("new.csv").write_text("key,review,site\na1,a warm film,x\nb2,,y\n", encoding="utf-8")
    words = "1\tthe\t_\tDET\t_\t_\t_\t_\t_\t_\n2\tdog\t_\tNOUN\t_\t_\t_\t_\t_\t_\n\n" * 10
    Path("words.conllu").write_text(words, encoding="utf-8")
    Path("pairs.tsv").write_text("two dogs\tzwei Hunde\na dog\tein Hund\n" * 10, encoding="utf-8")
    Path("sources.txt").write_text("two dogs\na dog\n", encoding="utf-8")
    if folder := os.environ.get("GATEWISE_DATA"):
        shutil.copy(Path(folder, "forecasting/airline-passengers.csv"), "passengers.csv")


def skip_without_data(code: str) -> None:
    if "passengers.csv" in code and not Path("passengers.csv").exists():
        pytest.skip("GATEWISE_DATA is not set to the folder of data sets; what stands above was run")


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(page):
    names = {}
    for block in blocks(page, "python"):
        skip_without_data(block)
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
        skip_without_data(command)
        if command == "gatewise demo":  # runs two minutes; tests/cli has it with smaller settings
            continue
        assert main(shlex.split(command)[1:]) == 0, capsys.readouterr().err
