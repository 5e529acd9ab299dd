"""Each command does what the Python interface does, and prints it for readers, pipes and machines."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

import gatewise
from gatewise import DynamicEvaluation, LanguageModel, NeuralCache, load
from gatewise.cli import demo, main
from gatewise.kernels import get_target, native_status
from tests.cli import command
from tests.cli.command import TINY, options


def outputs(capsys, *arguments):
    """Standard output and error of a command that succeeds."""
    assert main([*map(str, arguments)]) == 0
    return capsys.readouterr()


def json_lines(text):
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


# train


def test_training_on_the_command_line_is_training_in_python(page, tmp_path, capsys):
    settings = {**TINY, "epochs": 2, "seed": 3, "dropout": 0.1, "learning_rate": 0.01, "schedule": "linear"}
    path = tmp_path / "m.safetensors"
    out, err = outputs(capsys, "train", "text", page, "-o", path, *options(**settings))
    expected = LanguageModel(**settings, progress=False).fit(page)
    model = load(path)
    assert model.get_params() == expected.get_params()
    np.testing.assert_array_equal(model.network_.parameters.vector, expected.network_.parameters.vector)
    assert out == f"saved {path} (0.0 MB); let it write: gatewise generate {path}\n"
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
    assert "preset='large'; expected one of small, zaremba-small" in capsys.readouterr().err


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
        "saved",
    ]
    assert err == ""
    assert events[0]["parameters"] == load(path).network_.parameters.vector.size
    assert events[-1] == {"event": "saved", "path": str(path), "stopped_by": "finished"}
    assert events[-2]["best_loss"] == min(event["loss"] for event in events if event["event"] == "validated")


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
    assert "Lower learning_rate" in last
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
    assert out.endswith("training is not complete; go on with the same command and --resume\n")
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
    assert main([*arguments, "--time-limit=1e-9"]) == 0
    left, model = checkpoint.read_bytes(), path.read_bytes()
    capsys.readouterr()
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"gatewise: error: an unfinished run left the checkpoint {str(checkpoint)!r}: "
        "go on from it with --resume, or start anew with --restart.\n"
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


# generate


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"seed": 5, "temperature": 1.3},
        {"temperature": 0, "max_tokens": 30},
        {"top_k": 3, "prompt": "The "},
        {"top_p": 0.5, "prompt": "żółw 😀", "max_tokens": 0},
    ],
    ids=["defaults", "seed", "likeliest", "top k", "only the prompt"],
)
def test_the_command_writes_what_python_writes(settings, model_path, capsys):
    out, err = outputs(capsys, "generate", model_path, *options(**settings))
    expected = load(model_path).generate(**{"temperature": 0.8, **settings})
    assert out == expected + "\n"
    assert err == ""
    [told] = json_lines(outputs(capsys, "generate", model_path, "--json", *options(**settings)).out)
    assert told == {"prompt": settings.get("prompt", ""), "text": expected}


def test_a_pipe_gets_the_same_text(model_path):
    done = command.gatewise("generate", model_path, "--prompt=żółw ", "--seed=4", encoding="utf-8")
    assert done.stdout == load(model_path).generate("żółw ", temperature=0.8, seed=4) + "\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_the_text_comes_as_it_is_written(model_path, monkeypatch):
    """Each piece is flushed, so that a reader sees it before the next one is drawn."""
    events = []

    class Stream:
        def write(self, text):
            events.append(text)

        def flush(self):
            events.append("flush")

    monkeypatch.setattr("sys.stdout", Stream())
    assert main(["generate", str(model_path), "--max-tokens=3"]) == 0
    told, flushes = events[::2], events[1::2]
    assert flushes == ["flush"] * len(told)
    assert len(told) == 1 + 2 + 1, "the prompt, one token and then two, the end of the line"
    assert "".join(told) == load(model_path).generate(max_tokens=3, temperature=0.8) + "\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_whatever_the_encoding(encoding, model_path):
    arguments = [
        *command.GATEWISE,
        "generate",
        str(model_path),
        "--max-tokens=0",
        "--json",
        "--prompt=żółw é 😀",
    ]
    told = subprocess.run(
        arguments, capture_output=True, check=True, env=command.environment() | {"PYTHONIOENCODING": encoding}
    )
    assert json.loads(told.stdout.decode(encoding)) == {"prompt": "żółw é 😀", "text": "żółw é 😀"}


# evaluate


def test_evaluating_tells_what_python_tells(model_path, page, capsys):
    expected = load(model_path).evaluate(page)
    [told] = json_lines(outputs(capsys, "evaluate", model_path, page, "--json").out)
    assert told == expected
    out, err = outputs(capsys, "evaluate", model_path, page)
    assert err == ""
    numbers = [float(each.replace(",", "")) for each in re.findall(r"[\d,]*\d(?:\.\d+)?", out)]
    order = ("loss", "perplexity", "bits_per_char", "tokens", "unknown")
    assert numbers == [pytest.approx(expected[name], rel=1e-3) for name in order]


def test_evaluating_side_by_side(model_path, page, capsys):
    [told] = json_lines(outputs(capsys, "evaluate", model_path, page, "--json", "--batch-size=4").out)
    assert told == load(model_path).evaluate(page, batch_size=4)


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        (["--dynamic"], {"dynamic": DynamicEvaluation()}),
        (["--cache"], {"cache": NeuralCache()}),
        (["--dynamic", "--cache"], {"dynamic": DynamicEvaluation(), "cache": NeuralCache()}),
    ],
)
def test_a_text_may_be_learnt_from_while_it_is_measured(flags, options, page, model_path, capsys):
    [told] = json_lines(outputs(capsys, "evaluate", model_path, page, "--json", *flags).out)
    assert told == load(model_path).evaluate(page, **options)


def test_a_text_may_be_learnt_from_in_steps_of_the_size_of_gradients(page, model_path, tmp_path, capsys):
    learnt = tmp_path / "learnt.txt"
    learnt.write_text(page.read_text(encoding="utf-8")[::-1], encoding="utf-8")
    flags = "--dynamic-training", learnt
    [told] = json_lines(outputs(capsys, "evaluate", model_path, page, "--json", *flags).out)
    assert told == load(model_path).evaluate(page, dynamic=DynamicEvaluation(training=learnt))


# info and demo


def test_info_tells_what_runs_where(capsys):
    [facts] = json_lines(outputs(capsys, "info", "--json").out)
    assert facts["gatewise"] == gatewise.__version__
    assert facts["numpy"] == np.__version__
    assert facts["native_module"].startswith("not available: ") != native_status().available
    lines = outputs(capsys, "info").out.splitlines()
    assert len(lines) == len(facts)
    for line, (name, value) in zip(lines, facts.items(), strict=True):
        assert re.split(r"\s{2,}", line, maxsplit=1) == [name.replace("_", " "), value]


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


# main


def test_help_and_commands_are_shown(capsys):
    assert "train" in outputs(capsys, "--help").out
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_arguments_come_from_the_command_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["gatewise", "info", "--json"])
    assert main() == 0
    assert json_lines(capsys.readouterr().out)


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
