"""Snapshots of a training: they change nothing, show what each moment showed, and survive a stop."""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, ModelFileError, OutputError
from gatewise.magnify import Snapshots, read_snapshots, snapshots_path
from gatewise.storage import write_tensors
from gatewise.training import Stepped

TEXT = "the cat sat on the mat. " * 30
SAMPLE = "the mat sat"
OPTIONS = {"hidden_size": 8, "num_layers": 2, "window": 10, "batch_size": 2, "progress": False}


def seen_at(history, step, array="1.f"):
    """The forget gates of layer 2 as a moment has them, (T, H)."""
    kept = history.moments[step]
    scale = kept.facts["scales"][array]
    return (kept.arrays[array] * np.array(scale)[:, None]).T


def test_each_moment_is_what_the_network_was_then(tmp_path):
    """Beside a listener that magnifies by itself."""
    model = gw.LanguageModel(epochs=1, **OPTIONS)
    by_hand = {}

    def look(event):
        if isinstance(event, Stepped) and event.step % 10 == 0:
            by_hand[event.step] = gw.magnify(model, SAMPLE)["f"].copy()

    taken = Snapshots(model, SAMPLE, tmp_path / "m.snapshots.safetensors", every=10)
    model.fit(TEXT, listeners=[taken, look])
    history = read_snapshots(tmp_path / "m.snapshots.safetensors")
    *steps, end = history.moments
    assert steps == [0, *by_hand]
    assert len(by_hand) == 3
    for step, gates in by_hand.items():
        np.testing.assert_allclose(seen_at(history, step), gates, atol=0.5 / 255 + 1e-6)
        assert f"after {step} updates, loss " in history.moments[step].facts["name"]
    np.testing.assert_allclose(seen_at(history, end), gw.magnify(model, SAMPLE)["f"], atol=0.5 / 255 + 1e-6)
    assert history.of(model)
    assert not history.of(gw.LanguageModel(epochs=2, **OPTIONS).fit(TEXT))
    assert history.facts["labels"] == list(SAMPLE)


@pytest.mark.parametrize("kind", ["language", "classifier", "tagger", "forecaster", "translator"])
def test_looking_changes_nothing(kind, tmp_path):
    """Dropout on, for whatever draws a number too many shifts all that follow."""
    common = {"hidden_size": 6, "epochs": 2, "dropout": 0.2, "progress": False}
    sentences, tags = [["the", "cat", "sat"], ["a", "dog"]] * 20, [["D", "N", "V"], ["D", "N"]] * 20
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 12, 2))
    series = {"ds": np.arange("2020-01", "2024-01", dtype="M8[M]").astype("M8[us]"), "y": rng.normal(size=48)}
    makers = {
        "language": (lambda: gw.LanguageModel(window=10, batch_size=2, **common), (TEXT,), SAMPLE),
        "classifier": (
            lambda: gw.SequenceClassifier(batch_size=4, **common),
            (X, (X[:, 0, 0] > 0).astype(int)),
            X[0],
        ),
        "tagger": (lambda: gw.SequenceTagger(batch_size=4, **common), (sentences, tags), sentences[0]),
        "translator": (
            lambda: gw.Translator(batch_size=4, min_count=1, **common),
            ([("a b", "b a"), ("b", "b c")] * 8,),
            ("a b", "b a"),
        ),
        "forecaster": (
            lambda: gw.Forecaster(4, context_length=8, patch_size=2, steps_per_epoch=5, **common),
            (series,),
            series,
        ),
    }
    make, data, sample = makers[kind]
    plain, watched = make(), make()
    plain.fit(*data)
    watched.fit(*data, listeners=[Snapshots(watched, sample, tmp_path / "m.safetensors", every=3)])
    assert np.array_equal(plain.network_.parameters.vector, watched.network_.parameters.vector)
    assert len(read_snapshots(tmp_path / "m.safetensors").moments) >= 3


