"""What the command tells of itself: its help, ``gatewise info``, and ``gatewise demo``."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import gatewise
from gatewise import load
from gatewise.cli import demo, main
from gatewise.kernels import get_target, native_status
from tests.cli import command
from tests.cli.command import json_lines, outputs


def test_help_and_commands_are_shown(capsys):
    assert "train" in outputs(capsys, "--help").out
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_the_version_is_one_line(capsys):
    told = outputs(capsys, "--version")
    assert (told.out, told.err) == (f"gatewise {gatewise.__version__}\n", "")
    assert outputs(capsys, "--version", "info").out == told.out
    assert "--version" in outputs(capsys, "--help").out


def test_the_version_is_the_same_in_a_process_of_its_own():
    done = command.gatewise("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"gatewise {gatewise.__version__}\n", "")


def test_arguments_come_from_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gatewise", "info", "--json"])
    assert main() == 0
    assert json_lines(capsys.readouterr().out)


# info


def test_info_tells_what_runs_where(capsys):
    [facts] = json_lines(outputs(capsys, "info", "--json").out)
    assert facts["gatewise"] == gatewise.__version__
    assert facts["numpy"] == np.__version__
    assert facts["native_module"].startswith("not available: ") != native_status().available
    lines = outputs(capsys, "info").out.splitlines()
    assert len(lines) == len(facts)
    for line, (name, value) in zip(lines, facts.items(), strict=True):
        assert re.split(r"\s{2,}", line, maxsplit=1) == [name.replace("_", " "), value]


@pytest.mark.parametrize(
    ("quota", "told"), [(None, "8, without a CPU quota"), (1.5, "1, with a CPU quota of 1.5")]
)
def test_info_shows_the_cores_and_the_quota(quota, told, monkeypatch, capsys):
    monkeypatch.delenv("GATEWISE_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr("gatewise.kernels.cores._quota_of_process", lambda _: quota)
    [facts] = json_lines(outputs(capsys, "info", "--json").out)
    assert facts["usable_cores"] == told
    assert facts["float32_runs_on"].endswith(f"up to {told[0]} threads")


def test_info_explains_which_path_each_configuration_takes(capsys):
    [paths] = json_lines(outputs(capsys, "info", "--explain", "--json").out)
    kernel = (
        f"native kernel, {get_target()}"
        if get_target() != "numpy"
        else "NumPy reference: the target is numpy"
    )
    assert paths["LSTM,_stacked,_bidirectional"] == kernel
    assert paths["RNN,_sigmoid"] == kernel
    assert paths["LSTM,_float64"] == "NumPy reference: it computes in float64, the kernel in float32"
    assert paths["LSTM,_peepholes_and_zoneout_of_the_cell_state"].startswith("NumPy reference: ")


def test_info_explains_the_path_of_a_model(model_path, capsys):
    [line] = outputs(capsys, "info", str(model_path)).out.splitlines()
    assert line.startswith("LSTM, ")
    assert get_target() in line


# demo


@pytest.fixture
def short_documentation(monkeypatch, real_text):
    monkeypatch.setattr(demo, "_python_documentation", lambda: real_text[:30_000])
    return real_text[:30_000]


def test_the_demo_learns_measures_and_writes(short_documentation, tmp_path, capsys):
    path = tmp_path / "demo.safetensors"
    settings = ["--hidden-size=8", "--epochs=1", "--seed=2"]
    out, _ = outputs(capsys, "demo", "-o", path, *settings)
    model = load(path)
    assert model.generate("The ", temperature=0.6, seed=2) in out
    loss = model.evaluate(short_documentation[27_000:])["loss"]
    told = dict(re.findall(r"^  (\w+) +(\d\.\d{3})$", out, re.MULTILINE))
    assert float(told["LSTM"]) == pytest.approx(loss, abs=6e-4)
    assert float(told["trigram"]) < float(told["unigram"])
    assert list(map(float, told.values())) == sorted(map(float, told.values())), "the best comes first"
    assert ("The trigram model is better" in out) == (told["LSTM"] > told["trigram"])


def test_the_demo_tells_machines_in_json(short_documentation, capsys):
    out, err = outputs(capsys, "demo", "--json", "--hidden-size=8", "--epochs=1")
    events = json_lines(out)
    assert err == ""
    assert [event["event"] for event in events] == ["started", "validated", "ended", "demo"]
    assert set(events[-1]["loss"]) == {"LSTM", "unigram", "trigram"}
    assert events[-1]["sample"].startswith("The ")
    assert events[-1]["loss"]["LSTM"] == pytest.approx(events[1]["loss"], rel=0.1)


def test_the_demo_wants_a_text_to_learn(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    assert main(["demo"]) == 2
    assert "learn a file instead: gatewise train text" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_as_users_run_it(tmp_path):
    path = tmp_path / "demo.safetensors"
    done = command.gatewise("demo", "-o", path, "--time-limit=20", "--hidden-size=32", timeout=300)
    assert done.returncode == 0
    assert "Next, a text of your own" in done.stdout
    assert load(path).generate(max_tokens=5)
