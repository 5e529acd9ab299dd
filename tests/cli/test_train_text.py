"""``gatewise train text`` trains as Python does, tells what it does, and loses no work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

import gatewise
from gatewise import LanguageModel, load
from gatewise.cli import main
from tests.cli import command
from tests.cli.command import TINY, json_lines, options, outputs


def test_training_on_the_command_line_is_training_in_python(page, tmp_path, capsys):
    settings = {**TINY, "epochs": 2, "seed": 3, "dropout": 0.1, "learning_rate": 0.01, "schedule": "linear"}
    path = tmp_path / "m.safetensors"
    out, err = outputs(capsys, "train", "text", page, "-o", path, *options(**settings))
    expected = LanguageModel(**settings, progress=False).fit(page)
    model = load(path)
    assert model.get_params() == expected.get_params()
    np.testing.assert_array_equal(model.network_.parameters.vector, expected.network_.parameters.vector)
    saved = f"saved {path} (0.0 MB); let it write: gatewise generate {path}\n"
    assert out == f"{saved}{expected.verdict_}\n"
    assert [path.name] == [each.name for each in tmp_path.iterdir()], "a complete run leaves no checkpoint"
    losses = [float(each) for each in re.findall(r"(?<!best )validation loss ([\d.]+)", err)]
    assert losses == [pytest.approx(each["validation_loss"], abs=1e-4) for each in expected.history_]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("level", "word"),
        ("hidden_size", 9),
        ("num_layers", 2),
        ("embedding_size", 9),
        ("cell", "rnn"),
        ("vocab_size", 20),
        ("dropout", 0.5),
        ("window", 12),
        ("batch_size", 3),
        ("reset_rate", 0.5),
        ("epochs", 1),
        ("learning_rate", 0.001),
        ("schedule", "constant"),
        ("weight_decay", 0.5),
        ("clip_norm", 0.5),
        ("validation_fraction", 0.3),
        ("patience", 5),
        ("seed", 7),
        ("time_limit", 100.0),
    ],
)
def test_each_option_reaches_the_model(option, value, page, tmp_path, capsys):
    settings = {**TINY, "epochs": 1, option: value}
    outputs(capsys, "train", "text", page, "-o", tmp_path / "m.safetensors", *options(**settings))
    expected = LanguageModel(**settings, progress=False).get_params()
    assert load(tmp_path / "m.safetensors").get_params() == expected
    assert value != LanguageModel(**TINY).get_params()[option]


def test_a_preset_is_changed_by_the_options_that_are_given_and_by_no_others(page, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    # An option at its default value, given, counts as given.
    changes = {"hidden_size": 8, "embedding_size": 4, "epochs": 1, "batch_size": 2, "dropout": 0.2}
    given = [*options(**changes), "--preset", "zaremba-small"]
    outputs(capsys, "train", "text", page, "-o", path, *given)
    expected = LanguageModel.from_preset("zaremba-small", **changes).get_params()
    assert load(path).get_params() == {**expected, "progress": False}
    assert main(["train", "text", str(page), "-o", str(path), "--preset", "large"]) == 2
    assert "--preset large; expected one of small, zaremba-small" in capsys.readouterr().err


def test_every_hyperparameter_is_an_option(capsys):
    out, _ = outputs(capsys, "train", "text", "--help")
    for name in LanguageModel().get_params():
        assert (f"--{name.replace('_', '-')} " in out) == (name != "progress"), name


def test_json_tells_each_event_on_a_line(page, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    out, err = outputs(capsys, "train", "text", page, "-o", path, "--json", *options(**TINY, epochs=2))
    events = json_lines(out)
    assert [event["event"] for event in events] == [
        "started",
        *["validated", "checkpointed"] * 2,
        "ended",
        "verdict",
        "saved",
    ]
    assert err == ""
    assert events[0]["parameters"] == load(path).network_.parameters.vector.size
    assert events[-1] == {"event": "saved", "path": str(path), "stopped_by": "finished"}
    assert events[-2] == {"event": "verdict", **load(path).verdict_.as_dict()}
    assert events[-3]["best_loss"] == min(event["loss"] for event in events if event["event"] == "validated")


def test_progress_in_a_pipe_is_plain_lines(page, tmp_path):
    arguments = ["train", "text", page, "-o", tmp_path / "m.safetensors", *options(**TINY, epochs=2)]
    done = command.gatewise(*arguments)
    lines = done.stderr.splitlines()
    assert re.fullmatch(r"training [\d,]+ parameters for 2 epochs, [\d,]+ steps", lines[0])
    for epoch in (1, 2):
        assert re.match(rf"epoch {epoch}  step \d+/\d+  training loss \d", lines[epoch])
    assert re.match(r"ended \(finished\) after step \d+, best validation loss \d", lines[3])
    assert len(lines) == 4
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


def test_another_text_can_be_the_measure(page, book, tmp_path, capsys):
    arguments = ["train", "text", page, "-o", tmp_path / "m.safetensors", *options(**TINY, epochs=1)]
    out, _ = outputs(capsys, *arguments, "--validation", book, "--json")
    [loss] = [event["loss"] for event in json_lines(out) if event["event"] == "validated"]
    expected = LanguageModel(**TINY, epochs=1, progress=False).fit(page, validation=book)
    assert loss == expected.history_[0]["validation_loss"]


def test_training_that_diverges_at_once_leaves_the_model_that_was_there(page, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"the model of yesterday")
    settings = {**TINY, "learning_rate": 1e38, "clip_norm": 1e38, "schedule": "constant"}
    assert main(["train", "text", str(page), "-o", str(path), *options(**settings)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("gatewise: error: training diverged")
    assert "Lower --learning-rate" in last
    assert last.endswith("No model was written.")
    assert path.read_bytes() == b"the model of yesterday"


def test_training_that_diverges_later_saves_the_best_weights(page, tmp_path, capsys, monkeypatch):
    path = tmp_path / "m.safetensors"
    fit = LanguageModel.fit

    def fit_and_diverge(model, *args, **options):
        fit(model, *args, **options)
        raise gatewise.errors.TrainingError("training diverged.")

    monkeypatch.setattr(LanguageModel, "fit", fit_and_diverge)
    assert main(["train", "text", str(page), "-o", str(path), *options(**TINY, epochs=1)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"{str(path)!r} has the best weights so far.")
    assert np.isfinite(load(path).network_.parameters.vector).all()


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_training_outlives_the_reader_of_its_json(page, tmp_path):
    path = tmp_path / "m.safetensors"
    arguments = ["train", "text", str(page), "-o", str(path), "--json", *options(**TINY, epochs=3)]
    command = shlex.join([sys.executable, "-m", "gatewise", *arguments]) + " | head -n 1"
    subprocess.run(command, shell=True, check=True, capture_output=True)
    assert load(path).generate(max_tokens=3)


def test_a_time_limit_leaves_a_model_and_the_way_to_go_on(page, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    arguments = ["train", "text", page, "-o", path, *options(**TINY, epochs=1)]
    out, err = outputs(capsys, *arguments, "--time-limit=1e-9")
    assert out.splitlines()[-1] == (
        "the time limit ended training; go on with the same command and --resume, or later, on other data, "
        f"with --init {path}"
    )
    assert "ended (time limit) after step 1" in err
    assert load(path).generate(max_tokens=3)
    out, err = outputs(capsys, *arguments, "--resume")
    assert "going on after step 1" in err
    assert "not complete" not in out
    whole = LanguageModel(**TINY, epochs=1, progress=False).fit(page)
    np.testing.assert_array_equal(load(path).network_.parameters.vector, whole.network_.parameters.vector)
    assert [path.name] == [each.name for each in tmp_path.iterdir()]


def test_a_checkpoint_that_was_left_is_not_overwritten_unasked(page, tmp_path, capsys):
    path, checkpoint = tmp_path / "m.safetensors", tmp_path / "m.checkpoint.safetensors"
    arguments = ["train", "text", str(page), "-o", str(path), *options(**TINY, epochs=1)]
    LanguageModel(**TINY, epochs=1, time_limit=1e-9, progress=False).fit(page, checkpoint=checkpoint).save(
        path
    )
    left, model = checkpoint.read_bytes(), path.read_bytes()
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"gatewise: error: an unfinished run left the checkpoint {str(checkpoint)!r}: "
        "go on from it with --resume, or start anew with --restart, if you like with the weights of a "
        "model: --init FILE.\n"
    )
    assert (checkpoint.read_bytes(), path.read_bytes()) == (left, model)
    assert main([*arguments, "--restart"]) == 0
    assert "going on" not in capsys.readouterr().err
    assert not checkpoint.exists()


def test_the_work_of_training_is_not_lost_when_the_model_cannot_be_saved(page, tmp_path, capsys, monkeypatch):
    """The disk may be full at the end, after hours: then the checkpoint must still be there."""
    path = tmp_path / "m.safetensors"
    arguments = ["train", "text", str(page), "-o", str(path), *options(**TINY, epochs=1)]

    def full(model, path):
        raise gatewise.errors.OutputError(f"cannot write {str(path)!r}: No space left on device.")

    with monkeypatch.context() as disk:
        disk.setattr(LanguageModel, "save", full)
        assert main(arguments) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("gatewise: error: cannot write")
    assert main([*arguments, "--resume"]) == 0
    whole = LanguageModel(**TINY, epochs=1, progress=False).fit(page)
    np.testing.assert_array_equal(load(path).network_.parameters.vector, whole.network_.parameters.vector)
