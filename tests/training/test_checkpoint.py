"""A checkpoint holds all of it: going on gives the bits of never having stopped. Nothing else is accepted."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import LanguageModel, load
from gatewise.errors import ArgumentError, CheckpointWarning, ModelFileError
from gatewise.storage import read_tensors, write_tensors
from gatewise.training import Checkpointed, Stepped, checkpoint_path

OPTIONS = {
    "hidden_size": 12,
    "num_layers": 2,
    "embedding_size": 8,
    "window": 15,
    "batch_size": 4,
    "epochs": 3,
    "dropout": 0.3,
    "progress": False,
}


class Killed(BaseException):
    """Stands for a process that dies between two lines."""


def die_at(step):
    def listener(event):
        if isinstance(event, Stepped) and event.step == step:
            raise Killed

    return listener


@pytest.fixture(scope="module")
def text(real_text):
    return real_text[:3000]


@pytest.fixture(scope="module")
def whole(text):
    return LanguageModel(**OPTIONS).fit(text)


@pytest.fixture
def every_step(monkeypatch):
    """Let a checkpoint be due after each step."""
    from gatewise.training import Loop

    initialise = Loop.__init__
    monkeypatch.setattr(
        Loop, "__init__", lambda *args, **options: initialise(*args, **options, save_every=-1.0)
    )


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("step", [1, 2, 44, 45, 46, 100, 134])
def test_dying_after_any_step_and_going_on_gives_the_same_bits(step, text, whole, tmp_path):
    path = tmp_path / "c.safetensors"
    with pytest.raises(Killed):
        LanguageModel(**OPTIONS).fit(text, checkpoint=path, listeners=[die_at(step)])
    if step > 1:
        steps = []
        again = LanguageModel(**OPTIONS).fit(text, checkpoint=path, resume=True, listeners=[steps.append])
        assert next(event.step for event in steps if isinstance(event, Stepped)) == step
        assert np.array_equal(again.network_.parameters.vector, whole.network_.parameters.vector)
        assert again.history_ == whole.history_
    else:
        assert not path.exists(), "before the first checkpoint there is none"


def test_time_limit_leaves_a_checkpoint_and_a_model(text, whole, tmp_path):
    path = tmp_path / "c.safetensors"
    model = LanguageModel(**OPTIONS, time_limit=1e-9).fit(text, checkpoint=path)
    assert model.stopped_by_ == "time limit"
    assert len(model.history_) == 1
    rest = LanguageModel(**OPTIONS).fit(text, checkpoint=path, resume=True)
    assert np.array_equal(rest.network_.parameters.vector, whole.network_.parameters.vector)


def test_a_checkpoint_is_a_model_file_too(text, tmp_path):
    path = tmp_path / "c.safetensors"
    LanguageModel(**OPTIONS, time_limit=1e-9).fit(text, checkpoint=path)
    with pytest.warns(CheckpointWarning):
        model = load(path)
    assert model.hidden_size == 12
    assert np.isfinite(model.evaluate(text[:200])["loss"])


@pytest.mark.parametrize(
    ("change", "named"),
    [({"hidden_size": 13}, "hidden_size"), ({"seed": 1}, "seed"), ({"epochs": 4}, "epochs")],
    ids=["size", "seed", "epochs"],
)
def test_other_settings_are_refused(change, named, text, tmp_path):
    path = tmp_path / "c.safetensors"
    LanguageModel(**OPTIONS, time_limit=1e-9).fit(text, checkpoint=path)
    with pytest.raises(ArgumentError, match=rf"there it was {named}=.*, now it is {named}=.*start anew"):
        LanguageModel(**{**OPTIONS, **change}).fit(text, checkpoint=path, resume=True)


def test_another_text_is_refused(text, tmp_path):
    path = tmp_path / "c.safetensors"
    LanguageModel(**OPTIONS, time_limit=1e-9).fit(text, checkpoint=path)
    with pytest.raises(ArgumentError, match="the data are not those of that run"):
        LanguageModel(**OPTIONS).fit(text.replace("e", "x"), checkpoint=path, resume=True)


def test_a_model_is_no_checkpoint(whole, text, tmp_path):
    whole.save(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="'training' is missing"):
        LanguageModel(**OPTIONS).fit(text, checkpoint=tmp_path / "m.safetensors", resume=True)


def test_resume_needs_a_checkpoint(text):
    with pytest.raises(ArgumentError, match="checkpoint=None"):
        LanguageModel(**OPTIONS).fit(text, resume=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.metadata["training"]["progress"].pop("step"),
        lambda file: file.metadata["training"]["progress"].update(surprise=1),
        lambda file: file.metadata["training"].pop("rng"),
        lambda file: file.metadata["training"].update(rng={"bit_generator": "MT19937"}),
        lambda file: file.metadata["training"]["rng"]["state"].update(state=1 << 200),
        lambda file: file.metadata["training"]["progress"].update(batch=-1),
        lambda file: file.metadata["training"]["progress"].update(step=7),
        lambda file: file.metadata["training"]["progress"].update(best_loss=1.0),
        lambda file: file.tensors.update({"training.optimizer.steps": np.array(-1)}),
        lambda file: file.tensors.update({"training.optimizer.steps": np.array(1.5)}),
        lambda file: file.tensors.update({"training.carried.h": np.zeros((2, 9, 12), np.float32)}),
        lambda file: file.tensors.pop("training.optimizer.mean"),
        lambda file: file.tensors.update({"training.optimizer.mean": np.zeros(1, np.float32)}),
        lambda file: file.tensors.pop("head.weight"),
    ],
    ids=[
        "counter",
        "extra",
        "rng",
        "other rng",
        "wide rng",
        "negative counter",
        "counters apart",
        "best without weights",
        "negative steps",
        "half a step",
        "another batch",
        "slot",
        "short slot",
        "weight",
    ],
)
def test_a_damaged_checkpoint_is_refused(damage, text, tmp_path):
    path = tmp_path / "c.safetensors"
    LanguageModel(**OPTIONS, time_limit=1e-9).fit(text, checkpoint=path)
    file = read_tensors(path)
    damage(file)
    write_tensors(path, file.metadata, file.tensors)
    with pytest.raises(ModelFileError, match="damaged checkpoint"):
        LanguageModel(**OPTIONS).fit(text, checkpoint=path, resume=True)


def test_a_resume_that_fails_leaves_a_fitted_model_as_it_was(text, tmp_path):
    model = LanguageModel(**OPTIONS, time_limit=1e-9).fit(text)
    before = model.network_.parameters.vector.copy()
    with pytest.raises(ModelFileError, match="does not exist"):
        model.fit(text, checkpoint=tmp_path / "none.safetensors", resume=True)
    assert np.array_equal(model.network_.parameters.vector, before)


def test_each_checkpoint_is_told(text, tmp_path):
    events = []
    LanguageModel(**OPTIONS).fit(text, checkpoint=tmp_path / "c.safetensors", listeners=[events.append])
    assert [event.step for event in events if isinstance(event, Checkpointed)] == [45, 90, 135]


def test_checkpoints_lie_beside_their_model():
    assert str(checkpoint_path("a/m.safetensors")) == "a/m.checkpoint.safetensors"
