"""The runner: each trial once, side by side or in turn with the same result, and a report of all."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

import gatewise
from gatewise import charts
from gatewise.errors import ArgumentError, OutputError, TrainingError
from gatewise.lab import EXPERIMENTS, Report, run
from gatewise.lab.experiment import Finding, Result, Trial, of_group
from gatewise.lab.runner import _one_blas_thread, experiment, prepare_folder


def square(number, seed):
    return {"square": number * number + seed, "process": os.getpid()}


def boom(seed):
    raise OutputError(f"trial {seed} broke")


@dataclass(frozen=True)
class Squares:
    """Two groups; what they find is known."""

    work: object = square
    name = "squares"
    summary = "squares of numbers"
    source = "Euclid"

    def trials(self, seeds, quick):
        numbers = (2,) if quick else (2, 3)
        return [
            Trial(f"number {number}", seed, partial(square, number, seed))
            for number in numbers
            for seed in range(seeds)
        ]

    def conclude(self, results):
        squares = [result.values["square"] for result in results]
        return Finding(("squares",), tuple((str(each),) for each in squares), "done", sum(squares) > 10)

    def draw(self, results):
        figure = charts.panels(["squares"], x="trial", y="square")
        charts.line(figure, 0, list(range(len(results))), [0] * len(results), "zero", charts.BLUE)
        return figure


@pytest.fixture
def squares(monkeypatch):
    monkeypatch.setattr("gatewise.lab.runner.experiment", lambda name: Squares())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_what_it_is(name):
    found = experiment(name)
    assert found.name == name
    assert 20 < len(found.summary) < 90
    assert "\n" not in found.summary
    assert any(character.isdigit() for character in found.source), "a paper and its year"
    trials = found.trials(2, quick=True)
    assert len({(trial.group, trial.seed) for trial in trials}) == len(trials)
    assert len(found.trials(3, quick=False)) > len(trials) > 0


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ArgumentError, match="there is no experiment 'addition'; expected one of vanishing,"):
        run("addition")


@pytest.mark.parametrize("argument", ["seeds", "jobs"])
@pytest.mark.parametrize("value", [0, -1, 2.0, True])
def test_seeds_and_jobs_are_counted(argument, value):
    with pytest.raises(ArgumentError, match=f"{argument}={value!r}; expected a whole number of at least 1"):
        run("memory", **{argument: value})


@pytest.mark.usefixtures("squares")
def test_each_trial_is_done_and_told():
    told = []
    report = run("squares", seeds=3, jobs=1, tell=lambda *event: told.append(event))
    assert [(result.group, result.seed) for result in report.results] == [
        (f"number {number}", seed) for number in (2, 3) for seed in range(3)
    ]
    assert [result.values["square"] for result in report.results] == [4, 5, 6, 9, 10, 11]
    assert [result for result, _, _ in told] == list(report.results)
    assert [(done, total) for _, done, total in told] == [(k, 6) for k in range(1, 7)]
    assert report.finding.reached
    assert (report.seeds, report.quick, report.source) == (3, False, "Euclid")
    assert {result.values["process"] for result in report.results} == {os.getpid()}


@pytest.mark.usefixtures("squares")
def test_the_quick_version_has_fewer_seeds():
    report = run("squares", quick=True, jobs=1)
    assert (report.seeds, len(report.results)) == (2, 2)
    assert not report.finding.reached
    assert run("squares", jobs=1).seeds == 10


def test_processes_side_by_side_find_the_same(monkeypatch):
    """Real networks, from the seeds alone, whichever process trains them."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    one, two = (run("temporal-order", quick=True, seeds=1, jobs=jobs) for jobs in (1, 2))
    assert [result.values for result in one.results] == [result.values for result in two.results]
    assert [result.group for result in one.results] == [result.group for result in two.results]
    assert one.finding == two.finding
    assert "OPENBLAS_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("before", [None, "3"])
def test_threads_that_start_processes_at_once_put_the_environment_back(before, monkeypatch):
    name = "OPENBLAS_NUM_THREADS"
    monkeypatch.delenv(name, raising=False)
    if before is not None:
        monkeypatch.setenv(name, before)
    seen = []

    def start():
        for _ in range(200):
            with _one_blas_thread():
                time.sleep(0)
                seen.append(os.environ[name])

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["1"] * 800
    assert os.environ.get(name) == before


