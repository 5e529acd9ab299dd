"""``gatewise generate`` and ``evaluate`` print what Python gives, for readers, pipes and machines."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from gatewise import DynamicEvaluation, NeuralCache, load
from gatewise.cli import main
from tests.cli import command
from tests.cli.command import json_lines, options, outputs

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


def test_a_text_with_unknown_tokens_has_no_bits_a_character(model_path, tmp_path, capsys):
    (tmp_path / "other.txt").write_text("The end, \N{SNOWMAN}.", encoding="utf-8")
    out, err = outputs(capsys, "evaluate", model_path, tmp_path / "other.txt")
    assert err == ""
    assert "bits per char  none, for some tokens are unknown\n" in out
    assert "1 of them unknown to the model" in out
    [told] = json_lines(outputs(capsys, "evaluate", model_path, tmp_path / "other.txt", "--json").out)
    assert told["bits_per_char"] is None


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
