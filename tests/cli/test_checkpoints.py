"""A command that is given a checkpoint says that it is no finished model, in one line, and goes on."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from gatewise import Forecaster, LanguageModel
from gatewise.cli.console import telling_of_checkpoints
from gatewise.errors import CheckpointWarning
from tests.cli.command import TINY, gatewise, outputs


@pytest.fixture(scope="module")
def checkpoint(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("unfinished") / "m.checkpoint.safetensors"
    LanguageModel(**TINY, epochs=2, time_limit=1e-9, progress=False).fit(page, checkpoint=path)
    return path


def check(error, path):
    assert error.startswith(f"gatewise: warning: {str(path)!r} is the checkpoint of a training")
    assert error.endswith("--resume.\n")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "MODEL", "--max-tokens=5", "--json"],
        ["evaluate", "MODEL", "PAGE", "--json"],
        ["magnify", "MODEL", "--text=The ", "--json"],
        ["info", "MODEL", "--json"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_command_warns_and_goes_on(arguments, checkpoint, page, capsys):
    places = {"MODEL": checkpoint, "PAGE": page}
    for _ in range(2):  # each time, although Python shows a warning once
        out, err = outputs(capsys, *(places.get(each, each) for each in arguments))
        assert json.loads(out)
        check(err, checkpoint)


def test_predicting_warns_too(tmp_path, capsys):
    path = tmp_path / "c.safetensors"
    options = {"horizon": 3, "season_length": 4, "hidden_size": 4, "epochs": 1, "steps_per_epoch": 2}
    Forecaster(**options, progress=False).fit(np.sin(np.arange(60.0)), checkpoint=path)
    out, err = outputs(capsys, "predict", path)
    assert len(out.splitlines()) == 1 + 3
    check(err, path)


def test_in_a_process_of_its_own(checkpoint):
    done = gatewise("generate", checkpoint, "--max-tokens=5")
    assert done.returncode == 0
    check(done.stderr, checkpoint)


def test_a_finished_model_warns_of_nothing(model_path, capsys):
    assert outputs(capsys, "generate", model_path, "--max-tokens=5").err == ""


def test_other_warnings_go_their_way_and_all_is_put_back(capsys):
    before = warnings.showwarning
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        with telling_of_checkpoints():
            warnings.warn("what else", UserWarning, stacklevel=1)
            warnings.warn("two\nlines", CheckpointWarning, stacklevel=1)
    assert [str(each.message) for each in others] == ["what else"]
    assert capsys.readouterr().err == "gatewise: warning: two lines\n"
    assert warnings.showwarning is before
