"""The examples of classification reach what is promised of them, each from its data as they are published."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from gatewise import load

FOLDER = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def accuracy(printed):
    return float(re.search(r"^test accuracy (\d\.\d+)", printed, re.MULTILINE)[1])


def test_activities_are_told_apart(data_folder, tmp_path, capsys):
    path = tmp_path / "activity.safetensors"
    example("activity_recognition").main(data_folder, path)
    assert accuracy(capsys.readouterr().out) >= 0.92, (
        "38 of 40 or more, as the rounding of the processor has it"
    )
    assert load(path).classes_.tolist() == ["Badminton", "Running", "Standing", "Walking"]


@pytest.mark.slow
def test_sentences_are_told_apart(data_folder, capsys):
    example("sentence_sentiment").main(data_folder)
    assert accuracy(capsys.readouterr().out) >= 0.80


@pytest.mark.slow
def test_digits_are_understood(data_folder, capsys):
    pytest.importorskip("kaldi_native_fbank")
    example("spoken_digits").main(data_folder)
    assert accuracy(capsys.readouterr().out) >= 0.97
