"""What a scheme forbids cannot be written; data that do not keep to one are learnt as they are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from gatewise import SequenceTagger, load
from gatewise.cli import main
from gatewise.data import read_tagged
from gatewise.errors import ArgumentError, ModelFileError
from gatewise.storage import read_tensors, write_tensors
from gatewise.tasks.tagging.input import TaggedPart
from gatewise.tasks.tagging.schemes import SCHEMES, chosen_scheme

SMALL = {
    "hidden_size": 4,
    "embedding_size": 4,
    "char_embedding_size": 4,
    "char_hidden_size": 4,
    "epochs": 1,
    "dropout": 0.0,
    "progress": False,
    "crf": True,
}


def parts(*lines, name="tags"):
    tags = [line.split() for line in lines]
    return TaggedPart(name, [[f"w{k}" for k in range(len(each))] for each in tags], tags)


def keeps(scheme, tags):
    """The rules of the schemes as one would tell them, span by span."""
    place = 0
    while place < len(tags):
        letter, _, kind = tags[place].partition("-")
        place += 1
        if letter in "OSU" and not (scheme == "iob2" and letter != "O"):
            continue
        if letter != "B":
            return False
        while place < len(tags) and tags[place] == "I" + tags[place - 1][1:] and tags[place][2:] == kind:
            place += 1
        if scheme != "iob2":
            end = {"bioes": "E", "bilou": "L"}[scheme]
            if place == len(tags) or tags[place] != f"{end}-{kind}":
                return False
            place += 1
    return True


@pytest.mark.parametrize("scheme", SCHEMES)
def test_allowed_is_what_the_rules_say(scheme):
    tags = ["O", *(f"{letter}-{kind}" for letter in SCHEMES[scheme].letters for kind in ("X", "X-Y"))]
    allowed = SCHEMES[scheme].allowed(tags)
    for length in range(1, 5):
        for path in itertools.product(range(len(tags)), repeat=length):
            may = (
                allowed.start[path[0]]
                and allowed.end[path[-1]]
                and all(allowed.transitions[pair] for pair in itertools.pairwise(path))
            )
            assert may == keeps(scheme, [tags[k] for k in path]), [tags[k] for k in path]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["B-PER I-PER O B-LOC", "O O"], "iob2"),
        (["B-PER O", "B-LOC B-LOC"], "iob2"),
        (["B I O B", "O"], "iob2"),
        (["B-NP I-NP B-VP"], "iob2"),
        (["B-LOC-CITY I-LOC-CITY O B-LOC I-LOC"], "iob2"),
        (["B-PER I-PER E-PER O S-LOC"], "bioes"),
        (["B-PER E-PER", "S-LOC"], "bioes"),
        (["B-PER I-PER L-PER O U-LOC"], "bilou"),
        (["U-LOC", "O B-PER L-PER"], "bilou"),
        # IOB1: B only where a span follows another of its kind.
        (["I-PER I-PER O I-LOC", "I-LOC B-LOC I-LOC"], None),
        (["O I-PER B-PER B-PER"], None),
        # IO, IOE, and no scheme at all.
        (["I-PER I-PER O I-LOC"], None),
        (["I-PER E-PER O E-LOC"], None),
        (["O S-LOC"], None),
        (["DET NOUN VERB", "B-X"], None),
        (["b-per i-per"], None),
        (["B- I-"], None),
        (["NN-PL -LRB- B-X"], None),
        (["B-X I-X E-X L-X"], None),
        (["B M E S"], None),
    ],
)
def test_the_scheme_that_the_data_keep_to(lines, expected):
    scheme, notes = chosen_scheme("auto", [parts(*lines)])
    assert (None if scheme is None else scheme.name, notes) == (expected, [])
    assert chosen_scheme("none", [parts(*lines)]) == (None, [])
    if expected is not None:
        assert chosen_scheme(expected, [parts(*lines)]) == (scheme, [])


@pytest.mark.parametrize(
    ("scheme", "lines", "broken", "where"),
    [
        ("iob2", ["B-LOC", "O B-LOC I-PER"], 1, "tags[1][2] is 'I-PER' after 'B-LOC' (word 'w2' of the"),
        ("iob2", ["I-LOC B-PER", "O I-LOC"], 2, "tags[0][0] is 'I-LOC' at the start (word 'w0' of the"),
        ("iob2", ["B-A-B I-A"], 1, "tags[0][1] is 'I-A' after 'B-A-B' (word 'w1' of the"),
        ("iob2", ["O B I", "O I"], 1, "tags[1][1] is 'I' after 'O' (word 'w1' of the"),
        ("bioes", ["B-X E-X", "B-X O", "S-X"], 1, "tags[1][1] is 'O' after 'B-X' (word 'w1' of the"),
        ("bioes", ["O B-X I-X E-X", "O B-X"], 1, "tags[1] ends with 'B-X' (of the sentence 'w0 w1')"),
        ("bioes", ["B-X I-X E-Y"], 1, "tags[0][2] is 'E-Y' after 'I-X' (word 'w2' of the"),
        ("bilou", ["U-X L-X B-X"], 1, "tags[0][1] is 'L-X' after 'U-X' (word 'w1' of the"),
    ],
)
def test_data_that_break_their_scheme_are_told_and_left_as_they_are(scheme, lines, broken, where):
    found, [note] = chosen_scheme("auto", [parts("O"), parts(*lines)])
    assert found is None
    assert f"the tags of {broken} of {len(lines) + 1} sentences break {scheme}: {where}" in note
    with pytest.raises(ArgumentError) as error:
        chosen_scheme(scheme, [parts("O"), parts(*lines)])
    assert where in str(error.value)
    assert f"which scheme='{scheme}' forbids; it is the first of {broken} such sentences" in str(error.value)


def test_other_tags_than_those_of_the_scheme_asked_for_are_named():
    for scheme, line, tag in (
        ("iob2", "O E-X", "E-X"),
        ("bioes", "O NOUN", "NOUN"),
        ("bilou", "S-X", "S-X"),
    ):
        with pytest.raises(ArgumentError, match=rf"^tags\[1\]\[.\] is '{tag}', .* of scheme='{scheme}'"):
            chosen_scheme(scheme, [parts("O", line)])


FILES = [
    ("bioes", "in O\nRome B-LOC\n\nAnn B-PER\n", 2, "the sentence that ends there ends with 'B-LOC'"),
    ("iob2", "-DOCSTART- O\n\nin O\n\nAnn B-PER\nLee I-LOC\n", 6, "the tag is 'I-LOC' after 'B-PER'"),
    ("bilou", "\n\nAnn L-PER\nsees O\n", 3, "the tag is 'L-PER' at the start"),
    ("bioes", "in O\n\n\nAnn U-PER\n", 4, "the tag is 'U-PER', which is no tag of scheme='bioes'"),
]


@pytest.mark.parametrize(("scheme", "content", "line", "told"), FILES)
def test_what_breaks_a_scheme_in_a_file_is_told_with_its_line(scheme, content, line, told, tmp_path, capsys):
    path = tmp_path / "tags.txt"
    path.write_text(content, encoding="utf-8")
    where = f"{str(path)!r}, line {line}: {told}"
    with pytest.raises(ArgumentError) as error:
        SequenceTagger(**SMALL, scheme=scheme).fit(*read_tagged(path))
    assert str(error.value).startswith(where)
    with pytest.raises(ArgumentError) as error:
        SequenceTagger(**SMALL, scheme=scheme).fit([["in"]] * 9, [["O"]] * 9, validation=read_tagged(path))
    assert str(error.value).startswith(where)
    output = str(tmp_path / "m.safetensors")
    assert main(["train", "tag", str(path), "-o", output, "--crf", "--scheme", scheme]) == 2
    assert f"{str(path)!r}, line {line}: " in capsys.readouterr().err


def test_a_scheme_that_cannot_tag_every_length_is_not_kept_to():
    found, [note] = chosen_scheme("auto", [parts("B-X E-X")])
    assert found is None
    assert "without O and without spans of one word, bioes has no tags for sentences of some lengths" in note
    with pytest.raises(ArgumentError, match=r"^scheme='bioes': without O"):
        chosen_scheme("bioes", [parts("B-X E-X")])
    assert chosen_scheme("auto", [parts("B-X E-X S-X")])[0] is SCHEMES["bioes"]


# The tagger

WORDS = [["in", "New", "York", "Ann", "Lee", "ran"]]
LEGAL = {
    "iob2": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER", "O"],
    "bioes": ["O", "B-LOC", "E-LOC", "B-PER", "E-PER", "S-PER"],
    "bilou": ["O", "B-LOC", "L-LOC", "B-PER", "L-PER", "U-PER"],
}
IOB1 = ["O", "I-LOC", "I-LOC", "I-PER", "B-PER", "O"]


def adverse(model, seed=0):
    """The same model with weights that would write anything."""
    rng = np.random.default_rng(seed)
    model.network_.parameters.vector[...] = 3 * rng.normal(size=model.network_.parameters.vector.size)
    return model


def random_sentences(count, seed):
    rng = np.random.default_rng(seed)
    return [["".join(rng.choice(list("abcXYZ"), 4)) for _ in range(rng.integers(1, 9))] for _ in range(count)]


@pytest.mark.parametrize("name", SCHEMES)
def test_whatever_the_weights_no_illegal_tags_are_written(name, tmp_path):
    model = SequenceTagger(**SMALL).fit(WORDS * 10, [LEGAL[name]] * 10)
    assert model.scheme_ == name
    assert model.notes_ == ()
    assert all(np.isfinite(each["train_loss"]) for each in model.history_)
    sentences = random_sentences(60, seed=1)
    free = adverse(SequenceTagger(**SMALL, scheme="none").fit(WORDS * 10, [LEGAL[name]] * 10))
    assert free.scheme_ is None
    assert not all(keeps(name, tags) for tags in free.predict(sentences)), "without it they are"
    predicted = adverse(model).predict(sentences)
    assert all(keeps(name, tags) for tags in predicted)
    for tags, probabilities in zip(predicted, model.predict_proba(sentences), strict=True):
        chosen = [probabilities[t, model.tags_.index(tag)] for t, tag in enumerate(tags)]
        assert min(chosen) > 0
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert (again.scheme_, again.scheme) == (name, "auto")
    assert again.predict(sentences) == predicted


@pytest.mark.parametrize(
    "tags",
    [IOB1, ["DET", "B-X", "I-Y", "NOUN", "VERB", "O"], ["O", "I-LOC", "I-LOC", "B-PER", "I-PER", "E-PER"]],
    ids=["IOB1", "no scheme", "mixed"],
)
def test_what_is_of_no_scheme_is_learnt_as_before(tags, tmp_path):
    auto, none = (
        SequenceTagger(**SMALL, scheme=scheme).fit(WORDS * 10, [tags] * 10) for scheme in ("auto", "none")
    )
    assert auto.scheme_ is None
    np.testing.assert_array_equal(auto.network_.parameters.vector, none.network_.parameters.vector)
    auto.save(tmp_path / "m.safetensors")
    assert "scheme" not in read_tensors(tmp_path / "m.safetensors").metadata["vocabulary"]


def test_one_slip_in_the_data_is_told_with_its_sentence():
    tags = [LEGAL["iob2"]] * 30
    tags[17] = ["O", "B-LOC", "I-PER", "O", "O", "O"]
    model = SequenceTagger(**SMALL).fit(WORDS * 30, tags)
    assert model.scheme_ is None
    [note] = model.notes_
    assert (
        "the tags of 1 of 30 sentences break iob2: tags[17][2] is 'I-PER' after 'B-LOC' (word 'York' of "
        in note
    )
    assert all(np.isfinite(each["validation_loss"]) for each in model.history_)
    with pytest.raises(ArgumentError, match=r"^tags\[17\]\[2\] is 'I-PER' after .* scheme='iob2' forbids"):
        SequenceTagger(**SMALL, scheme="iob2").fit(WORDS * 30, tags)


def test_a_slip_in_the_sentences_measured_on_is_no_infinite_loss():
    data = WORDS * 10, [LEGAL["iob2"]] * 10
    other = WORDS, [["I-LOC", "O", "O", "O", "O", "O"]]
    model = SequenceTagger(**SMALL).fit(*data, validation=other)
    assert model.scheme_ is None
    assert "validation[1][0][0] is 'I-LOC' at the start" in model.notes_[0]
    assert np.isfinite(model.history_[-1]["validation_loss"])
    with pytest.raises(ArgumentError, match=r"^validation\[1\]\[0\]\[0\] is 'I-LOC' at the start"):
        SequenceTagger(**SMALL, scheme="iob2").fit(*data, validation=other)


def test_without_a_field_nothing_changes():
    options = {**SMALL, "crf": False}
    tags = [["O", "I-LOC", "B-LOC", "I-PER", "O", "O"]] * 10
    model = SequenceTagger(**options).fit(WORDS * 10, tags)
    assert (model.scheme_, model.notes_) == (None, ())
    for scheme in SCHEMES:
        with pytest.raises(ArgumentError, match=f"^scheme='{scheme}' needs crf=True"):
            SequenceTagger(**options, scheme=scheme).fit(WORDS, tags[:1])
    for value in ("iob1", "IOB2", None, True):
        with pytest.raises(
            ArgumentError, match=r"^scheme=.*; expected one of auto, iob2, bioes, bilou, none"
        ):
            SequenceTagger(**SMALL, scheme=value).fit(WORDS, tags[:1])


def test_files_of_before_there_were_schemes_stay_free(tmp_path):
    path = tmp_path / "m.safetensors"
    model = adverse(SequenceTagger(**SMALL, scheme="none").fit(WORDS * 10, [LEGAL["iob2"]] * 10))
    model.save(path)
    metadata, tensors = read_tensors(path)
    del metadata["config"]["scheme"]
    write_tensors(path, metadata, tensors)
    old, sentences = load(path), random_sentences(60, seed=1)
    assert (old.scheme_, old.scheme) == (None, "none")
    assert old.predict(sentences) == model.predict(sentences)
    assert not all(keeps("iob2", tags) for tags in old.predict(sentences))
    kept = load(Path(__file__).parents[2] / "goldens" / "models" / "0.1.0" / "tag.safetensors")
    assert (kept.crf, kept.scheme_, kept.network_.crf.allowed) == (True, None, None)


@pytest.mark.parametrize("scheme", ["iob1", "bilou", 3, None, ["iob2"], {}])
def test_a_file_with_a_scheme_that_is_none_of_its_tags_is_refused(scheme, tmp_path):
    path = tmp_path / "m.safetensors"
    SequenceTagger(**SMALL).fit(WORDS * 10, [LEGAL["bioes"]] * 10).save(path)
    metadata, tensors = read_tensors(path)
    metadata["vocabulary"]["scheme"] = scheme
    write_tensors(path, metadata, tensors)
    with pytest.raises(ModelFileError, match=r"its vocabulary's scheme .* is none of its tags"):
        load(path)
