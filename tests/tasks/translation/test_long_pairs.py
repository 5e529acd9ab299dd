"""Pairs with a long text are refused, or left out and counted."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.cli import main
from gatewise.errors import DataError
from tests.tasks.translation.problems import TINY, backwards

LONG = ("rare " * 30, "selten"), ("two words", "x " * 25)
SHORT = backwards(40, seed=0)


def learner(**changes):
    return Translator(**{**TINY, "max_length": 20, "validation_fraction": 0, **changes})


@pytest.mark.parametrize(
    ("options", "pairs"),
    [
        ({}, [*SHORT[:7], LONG[0], *SHORT[7:], LONG[1]]),
        ({"level": "char"}, [*SHORT, ("a b", "b a " * 6)]),
        ({"shared_vocabulary": True}, [LONG[1], *SHORT, LONG[0], LONG[0]]),
    ],
)
def test_what_is_left_out_is_as_if_it_had_never_been(options, pairs):
    with pytest.raises(DataError, match=r"leave it out, as leave_out_long=True does, or raise max_length"):
        learner(**options).fit(pairs)
    left = learner(**options, leave_out_long=True).fit(pairs)
    without = learner(**options).fit(SHORT)
    assert left.vocabulary_.to_json() == without.vocabulary_.to_json()
    np.testing.assert_array_equal(left.network_.parameters.vector, without.network_.parameters.vector)
    count = len(pairs) - len(SHORT)
    assert left.notes_ == (
        f"{count} of {len(pairs)} pairs left out, for they have a text of more than max_length=20 tokens",
    )
    assert without.notes_ == ()


def test_subwords_are_counted_in_subwords():
    pytest.importorskip("tokenizers")
    options = {"level": "bpe", "vocab_size": 270, "max_length": 6, "leave_out_long": True}
    model = learner(**options).fit([*SHORT, ("a b", "qzxjkvwyßü€")])
    assert model.notes_[0].startswith("1 of 41 pairs left out")


def test_pairs_to_measure_on_are_left_out_as_well():
    model = learner(leave_out_long=True).fit(SHORT, validation=[*SHORT[:5], *LONG])
    assert model.notes_[0].startswith("2 of 47 pairs left out")
    same = learner().fit(SHORT, validation=SHORT[:5])
    assert model.history_ == same.history_


def test_nothing_left_is_refused():
    with pytest.raises(
        DataError, match="each of 2 pairs has a text of more than max_length=20 tokens; raise"
    ):
        learner(leave_out_long=True).fit(LONG)


@pytest.mark.parametrize("options", [{}, {"level": "char", "max_length": 15}, {"shared_vocabulary": True}])
def test_nothing_left_to_measure_on_is_refused_by_its_name(options, tmp_path, capsys, monkeypatch):
    limit = options.get("max_length", 20)
    told = f"^validation: each of 2 pairs has a text of more than max_length={limit} tokens; raise max_length"
    with pytest.raises(DataError, match=told):
        learner(**options, leave_out_long=True).fit(SHORT, validation=LONG)
    monkeypatch.chdir(tmp_path)
    for name, pairs in (("short.tsv", SHORT), ("long.tsv", LONG)):
        lines = "".join(f"{source}\t{target}\n" for source, target in pairs)
        (tmp_path / name).write_text(lines, encoding="utf-8")
    given = ["--validation=long.tsv", "--max-length=20", "--leave-out-long", "-o", "m.safetensors"]
    assert main(["train", "translate", "short.tsv", *given]) == 2
    err = capsys.readouterr().err
    assert "error: --validation: each of 2 pairs has a text of more than --max-length 20 tokens" in err
    assert "or leave --validation out" in err


def test_a_file_keeps_what_was_left_out_and_a_run_goes_on(tmp_path):
    options = {"leave_out_long": True, "epochs": 3}
    whole = learner(**options).fit([*SHORT, *LONG])
    checkpoint = tmp_path / "c.safetensors"
    learner(**options, time_limit=1e-9).fit([*SHORT, *LONG], checkpoint=checkpoint)
    # The data tell it: a checkpoint of a version that had no such hyperparameter goes on, too.
    resumed = learner(epochs=3).fit(SHORT, checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
    whole.save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").notes_ == whole.notes_


def test_on_the_command_line(tmp_path, capsys):
    data, output = tmp_path / "pairs.tsv", tmp_path / "m.safetensors"
    data.write_text("".join(f"{source}\t{target}\n" for source, target in [*SHORT, *LONG]), encoding="utf-8")
    train = ["train", "translate", str(data), "-o", str(output), "--epochs=1", "--hidden-size=8"]
    train += ["--embedding-size=4", "--min-count=1", "--max-length=20"]
    assert main(train) == 2
    assert "as --leave-out-long does, or raise --max-length." in capsys.readouterr().err
    assert main([*train, "--leave-out-long"]) == 0
    assert "note: 2 of 42 pairs left out" in capsys.readouterr().out
    assert "more than max_length=20 tokens" in load(output).notes_[0]
