"""Readers: from a model and what a user hands in to a ``Reading``, one for each kind of model."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewise.data import Tokenizer
from gatewise.data.frames import Table
from gatewise.data.frequency import Times, written
from gatewise.data.panel import Series
from gatewise.errors import ArgumentError, DataError
from gatewise.magnify.questions import OutputSum, PatchForecast, PooledClass, StepClass, WrittenText
from gatewise.magnify.reading import Alignment, Axes, Question, Reading
from gatewise.nn import Embedding, Recurrent
from gatewise.ops import log_softmax
from gatewise.tasks import Forecaster, LanguageModel, SequenceClassifier, SequenceTagger, Translator
from gatewise.tasks.classification.input import TextInput
from gatewise.tasks.tagging.examples import TaggedExamples
from gatewise.tasks.tagging.input import check_sentences
from gatewise.tasks.translation.vocabulary import bare
from gatewise.types import Array, IntArray

__all__ = ["dates", "one_series", "read", "tokens_of"]

_STEPS = {"char": "character", "word": "word", "bpe": "token"}
_LOG = "log p, nats"


def read(model: Any, data: Any, *, allow_unknown: bool = False) -> Reading:
    """A sequence as a model reads it; arguments and errors are those of ``gatewise.magnify``.

    Args:
        model: of any kind.
        data: of its kind.
        allow_unknown: whether a language model takes symbols that it does not know.
    """
    if isinstance(model, LanguageModel):
        return _language(model, data, allow_unknown=allow_unknown)
    if isinstance(model, SequenceClassifier):
        return _classified(model, data)
    if isinstance(model, SequenceTagger):
        return _tagged(model, data)
    if isinstance(model, Forecaster):
        return _forecast(model, data)
    if isinstance(model, Translator):
        return _translated(model, data)
    if isinstance(model, Recurrent):
        return _numbers(model, data)
    raise ArgumentError(
        f"magnify: model is a {type(model).__name__}, which has no recurrent layers that can be looked into; "
        "expected a fitted LanguageModel, Forecaster, SequenceClassifier, SequenceTagger or Translator, or "
        "an nn.LSTM or nn.RNN."
    )


def tokens_of(model: LanguageModel, text: Any, *, allow_unknown: bool = False) -> tuple[IntArray, list[str]]:
    """The tokens of a text, and what each stands for.

    Args:
        model: fitted.
        text: of the user.
        allow_unknown: take symbols that the model does not know as the token that it has for such.

    Raises:
        ArgumentError: it is no text.
        DataError: it is empty, or has symbols that the model does not know where these are not allowed.
        NotFittedError: the model is not fitted.
    """
    model._check_fitted()
    tokenizer = model.tokenizer_
    if not isinstance(text, str):
        raise ArgumentError(f"magnify: the input has type {type(text).__name__}; expected a text, a str.")
    tokens = np.concatenate([*tokenizer.encode([text]), np.zeros(0, np.int32)]).astype(np.intp)
    if not len(tokens):
        raise DataError(f"the text {text!r:.40} has no tokens; give one with at least one symbol.")
    labels = _pieces(tokenizer, tokens)
    strange = [] if tokenizer.unknown is None else np.flatnonzero(tokens == tokenizer.unknown).tolist()
    if strange:
        symbols = _symbols(text, model.level)
        if not allow_unknown:
            raise DataError(
                f"the text has {len(strange)} symbols that the model does not know, the first of them token "
                f"{strange[0]}, {symbols[strange[0]]!r}; take them out, or train on a text that has them."
            )
        for place in strange:
            labels[place] = symbols[place]
    return tokens, labels


def _language(model: LanguageModel, text: Any, *, allow_unknown: bool) -> Reading:
    tokens, labels = tokens_of(model, text, allow_unknown=allow_unknown)
    tokenizer = model.tokenizer_
    network = model.network_

    def ask(step: int) -> Question:
        at = checked_step(step, len(tokens))
        if at + 1 < len(tokens):
            target, which = int(tokens[at + 1]), "the token that follows"
        else:
            y, _ = network.recurrent(network.embedding.input(tokens[:, None]))
            target, which = int(network.head(y[-1]).argmax()), "the likeliest token"
        text = f"log p of {which}, {tokenizer.decode([target])!r}, after step {at}"
        return StepClass(network.head, at, target, text)

    return Reading(
        network.recurrent,
        network.embedding(tokens[:, None]),
        tuple(labels),
        "text" if model.level != "word" else "words",
        ask,
        _mean_row(network.embedding),
        "a text",
        axes=Axes(_STEPS[model.level], answer=_LOG),
    )


def _pieces(tokenizer: Tokenizer, tokens: IntArray) -> list[str]:
    """What each token stands for."""
    known: dict[int, str] = {int(token): tokenizer.decode([int(token)]) for token in np.unique(tokens)}
    return [known[token] for token in tokens.tolist()]


def _symbols(text: str, level: str) -> list[str]:
    """What the user wrote for each token of a model that reads characters or words."""
    return list(text) if level == "char" else re.findall(r"\n|\S+", text)


def _classified(model: SequenceClassifier, data: Any) -> Reading:
    sequences = model._encoded([data])
    encoded = sequences.padded(np.zeros(1, np.intp))
    network = model.network_
    logits = network.logits(encoded, sequences.lengths)
    chances = np.exp(log_softmax(logits))[0]
    target = int(chances.argmax())
    said = f"log p of class {model.classes_[target]!s} ({chances[target]:.0%})"

    def ask(step: int) -> Question:
        at = checked_step(step, len(encoded))
        if at != len(encoded) - 1:
            raise ArgumentError(
                f"magnify: step={step}; a classifier answers once, after the last step; expected -1."
            )
        return PooledClass(network, at, target, said)

    if network.embedding is None or not isinstance(model._input, TextInput):
        labels, blank = tuple(map(str, range(len(encoded)))), np.zeros(encoded.shape[-1], network.dtype)
        x, values = np.ascontiguousarray(encoded, network.dtype), np.asarray(data, np.float64)
        values = values.reshape(len(x), -1)  # as the user gave them, and not as they were scaled
        axes = Axes(value="value as given", answer=_LOG)
        last = len(x) - 1
        return Reading(
            network.recurrent, x, labels, "series", ask, blank, "a series", values, None, last, axes=axes
        )
    pieces = _pieces(model._input.tokenizer, encoded[:, 0])
    symbols = [] if model.level == "bpe" else _symbols(data, model.level)
    # As the user wrote them, unknown ones too.
    labels = tuple(symbols if len(symbols) == len(pieces) else pieces)
    kind = "words" if model.level == "word" else "text"
    x, blank = network.embedding(encoded), _mean_row(network.embedding)
    axes = Axes(_STEPS[model.level], answer=_LOG)
    return Reading(
        network.recurrent, x, labels, kind, ask, blank, "a text", None, None, len(x) - 1, axes=axes
    )


def _tagged(model: SequenceTagger, sentence: Any) -> Reading:
    model._check_fitted()
    [sentence] = check_sentences("the input", [sentence])
    batch = TaggedExamples(model.vocabulary_, [sentence]).batch(np.zeros(1, np.intp))
    network = model.network_
    x = network.inputs(batch).rows()
    tags = network.tags(batch)[:, 0]  # with a field not always those that score highest by themselves

    def ask(step: int) -> Question:
        at = checked_step(step, len(x))
        target = int(tags[at])
        tag = model.tags_[target]
        return StepClass(network.head, at, target, f"log p of tag {tag} for word {at}, {sentence[at]!r}")

    blank = x.mean(axis=(0, 1))
    axes = Axes("word", answer=_LOG)
    return Reading(network.recurrent, x, tuple(sentence), "words", ask, blank, "a sentence", axes=axes)


def _translated(model: Translator, data: Any) -> Reading:
    """The encoder's reading of a source, and where the decoder looks as it writes the target."""
    model._check_fitted()
    source, target = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    if target is None:
        [target] = model.translate([source])
        if not target:
            raise DataError(
                f"the translator writes nothing for {source!r:.60}; give what it should become as well, as "
                "(source, target), or on the command line behind a tab."
            )
    written, network = model.align(source, target), model.network_
    batch = model.examples([(source, target)]).batch(np.zeros(1, np.intp))
    tokens = batch.source.tokens
    _, state = network.encode(batch.source)
    said = f"log p of {target!r}, so far as the decoder reads the source by attention"

    def ask(step: int) -> Question:
        at = checked_step(step, len(tokens))
        if at != len(tokens) - 1:
            raise ArgumentError(
                f"magnify: step={step}; a translator is asked once, after the last step; expected -1."
            )
        return WrittenText(network, batch, state, at, said)

    return Reading(
        network.encoder,
        network.source_embedding(tokens),
        tuple(map(bare, written.source_symbols)),
        "words" if model.level == "word" else "text",
        ask,
        _mean_row(network.source_embedding),
        "a text",
        first_question=len(tokens) - 1,
        alignment=Alignment(tuple(map(bare, written.target_symbols)), written.attention),
        axes=Axes(_STEPS[model.level], answer=_LOG),
    )


