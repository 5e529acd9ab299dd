"""docs/magnifier.md: its blocks run in their order, its pictures are there, its limits the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from gatewise import Translator
from gatewise.cli import main
from gatewise.magnify import connectivity, gates, snapshots
from gatewise.magnify.page import moment, report

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "magnifier.md"
if not PAGE.exists():
    pytest.skip("docs/magnifier.md is not beside these tests", allow_module_level=True)

TEXT = PAGE.read_text(encoding="utf-8")
PROSE = " ".join(re.sub(r"^```.*?^```", "", TEXT, flags=re.M | re.S).split())
PICTURES = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", TEXT)


@pytest.fixture
def workplace(tmp_path, monkeypatch, real_text):
    """A folder with the files that the page speaks of, small ones."""
    monkeypatch.chdir(tmp_path)
    play = (
        "O, what might?--No more:--\n\nSEBASTIAN:\nWhat, art thou waking?\nDo you not hear me speak? I do\n"
    )
    Path("plays.txt").write_text(real_text[:3000] + play * 20, encoding="utf-8")
    Path("end.txt").write_text(play * 10, encoding="utf-8")
    days = np.arange(np.datetime64("2019-01-01"), np.datetime64("2021-07-01"))
    warmth = 10 + 5 * np.cos(2 * np.pi * np.arange(len(days)) / 365.25)
    rows = [f"{day},{value:.2f}" for day, value in zip(days, warmth, strict=True)]
    captions = [
        (
            "A woman and a child are walking down a street.",
            "Eine Frau und ein Kind gehen eine Straße entlang.",
        ),
        ("A boy runs.", "Ein Junge läuft."),
    ]
    small = {"hidden_size": 8, "embedding_size": 8, "min_count": 1, "epochs": 8, "learning_rate": 1e-2}
    Translator(**small, progress=False).fit(captions * 20).save("captions.safetensors")
    Path("temperatures.csv").write_text("\n".join(["Date,Temp", *rows]) + "\n", encoding="utf-8")


@pytest.mark.usefixtures("workplace")
def test_blocks_run_in_their_order(capsys):
    names = {}
    for language, block in re.findall(r"^```(python|console)\n(.*?)^```", TEXT, re.M | re.S):
        if language == "python":
            exec(compile(block, PAGE.name, "exec"), names)
            continue
        for line in block.splitlines():
            if line.startswith("$ gatewise "):
                assert main(shlex.split(line)[2:]) == 0, capsys.readouterr().err
    for name in ("report.html", "training.html", "small.html"):
        assert Path(name).stat().st_size > 1e6


def test_every_picture_is_there_and_small():
    assert len(PICTURES) >= 6
    kept = {path.relative_to(DOCS).as_posix() for path in (DOCS / "assets" / "magnify").iterdir()}
    assert {path for _, path in PICTURES} == kept
    for words, path in PICTURES:
        assert len(words) > 40, f"{path} needs words for those who cannot see it"
        assert 10_000 < (DOCS / path).stat().st_size < 250_000, path


def test_the_page_says_what_the_code_does():
    shut, wide = gates.SHUT_AND_OPEN
    first, second = connectivity._POINTS
    wide_past, past, short_past = moment._PASTS
    for said in (
        f"below {shut}, shut, or above {wide}, open",
        f"sum of {first} points",
        f"by more than {connectivity._COMPLETE:.0%}".replace("%", " %") + f", one of {second}",
        f"measures the last {wide_past} steps, and where the error is above {moment._COMPLETE * 100:.0f} %, "
        f"the last {past}, or {short_past};",
        f"{report._MOST_STEPS:,} steps, the most that it takes",
        f"At most {snapshots._MOST} moments are kept",
    ):
        assert said in PROSE