def test_a_training_that_goes_on_goes_on_with_its_snapshots(tmp_path):
    def fit(folder, **options):
        model = gw.LanguageModel(**{**OPTIONS, "epochs": 3, **options})
        folder.mkdir(exist_ok=True)
        taken = Snapshots(model, SAMPLE, folder / "m.snapshots.safetensors", every=10)
        checkpoint = folder / "m.checkpoint.safetensors"
        return model, lambda **more: model.fit(
            TEXT, checkpoint=checkpoint, listeners=[taken, *more.pop("listeners", [])], **more
        )

    whole, run = fit(tmp_path / "whole")
    run()

    def stop(event):
        if isinstance(event, Stepped) and event.step == 45:
            raise KeyboardInterrupt

    _, run = fit(tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        run(listeners=[stop])
    resumed, run = fit(tmp_path / "stopped")
    run(resume=True)
    assert np.array_equal(whole.network_.parameters.vector, resumed.network_.parameters.vector)
    first = read_snapshots(tmp_path / "whole" / "m.snapshots.safetensors")
    second = read_snapshots(tmp_path / "stopped" / "m.snapshots.safetensors")
    assert list(first.moments) == list(second.moments)
    for step, kept in first.moments.items():
        assert kept.facts == second.moments[step].facts
        for name, values in kept.arrays.items():
            assert np.array_equal(values, second.moments[step].arrays[name]), (step, name)


def test_a_training_that_goes_on_takes_no_other_one_s_snapshots(tmp_path):
    """Those of a smaller network lie where its own would."""
    path, checkpoint = tmp_path / "m.snapshots.safetensors", tmp_path / "m.checkpoint.safetensors"
    small = gw.LanguageModel(epochs=1, **{**OPTIONS, "hidden_size": 4})
    small.fit(TEXT, listeners=[Snapshots(small, SAMPLE, path, every=5)])

    def stop(event):
        if isinstance(event, Stepped) and event.step == 45:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gw.LanguageModel(epochs=3, **OPTIONS).fit(TEXT, checkpoint=checkpoint, listeners=[stop])
    model = gw.LanguageModel(epochs=3, **OPTIONS)
    taken = Snapshots(model, SAMPLE, path, every=20)
    model.fit(TEXT, checkpoint=checkpoint, resume=True, listeners=[taken])
    history = read_snapshots(path)
    first, *_ = history.moments.values()
    assert first.facts["name"].startswith("going on after ")
    assert history.every == 20
    units = {len(kept.facts["layers"][0]["orders"]["number"]) for kept in history.moments.values()}
    assert units == {OPTIONS["hidden_size"]}


def test_a_long_training_leaves_few_moments(tmp_path):
    model = gw.LanguageModel(epochs=2, **OPTIONS)
    taken = Snapshots(model, SAMPLE, tmp_path / "m.safetensors", every=1)
    model.fit(TEXT, listeners=[taken])
    *steps, end = read_snapshots(tmp_path / "m.safetensors").moments
    assert 8 <= len(steps) <= 16
    assert steps[0] == 0
    assert len(set(np.diff(steps))) == 1, "evenly spread"
    assert end > steps[-1]


def test_symbols_that_the_model_does_not_know_are_no_reason_to_end_a_training(tmp_path):
    model = gw.LanguageModel(level="word", vocab_size=4, epochs=1, **OPTIONS)
    model.fit(TEXT, listeners=[Snapshots(model, "the dog sat", tmp_path / "m.safetensors", every=100)])
    assert read_snapshots(tmp_path / "m.safetensors").facts["labels"] == ["the", "dog", "sat"]


def test_the_report_has_all_moments(tmp_path):
    pytest.importorskip("jinja2")
    model = gw.LanguageModel(epochs=1, **OPTIONS)
    model.fit(TEXT, listeners=[Snapshots(model, SAMPLE, tmp_path / "m.safetensors", every=10)])
    history = read_snapshots(tmp_path / "m.safetensors")
    history.save(tmp_path / "training.html")
    page = (tmp_path / "training.html").read_text(encoding="utf-8")
    assert page.count('<script class="arrays"') == len(history.moments) == 5
    assert all(kept.facts["name"] in page for kept in history.moments.values())
    assert history._repr_html_().startswith("<iframe")


@pytest.mark.parametrize("every", [0, -5, 1.5, True, "10"])
def test_every_is_a_number_of_updates(every, tmp_path):
    with pytest.raises(ArgumentError, match=r"every=.*expected a whole number of at least 1"):
        Snapshots(gw.LanguageModel(), SAMPLE, tmp_path / "m.safetensors", every=every)


def test_a_path_that_cannot_be_written_is_refused_before_the_training(tmp_path):
    with pytest.raises(OutputError, match="none"):
        Snapshots(gw.LanguageModel(), SAMPLE, tmp_path / "none" / "m.safetensors", every=1)


def test_files_that_are_no_snapshots(tmp_path):
    with pytest.raises(ModelFileError, match="does not exist"):
        read_snapshots(tmp_path / "none.safetensors")
    model = gw.LanguageModel(epochs=1, **OPTIONS).fit(TEXT)
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="metadata 'snapshots' is missing"):
        read_snapshots(tmp_path / "m.safetensors")
    header = {"facts": {}, "every": 1, "asked": 1, "checkpoint": "", "weights": "", "moments": [[0, {}]]}
    for strange in ("7/0.f", "x/0.f"):
        write_tensors(
            tmp_path / "s.safetensors", {"snapshots": header}, {strange: np.zeros((1, 1), np.uint8)}
        )
        with pytest.raises(ModelFileError, match="is damaged: its moments are not whole"):
            read_snapshots(tmp_path / "s.safetensors")
    write_tensors(tmp_path / "s.safetensors", {"snapshots": {**header, "moments": [3]}}, {})
    with pytest.raises(ModelFileError, match="is damaged"):
        read_snapshots(tmp_path / "s.safetensors")


def test_they_lie_beside_the_model():
    assert snapshots_path("a/m.safetensors").as_posix() == "a/m.snapshots.safetensors"