def one_series(model: Forecaster, data: Any) -> tuple[Table, Series]:
    """The one series of a frame, or of a forecaster's training where there is no data: its last context.

    Raises:
        ArgumentError: there are several.
        DataError: the frame is unfit.
        NotFittedError: the model is not fitted.
    """
    model._check_fitted()
    table, series = model._read(data)
    if len(series) != 1:
        keys = ", ".join(repr(each.key) for each in series[:5])
        raise ArgumentError(
            f"magnify: the data has {len(series)} series, {keys}{', ...' if len(series) > 5 else ''}; "
            "expected one: give the rows of one of them."
        )
    return table, series[0]


def dates(times: Times) -> npt.NDArray[np.datetime64] | None:
    """The same where they are dates; None where time is only counted."""
    return times if times.dtype.kind == "M" else None


def _forecast(model: Forecaster, data: Any) -> Reading:
    table, one = one_series(model, data)
    setup, network = model.setup_, model.network_
    shape = setup.shape
    windows = setup.windows([one], np.array([[0, len(one)]]), target=model.target, room=shape.horizon)
    batch = windows.batch(np.zeros(1, np.intp))
    patches, past = len(batch.features), shape.context // shape.patch
    first = shape.patch * np.arange(patches) - shape.context
    if setup.clock is None:
        times = table.clock(model.time, setup.frequency.times(one.start, len(one) + first))
    else:  # the patches are those of its days
        times = setup.clock.times(one.start, setup.clock.slots(one.start, np.array([len(one)])) + first)
    labels = tuple(map(str, written(times)))
    values = np.full((patches, 1), np.nan)
    values[:past, 0] = batch.context[0].reshape(past, shape.patch).mean(axis=1) * batch.scale + batch.centre

    def ask(step: int) -> Question:
        at = checked_step(step, patches)
        if at < past:
            raise ArgumentError(
                f"magnify: step={step} is part of the past; expected a step of the horizon, {past} to "
                f"{patches - 1}, or a negative one."
            )
        count = min(shape.patch, shape.horizon - (at - past) * shape.patch)
        return PatchForecast(network, at, count, f"the scaled forecast of {count} steps from {labels[at]} on")

    blank = np.zeros(batch.features.shape[-1], batch.features.dtype)
    title = f"the series {one.key!r}"
    several = f", {shape.patch} steps each" if shape.patch > 1 else ""
    mean = f", mean of {shape.patch} steps" if shape.patch > 1 else ""
    axes = Axes(f"{model.time}{several}", f"{model.target}{mean}", f"forecast of {model.target}, scaled")
    known = dates(times)
    return Reading(
        network.recurrent, batch.features, labels, "series", ask, blank, title, values, known, past, axes=axes
    )


