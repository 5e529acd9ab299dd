"""The same command a week later, on other data: what was left is no obstacle, unless a run was cut off."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import load
from gatewise.cli import main
from gatewise.errors import CheckpointWarning
from gatewise.training import Checkpointed, read_checkpoint
from tests.cli.command import json_lines, outputs

SMALL = ["--hidden-size=4", "--epochs=1", "--batch-size=8"]


def _table(first):
    return "ds,y\n" + "".join(f"{day},{day % 4 + day / 9}\n" for day in range(first, first + 60))


TASKS = {
    "text": (["first.txt", "second.txt"], ["to be or not to be. " * 30, "my question is new! " * 30]),
    "classify": (
        ["first.txt", "second.txt"],
        ["good a fine film\nbad a dull one\n" * 20, "good a fine book\nugly an old book\n" * 20],
    ),
    "tag": (["first.txt", "second.txt"], ["a A\nb B\n\n" * 20, "a A\nc C\n\n" * 20]),
    "translate": (["first.tsv", "second.tsv"], ["ein Hund\ta dog\n" * 20, "eine Katze\ta cat\n" * 20]),
    "forecast": (["first.csv", "second.csv"], [_table(0), _table(30)]),
}
MORE = {
    "text": ["--num-layers=1", "--window=8"],
    "forecast": ["--horizon=2", "--season-length=4", "--steps-per-epoch=3"],
}


@pytest.fixture
def command(request, tmp_path):
    """What makes the command of a task for a week."""

    def make(task, week, *more):
        names, texts = TASKS[task]
        for name, text in zip(names, texts, strict=True):
            (tmp_path / name).write_text(text, encoding="utf-8")
        path = tmp_path / "m.safetensors"
        return ["train", task, tmp_path / names[week], "-o", path, *SMALL, *MORE.get(task, []), *more]

    return make


def files(folder):
    return sorted(each.name for each in folder.glob("*.safetensors"))


@pytest.mark.parametrize("task", TASKS)
def test_a_time_limit_that_was_reached_is_no_obstacle(task, command, tmp_path, capsys):
    out, _ = outputs(capsys, *command(task, 0, "--time-limit=1e-9"))
    assert "with --init" in out
    assert load(tmp_path / "m.safetensors").stopped_by_ == "time limit"
    out, err = outputs(capsys, *command(task, 1))
    assert "note: the time limit ended the run of" in err
    assert load(tmp_path / "m.safetensors").stopped_by_ == "finished"
    assert files(tmp_path) == ["m.safetensors"]


@pytest.mark.parametrize("task", TASKS)
def test_but_whoever_asks_goes_on_from_it_to_the_same_bits(task, command, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, *command(task, 0))
    whole = load(path).network_.parameters.vector
    outputs(capsys, *command(task, 0, "--time-limit=1e-9"))
    outputs(capsys, *command(task, 0, "--resume"))
    np.testing.assert_array_equal(load(path).network_.parameters.vector, whole)
    assert files(tmp_path) == ["m.safetensors"]


@pytest.mark.parametrize("task", TASKS)
def test_other_data_are_refused_with_the_remedy_where_the_user_asks_to_go_on(task, command, capsys):
    outputs(capsys, *command(task, 0, "--time-limit=1e-9"))
    assert main(list(map(str, command(task, 1, "--resume")))) == 2
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("gatewise: error: cannot go on from")
    assert "--init" in err


@pytest.mark.parametrize("task", TASKS)
def test_the_weights_of_the_first_week_begin_the_second(task, command, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, *command(task, 0))
    out, _ = outputs(capsys, *command(task, 1, "--init", path, "--time-limit=1e-9"))
    assert f"note: began with the weights of {str(path)!r}\n" in out
    stopped = load(path)
    assert stopped.notes_[0] == f"began with the weights of {str(path)!r}"
    assert main(list(map(str, command(task, 1, "--resume")))) == 2
    err = capsys.readouterr().err
    assert "there --init was a model, now it is none. Give --init as it was given there, or start" in err
    outputs(capsys, *command(task, 1, "--init", path, "--resume"))  # which that run has been saved over
    assert load(path).stopped_by_ == "finished"
    told = json_lines(outputs(capsys, *command(task, 0, "--init", path, "--json")).out)
    assert told[-1]["event"] in ("saved", "verdict")
    assert any(f"began with the weights of {str(path)!r}" in each.get("notes", ()) for each in told)


@pytest.mark.parametrize("task", TASKS)
def test_other_sizes_are_refused_by_the_names_of_options(task, command, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    outputs(capsys, *command(task, 0))
    before = path.read_bytes()
    assert main(list(map(str, command(task, 1, "--init", path, "--hidden-size=6")))) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"gatewise: error: --init {path} was trained with --hidden-size 4, and now --hidden-size 6; "
        "its weights fit no other. Take the same, or leave --init out to begin with drawn weights."
    )
    missing = str(tmp_path / "none.safetensors")
    assert main(list(map(str, command(task, 1, "--init", missing)))) == 2
    assert f"--init {missing}: {missing!r} does not exist" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("task", TASKS)
def test_a_run_that_was_cut_off_is_protected(task, command, tmp_path, capsys, monkeypatch):
    path, checkpoint = tmp_path / "m.safetensors", tmp_path / "m.checkpoint.safetensors"
    from gatewise.cli import train

    def all_of(listeners):
        def cut(event):
            if isinstance(event, Checkpointed):
                raise KeyboardInterrupt

        return cut

    with monkeypatch.context() as power:
        power.setattr(train, "_all_of", all_of)
        assert main(list(map(str, command(task, 0)))) == 130
    assert not path.exists()
    left = checkpoint.read_bytes()
    capsys.readouterr()
    assert main(list(map(str, command(task, 1)))) == 2
    err = capsys.readouterr().err
    assert "an unfinished run left the checkpoint" in err
    assert all(remedy in err for remedy in ("--resume", "--restart", "--init FILE"))
    assert checkpoint.read_bytes() == left
    outputs(capsys, *command(task, 0, "--resume"))
    assert files(tmp_path) == ["m.safetensors"]


def test_a_forecaster_is_measured_on_a_file_of_later_steps(command, tmp_path, capsys):
    later = tmp_path / "later.csv"
    later.write_text("ds,y\n" + "".join(f"{day},{day % 4 + day / 9}\n" for day in range(60, 80)))
    out, _ = outputs(capsys, *command("forecast", 0, "--validation", later))
    assert "forecasts of one series in 5 parts, each by a network that learnt from the others" in out
    assert main(list(map(str, command("forecast", 0, "--validation", tmp_path / "second.csv")))) == 2
    assert "validation: series 'y' has steps that are learnt from" in capsys.readouterr().err


def test_a_checkpoint_that_was_ended_can_be_read_by_what_goes_on(command, tmp_path, capsys):
    outputs(capsys, *command("tag", 0, "--time-limit=1e-9"))
    checkpoint = tmp_path / "m.checkpoint.safetensors"
    with pytest.warns(CheckpointWarning):
        model = load(checkpoint)
    file = read_checkpoint(
        checkpoint, {}, {name: [value] for name, value in _fingerprint(checkpoint).items()}
    )
    assert file.metadata["training"]["ended"] == "time limit"
    assert model.stopped_by_ is None


def _fingerprint(path):
    from gatewise.storage import read_tensors

    return read_tensors(path).metadata["training"]["fingerprint"]
