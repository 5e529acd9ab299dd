"""A fit that begins with the weights of a model that was trained before, on data of the week after."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator, load
from gatewise.errors import ArgumentError, DataError, GatewiseError, ModelFileError
from gatewise.tasks.verdict import Verdict
from gatewise.tasks.warm_start import WarmStart
from gatewise.training import Checkpointed
from tests.tasks.estimators import SMALL, WEEKS

STILL = {"learning_rate": 1e-12, "weight_decay": 0.0, "schedule": "constant"}
"""Training that changes next to nothing, so that what was begun with can be seen."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """For each case the model of its first week, and its file."""
    folder = tmp_path_factory.mktemp("first")
    found = {}
    for number, (name, case) in enumerate(WEEKS.items()):
        found[name] = case.make().fit(*case.first), folder / f"{number}.safetensors"
        found[name][0].save(found[name][1])
    return found


@pytest.mark.parametrize("name", WEEKS)
def test_the_weights_of_all_that_was_known_are_taken_whatever_is_new(name, trained):
    case, (old, path) = WEEKS[name], trained[name]
    new = case.make(**STILL, seed=1).fit(*case.second, init=path)
    assert new.notes_[0] == f"began with the weights of {str(path)!r}"
    for note, expected in zip(new.notes_[1:], case.notes, strict=False):
        assert expected in note or note.startswith("characters that")
    data = case.first
    if name == "forecast":
        np.testing.assert_allclose(new.network_.parameters.vector, old.network_.parameters.vector, atol=1e-6)
        return
    # What the old one said of its own words, the new one says with the new words' share taken off.
    one, other = (case.evaluate(model, data) for model in (old, new))
    assert one["loss"] - 1e-4 < other["loss"] < one["loss"] + 2
    sizes = old.network_.parameters.vector.size, new.network_.parameters.vector.size
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("name", WEEKS)
def test_on_the_same_data_it_is_the_same_model(name, trained):
    case, (old, path) = WEEKS[name], trained[name]
    new = case.make(**STILL, seed=7).fit(*case.first, init=path)
    notes = [note for note in new.notes_ if "side by side" not in note]
    assert notes == [f"began with the weights of {str(path)!r}", *old.notes_]
    np.testing.assert_allclose(
        new.network_.parameters.vector, old.network_.parameters.vector, atol=1e-6, rtol=0
    )
    assert case.evaluate(new, case.first)["loss"] == pytest.approx(
        case.evaluate(old, case.first)["loss"], rel=1e-4
    )


@pytest.mark.parametrize("name", WEEKS)
def test_a_fitted_estimator_serves_as_well_as_its_file(name, trained):
    case, (old, path) = WEEKS[name], trained[name]
    before = old.network_.parameters.vector.copy()
    one, other = (case.make().fit(*case.second, init=init) for init in (old, path))
    np.testing.assert_array_equal(one.network_.parameters.vector, other.network_.parameters.vector)
    np.testing.assert_array_equal(old.network_.parameters.vector, before, "the old one is left as it was")
    assert one.notes_[0] == f"began with the weights of a {case.kind.__name__}"


@pytest.mark.parametrize("name", WEEKS)
def test_a_model_may_begin_with_itself(name):
    case = WEEKS[name]
    model = case.make().fit(*case.first)
    steps = len(model.history_)
    assert model.fit(*case.second, init=model) is model
    assert len(model.history_) == steps, "of the second run alone"


@pytest.mark.parametrize("name", WEEKS)
def test_what_it_becomes_can_be_saved(name, trained, tmp_path):
    case, (_, path) = WEEKS[name], trained[name]
    new = case.make().fit(*case.second, init=path)
    new.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.network_.parameters.vector, new.network_.parameters.vector)
    assert case.evaluate(again, case.second)["loss"] == case.evaluate(new, case.second)["loss"]
    third = case.make().fit(*case.first, init=again)
    assert third.network_.parameters.vector.size == new.network_.parameters.vector.size, (
        "nothing is forgotten"
    )


def test_new_symbols_stand_after_those_known(trained):
    old = trained["language by words"][0]
    new = LanguageModel(**SMALL, **WEEKS["language by words"].options)
    new.fit(*WEEKS["language by words"].second, init=old)
    assert new.tokenizer_.words == [*old.tokenizer_.words, "is", "my", "question"]
    tagger = SequenceTagger(**SMALL, **WEEKS["tag"].options).fit(*WEEKS["tag"].second, init=trained["tag"][0])
    assert tagger.tags_ == ["DET", "NOUN", "ADJ"]
    classifier = SequenceClassifier(**SMALL).fit(*WEEKS["classify"].second, init=trained["classify"][0])
    assert classifier.classes_.tolist() == ["a", "b", "c"], "of a classifier they are sorted"
    known = trained["classify"][0].network_.parameters["head.bias"]
    still = SequenceClassifier(**SMALL, **STILL).fit(*WEEKS["classify"].second, init=trained["classify"][0])
    np.testing.assert_allclose(still.network_.parameters["head.bias"][1:], known, atol=1e-6)


def test_the_end_of_a_text_keeps_its_weights(trained):
    old = trained["translate"][0]
    case = WEEKS["translate"]
    new = case.make(**STILL).fit(*case.second, init=old)
    for side, table in ((old.vocabulary_.source, "source"), (old.vocabulary_.target, "target")):
        end = getattr(new.vocabulary_, table).end
        assert end == side.end + 1
        name = f"{table}_embedding.weight"
        one, other = old.network_.parameters[name], new.network_.parameters[name]
        np.testing.assert_allclose(other[end], one[side.end], atol=1e-6)
        np.testing.assert_allclose(other[: side.end], one[: side.end], atol=1e-6)


def test_the_last_cluster_of_an_adaptive_softmax_grows(trained):
    text, more = "a b c d e f g h . " * 20, "a b i c j d . " * 20
    options = {**SMALL, "level": "word", "num_layers": 1, "window": 8, "embedding_size": 4}
    options |= {"adaptive_cutoffs": (3, 6), "adaptive_div_value": 2.0}
    old = LanguageModel(**options).fit(text)
    new = LanguageModel(**options, **STILL).fit(more, init=old)
    assert new.tokenizer_.words == [*old.tokenizer_.words, "i", "j"]
    assert new.evaluate(text)["loss"] == pytest.approx(old.evaluate(text)["loss"], abs=1)
    for name, values in old.network_.parameters.items():
        corner = tuple(slice(size) for size in values.shape)
        np.testing.assert_allclose(new.network_.parameters[name][corner], values, atol=1e-6)


def test_subwords_stay_and_shared_sides_grow_together():
    pytest.importorskip("tokenizers")
    pairs, more = ([("ein Hund", "a dog")] * 20, [("eine Katze", "a cat")] * 20)
    for level, grows in (("bpe", False), ("word", True), ("char", True)):
        options = {**SMALL, "min_count": 1, "level": level, "shared_vocabulary": True, "tie_weights": True}
        old = Translator(**options, embedding_size=6).fit(pairs)
        new = Translator(**options, embedding_size=6, **STILL).fit(more, init=old)
        assert (new.vocabulary_.source.size > old.vocabulary_.source.size) is grows
        assert new.vocabulary_.shared
        end, was = new.vocabulary_.target.end, old.vocabulary_.target.end
        ours, theirs = (model.network_.parameters["embedding.weight"] for model in (new, old))
        np.testing.assert_allclose(ours[[0, 1, end]], theirs[[0, 1, was]], atol=1e-6)


@pytest.mark.parametrize("kinds", [("red", "blue"), (1.0, 2.0)])
def test_static_covariates_are_told_as_they_were(kinds):
    data = WEEKS["forecast"].first[0]
    options = {**SMALL, **WEEKS["forecast"].options, "static": ("kind",)}
    old = Forecaster(**options).fit(data | {"kind": np.repeat(kinds, 60)})
    other = ("blue", "green") if isinstance(kinds[0], str) else (5.0, 6.0)
    new = Forecaster(**options).fit(data | {"kind": np.repeat(other, 60)}, init=old)
    assert new.setup_.statics == old.setup_.statics
    words = "static words that it did not know count as none of those it knew: 1 ('green')"
    assert (words in new.notes_) is isinstance(kinds[0], str)
    swapped = (1.0, 2.0) if isinstance(kinds[0], str) else ("red", "blue")
    with pytest.raises(ArgumentError, match="init=a Forecaster learnt a static covariate of "):
        Forecaster(**options).fit(data | {"kind": np.repeat(swapped, 60)}, init=old)


def test_a_vocabulary_grows_no_further_than_asked(trained):
    case = WEEKS["language by words"]
    size = trained["language by words"][0].tokenizer_.vocabulary_size
    new = case.make(vocab_size=size + 1).fit(*case.second, init=trained["language by words"][0])
    assert new.tokenizer_.vocabulary_size == size + 1
    assert "words that it did not know begin with drawn weights: 1 ('is')" in new.notes_


def test_numbers_are_scaled_as_they_were(trained):
    old = trained["classify"][0]
    X, y = WEEKS["classify"].second
    new = SequenceClassifier(**SMALL).fit(100 * X + 7, y, init=old)
    np.testing.assert_array_equal(new._input.mean, old._input.mean)
    np.testing.assert_array_equal(new._input.scale, old._input.scale)


def test_a_forecaster_keeps_windows_covariates_and_the_scales_of_series_that_are_gone(trained):
    old = trained["forecast"][0]
    new = WEEKS["forecast"].make().fit(*WEEKS["forecast"].second, init=old)
    assert new.setup_.shape == old.setup_.shape
    assert list(new.setup_.scales) == ["a", "b", "c"]
    assert new.setup_.scales["a"] == old.setup_.scales["a"]


# What does not fit is refused


@pytest.mark.parametrize(
    ("name", "changes", "differing"),
    [
        ("language", {"hidden_size": 7}, "hidden_size=6, and now hidden_size=7"),
        (
            "language",
            {"cell": "rnn", "embedding_size": 5},
            "embedding_size=4, cell='lstm', and now embedding_",
        ),
        ("language by words", {"level": "char"}, "level='word', and now level='char'"),
        ("forecast", {"horizon": 4}, "horizon=3, and now horizon=4"),
        ("forecast", {"quantiles": (0.5,)}, "quantiles=(0.1, 0.5, 0.9), and now quantiles=(0.5,)"),
        ("forecast", {"season_length": 6}, "season_length=4, and now season_length=6"),
        ("forecast", {"context_length": 80}, "and now context_length=80"),
        ("classify", {"pooling": "mean"}, "pooling='max', and now pooling='mean'"),
        ("classify", {"standardize": False}, "standardize=True, and now standardize=False"),
        ("tag", {"crf": False}, "crf=True, and now crf=False"),
        ("translate", {"attention": "dot"}, "attention='general', and now attention='dot'"),
        ("translate", {"shared_vocabulary": True}, "shared_vocabulary=False, and now shared_vocabulary=True"),
    ],
)
def test_other_hyperparameters_are_named_with_what_to_give(name, changes, differing, trained):
    case, (_, path) = WEEKS[name], trained[name]
    with pytest.raises(ArgumentError) as error:
        case.make(**changes).fit(*case.second, init=path)
    assert differing in str(error.value)
    assert str(error.value).startswith(f"init={str(path)!r} was trained with ")
    assert "Take the same, or leave init= out" in str(error.value) or "to take the model's" in str(
        error.value
    )


@pytest.mark.parametrize("name", WEEKS)
def test_a_model_of_another_task_none_at_all_or_not_fitted(name, trained):
    case = WEEKS[name]
    other = trained["tag" if case.kind is not SequenceTagger else "translate"][1]
    for init, message in (
        (other, "is a Sequence|is a Transl"),
        (case.make(), f"is not fitted; expected a fitted {case.kind.__name__}"),
        (7, "init=7; expected the path of a model file, or a fitted"),
        ("no.safetensors", "init='no.safetensors': 'no.safetensors' does not exist"),
    ):
        with pytest.raises((ArgumentError, ModelFileError), match=message):
            case.make().fit(*case.first, init=init)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "classify",
            (np.zeros((20, 6, 3)) + 1, ["b", "c"] * 10),
            "reads 2 numbers a step, and X has 3 numbers",
        ),
        ("classify", (["a text"] * 20, ["b", "c"] * 10), "reads 2 numbers a step, and X has texts"),
        (
            "classify",
            (np.random.default_rng(0).normal(size=(20, 6, 2)), [1, 2] * 10),
            "init=.* has labels as 'b', and y has labels as 1",
        ),
        (
            "forecast",
            ({"ds": np.arange("2025-01-01", "2025-03-01", dtype="M8[D]"), "y": np.arange(59) % 4.0},),
            "learnt steps of 1, and the data have steps of 1d",
        ),
    ],
)
def test_data_that_the_model_cannot_read(name, data, message, trained):
    with pytest.raises(GatewiseError, match=message):
        WEEKS[name].make().fit(*data, init=trained[name][1])


# With checkpoints


@pytest.mark.parametrize("name", WEEKS)
def test_a_run_that_was_cut_off_goes_on_to_the_same_bits(name, trained, tmp_path):
    case, path, checkpoint = WEEKS[name], trained[name][1], tmp_path / "c.safetensors"
    whole = case.make().fit(*case.second, init=path)

    class PowerCutError(Exception):
        pass

    def cut(event):
        if isinstance(event, Checkpointed):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        case.make().fit(*case.second, init=path, checkpoint=checkpoint, listeners=[cut])
    again = case.make().fit(*case.second, init=path, checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(again.network_.parameters.vector, whole.network_.parameters.vector)
    other = case.make(seed=5).fit(*case.first)
    for init, message in (
        (None, "there init= was a model, now it is none"),
        (other, "a model, now it is another"),
    ):
        with pytest.raises(ArgumentError, match=message):
            case.make().fit(*case.second, init=init, checkpoint=checkpoint, resume=True)


@pytest.mark.parametrize("name", WEEKS)
def test_a_run_saved_over_the_model_that_it_began_with_goes_on(name, trained, tmp_path):
    """As --init m.safetensors -o m.safetensors does after Ctrl-C or a time limit."""
    case, (old, _), path, checkpoint = WEEKS[name], trained[name], tmp_path / "m.safetensors", tmp_path / "c"
    old.save(path)
    whole = case.make().fit(*case.second, init=path)
    checkpoint = checkpoint.with_suffix(".safetensors")
    stopped = case.make(time_limit=1e-9).fit(*case.second, init=path, checkpoint=checkpoint)
    assert stopped.stopped_by_ == "time limit"
    stopped.save(path)
    again = case.make().fit(*case.second, init=path, checkpoint=checkpoint, resume=True)
    np.testing.assert_array_equal(again.network_.parameters.vector, whole.network_.parameters.vector)


@pytest.mark.parametrize("name", WEEKS)
def test_a_run_that_began_anew_does_not_go_on_with_a_model(name, trained, tmp_path):
    case, path, checkpoint = WEEKS[name], trained[name][1], tmp_path / "c.safetensors"
    case.make(time_limit=1e-9).fit(*case.first, checkpoint=checkpoint)
    with pytest.raises(ArgumentError, match="there init= was none, now it is a model"):
        case.make().fit(*case.first, init=path, checkpoint=checkpoint, resume=True)
    with pytest.raises(ArgumentError, match=r"data are not those of that run.*by init="):
        case.make().fit(*case.second, checkpoint=checkpoint, resume=True)


def test_arrays_of_another_shape_are_refused_by_name(trained):
    start = WarmStart(trained["tag"][0], "it")
    with pytest.raises(ArgumentError, match="init=it has other parameters than this network, as"):
        start.fill(trained["language"][0].network_.parameters, {})


# What a file tells of the training


@pytest.mark.parametrize("name", WEEKS)
def test_course_end_and_verdict_are_part_of_the_file(name, tmp_path):
    path = tmp_path / "m.safetensors"
    model = WEEKS[name].make().fit(*WEEKS[name].first)
    model.save(path)
    again = load(path)
    assert again.history_ == model.history_ != []
    assert again.stopped_by_ == model.stopped_by_ == "finished"
    assert str(again.verdict_) == str(model.verdict_)
    assert again.verdict_.as_dict() == model.verdict_.as_dict()
    assert isinstance(again.verdict_, Verdict) is not isinstance(again, Forecaster)


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.filterwarnings("ignore::gatewise.errors.CheckpointWarning")
def test_a_checkpoint_tells_how_far_it_has_come(name, tmp_path):
    case = WEEKS[name]
    model = case.make().fit(*case.first, checkpoint=tmp_path / "c.safetensors")
    found = load(tmp_path / "c.safetensors")
    assert found.history_ == model.history_
    assert (found.stopped_by_, found.verdict_) == (None, None)


def test_validation_of_a_forecaster_may_not_be_what_is_learnt():
    case = WEEKS["forecast"]
    with pytest.raises(DataError, match="validation: 2 series, 'a', 'b', have steps that are learnt from"):
        case.make().fit(*case.first, validation=case.first[0])


def test_ctrl_c_while_the_verdict_is_found_leaves_a_model(monkeypatch):
    def tired(*_):
        raise KeyboardInterrupt

    model = Translator(**SMALL, min_count=1)
    monkeypatch.setattr(Translator, "translate", tired)
    model.fit(*WEEKS["translate"].first)
    assert (model.stopped_by_, model.verdict_) == ("finished", None)
    assert len(model.history_) == 2
