"""Each benchmark that README and docs name has a record, which says when it was made and on what."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
RECORDS = ROOT / "benchmarks" / "records"
NAMED = sorted(
    {name for page in PAGES for name in re.findall(r"-m benchmarks ([a-z_0-9]+)", page.read_text("utf-8"))}
)


@pytest.mark.parametrize("name", NAMED)
def test_what_the_pages_name_has_a_record(name):
    assert [path.name for path in RECORDS.glob(f"{name}.*")]


@pytest.mark.parametrize("path", sorted(RECORDS.iterdir()), ids=lambda path: path.name)
def test_a_record_says_what_it_is_of(path):
    if path.suffix == ".json":
        record = json.loads(path.read_text("utf-8"))
        command, date, commit, machine = (record[each] for each in ("command", "date", "commit", "machine"))
    else:
        command, of, machine = path.read_text("utf-8").splitlines()[:3]
        date, commit = of.split(", ", 1)
    assert command == f"python -m benchmarks {path.stem}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", date)
    assert re.search(r"[0-9a-f]{7}", commit)
    assert " cores, " in machine
    assert ", Python 3." in machine
