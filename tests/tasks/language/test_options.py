"""What the AWD-LSTM line of work added to the language model, through the estimator's own face."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import gatewise as gw
from gatewise import LanguageModel, load
from gatewise.errors import ArgumentError, ModelFileError
from gatewise.magnify import rank_by_cost
from gatewise.magnify.questions import StepClass
from gatewise.nn import AdaptiveSoftmax
from gatewise.ops import numerical_gradient, relative_error
from gatewise.optim import SGD, AdamW, NonMonotoneASGD
from gatewise.storage import read_tensors, write_tensors
from gatewise.training import Stepped, Validated

SMALL = {
    "hidden_size": 24,
    "num_layers": 1,
    "embedding_size": 16,
    "window": 24,
    "batch_size": 8,
    "progress": False,
}
AWD = {
    "hidden_size": (40, 32, 24),
    "num_layers": 3,
    "embedding_size": 24,
    "tie_weights": True,
    "locked_dropout": True,
    "weight_dropout": 0.3,
    "layer_norm": True,
    "zoneout_hidden": 0.05,
    "zoneout_cell": 0.2,
    "variable_window": True,
    "optimizer": "nt-asgd",
    "nonmonotone": 1,
    "learning_rate": 10.0,
    "schedule": "constant",
    "weight_decay": 1.2e-6,
    "clip_norm": 0.25,
}
MOGRIFIED = {"mogrifier_rounds": 3, "mogrifier_rank": 4, "num_layers": 2}
WORDS = {"level": "word", "adaptive_cutoffs": (40, 200), "embedding_size": 16}


@pytest.fixture(scope="module")
def text(real_text):
    return real_text[:9000]


@pytest.mark.parametrize("options", [AWD, WORDS, MOGRIFIED], ids=["awd", "adaptive softmax", "mogrifier"])
def test_it_is_saved_resumed_and_read_again(options, text, tmp_path):
    options = {**SMALL, **options, "epochs": 3}
    whole = LanguageModel(**options).fit(text)
    whole.save(tmp_path / "m.safetensors")
    read = load(tmp_path / "m.safetensors")
    assert read.get_params() == whole.get_params()
    assert np.array_equal(read.network_.parameters.vector, whole.network_.parameters.vector)
    assert read.evaluate(text[8000:]) == whole.evaluate(text[8000:])
    for seed, temperature in itertools.product((1, 2), (0, 1.0)):
        wanted = {"max_tokens": 20, "seed": seed, "temperature": temperature}
        assert read.generate("The ", **wanted) == whole.generate("The ", **wanted)

    step = 2 * (whole.history_[0]["step"]) + 1

    def stop(event):
        if isinstance(event, Stepped) and event.step == step:  # in the last pass
            raise KeyboardInterrupt

    checkpoint = tmp_path / "d.safetensors"
    with pytest.raises(KeyboardInterrupt):
        LanguageModel(**options).fit(text, checkpoint=checkpoint, listeners=[stop])
    resumed = LanguageModel(**options).fit(text, checkpoint=checkpoint, resume=True)
    assert np.array_equal(resumed.network_.parameters.vector, whole.network_.parameters.vector)
    assert resumed.history_ == whole.history_


def test_windows_vary_with_the_pass_and_the_rate_with_the_window(text):
    steps = []

    def listen(event):
        if isinstance(event, Stepped):
            steps.append(event)

    options = {**SMALL, "schedule": "constant", "learning_rate": 2e-3, "epochs": 2, "window": 20}
    even = LanguageModel(**options).fit(text, listeners=[listen])
    assert {event.learning_rate for event in steps} == {2e-3}
    even_count = len(steps)
    steps.clear()
    LanguageModel(**options, variable_window=True).fit(text, listeners=[listen])
    assert len(steps) == even_count
    rates = np.array([event.learning_rate for event in steps]).reshape(2, -1) / 2e-3 * 20
    np.testing.assert_allclose(rates, rates.round(), atol=1e-9, err_msg="whole steps in twentieths")
    row = (len(text) - round(len(text) * 0.1) - 1) // 8
    np.testing.assert_allclose(rates.sum(axis=1), row)
    assert not np.array_equal(*rates)
    assert np.isfinite(even.evaluate(text[:500])["loss"])


def test_averaging_begins_when_validation_gets_no_better(text, monkeypatch):
    made = []
    begin = NonMonotoneASGD.__init__
    monkeypatch.setattr(
        NonMonotoneASGD, "__init__", lambda self, *a, **k: (made.append(self), begin(self, *a, **k))[1]
    )
    losses = []

    def listen(event):
        if isinstance(event, Validated):
            losses.append((event.step, event.loss))

    options = {
        **SMALL,
        "optimizer": "nt-asgd",
        "nonmonotone": 2,
        "learning_rate": 60.0,
        "schedule": "constant",
    }
    model = LanguageModel(**options, clip_norm=0.5, weight_decay=0.0, epochs=14).fit(
        text[:3000], listeners=[listen]
    )
    [optimizer] = made
    expected = next(
        (
            step
            for k, (step, loss) in enumerate(losses)
            if k > 2 and loss > min(x for _, x in losses[: k - 2])
        ),
        None,
    )
    assert expected is not None, "too few passes for this test"
    assert optimizer.start == expected
    assert min(loss for _, loss in losses) == min(loss for step, loss in losses if step > expected), (
        "the average is better than every step of the way"
    )
    assert np.isfinite(model.evaluate(text[:500])["loss"])


@pytest.mark.parametrize(
    ("optimizer", "rates", "decay"),
    [("adam", (5e-3, 0.0), 0.01), ("sgd", (1.0, 1.0), 0.0), ("nt-asgd", (30.0, 30.0), 1.2e-6)],
)
def test_each_optimiser_has_defaults_of_its_own(optimizer, rates, decay, text, monkeypatch):
    """Those of "nt-asgd" are of Merity et al. 2018."""
    made, seen = [], []
    for kind in (AdamW, SGD, NonMonotoneASGD):
        begin = kind.__init__
        monkeypatch.setattr(
            kind,
            "__init__",
            lambda self, *a, begin=begin, **k: (made.append((a, k)), begin(self, *a, **k))[1],
        )

    def listen(event):
        if isinstance(event, Stepped):
            seen.append(event.learning_rate)

    LanguageModel(**SMALL, optimizer=optimizer, epochs=2).fit(text[:3000], listeners=[listen])
    (_, rate), options = made[0]
    assert (rate, options["weight_decay"]) == (rates[0], decay)
    assert seen[-1] == pytest.approx(rates[1], abs=rates[0] / 20)
    given = {"learning_rate": 0.5, "weight_decay": 0.25, "schedule": "constant"}
    made.clear()
    LanguageModel(**SMALL, optimizer=optimizer, epochs=1, **given).fit(text[:3000], listeners=[listen])
    (_, rate), options = made[0]
    assert (rate, options["weight_decay"], seen[-1]) == (0.5, 0.25, 0.5)


def test_averaging_needs_a_validation(text):
    model = LanguageModel(**SMALL, optimizer="nt-asgd", validation_fraction=0)
    with pytest.raises(
        ArgumentError, match=r"optimizer='nt-asgd' with validation_fraction=0; expected a part"
    ):
        model.fit(text)
    model.set_params(epochs=1).fit(text[:3000], validation=text[3000:4000])
    assert len(model.history_) == 1


def test_an_adaptive_softmax_serves_wherever_a_linear_layer_does(text):
    options = {**SMALL, **WORDS, "window": 12, "epochs": 4, "learning_rate": 1e-2}
    model = LanguageModel(**options).fit(text)
    assert isinstance(model.network_.head, AdaptiveSoftmax)
    tokens = np.concatenate(list(model.tokenizer_.encode([text[:400]])))
    log_p, _ = model.network_.logits(tokens[:-1, None])
    np.testing.assert_allclose(np.exp(log_p).sum(axis=-1), 1, rtol=1e-5)
    picked = np.take_along_axis(log_p[:, 0], tokens[1:, None], axis=-1)
    assert model.evaluate(text[:400])["loss"] == pytest.approx(-picked.mean(), rel=1e-5)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    written = model.generate("The", max_tokens=12, seed=3, top_k=5)
    assert written.startswith("The")
    assert len(written.split()) > 5
    cached = model.evaluate(text[:400], cache=gw.NeuralCache(100), dynamic=gw.DynamicEvaluation(0.5))
    assert np.isfinite(cached["loss"])


def test_the_magnifier_looks_into_an_adaptive_softmax(text):
    model = LanguageModel(**{**SMALL, **WORDS, "epochs": 1}).fit(text)
    inside = gw.magnify(model, text[:60].rsplit(" ", 1)[0])
    assert np.isfinite(inside.ledger().entries).all()
    assert np.isfinite(inside.lag(3)[0].h).all()
    costs = [cost for _, cost in rank_by_cost(model, text[:300].rsplit(" ", 1)[0])]
    assert len(costs) == 24
    assert np.isfinite(costs).all()

    head = AdaptiveSoftmax(4, 9, (2, 5), div_value=2.0, head_bias=True, dtype=np.float64)
    y = np.random.default_rng(0).normal(size=(3, 2, 4))
    for target in (1, 2, 7):
        question = StepClass(head, 1, target, "")
        np.testing.assert_allclose(question.value(y), head(y)[1, :, target], rtol=1e-12)
        numerical = numerical_gradient(lambda q=question: float(q.value(y).sum()), y)
        assert relative_error(question.gradient(y), numerical) < 1e-7
    assert not head.gradients.vector.any()


def test_presets_are_the_recipes_of_their_papers():
    """Merity et al. 2018, section 5, on the Penn Treebank."""
    published = {
        "hidden_size": (1150, 1150, 400),
        "num_layers": 3,
        "embedding_size": 400,
        "tie_weights": True,
    }
    published |= {"input_dropout": 0.4, "dropout": 0.25, "output_dropout": 0.4, "embedding_dropout": 0.1}
    published |= {"weight_dropout": 0.5, "locked_dropout": True, "activation_reg": 2.0, "temporal_reg": 1.0}
    published |= {"window": 70, "variable_window": True, "batch_size": 40, "optimizer": "nt-asgd"}
    published |= {"nonmonotone": 5, "learning_rate": 30.0, "clip_norm": 0.25, "weight_decay": 1.2e-6}
    published |= {"epochs": 500, "schedule": "constant", "level": "word"}
    assert published.items() <= LanguageModel.from_preset("awd").get_params().items()


@pytest.mark.parametrize("preset", ["small", "awd"])
def test_a_preset_can_be_trained(preset, text):
    widths = {"awd": {"hidden_size": (20, 20, 8)}, "small": {"hidden_size": 8}}[preset]
    changes = {**widths, "embedding_size": 8, "epochs": 1, "batch_size": 4, "window": 10, "progress": False}
    model = LanguageModel.from_preset(preset, **changes).fit(text)
    assert model.evaluate(text[:500])["loss"] < np.log(model.tokenizer_.vocabulary_size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": ()}, "hidden_size=(); expected a whole number of at least 1, or one a layer"),
        ({"hidden_size": (3, 0)}, "hidden_size=(3, 0); expected a whole number"),
        ({"hidden_size": (3, True)}, "hidden_size=(3, True); expected a whole number"),
        ({"hidden_size": (3, 4)}, "hidden_size=(3, 4) with num_layers=1; expected one width for each layer"),
        (
            {"hidden_size": (16, 4), "num_layers": 2, "tie_weights": True},
            "tie_weights=True with embedding_size=16 and hidden_size=(16, 4); expected the same",
        ),
        ({"layer_norm": 1}, "layer_norm=1; expected True or False"),
        ({"zoneout_hidden": 1.0}, "zoneout_hidden=1.0; expected a number of at least 0 and below 1"),
        ({"zoneout_cell": -0.1}, "zoneout_cell=-0.1; expected a number"),
        ({"zoneout_cell": 0.1, "cell": "rnn"}, "zoneout_cell=0.1 with cell='rnn'; expected cell='lstm'"),
        ({"mogrifier_rounds": 2, "cell": "rnn"}, "mogrifier_rounds=2 with cell='rnn'; expected cell='lstm'"),
        ({"mogrifier_rounds": -1}, "mogrifier_rounds=-1; expected a whole number of at least 0"),
        ({"mogrifier_rank": 0}, "mogrifier_rank=0; expected a whole number of at least 1, or None"),
        ({"variable_window": "yes"}, "variable_window='yes'; expected True or False"),
        ({"nonmonotone": -1}, "nonmonotone=-1; expected a whole number of at least 0"),
        ({"adaptive_div_value": 0.5}, "adaptive_div_value=0.5; expected a number of at least 1"),
        (
            {"adaptive_cutoffs": (9, 20, 30), "level": "word"},
            "adaptive_div_value=4.0 with 3 adaptive_cutoffs leaves the last cluster no width of hidden_size",
        ),
        (
            {"adaptive_cutoffs": (9, 20), "level": "word", "adaptive_div_value": 1e300},
            "adaptive_div_value=1e+300 with 2 adaptive_cutoffs leaves",
        ),
        ({"mogrifier_rank": 4}, "mogrifier_rank=4 with mogrifier_rounds=0; expected at least one round"),
        (
            {"optimizer": "nt-asgd", "patience": 5},
            "patience=5 with optimizer='nt-asgd' and nonmonotone=5; expected more",
        ),
        ({"learning_rate": 0}, "learning_rate=0; expected a number above 0"),
        ({"schedule": "cubic"}, "schedule='cubic'; expected one of"),
        ({"adaptive_cutoffs": 20, "level": "word"}, "adaptive_cutoffs=20; expected rising whole numbers"),
        ({"adaptive_cutoffs": (), "level": "word"}, "adaptive_cutoffs=(); expected rising"),
        ({"adaptive_cutoffs": (9, 9), "level": "word"}, "adaptive_cutoffs=(9, 9); expected rising"),
        (
            {"adaptive_cutoffs": (9, 90_000), "level": "word"},
            "adaptive_cutoffs=(9, 90000), and the text has 522 symbols; expected cutoffs below",
        ),
        ({"adaptive_cutoffs": (9,)}, "adaptive_cutoffs=(9,) with level='char'; expected None"),
        (
            {"adaptive_cutoffs": (9,), "level": "word", "tie_weights": True, "embedding_size": 24},
            "adaptive_cutoffs=(9,) with tie_weights=True; expected one of them",
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_hyperparameters_that_cannot_work_are_named(change, message, text):
    with pytest.raises(ArgumentError) as caught:
        LanguageModel(**{**SMALL, **change}).fit(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": [10**9, 24]},
        {"hidden_size": 10**9},
        {"num_layers": 10**12},
        {"adaptive_cutoffs": [40, 10**9]},
        {"adaptive_cutoffs": None},
        {"hidden_size": []},
        {"mogrifier_rounds": 10**9},
        {"mogrifier_rounds": 1, "mogrifier_rank": 10**12},
    ],
    ids=str,
)
def test_a_file_that_asks_for_other_sizes_is_refused(change, text, tmp_path):
    path = tmp_path / "m.safetensors"
    options = {**SMALL, **WORDS, "hidden_size": (30, 24), "num_layers": 2, "epochs": 1}
    LanguageModel(**options).fit(text).save(path)
    file = read_tensors(path)
    config = {**file.metadata["config"], **change}
    json.dumps(config)
    write_tensors(path, {**file.metadata, "config": config}, file.tensors)
    with pytest.raises(ModelFileError, match="is damaged or was changed"):
        load(path)
