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
from gatewise.nn import Network
from gatewise.optim.schedules import Schedule, staircase
from gatewise.tasks._language_network import CELLS, LanguageNetwork
from gatewise.tasks._language_presets import PRESETS
from gatewise.tasks._sampling import Sampler
from gatewise.tasks.estimator import (
    Estimator,
    check_choice,
    check_flag,
    check_number,
    check_size,
    enough_memory,
)
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.optim import Optimizer
    from gatewise.training import Listener

__all__ = ["LanguageModel"]

_STAIRCASE = "staircase"
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
        tie_weights: let the embedding's table also make the logits (Press & Wolf 2017); embedding_size must
            be hidden_size.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); each layer's own where None.
        vocab_size: most symbols to keep, the most frequent first; None keeps all (2048 for "bpe").
        dropout: rate on embeddings, between layers and before the logits.
        input_dropout: rate on embeddings alone; ``dropout`` where None.
        output_dropout: rate before the logits alone; ``dropout`` where None.
        embedding_dropout: rate at which whole symbols are left out of a window (Gal & Ghahramani 2016; 0.1 in
            Merity et al. 2018).
        weight_dropout: rate on the weights from one step to the next (Wan et al. 2013; 0.5 in Merity et al.).
        locked_dropout: one mask for all steps of a window instead of one for each (Gal & Ghahramani 2016).
        activation_reg: α, of a penalty on large outputs of the top layer (Merity et al. 2017; there 2).
        temporal_reg: β, of a penalty on their changes from step to step (the same; there 1).
        window: T, steps back through which gradients flow.
        batch_size: B, places of the text read side by side.
        reset_rate: probability that a place begins a window with a state of zeros instead of the one
            carried, so that the model also learns how to begin.
        epochs: passes over the text.
        optimizer: "adam", or "sgd" for plain gradient descent, which wants a learning rate near 1.
        learning_rate: η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine", "exponential", or
            "staircase", by decay_factor in each pass after the first decay_start.
        decay_factor: of the staircase.
        decay_start: of the staircase, passes at the full learning rate.
        weight_decay: decoupled, as in AdamW; with "sgd" it adds to the gradient.
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
    _schedules: ClassVar[tuple[str, ...]] = (*Estimator._schedules, _STAIRCASE)

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
        tie_weights: bool = False,
        init_scale: float | None = None,
        vocab_size: int | None = None,
        dropout: float = 0.2,
        input_dropout: float | None = None,
        output_dropout: float | None = None,
        embedding_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        activation_reg: float = 0.0,
        temporal_reg: float = 0.0,
        window: int = 64,
        batch_size: int = 32,
        reset_rate: float = 0.05,
        epochs: int = 10,
        optimizer: str = "adam",
        learning_rate: float = 5e-3,
        schedule: str = "cosine",
        decay_factor: float = 0.5,
        decay_start: int = 4,
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
        self.tie_weights = tie_weights
        self.init_scale = init_scale
        self.vocab_size = vocab_size
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.output_dropout = output_dropout
        self.embedding_dropout = embedding_dropout
        self.weight_dropout = weight_dropout
        self.locked_dropout = locked_dropout
        self.activation_reg = activation_reg
        self.temporal_reg = temporal_reg
        self.window = window
        self.batch_size = batch_size
        self.reset_rate = reset_rate
        self.epochs = epochs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.decay_factor = decay_factor
        self.decay_start = decay_start
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.seed = seed
        self.time_limit = time_limit
        self.progress = progress

    @classmethod
    def from_preset(cls, preset: str, **changes: Any) -> Self:
        """A model with the hyperparameters of a paper, and changes to them.

        Args:
            preset: "zaremba-small" (2 x 200, 13 passes) or "zaremba-medium" (2 x 650, 39 passes), of Zaremba
                et al. 2014 for the Penn Treebank by words.
            changes: hyperparameters by name.

        Raises:
            ArgumentError: there is no such preset or hyperparameter.

        Example:
            >>> import gatewise as gw
            >>> gw.LanguageModel.from_preset("zaremba-small", epochs=2).window
            20
        """
        check_choice("preset", preset, PRESETS)
        return cls().set_params(**{**PRESETS[preset], **changes})

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
                input_dropout=self.dropout if self.input_dropout is None else self.input_dropout,
                output_dropout=self.dropout if self.output_dropout is None else self.output_dropout,
                embedding_dropout=self.embedding_dropout,
                weight_dropout=self.weight_dropout,
                locked_dropout=self.locked_dropout,
                activation_reg=self.activation_reg,
                temporal_reg=self.temporal_reg,
                tie_weights=self.tie_weights,
                init_scale=self.init_scale,
                seed=self.seed,
            )

    def _new_optimizer(self, network: Network) -> Optimizer:
        from gatewise import optim

        kind = optim.AdamW if self.optimizer == "adam" else optim.SGD
        return kind(network, self.learning_rate, weight_decay=self.weight_decay)

    def _learning_rates(self) -> Schedule:
        if self.schedule != _STAIRCASE:
            return super()._learning_rates()
        return staircase(self.decay_factor, self.decay_start / self.epochs, 1 / self.epochs)

    def _vocabulary(self) -> Any:
        return self.tokenizer_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        tokenizer = TOKENIZERS[self.level].from_json(vocabulary)
        size, embedding, hidden = tokenizer.vocabulary_size, self.embedding_size, self.hidden_size
        tables = embedding if self.tie_weights else embedding + hidden
        needed = size * tables + hidden * (embedding + self.num_layers * hidden)
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
        for name in ("tie_weights", "locked_dropout"):
            check_flag(name, getattr(self, name))
        if self.tie_weights and self.embedding_size != self.hidden_size:
            raise ArgumentError(
                f"tie_weights=True with embedding_size={self.embedding_size} and hidden_size="
                f"{self.hidden_size}; expected the same size of both, for one table serves both ends."
            )
        check_number("init_scale", self.init_scale, low=0, open_low=True, optional=True)
        check_choice("optimizer", self.optimizer, ("adam", "sgd"))
        check_number("decay_factor", self.decay_factor, low=0, high=1, open_low=True)
        check_number("decay_start", self.decay_start, low=0, whole=True)
        check_number("vocab_size", self.vocab_size, low=2, whole=True, optional=True)
        for name in ("dropout", "embedding_dropout", "weight_dropout"):
            check_number(name, getattr(self, name), low=0, high=1, open_high=True)
        for name in ("input_dropout", "output_dropout"):
            check_number(name, getattr(self, name), low=0, high=1, open_high=True, optional=True)
        for name in ("activation_reg", "temporal_reg"):
            check_number(name, getattr(self, name), low=0)
        check_number("reset_rate", self.reset_rate, low=0, high=1)
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, open_high=True)
        self._check_training()


def _windows(tokens: IntArray, batch_size: int, window: int, name: str) -> StreamWindows:
    try:
        return StreamWindows(tokens, batch_size, window)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
