"""What was noticed in the data is told: by the attribute, the progress, the file, and a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import LanguageModel, SequenceClassifier, SequenceTagger, Translator, load
from gatewise.errors import ModelFileError
from gatewise.storage import read_tensors, write_tensors

SMALL = {"hidden_size": 4, "epochs": 1, "batch_size": 8, "progress": False}


def series(*counts):
    """Series of as many classes as there are counts."""
    y = np.repeat([f"class {k}" for k in range(len(counts))], counts)
    return np.random.default_rng(0).normal(size=(len(y), 6, 2)), y


def sentences(count):
    return [["a", "b"]] * count, [["A", "B"]] * count


FEW = {
    "classifier": lambda **options: SequenceClassifier(**SMALL, **options).fit(*series(5, 5)),
    "tagger": lambda **options: SequenceTagger(**SMALL, **options).fit(*sentences(5)),
    "translator": lambda **options: Translator(**SMALL, min_count=1, **options).fit([("ein", "a")] * 5),
}
MANY = {
    "classifier": lambda **options: SequenceClassifier(**SMALL, **options).fit(*series(6, 6)),
    "tagger": lambda **options: SequenceTagger(**SMALL, **options).fit(*sentences(6)),
    "translator": lambda **options: Translator(**SMALL, min_count=1, **options).fit([("ein", "a")] * 6),
}


@pytest.mark.parametrize("kind", FEW)
def test_that_nothing_is_held_out_is_noted_and_what_that_means(kind):
    model = FEW[kind](patience=7)
    assert model.history_ == [], "nothing was measured"
    [note] = model.notes_
    assert note == (
        "nothing is held out to measure on, for validation_fraction=0.1 of so little is none: the last "
        "weights are kept, best or not, and patience=7 stops nothing; give validation=, a larger "
        "validation_fraction, or more data"
    )


@pytest.mark.parametrize("kind", FEW)
def test_without_patience_nothing_is_said_of_it(kind):
    [note] = FEW[kind](patience=None).notes_
    assert "patience" not in note


@pytest.mark.parametrize("kind", MANY)
def test_where_something_is_held_out_there_is_no_note(kind):
    model = MANY[kind](patience=7)
    assert model.notes_ == ()
    assert len(model.history_) == 1


@pytest.mark.parametrize("kind", FEW)
def test_who_asks_for_no_validation_is_not_told_but_for_patience(kind):
    assert MANY[kind](validation_fraction=0, patience=None).notes_ == ()
    [note] = MANY[kind](validation_fraction=0, patience=3).notes_
    assert "for validation_fraction=0: the last weights are kept, best or not, and patience=3 stops" in note


def test_so_it_is_with_a_text():
    text = "to be or not to be. " * 20
    options = {**SMALL, "num_layers": 1, "embedding_size": 4, "window": 8}
    assert LanguageModel(**options, patience=3).fit(text).notes_ == ()
    [note] = LanguageModel(**options, patience=3, validation_fraction=0).fit(text).notes_
    assert "patience=3 stops nothing" in note
    assert LanguageModel(**options, validation_fraction=0).fit(text).notes_ == ()


def test_given_data_to_measure_on_are_enough():
    X, y = series(5, 5)
    assert SequenceClassifier(**SMALL).fit(X, y, validation=(X, y)).notes_ == ()
    words, tags = sentences(5)
    assert SequenceTagger(**SMALL, patience=2).fit(words, tags, validation=(words, tags)).notes_ == ()


def test_classes_that_are_not_measured_are_named():
    [note] = SequenceClassifier(**SMALL).fit(*series(20, 3, 20, 2)).notes_
    assert note.startswith("no sequence of 2 of the 4 classes is held out ('class 1', 'class 3'): ")
    [note] = SequenceClassifier(**SMALL).fit(*series(20, *[2] * 7)).notes_
    assert "of 7 of the 8 classes" in note
    assert "'class 5', ...)" in note
    X, y = series(6, 6)
    [note] = SequenceClassifier(**SMALL).fit(X, y, validation=(X[:6], y[:6])).notes_
    assert "of 1 of the 2 classes is held out ('class 1')" in note


@pytest.mark.parametrize("kind", FEW)
def test_progress_tells_the_notes(kind, capsys, monkeypatch):
    monkeypatch.setitem(SMALL, "progress", True)
    model = FEW[kind]()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == model.notes_[0]
    assert err.splitlines()[1].startswith("training ")


@pytest.mark.parametrize("kind", FEW)
def test_a_file_keeps_the_notes_and_has_no_more_than_before_without_any(kind, tmp_path):
    path = tmp_path / "m.safetensors"
    few, many = FEW[kind](), MANY[kind]()
    few.save(path)
    assert load(path).notes_ == few.notes_ != ()
    many.save(path)
    assert load(path).notes_ == ()
    assert set(read_tensors(path).metadata) == {"task", "config", "vocabulary", "run"}


@pytest.mark.parametrize("notes", ["a text", [1], {}, None, [["x"]]])
def test_notes_that_are_no_texts_are_refused(notes, tmp_path):
    path = tmp_path / "m.safetensors"
    FEW["tagger"]().save(path)
    file = read_tensors(path)
    write_tensors(path, {**file.metadata, "notes": notes}, file.tensors)
    with pytest.raises(ModelFileError, match="its notes are"):
        load(path)


def test_a_model_that_an_earlier_version_has_pickled_can_be_saved(tmp_path):
    model = FEW["tagger"]()
    del model.notes_
    model.save(tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").notes_ == ()