def test_the_environment_is_as_it_was_while_trials_are_told(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    seen = []

    def tell(*_):
        seen.append(os.environ.get("OPENBLAS_NUM_THREADS"))

    run("temporal-order", quick=True, seeds=1, jobs=2, tell=tell)
    assert set(seen) == {None}


def test_an_error_in_a_trial_ends_the_run(monkeypatch):
    @dataclass(frozen=True)
    class Broken(Squares):
        def trials(self, seeds, quick):
            return [Trial("broken", seed, partial(boom, seed)) for seed in range(seeds)]

    monkeypatch.setattr("gatewise.lab.runner.experiment", lambda name: Broken())
    with pytest.raises(OutputError, match="trial 0 broke"):
        run("broken", jobs=1)


@pytest.mark.usefixtures("squares")
def test_a_report_is_numbers_and_a_figure(tmp_path):
    pytest.importorskip("plotly")
    report = run("squares", quick=True, jobs=1)
    folder = tmp_path / "new" / "folder"
    written = report.save(folder)
    assert written == [folder / "squares.json", folder / "squares.html"]
    assert sorted(folder.iterdir()) == sorted(written)
    numbers = json.loads(written[0].read_text(encoding="utf-8"))
    assert numbers["gatewise"] == gatewise.__version__
    assert numbers["finding"]["verdict"] == "done"
    assert [each["values"]["square"] for each in numbers["results"]] == [4, 5]
    assert numbers["results"][1]["seed"] == 1
    assert "squares" in written[1].read_text(encoding="utf-8")


@pytest.mark.usefixtures("squares")
def test_without_plotly_the_numbers_are_still_written(tmp_path, monkeypatch):
    monkeypatch.setattr(charts, "can_draw", lambda: False)
    assert run("squares", quick=True, jobs=1).save(tmp_path) == [tmp_path / "squares.json"]


def test_numbers_that_json_lacks_are_null(tmp_path, monkeypatch):
    monkeypatch.setattr(charts, "can_draw", lambda: False)
    finding = Finding(("a",), (("b",),), "c", True)
    values = {"f": math.nan, "g": [1.0, math.inf], "h": {"i": -math.inf}}
    Report("reber", "d", True, 1, 0.0, finding, (Result("e", 0, 0.0, values),)).save(tmp_path)
    (result,) = json.loads((tmp_path / "reber.json").read_text(encoding="utf-8"))["results"]
    assert result["values"] == {"f": None, "g": [1.0, None], "h": {"i": None}}


def test_a_process_that_is_killed_is_one_clear_error(monkeypatch):
    @dataclass(frozen=True)
    class Deadly(Squares):
        def trials(self, seeds, quick):
            return [Trial("deadly", seed, partial(os._exit, 9)) for seed in range(seeds)]

    monkeypatch.setattr("gatewise.lab.runner.experiment", lambda name: Deadly())
    with pytest.raises(
        TrainingError, match="one of the 2 processes ended before its trial did: it was killed"
    ):
        run("deadly", seeds=2, jobs=2)


def test_after_an_interrupt_nothing_more_is_begun(tmp_path, monkeypatch):
    """Of a hundred trials only those that were running when it came are done."""

    @dataclass(frozen=True)
    class Marked(Squares):
        def trials(self, seeds, quick):
            # A function that the other processes can import.
            return [Trial("marked", k, partial(Path.touch, tmp_path / str(k))) for k in range(100)]

    def interrupt(result, done, total):
        raise KeyboardInterrupt

    monkeypatch.setattr("gatewise.lab.runner.experiment", lambda name: Marked())
    with pytest.raises(KeyboardInterrupt):
        run("marked", jobs=2, tell=interrupt)
    assert 1 <= len(list(tmp_path.iterdir())) <= 3


def test_a_folder_that_cannot_be_is_said_before_the_work(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="cannot make the folder"):
        prepare_folder(tmp_path / "file" / "folder")


def test_a_group_is_found_in_the_order_of_its_seeds():
    results = [Result("a", 1, 0, {}), Result("b", 0, 0, {}), Result("a", 0, 0, {})]
    assert [result.seed for result in of_group(results, "a")] == [0, 1]