def _numbers(layer: Recurrent, data: Any) -> Reading:
    x = np.asarray(data)
    if x.ndim != 2 or not len(x) or x.shape[1] != layer.input_size or not np.isfinite(x).all():
        raise ArgumentError(
            f"magnify: the input has shape {x.shape}; expected (T, {layer.input_size}) finite numbers with "
            "at least one step, one sequence."
        )
    return Reading(
        layer,
        np.ascontiguousarray(x[:, None], layer.dtype),
        tuple(map(str, range(len(x)))),
        "series",
        partial(_sum_at, len(x)),
        np.zeros(layer.input_size, layer.dtype),
        f"{len(x)} steps of {layer.input_size} numbers",
        x.astype(np.float64),
    )


def _sum_at(steps: int, step: int) -> Question:
    return OutputSum(checked_step(step, steps))


def checked_step(step: int, steps: int) -> int:
    """A step counted from the beginning.

    Raises:
        ArgumentError: there is no such step.
    """
    if type(step) not in (int, np.intp) or not -steps <= step < steps:
        raise ArgumentError(f"magnify: step={step!r}; expected a whole number from {-steps} to {steps - 1}.")
    return int(step) % steps


def _mean_row(embedding: Embedding) -> Array:
    """The mean of an embedding's rows: as little of any one symbol as can be."""
    row: Array = embedding.parameters["weight"].mean(axis=0)
    return row
