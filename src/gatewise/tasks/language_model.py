"""Learn a text, write more of it."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gatewise.data import (
    TOKENIZERS,
    StreamWindows,
    TextLike,
    TextSource,
    Tokenizer,
    decode_stream,
    token_digest,
    tokenize,
)
from gatewise.data.text import is_utf8
from gatewise.errors import ArgumentError, DataError
from gatewise.tasks._language_network import CELLS, LanguageNetwork
from gatewise.tasks._sampling import Sampler
from gatewise.tasks.estimator import Estimator, check_choice, check_number, check_size, enough_memory
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["LanguageModel"]

_EVALUATION_WINDOW = 256
_TOKENS_AT_ONCE = 64
_PROMPT_AT_ONCE = 32
"""Longer prompts go through the network as a sequence, shorter ones step by step."""


class LanguageModel(Estimator):
    """A recurrent language model: it learns from a text what comes next, and writes more of it.

    Tokens go through an embedding, a stack of LSTM layers and a linear layer to the logits of the next
    token; training is truncated back-propagation through time with the state carried (Zaremba et al. 2014),
    by Adam with decoupled weight decay.

    Args:
        level: "char", one token a character; "word", words between white space; "bpe", subwords
            (needs the extra ``bpe``).
        hidden_size: H, units of each layer.
        num_layers: L.
        embedding_size: E.
        cell: "lstm", or "rnn" for the plain network that the LSTM improves on.
        vocab_size: most symbols to keep, the most frequent first; None keeps all (2048 for "bpe").
        dropout: rate on embeddings, between layers and before the logits.
        window: T, steps back through which gradients flow.
        batch_size: B, places of the text read side by side.
        reset_rate: probability that a place begins a window with a state of zeros instead of the one
            carried, so that the model also learns how to begin.
        epochs: passes over the text.
        learning_rate: Adam's η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine" or "exponential".
        weight_decay: decoupled, as in AdamW.
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        validation_fraction: the last part of the text, kept from training to measure on; 0 for none.
        patience: validations without improvement after which training stops; None never stops early.
        seed: of the first weights and of dropout.
        time_limit: seconds after which training ends with the best weights so far; None for no limit.
        progress: tell the progress on standard error.

    Attributes:
        tokenizer_: text to tokens and back.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a token).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".

    Example:
        >>> import gatewise as gw
        >>> text = "to be or not to be, that is the question. " * 40
        >>> lm = gw.LanguageModel(hidden_size=32, num_layers=1, window=20, batch_size=4, progress=False)
        >>> lm.set_params(epochs=20).fit(text).generate("that is", max_tokens=14, temperature=0)
        'that is the question.'
    """

    task: ClassVar[str] = "language_model"

    network_: LanguageNetwork
    tokenizer_: Tokenizer

    def __init__(
        self,
        level: str = "char",
        hidden_size: int = 256,
        num_layers: int = 2,
        *,
        embedding_size: int = 64,
        cell: str = "lstm",
        vocab_size: int | None = None,
        dropout: float = 0.2,
        window: int = 64,
        batch_size: int = 32,
        reset_rate: float = 0.05,
        epochs: int = 10,
        learning_rate: float = 5e-3,
        schedule: str = "cosine",
        weight_decay: float = 0.01,
        clip_norm: float | None = 1.0,
        validation_fraction: float = 0.1,
        patience: int | None = None,
        seed: int = 0,
        time_limit: float | None = None,
        progress: bool = True,
    ) -> None:
        self.level = level
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding_size = embedding_size
        self.cell = cell
        self.vocab_size = vocab_size
        self.dropout = dropout
        self.window = window
        self.batch_size = batch_size
        self.reset_rate = reset_rate
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.seed = seed
        self.time_limit = time_limit
        self.progress = progress

    def fit(
        self,
        text: TextLike,
        *,
        validation: TextLike | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn a text.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            text: a path, a text or a list of texts (lines). A ``str`` that names an existing file is a path.
            validation: another text to measure on, instead of the last ``validation_fraction`` of this one.
                Its symbols are not learnt; those of the last part are.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's.
            DataError: the text is empty, no text, or shorter than one window.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        source = TextSource(text)
        tokenizer = TOKENIZERS[self.level].learn(source.chunks(), self.vocab_size)
        tokens = tokenize(source, tokenizer).tokens
        if validation is None:
            held_out = round(len(tokens) * self.validation_fraction)
            tokens, measured = tokens[: len(tokens) - held_out], tokens[len(tokens) - held_out :]
            measured_name = f"the validation part of {source.name}"
        else:
            measured_source = TextSource(validation)
            measured, measured_name = tokenize(measured_source, tokenizer).tokens, measured_source.name
        windows = _windows(tokens, self.batch_size, self.window, source.name)
        validation_windows = (
            _windows(measured, self.batch_size, self.window, measured_name)
            if validation is not None or len(measured)
            else None
        )
        network = self._new_network(tokenizer.vocabulary_size)
        self._train(
            training.TruncatedBPTT(network, windows, validation_windows, reset_rate=self.reset_rate),
            {"tokenizer_": tokenizer, "network_": network},
            token_digest(tokens, measured),
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
        )
        return self

    def evaluate(self, text: TextLike, *, batch_size: int = 1) -> dict[str, float]:
        """Measure on a text, each token predicted from all before it.

        Args:
            text: as in ``fit``.
            batch_size: places of the text read side by side. 1 is exact; more is faster, and each
                place begins without knowing what came before it.

        Returns:
            ``loss`` (nats a token), ``perplexity``, ``bits_per_char``, ``tokens`` (predicted) and
            ``unknown`` (tokens outside the vocabulary).

        Raises:
            NotFittedError: the model is not fitted.
            DataError: the text is empty or has but one token.
        """
        from gatewise.training import stream_loss

        self._check_fitted()
        check_number("batch_size", batch_size, low=1, whole=True)
        source = TextSource(text)
        tokens, characters, unknown = tokenize(source, self.tokenizer_)
        if len(tokens) < 2:
            raise DataError(f"{source.name} has {len(tokens)} tokens; at least 2 are needed to predict one.")
        window = min(_EVALUATION_WINDOW, len(tokens) - 1)
        windows = StreamWindows(tokens, batch_size, window)
        loss = stream_loss(self.network_, windows)
        return {
            "loss": loss,
            "perplexity": float(np.exp(loss)),
            "bits_per_char": float(loss / np.log(2) * len(tokens) / characters),
            "tokens": windows.predictions,
            "unknown": unknown,
        }

    def score(self, text: TextLike) -> float:
        """Minus the loss, so that more is better."""
        return -self.evaluate(text)["loss"]

    def generate(
        self,
        prompt: str = "",
        *,
        max_tokens: int = 400,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> str:
        """Write on from a prompt: each token drawn is fed back as the next input.

        Args:
            prompt: how the text begins; where empty, the model begins after a symbol drawn at random.
            max_tokens: tokens to write.
            temperature: below 1 bolder, above 1 more even; 0 always takes the likeliest token.
            top_k: draw from the k likeliest tokens only.
            top_p: draw from the likeliest tokens only, as many as make up the probability p.
            seed: of the draws; the same seed gives the same text.

        Returns:
            The prompt and what follows it.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: a value outside its range.
        """
        pieces = self.generate_stream(
            prompt, max_tokens=max_tokens, temperature=temperature, top_k=top_k, top_p=top_p, seed=seed
        )
        return prompt + "".join(pieces)

    def generate_stream(
        self,
        prompt: str = "",
        *,
        max_tokens: int = 400,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """As ``generate``, but piece by piece as it is written, without the prompt."""
        self._check_fitted()
        check_number("max_tokens", max_tokens, low=0, high=sys.maxsize, whole=True)
        check_number("seed", seed, low=0, whole=True)
        if not is_utf8(prompt):
            raise ArgumentError(f"prompt={prompt!r}; expected a str that UTF-8 can write.")
        rng = np.random.default_rng(seed)
        sampler = Sampler(temperature, top_k, top_p, rng)
        context = [int(token) for part in self.tokenizer_.encode([prompt]) for token in part]
        chunks = self._continue(context, sampler, rng, max_tokens)
        pieces = decode_stream(self.tokenizer_, chunks, context)
        if prompt[-1:].isspace() and self.level == "word":
            # The tokenizer puts a space between words; here the prompt has brought it.
            first = next(pieces, "")
            pieces = itertools.chain([first.removeprefix(" ")], pieces)
        return pieces

    def _continue(
        self, context: list[int], sampler: Sampler, rng: np.random.Generator, count: int
    ) -> Iterator[list[int]]:
        """``count`` tokens, a few at a time, and soon more."""
        unknown = self.tokenizer_.unknown
        inputs = context or [
            int(rng.integers(unknown is not None, self.network_.head.parameters["bias"].size))
        ]
        if count == 0:
            return
        stream = self.network_.stream()
        if len(inputs) > _PROMPT_AT_ONCE:
            _, stream.state = self.network_.logits(np.array(inputs[:-1])[:, None])
            inputs = inputs[-1:]
        for token in inputs:
            logits = stream.step(np.array([token]))
        tokens = [sampler.choose(logits[0], unknown)]
        yield tokens
        left = count - 1
        while left:
            tokens = sampler.follow(stream, tokens[-1], min(left, 2 * len(tokens), _TOKENS_AT_ONCE), unknown)
            left -= len(tokens)
            yield tokens

    def _new_network(self, vocabulary_size: int) -> LanguageNetwork:
        with enough_memory(self, "hidden_size", "num_layers", "embedding_size"):
            return LanguageNetwork(
                vocabulary_size,
                self.embedding_size,
                self.hidden_size,
                self.num_layers,
                cell=self.cell,
                dropout=self.dropout,
                seed=self.seed,
            )

    def _vocabulary(self) -> Any:
        return self.tokenizer_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        tokenizer = TOKENIZERS[self.level].from_json(vocabulary)
        size, embedding, hidden = tokenizer.vocabulary_size, self.embedding_size, self.hidden_size
        needed = size * (embedding + hidden) + hidden * (embedding + self.num_layers * hidden)
        sizes = (
            f"hidden_size={hidden}, num_layers={self.num_layers}, embedding_size={embedding}, {size} symbols"
        )
        check_size(needed, self.num_layers, weights, sizes)
        self.tokenizer_ = tokenizer
        self.network_ = self._new_network(size)

    def _check_hyperparameters(self) -> None:
        check_choice("level", self.level, TOKENIZERS)
        check_choice("cell", self.cell, CELLS)
        for name in ("hidden_size", "num_layers", "embedding_size", "window"):
            check_number(name, getattr(self, name), low=1, whole=True)
        check_number("vocab_size", self.vocab_size, low=2, whole=True, optional=True)
        check_number("dropout", self.dropout, low=0, high=1, open_high=True)
        check_number("reset_rate", self.reset_rate, low=0, high=1)
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, open_high=True)
        self._check_training()


def _windows(tokens: IntArray, batch_size: int, window: int, name: str) -> StreamWindows:
    try:
        return StreamWindows(tokens, batch_size, window)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
