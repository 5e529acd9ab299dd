"""A translator comes back from its file and from a copy as it was, and refuses a file that was changed."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from gatewise import Translator, load
from gatewise.errors import ArgumentError, ModelFileError
from gatewise.storage import read_tensors, write_tensors
from tests.tasks.translation.problems import LETTERS, TINY, backwards, with_names


def test_a_new_process_translates_the_same(copier, tmp_path):
    path = tmp_path / "m.safetensors"
    copier.save(path)
    texts = [source for source, _ in with_names(5, seed=5)]
    code = (
        "import sys, gatewise as gw\n"
        f"model = gw.load({str(path)!r})\n"
        f"print(ascii([each[0][:3] for each in model.translations({texts!r})]))\n"
        "assert 'gatewise.training' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ascii([each[0][:3] for each in copier.translations(texts)])
    again = load(path)
    assert again.get_params() == copier.get_params()
    assert again.vocabulary_.to_json() == copier.vocabulary_.to_json()
    np.testing.assert_array_equal(again.network_.parameters.vector, copier.network_.parameters.vector)


@pytest.mark.parametrize(
    "options",
    [
        {"level": "char"},
        {"level": "bpe"},
        {"level": "bpe", "shared_vocabulary": True},
        {"shared_vocabulary": True, "tie_weights": True, "embedding_size": 8, "num_layers": 2},
        {"cell": "rnn", "attention": "additive", "input_feeding": False},
    ],
    ids=str,
)
def test_every_kind_of_model_comes_back_from_its_file(options, tmp_path):
    if options.get("level") == "bpe":
        pytest.importorskip("tokenizers")
    learner = Translator(**{**TINY, **options}).fit(backwards(20, seed=0))
    learner.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert again.get_params() == learner.get_params()
    texts = ["a b c", "h, ż!"]
    ours, theirs = (each.translations(texts, n_best=2) for each in (learner, again))
    assert [[each[:3] for each in several] for several in ours] == [[e[:3] for e in s] for s in theirs]


def test_copies_and_pickles_are_equal(model):
    texts = ["a b c", "d"]
    assert pickle.loads(pickle.dumps(model)).translate(texts) == model.translate(texts)
    base = pytest.importorskip("sklearn.base")
    again = base.clone(model)
    assert again.get_params() == model.get_params()
    assert not hasattr(again, "network_")


def test_it_follows_the_conventions_of_estimators():
    given = {"hidden_size": "not checked yet", "attention": object()}
    learner = Translator("char", **given)
    assert all(learner.get_params()[name] is value for name, value in given.items())
    assert learner.set_params(hidden_size=6) is learner
    assert repr(Translator()) == "Translator()"
    assert repr(Translator("char", 64)) == "Translator(level='char', hidden_size=64)"
    assert Translator(**learner.get_params()).get_params() == learner.get_params()
    with pytest.raises(ArgumentError, match="Translator has no hyperparameter 'beam_size'; it has level"):
        learner.set_params(beam_size=4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": None}, "the vocabulary has not a source side"),
        ({"vocabulary": {"source": ["a"]}}, "does not fit shared_vocabulary=False"),
        ({"vocabulary": {"source": ["a"], "target": ["a", "a"]}}, "is not a list of distinct words"),
        ({"vocabulary": {"source": ["a"], "target": LETTERS}}, "source_embedding.*has shape"),
        ({"vocabulary": {"source": LETTERS, "target": ["a"]}}, "has shape"),
        ({"config": {"shared_vocabulary": True}}, "does not fit shared_vocabulary=True"),
        (
            {"config": {"level": "char"}, "vocabulary": {"source": ["ab"], "target": []}},
            "distinct characters",
        ),
        ({"config": {"level": "syllable"}}, "level='syllable'; expected one of word, bpe, char"),
        ({"config": {"hidden_size": 10**9}}, "config needs at least [0-9,]+ weights .hidden_size=1000000000"),
        ({"config": {"num_layers": 10**9}}, "needs at least"),
        ({"config": {"embedding_size": 10**12}}, "needs at least"),
        ({"config": {"hidden_size": 0}}, "hidden_size=0; expected a whole number of at least 1"),
        ({"config": {"hidden_size": 7}}, "hidden_size=7; expected an even number"),
        ({"config": {"hidden_size": 6}}, "has shape"),
        ({"config": {"num_layers": 2}}, "lstm.weight_ih_l1|has not|missing"),
        ({"config": {"cell": "gru"}}, "cell='gru'; expected one of lstm, rnn"),
        ({"config": {"attention": "dot"}}, "attention"),
        ({"config": {"attention": None}}, "attention=None; expected one of dot, general, additive"),
        ({"config": {"tie_weights": 1}}, "tie_weights=1; expected True or False"),
        ({"config": {"tie_weights": True}}, "tie_weights=True with embedding_size=4 and hidden_size=8"),
        ({"config": {"heads": 8}}, "no hyperparameter 'heads'"),
    ],
    ids=str,
)
def test_a_damaged_file_is_refused(change, message, tiny, tmp_path):
    path = tmp_path / "m.safetensors"
    tiny.save(path)
    metadata, tensors = read_tensors(path)
    for name, value in change.items():
        metadata[name] = {**metadata[name], **value} if name == "config" else value
    write_tensors(path, metadata, tensors)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(repr(str(path)))
