"""Small models of every task and what they answer: model files of earlier versions must go on answering so.

    python -m tests.goldens.model_cases

trains them with the gatewise that is installed, and writes each file and its answers into a folder of that
version beside this module. A folder that is there is never written again: it holds what users hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import gatewise as gw

FOLDER = Path(__file__).parent / "models"
ANSWERS = "answers.json"

TEXT = "the cat sat on the mat; a dog ran to the cat. " * 12
OTHER_TEXT = "a cat ran to the dog on the mat. "
SENTENCES = [["Ann", "saw", "Bob"], ["the", "Red", "Sea", "is", "deep"], ["Bob", "ran"]] * 8
TAGS = [["B-PER", "O", "B-PER"], ["O", "B-LOC", "I-LOC", "O", "O"], ["B-PER", "O"]] * 8
PAIRS = [("two dogs run", "zwei Hunde laufen"), ("a dog runs", "ein Hund läuft"), ("a cat", "eine Katze")] * 8


class Case(NamedTuple):
    """A model and what it is asked.

    Attributes:
        train: writes a model file to the path.
        ask: what the loaded model answers, for JSON; numbers may differ by rounding.
    """

    train: Callable[[Path], Any]
    ask: Callable[[Any], Any]


def sine_waves(count=24, steps=16):
    """(N, T, 2) slow and fast waves, and which is which."""
    rng = np.random.default_rng(0)
    fast = np.arange(count) % 2
    time = np.arange(steps)[None] * (0.4 + 0.8 * fast)[:, None] + rng.uniform(0, 6, (count, 1))
    waves = np.stack([np.sin(time), np.cos(time)], axis=-1).astype(np.float32)
    return waves, np.where(fast, "fast", "slow")


def shops():
    """Days of two shops in a zone that changes its clocks, with a covariate of each kind."""
    days = pd.date_range("2025-02-01", periods=70, freq="D", tz="Europe/Berlin")
    wave = np.sin(np.arange(70) * 2 * np.pi / 7)
    parts = [
        pd.DataFrame(
            {"unique_id": name, "ds": days, "y": level * (3 + wave), "price": wave**2, "kind": name[:1]}
        )
        for name, level in (("north", 1.0), ("south", 20.0))
    ]
    return pd.concat(parts, ignore_index=True)


def after(frame, steps):
    """The days that follow, for ``future``."""
    last = frame["ds"].max()
    days = pd.date_range(last + pd.DateOffset(days=1), periods=steps, freq="D")
    return pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": days, "price": 0.5}) for name in ("north", "south")],
        ignore_index=True,
    )


def plain(frame):
    """A data frame, or a dict of columns, as JSON holds it."""
    columns = frame if isinstance(frame, dict) else {name: frame[name].to_numpy() for name in frame.columns}
    return {
        name: values.tolist() if np.asarray(values).dtype.kind in "fi" else [str(each) for each in values]
        for name, values in columns.items()
    }


def language(**options):
    small = {"hidden_size": 8, "embedding_size": 8, "window": 12, "batch_size": 2, "epochs": 3}
    return gw.LanguageModel(**{**small, **options, "progress": False})


def language_case(**options):
    return Case(
        lambda path: language(**options).fit(TEXT).save(path),
        lambda model: {name: model.evaluate(OTHER_TEXT)[name] for name in ("loss", "tokens")},
    )


def train_until_stopped(path):
    """A checkpoint after the second of three passes, as a power cut leaves it."""

    class PowerCutError(Exception):
        pass

    def cut(event):
        if isinstance(event, gw.training.Checkpointed) and event.step >= 2 * 20:
            raise PowerCutError

    try:
        language().fit(TEXT, checkpoint=path, listeners=[cut])
    except PowerCutError:
        return
    raise AssertionError("training ended before the cut")


def train_forecaster(path):
    gw.Forecaster(
        horizon=5,
        season_length=7,
        context_length=14,
        hidden_size=6,
        epochs=2,
        steps_per_epoch=10,
        batch_size=16,
        known=("price",),
        static=("kind",),
        progress=False,
    ).fit(shops()).save(path)


def train_recursive_forecaster(path):
    count = np.arange(60)
    gw.Forecaster(
        horizon=6,
        strategy="recursive",
        distribution="student_t",
        num_samples=50,
        season_length=6,
        context_length=12,
        patch_size=3,
        hidden_size=6,
        epochs=2,
        steps_per_epoch=10,
        batch_size=16,
        cell="rnn",
        progress=False,
    ).fit({"ds": count, "y": 4 + np.sin(count * np.pi / 3)}).save(path)


def train_snapshots(path):
    model = language()
    model.fit(TEXT, listeners=[gw.magnify.Snapshots(model, "the cat", path, every=20)])


CASES = {
    "language": language_case(num_layers=2),
    "language-subwords": language_case(level="bpe", vocab_size=270, optimizer="nt-asgd", learning_rate=1.0),
    "language-words": language_case(
        level="word", num_layers=2, tie_weights=True, layer_norm=True, mogrifier_rounds=2, mogrifier_rank=3
    ),
    "language-widths": language_case(
        level="word",
        cell="rnn",
        num_layers=2,
        hidden_size=(12, 8),
        adaptive_cutoffs=(4, 8),
        adaptive_div_value=2.0,
    ),
    "checkpoint": Case(
        train_until_stopped,
        lambda model: {name: model.evaluate(OTHER_TEXT)[name] for name in ("loss", "tokens")},
    ),
    "forecast": Case(train_forecaster, lambda model: plain(model.predict(future=after(shops(), 5)))),
    "forecast-recursive": Case(train_recursive_forecaster, lambda model: plain(model.predict())),
    "classify-series": Case(
        lambda path: (
            gw.SequenceClassifier(hidden_size=6, epochs=3, progress=False).fit(*sine_waves()).save(path)
        ),
        lambda model: {
            "classes": list(model.classes_),
            "probabilities": model.predict_proba(sine_waves()[0][:4]).tolist(),
        },
    ),
    "classify-texts": Case(
        lambda path: (
            gw.SequenceClassifier(
                hidden_size=6, embedding_size=8, pooling="attention", epochs=3, progress=False
            )
            .fit(["a warm and funny film", "a long and empty film"] * 12, ["good", "bad"] * 12)
            .save(path)
        ),
        lambda model: {
            "classes": list(model.classes_),
            "probabilities": model.predict_proba(["a funny film", "an empty one"]).tolist(),
        },
    ),
    "tag": Case(
        lambda path: (
            gw.SequenceTagger(
                hidden_size=6,
                embedding_size=6,
                char_embedding_size=4,
                char_hidden_size=4,
                crf=True,
                epochs=6,
                learning_rate=0.02,
                progress=False,
            )
            .fit(SENTENCES, TAGS)
            .save(path)
        ),
        lambda model: {
            "tags": model.predict([["Ann", "saw", "the", "Red", "Sea"], ["Bob", "is", "deep"]]),
            "probabilities": model.predict_proba([["Ann", "saw", "Bob"]])[0].tolist(),
        },
    ),
    "translate": Case(
        lambda path: (
            gw.Translator(
                hidden_size=8, embedding_size=8, epochs=25, batch_size=4, learning_rate=0.02, progress=False
            )
            .fit(PAIRS)
            .save(path)
        ),
        lambda model: {
            "texts": model.translate(["a dog runs", "two dogs run", "a cat"]),
            "loss": -model.score(PAIRS[:3]),
        },
    ),
    "snapshots": Case(
        train_snapshots,
        lambda history: {
            "labels": history.facts["labels"],
            "moments": [kept.facts["name"] for kept in history.moments.values()],
        },
    ),
}


def load(name, path):
    """The model, or what else the file holds."""
    return gw.magnify.read_snapshots(path) if name == "snapshots" else gw.load(path)


def main():
    folder = FOLDER / gw.__version__
    folder.mkdir(parents=True)
    answers = {}
    for name, case in CASES.items():
        path = folder / f"{name}.safetensors"
        case.train(path)
        answers[name] = case.ask(load(name, path))
    (folder / ANSWERS).write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
