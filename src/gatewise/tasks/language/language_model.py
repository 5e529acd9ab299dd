"""Learn a text, write more of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gatewise.data import TOKENIZERS, TextLike, Tokenizer
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_number
from gatewise.tasks.language.checks import check_language_model
from gatewise.tasks.language.dynamic_evaluation import DynamicEvaluation
from gatewise.tasks.language.evaluation import measure
from gatewise.tasks.language.generation import write_on
from gatewise.tasks.language.hyperparameters import LanguageHyperparameters
from gatewise.tasks.language.judge import judge
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.tasks.language.neural_cache import NeuralCache
from gatewise.tasks.language.presets import PRESETS
from gatewise.tasks.language.sampling import Sampler
from gatewise.tasks.language.setup import check_weights, new_network, training_data
from gatewise.tasks.warm_start import new_symbols
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["LanguageModel"]


class LanguageModel(LanguageHyperparameters):
    """A recurrent language model: it learns from a text what comes next, and writes more of it.

    Tokens go through an embedding, a stack of LSTM layers and a linear layer to the logits of the next
    token; training is truncated back-propagation through time with the state carried (Zaremba et al. 2014),
    by Adam with decoupled weight decay.

    Args:
        level: "char", one token a character; "word", words between white space; "bpe", subwords
            (needs the extra ``bpe``).
        hidden_size: H, units of each layer; one number for all, or one for each from the bottom up.
        num_layers: L.
        embedding_size: E.
        cell: "lstm", or "rnn" for the plain network that the LSTM improves on.
        tie_weights: let the embedding's table also make the logits (Press & Wolf 2017); embedding_size must
            be that of the top layer.
        adaptive_cutoffs: tokens at which the clusters of an adaptive softmax begin, for large vocabularies
            (Grave et al. 2017); None for a linear layer. The most frequent tokens must come first: words do,
            and subwords by and large, in the order in which they were merged.
        adaptive_div_value: by what each of these clusters is narrower than the one before it, at least 1.
        init_scale: weights are drawn uniformly from [-init_scale, init_scale); each layer's own where None.
        vocab_size: most symbols to keep, the most frequent first; None keeps all (2048 for "bpe").
        dropout: rate on embeddings, between layers and before the logits.
        input_dropout: rate on embeddings alone; ``dropout`` where None.
        output_dropout: rate before the logits alone; ``dropout`` where None.
        embedding_dropout: rate at which whole symbols are left out of a window (Gal & Ghahramani 2016; 0.1 in
            Merity et al. 2018).
        weight_dropout: rate on the weights from one step to the next (Wan et al. 2013; 0.5 in Merity et al.).
        locked_dropout: one mask for all steps of a window instead of one for each (Gal & Ghahramani 2016).
        layer_norm: normalise what each layer puts out, on its way up (after Ba et al. 2016, who do it inside
            the cell).
        mogrifier_rounds: times that a layer's input and its state gate each other before each step, as only
            an LSTM does (Melis et al. 2020; there 5); 0 for never.
        mogrifier_rank: of the matrices that do it (there 40 to 90); None for full ones.
        zoneout_hidden: rate at which a unit's output stays for a step what it was (Krueger et al. 2017; there
            0.05).
        zoneout_cell: the same for its cell, which only an LSTM has (there 0.5).
        activation_reg: α, of a penalty on large outputs of the top layer (Merity et al. 2017; there 2).
        temporal_reg: β, of a penalty on their changes from step to step (the same; there 1).
        window: T, steps back through which gradients flow.
        variable_window: draw the length of each window anew in each pass, around T and now and then T / 2,
            and the learning rate in proportion to it (Merity et al. 2018, section 5). The lengths of a pass
            are stretched to fill it with as many windows as there are without.
        batch_size: B, places of the text read side by side.
        reset_rate: probability that a place begins a window with a state of zeros instead of the one
            carried, so that the model also learns how to begin.
        epochs: passes over the text.
        optimizer: "adam"; "sgd" for plain gradient descent; or "nt-asgd" for the same that averages its
            weights when validation gets no better (Merity et al. 2018).
        nonmonotone: validations that "nt-asgd" gives them to get better again.
        learning_rate: η at its highest; where None 5e-3 for "adam", 1 for "sgd", 30 for "nt-asgd".
        schedule: how the learning rate goes down: "constant", "linear", "cosine", "exponential", or
            "staircase", by decay_factor in each pass after the first decay_start; where None "cosine" for
            "adam", else "constant".
        decay_factor: of the staircase.
        decay_start: of the staircase, passes at the full learning rate.
        weight_decay: decoupled, as in AdamW; without Adam it adds to the gradient. Where None 0.01 for
            "adam", 0 for "sgd", 1.2e-6 for "nt-asgd".
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        validation_fraction: the last part of the text, kept from training to measure on; 0 for none.
        patience: validations without improvement after which training stops; None never stops early.
        seed: of the first weights and of dropout.
        time_limit: seconds after which training ends with the best weights so far; None for no limit.
        progress: tell the progress and the verdict on standard error.

    Attributes:
        tokenizer_: text to tokens and back.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a token).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".
        verdict_: the model beside n-grams on what was held out; None where nothing was.
        notes_: what was noticed in the data, in words.

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
        hidden_size: int | tuple[int, ...] = 256,
        num_layers: int = 2,
        *,
        embedding_size: int = 64,
        cell: str = "lstm",
        tie_weights: bool = False,
        adaptive_cutoffs: tuple[int, ...] | None = None,
        adaptive_div_value: float = 4.0,
        init_scale: float | None = None,
        vocab_size: int | None = None,
        dropout: float = 0.2,
        input_dropout: float | None = None,
        output_dropout: float | None = None,
        embedding_dropout: float = 0.0,
        weight_dropout: float = 0.0,
        locked_dropout: bool = False,
        layer_norm: bool = False,
        mogrifier_rounds: int = 0,
        mogrifier_rank: int | None = None,
        zoneout_hidden: float = 0.0,
        zoneout_cell: float = 0.0,
        activation_reg: float = 0.0,
        temporal_reg: float = 0.0,
        window: int = 64,
        variable_window: bool = False,
        batch_size: int = 32,
        reset_rate: float = 0.05,
        epochs: int = 10,
        optimizer: str = "adam",
        nonmonotone: int = 5,
        learning_rate: float | None = None,
        schedule: str | None = None,
        decay_factor: float = 0.5,
        decay_start: int = 4,
        weight_decay: float | None = None,
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
        self.adaptive_cutoffs = adaptive_cutoffs
        self.adaptive_div_value = adaptive_div_value
        self.init_scale = init_scale
        self.vocab_size = vocab_size
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.output_dropout = output_dropout
        self.embedding_dropout = embedding_dropout
        self.weight_dropout = weight_dropout
        self.locked_dropout = locked_dropout
        self.layer_norm = layer_norm
        self.mogrifier_rounds = mogrifier_rounds
        self.mogrifier_rank = mogrifier_rank
        self.zoneout_hidden = zoneout_hidden
        self.zoneout_cell = zoneout_cell
        self.activation_reg = activation_reg
        self.temporal_reg = temporal_reg
        self.window = window
        self.variable_window = variable_window
        self.batch_size = batch_size
        self.reset_rate = reset_rate
        self.epochs = epochs
        self.optimizer = optimizer
        self.nonmonotone = nonmonotone
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
            preset: "small" (2 x 256, tied, 20 passes by Adam), "zaremba-small" (2 x 200, 13 passes) or
                "zaremba-medium" (2 x 650, 39 passes) of Zaremba et al. 2014, or "awd" (1150 + 1150 + 400, 500
                passes) of Merity et al. 2018; all of them by words, as of the Penn Treebank.
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
        init: str | Path | LanguageModel | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn a text.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            text: a path, a text or a list of lines, with their ends or without. A ``str`` that names an
                existing file is a path.
            validation: another text to measure on, instead of the last ``validation_fraction`` of this one.
                Its symbols are not learnt; those of the last part are.
            init: model whose weights to begin with, fitted or as a file. It must have the same level, sizes
                and cell. Symbols that it did not know are added to its own, and begin with drawn weights.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's or from ``init``'s.
            ModelFileError: ``init`` or the checkpoint is no intact file of a model.
            DataError: the text is empty, no text, or shorter than one window.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        start = self._warm_start(init)
        data = training_data(self, text, validation, None if start is None else start.model.tokenizer_)
        network = new_network(self, data.tokenizer.vocabulary_size)
        learner = training.TruncatedBPTT(
            network,
            data.windows,
            data.validation_windows,
            reset_rate=self.reset_rate,
            window_seed=self.seed if self.variable_window else None,
        )
        self._train(
            learner,
            {"tokenizer_": data.tokenizer, "network_": network},
            data.digest,
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
            notes=new_symbols("words" if self.level == "word" else "characters", data.new),
            start=start,
            symbols=data.tokenizer.to_json(),
            judge=lambda: judge(self.history_, data.tokens, data.measured, data.tokenizer.vocabulary_size),
        )
        return self

    def evaluate(
        self,
        text: TextLike,
        *,
        batch_size: int = 1,
        dynamic: DynamicEvaluation | None = None,
        cache: NeuralCache | None = None,
    ) -> dict[str, Any]:
        """Measure on a text, each token predicted from all before it.

        Args:
            text: as in ``fit``.
            batch_size: places of the text read side by side. 1 is exact; more is faster, and each
                place begins without knowing what came before it.
            dynamic: how a copy of the model goes on learning from what it has predicted, to which all places
                add (Krause et al. 2018); None for weights that stay as they are.
            cache: what is remembered of a place's recent past, and how much it counts (Grave et al. 2017);
                None for no such memory.

        Returns:
            ``loss`` (nats a token), ``perplexity``, ``bits_per_char``, ``tokens`` and ``count`` (those
            predicted), and ``unknown`` (tokens outside the vocabulary). Bits a character are ``loss`` in
            bits, times the text's tokens, over its characters, among them what separates words: one space, or
            the end of a line. They are None where a token is unknown: a text with few known words is easily
            predicted, but what stood there is not.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: an argument is of another kind, or outside its range.
            DataError: a text is empty or has but one token.
        """
        self._check_fitted()
        check_number("batch_size", batch_size, low=1, whole=True)
        return measure(self.network_, self.tokenizer_, text, batch_size, dynamic, cache)

    def score(self, text: TextLike) -> float:
        """Minus the loss, so that more is better."""
        return -float(self.evaluate(text)["loss"])

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
        rng = stream(seed, Purpose.TEXT)
        sampler = Sampler(temperature, top_k, top_p, rng)
        return write_on(self.network_, self.tokenizer_, prompt, max_tokens, sampler, rng)

    def _check_hyperparameters(self) -> None:
        check_language_model(self)
        self._check_training()

    def _vocabulary(self) -> Any:
        return self.tokenizer_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        tokenizer = TOKENIZERS[self.level].from_json(vocabulary)
        check_weights(self, tokenizer.vocabulary_size, weights)
        self.tokenizer_ = tokenizer
        self.network_ = new_network(self, tokenizer.vocabulary_size)
