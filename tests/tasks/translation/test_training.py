"""The training of a translator: seeds, the part to measure on, and going on where it stopped."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.data import WordTokenizer
from gatewise.errors import ArgumentError, CheckpointWarning
from gatewise.training import Stepped
from tests.tasks.translation.problems import LETTERS, TINY, backwards, with_names


def test_the_same_seed_gives_the_same_model_and_another_seed_another():
    options = {**TINY, "dropout": 0.2, "scheduled_sampling": 0.5}
    first, second, third = (
        Translator(**options, seed=seed).fit(backwards(60, seed=0)).network_.parameters.vector
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, third)


def test_training_sees_nothing_of_the_validation_pairs():
    pairs = backwards(50, seed=0)
    first, second = (
        Translator(**{**TINY, "epochs": 2}).fit(pairs, validation=validation)
        for validation in (backwards(10, seed=1), [("new words", "other words")] * 3)
    )
    np.testing.assert_array_equal(first.network_.target_embedding.parameters["weight"].shape, (11, 4))
    assert set(first.vocabulary_.source.tokenizer.words) == set(LETTERS)
    for one, other in zip(first.history_, second.history_, strict=True):
        assert one["train_loss"] == other["train_loss"]
        assert one["validation_loss"] != other["validation_loss"]
    assert first.history_[-1]["validation_loss"] >= min(h["validation_loss"] for h in first.history_)
    # The pairs held out are drawn, and the same ones for the same seed.
    named = with_names(50, seed=0)
    drawn = [
        Translator(**TINY, seed=seed).fit(named).vocabulary_.source.tokenizer.words for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_without_validation_the_last_weights_stay():
    for options, validation in (({"validation_fraction": 0}, None), ({}, [])):
        learner = Translator(**TINY, **options).fit(backwards(20, seed=0), validation=validation)
        assert learner.history_ == []
        assert np.isfinite(learner.score(backwards(5, seed=1)))


def test_the_validation_loss_is_that_of_evaluate():
    validation = backwards(30, seed=1)
    learner = Translator(**{**TINY, "dropout": 0.3, "label_smoothing": 0.1}).fit(
        backwards(50, seed=0), validation=validation
    )
    assert learner.history_[-1]["validation_loss"] == pytest.approx(-learner.score(validation), rel=1e-5)


def test_own_inputs_rise_evenly():
    seen = []
    learner = Translator(**{**TINY, "epochs": 4}, scheduled_sampling=0.8, validation_fraction=0)

    def listen(event):
        if isinstance(event, Stepped):
            seen.append(learner.network_.own_inputs)

    learner.fit(backwards(80, seed=0), listeners=[listen])
    np.testing.assert_allclose(seen, 0.8 * np.arange(20) / 20)
    learner.set_params(scheduled_sampling=0.0).fit(backwards(20, seed=0), listeners=[listen])
    assert learner.network_.own_inputs == 0


def test_a_time_limit_leaves_a_model_that_can_be_used():
    learner = Translator(**{**TINY, "epochs": 1000}, time_limit=1e-9).fit(backwards(100, seed=0))
    assert learner.stopped_by_ == "time limit"
    assert learner.history_[-1]["step"] == 1
    assert len(learner.translate(["a b"])) == 1


def test_going_on_from_a_checkpoint_is_never_having_stopped(tmp_path):
    data, path = backwards(60, seed=0), tmp_path / "c.safetensors"
    options = {**TINY, "epochs": 4, "batch_size": 8, "dropout": 0.2, "scheduled_sampling": 0.9}
    whole = Translator(**options).fit(data)

    class StopError(Exception):
        pass

    def stop(event):
        if isinstance(event, Stepped) and event.step == 17:
            raise StopError

    with pytest.raises(StopError):
        Translator(**options).fit(data, checkpoint=path, listeners=[stop])
    resumed = Translator(**options).fit(data, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
    assert whole.history_ == resumed.history_
    with pytest.warns(CheckpointWarning):
        again = load(path)
    assert again.translate(["a b c"]) == resumed.translate(["a b c"])
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        Translator(**options).fit([pair[::-1] for pair in data], checkpoint=path, resume=True)
    with pytest.raises(ArgumentError, match="scheduled_sampling"):
        Translator(**{**options, "scheduled_sampling": 0.1}).fit(data, checkpoint=path, resume=True)
    with pytest.raises(ArgumentError, match="resume=True, but checkpoint=None"):
        Translator().fit(data, resume=True)


def test_a_checkpoint_of_other_symbols_is_refused(tmp_path, monkeypatch):
    data, path = backwards(20, seed=0), tmp_path / "c.safetensors"
    Translator(**TINY, time_limit=1e-9).fit(data, checkpoint=path)
    words = WordTokenizer.__init__
    monkeypatch.setattr(WordTokenizer, "__init__", lambda self, given: words(self, given[::-1]))
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        Translator(**TINY).fit(data, checkpoint=path, resume=True)


def test_going_on_within_a_pass_is_never_having_stopped(tmp_path):
    data, path = backwards(60, seed=0), tmp_path / "c.safetensors"
    options = {**TINY, "epochs": 3, "batch_size": 8, "dropout": 0.2, "scheduled_sampling": 0.9}
    whole = Translator(**options).fit(data)
    Translator(**options, time_limit=1e-9).fit(data, checkpoint=path)
    for _ in range(3):
        Translator(**options, time_limit=1e-9).fit(data, checkpoint=path, resume=True)
    resumed = Translator(**options).fit(data, checkpoint=path, resume=True)
    np.testing.assert_array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
