"""A language model learns, measures and writes as promised, at every level of tokens."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gatewise import LanguageModel, load
from gatewise.data import TextSource, tokenize
from gatewise.errors import ArgumentError, DataError, NotFittedError, TrainingError
from gatewise.lab import NGram
from gatewise.training import Stepped

SMALL = {
    "hidden_size": 48,
    "num_layers": 1,
    "embedding_size": 16,
    "window": 32,
    "batch_size": 8,
    "progress": False,
}


@pytest.fixture(scope="module")
def text(real_text):
    return real_text[:40_000]


@pytest.fixture(scope="module")
def model(text):
    return LanguageModel(**SMALL, epochs=6, learning_rate=1e-2).fit(text)


def test_it_learns_more_than_letter_frequencies(model, text):
    held_out = text[36_000:]
    seen, unseen = (tokenize(TextSource(part), model.tokenizer_).tokens for part in (text[:36_000], held_out))
    unigram = NGram(seen, 1, model.tokenizer_.vocabulary_size).loss(unseen)
    assert model.evaluate(held_out)["loss"] < 0.75 * unigram


def test_it_learns_a_text_by_heart():
    line = "the quick brown fox jumps over the lazy dog. "
    model = LanguageModel(**SMALL, epochs=40, learning_rate=1e-2, dropout=0, validation_fraction=0).fit(
        line * 30
    )
    assert model.generate("the quick", max_tokens=120, temperature=0) == (line * 3)[: len("the quick") + 120]


def test_the_loss_is_that_of_feeding_one_symbol_at_a_time(model, text):
    sample = text[:60]
    [tokens] = model.tokenizer_.encode([sample])
    state, total = None, 0.0
    for token, target in itertools.pairwise(tokens):
        logits, state = model.network_.logits(np.array([[token]]), state)
        z = logits[0, 0].astype(np.float64)
        total += np.log(np.exp(z - z.max()).sum()) + z.max() - z[target]
    result = model.evaluate(sample)
    assert result["loss"] == pytest.approx(total / 59, rel=1e-5)
    assert result["perplexity"] == pytest.approx(np.exp(total / 59), rel=1e-5)
    assert result["bits_per_char"] == pytest.approx(total / 59 / np.log(2), rel=1e-5)
    assert result["tokens"] == 59
    assert model.score(sample) == -result["loss"]


def test_reading_side_by_side_comes_close_to_one_stream(model, text):
    exact = model.evaluate(text[36_000:])["loss"]
    assert model.evaluate(text[36_000:], batch_size=4)["loss"] == pytest.approx(exact, rel=0.02)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(text):
    first, second, third = (
        LanguageModel(**SMALL, epochs=1, seed=seed).fit(text[:5000]).network_.parameters.vector
        for seed in (7, 7, 8)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_a_path_a_string_and_a_list_of_lines_are_the_same_text(text, tmp_path):
    part = text[:4000]
    path = tmp_path / "book.txt"
    path.write_text(part, encoding="utf-8")
    vectors = [
        LanguageModel(**SMALL, epochs=1).fit(source).network_.parameters.vector
        for source in (part, path, str(path), part.split("\n"))
    ]
    assert all(np.array_equal(vectors[0], other) for other in vectors[1:])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_lines_mean_the_same_with_their_ends_or_without(end, text):
    """As ``fit(file.readlines())``, where every end was doubled and made the perplexity look low."""
    lines = text[:6_000].split("\n")
    ended = [line + end for line in lines]
    first, other = (
        LanguageModel(**SMALL, epochs=1).fit(each, validation=each[:60]) for each in (lines, ended)
    )
    np.testing.assert_array_equal(first.network_.parameters.vector, other.network_.parameters.vector)
    assert first.history_ == other.history_
    assert first.evaluate(lines) == first.evaluate(ended) == first.evaluate("\n".join(lines))
    assert first.score(lines) == first.score(ended)


def test_training_sees_nothing_of_the_validation_part(text):
    part = text[:6000]
    cut = len(part) - round(len(part) * 0.1)
    same = LanguageModel(**SMALL, epochs=1).fit(part)
    # The same symbols in another order in the held-out part: same vocabulary, same training.
    other = LanguageModel(**SMALL, epochs=1).fit(part[:cut] + part[cut:][::-1])
    assert np.array_equal(same.network_.parameters.vector, other.network_.parameters.vector)
    assert same.history_ != other.history_


def test_saving_and_loading_is_the_identity(model, text, tmp_path):
    path = tmp_path / "m.safetensors"
    model.save(path)
    again = load(path)
    assert again.get_params() == model.get_params()
    assert np.array_equal(again.network_.parameters.vector, model.network_.parameters.vector)
    assert again.generate("The ", max_tokens=80, seed=3) == model.generate("The ", max_tokens=80, seed=3)
    assert again.evaluate(text[:500]) == model.evaluate(text[:500])


AWD = {
    "embedding_size": 48,
    "tie_weights": True,
    "locked_dropout": True,
    "dropout": 0.25,
    "input_dropout": 0.4,
    "output_dropout": 0.4,
    "embedding_dropout": 0.1,
    "weight_dropout": 0.5,
    "activation_reg": 2.0,
    "temporal_reg": 1.0,
}


def test_a_model_with_everything_is_saved_resumed_and_read_again(text, tmp_path):
    options = {**SMALL, **AWD, "epochs": 2}
    whole = LanguageModel(**options).fit(text[:8000])
    whole.save(tmp_path / "m.safetensors")
    read = load(tmp_path / "m.safetensors")
    assert read.get_params() == whole.get_params()
    assert read.evaluate(text[8000:9000]) == whole.evaluate(text[8000:9000])
    assert read.generate("The ", max_tokens=20, seed=1) == whole.generate("The ", max_tokens=20, seed=1)

    def stop(event):
        if isinstance(event, Stepped) and event.step == 40:  # in the second pass
            raise KeyboardInterrupt

    again = LanguageModel(**options)
    with pytest.raises(KeyboardInterrupt):
        again.fit(text[:8000], checkpoint=tmp_path / "d.safetensors", listeners=[stop])
    resumed = LanguageModel(**options).fit(text[:8000], checkpoint=tmp_path / "d.safetensors", resume=True)
    assert np.array_equal(resumed.network_.parameters.vector, whole.network_.parameters.vector)


def test_a_preset_is_the_recipe_of_its_paper_and_can_be_changed():
    """Zaremba et al. 2014, section 4.1: 200 units, 20 steps, 13 passes, halved after the fourth, norm 5."""
    small = LanguageModel.from_preset("zaremba-small").get_params()
    published = {"hidden_size": 200, "num_layers": 2, "window": 20, "batch_size": 20, "epochs": 13}
    published |= {"decay_start": 4, "decay_factor": 0.5, "clip_norm": 0.25, "init_scale": 0.1, "dropout": 0.0}
    published |= {"learning_rate": 20.0}  # for a mean over 20 steps, where the paper has a sum
    assert published.items() <= small.items()
    medium = LanguageModel.from_preset("zaremba-medium", epochs=2).get_params()
    published = {"hidden_size": 650, "window": 35, "decay_start": 6, "dropout": 0.5, "init_scale": 0.05}
    assert published.items() <= medium.items()
    assert medium["epochs"] == 2
    assert medium["decay_factor"] == pytest.approx(1 / 1.2)
    with pytest.raises(
        ArgumentError, match="preset='large'; expected one of small, zaremba-small, zaremba-medium, awd"
    ):
        LanguageModel.from_preset("large")


def test_plain_descent_by_the_stairs_of_zaremba(text):
    """Four passes at the full rate, then half of it in each."""
    rates = {}

    def listen(event):
        if isinstance(event, Stepped):
            rates.setdefault(event.epoch, set()).add(event.learning_rate)

    options = {"optimizer": "sgd", "learning_rate": 1.0, "schedule": "staircase", "init_scale": 0.1}
    model = LanguageModel(**SMALL, **options, weight_decay=0.0, epochs=7, decay_start=4)
    model.fit(text[:8000], listeners=[listen])
    assert rates == {1: {1.0}, 2: {1.0}, 3: {1.0}, 4: {1.0}, 5: {0.5}, 6: {0.25}, 7: {0.125}}
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize("prompt", ["", "The ", "The", "Zażółć 😀 gęślą"])
def test_writing_at_every_level(level, prompt, text):
    if level == "bpe":
        pytest.importorskip("tokenizers")
    model = LanguageModel(level, **SMALL, epochs=1, vocab_size=300).fit(text[:8000])
    written = model.generate(prompt, max_tokens=30, seed=1)
    assert written.startswith(prompt)
    assert len(written) > len(prompt)
    assert "<unk>" not in written[len(prompt) :]
    assert written == prompt + "".join(model.generate_stream(prompt, max_tokens=30, seed=1))
    assert model.generate(prompt, max_tokens=0) == prompt


def test_words_are_separated_by_one_space(text):
    model = LanguageModel("word", **SMALL, epochs=1).fit(text[:8000])
    assert model.generate("the", max_tokens=9, seed=2).replace("the ", "", 1) == model.generate(
        "the ", max_tokens=9, seed=2
    ).replace("the ", "", 1)
    assert "  " not in model.generate("the ", max_tokens=40, seed=2)


def test_unknown_symbols_are_counted(model):
    result = model.evaluate("The ☃ and the ☃")
    assert result["unknown"] == 2
    assert np.isfinite(result["loss"])


def test_stacks_and_plain_rnns_learn_too(text):
    losses = {
        cell: LanguageModel(**{**SMALL, "num_layers": 2}, cell=cell, epochs=2).fit(text[:20_000]).history_
        for cell in ("lstm", "rnn")
    }
    for history in losses.values():
        assert history[-1]["validation_loss"] < history[0]["validation_loss"] < np.log(90)


def test_another_text_can_be_the_measure(text):
    model = LanguageModel(**SMALL, epochs=1).fit(text[:5000], validation=text[5000:7000])
    assert model.history_[0]["validation_loss"] == pytest.approx(
        model.evaluate(text[5000:7000], batch_size=8)["loss"], rel=0.05
    )


def test_without_validation_the_last_weights_stay(text):
    model = LanguageModel(**SMALL, epochs=1, validation_fraction=0).fit(text[:5000])
    assert model.history_ == []
    assert np.isfinite(model.evaluate(text[:500])["loss"])


def test_divergence_leaves_a_model_that_can_be_used(text):
    model = LanguageModel(**SMALL, epochs=1, learning_rate=1e38, clip_norm=None, schedule="constant")
    with pytest.raises(TrainingError, match="diverged"):
        model.fit(text[:5000])
    assert np.isfinite(model.network_.parameters.vector).all()
    assert isinstance(model.generate("The", max_tokens=5), str)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "byte"}, "level='byte'; expected one of char, word, bpe"),
        ({"hidden_size": -3}, "hidden_size=-3; expected a whole number of at least 1"),
        ({"hidden_size": 2.5}, "hidden_size=2.5; expected a whole number"),
        ({"num_layers": True}, "num_layers=True; expected a whole number"),
        ({"dropout": 1.0}, "dropout=1.0; expected a number of at least 0 and below 1"),
        ({"learning_rate": 0}, "learning_rate=0; expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"clip_norm": -1}, "clip_norm=-1; expected a number above 0, or None"),
        ({"cell": "gru"}, "cell='gru'; expected one of lstm, rnn"),
        ({"schedule": "steps"}, "schedule='steps'; expected one of"),
        ({"decay_factor": 0}, "decay_factor=0; expected a number above 0"),
        ({"decay_start": -1}, "decay_start=-1; expected a whole number"),
        ({"optimizer": "lbfgs"}, "optimizer='lbfgs'; expected one of adam, sgd, nt-asgd"),
        ({"init_scale": 0}, "init_scale=0; expected a number above 0"),
        (
            {"tie_weights": True},
            "tie_weights=True with embedding_size=16 and hidden_size=48; expected the same",
        ),
        ({"tie_weights": 1}, "tie_weights=1; expected True or False"),
        ({"locked_dropout": "yes"}, "locked_dropout='yes'; expected True or False"),
        ({"weight_dropout": 1}, "weight_dropout=1; expected a number"),
        ({"embedding_dropout": -0.1}, "embedding_dropout=-0.1; expected a number"),
        ({"input_dropout": 1.5}, "input_dropout=1.5; expected a number"),
        ({"output_dropout": "0.1"}, "output_dropout='0.1'; expected a number"),
        ({"activation_reg": -1}, "activation_reg=-1; expected a number"),
        ({"temporal_reg": np.inf}, "temporal_reg=inf; expected a finite number"),
        ({"patience": 0}, "patience=0; expected a whole number of at least 1, or None"),
        ({"vocab_size": 1}, "vocab_size=1; expected a whole number of at least 2, or None"),
        ({"progress": "yes"}, "progress='yes'; expected True or False"),
        ({"seed": -1}, "seed=-1; expected a whole number of at least 0"),
        ({"time_limit": 0}, "time_limit=0; expected a number above 0, or None"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_hyperparameters_that_cannot_work_are_named(change, message, text):
    with pytest.raises(ArgumentError) as caught:
        LanguageModel(**{**SMALL, **change}).fit(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "the text is empty"),
        ([], "the text is empty"),
        (["", ""], "the text is empty"),
        ("short", "'short'"),
    ],
    ids=["nothing", "no lines", "empty lines", "short"],
)
def test_texts_that_cannot_be_learnt(source, message):
    with pytest.raises(DataError, match=message):
        LanguageModel(**SMALL).fit(source)


def test_a_text_of_another_type_is_refused():
    with pytest.raises(ArgumentError, match="text has type int; expected a path"):
        LanguageModel(**SMALL).fit(42)


def test_nothing_works_before_fit():
    for ask in (lambda m: m.generate(), lambda m: m.evaluate("text"), lambda m: m.save("m.safetensors")):
        with pytest.raises(NotFittedError, match="call fit first"):
            ask(LanguageModel())


def test_measuring_needs_two_tokens(model):
    with pytest.raises(DataError, match="has 1 tokens; at least 2"):
        model.evaluate("x")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature=-1"),
        ({"temperature": float("inf")}, "temperature=inf"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"max_tokens": -1}, "max_tokens=-1"),
        ({"seed": -1}, "seed=-1"),
    ],
    ids=str,
)
def test_sampling_arguments_are_checked(options, message, model):
    with pytest.raises(ArgumentError, match=message):
        model.generate("The", **options)
