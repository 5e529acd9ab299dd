"""``gatewise lab``: the list, a run from beginning to end, and what is refused."""

from __future__ import annotations

import json

import pytest

from gatewise import charts
from gatewise.cli import main
from gatewise.lab import EXPERIMENTS, run
from tests.cli import command

QUICK = ["temporal-order", "--quick", "--seeds", "1", "--jobs", "1"]


def test_the_list_has_a_line_for_each(capsys):
    assert main(["lab"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(EXPERIMENTS)]] == list(EXPERIMENTS)
    assert all(len(line.split()) > 4 for line in lines[: len(EXPERIMENTS)])


def test_the_list_for_machines(capsys):
    assert main(["lab", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["name"] for each in listed] == list(EXPERIMENTS)


def test_a_run_prints_progress_table_and_verdict_and_writes_what_it_found(tmp_path, capsys):
    pytest.importorskip("plotly")
    assert main(["lab", *QUICK, "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    report = run("temporal-order", quick=True, seeds=1, jobs=1)
    assert report.finding.verdict in out
    for row in report.finding.rows:
        assert all(cell in out for cell in row)
    assert [line.split()[0] for line in err.splitlines()] == ["1/2", "2/2"]
    numbers = json.loads((tmp_path / "out" / "temporal-order.json").read_text(encoding="utf-8"))
    expected = json.loads(json.dumps(report.as_dict()["finding"]))
    assert numbers["finding"] == expected
    assert (tmp_path / "out" / "temporal-order.html").stat().st_size > 1_000_000


def test_a_run_for_machines(tmp_path, capsys):
    assert main(["lab", *QUICK, "--out", str(tmp_path), "--json"]) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["trial", "trial", "experiment"]
    assert events[-1]["reached"] in (True, False)
    assert str(tmp_path / "temporal-order.json") in events[-1]["files"]
    assert err == ""


def test_without_plotly_it_says_that_there_is_no_figure(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(charts, "can_draw", lambda: False)
    monkeypatch.setattr("gatewise.cli.lab.can_draw", lambda: False)
    assert main(["lab", *QUICK, "--out", str(tmp_path)]) == 0
    assert "pip install 'gatewise[lab]'" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["temporal-order.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["addition"], "there is no experiment 'addition'; expected one of"),
        (["temporal-order", "--seeds", "0"], "--seeds 0; expected a whole number of at least 1"),
        (["temporal-order", "--jobs", "-1"], "--jobs -1; expected a whole number of at least 1"),
        (["temporal-order", "--out", "file/folder"], "cannot make the folder"),
    ],
)
def test_bad_input_is_one_line_before_any_work(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["lab", *arguments]) == 2
    _, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1, "no progress, that is no work"


def test_processes_share_the_trials(tmp_path):
    """In a process of its own, whose children are spawned."""
    done = command.gatewise("lab", "memory", "--quick", "--jobs", "2", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "memory.json").exists()
