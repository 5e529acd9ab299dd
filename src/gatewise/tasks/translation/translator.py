"""Turn one text into another: translate, shorten, sort."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from gatewise.data import Pairs, token_digest
from gatewise.data.lines import without_end
from gatewise.data.pairs import as_pairs, check_text
from gatewise.tasks.checks import check_flag, check_number
from gatewise.tasks.translation.bleu import Metrics
from gatewise.tasks.translation.evaluation import measure, token_loss
from gatewise.tasks.translation.examples import PairExamples
from gatewise.tasks.translation.judge import judge
from gatewise.tasks.translation.search import (
    Translation,
    aligned,
    checked_beam,
    checked_texts,
    translate_all,
    translate_stream,
)
from gatewise.tasks.translation.setup import TranslationHyperparameters, rising_own_inputs, training_data

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["Translator"]

_TEXTS_AT_ONCE = 64


class Translator(TranslationHyperparameters):
    """A network that turns one text into another: it reads the first whole, then writes the second.

    An LSTM stack reads the source from both ends; another writes the target, token by token, and looks back
    at each step at what was read (Bahdanau et al. 2015; Luong et al. 2015). Trained with the true target
    as the decoder's input, by Adam with decoupled weight decay.

    Args:
        level: "word", words and punctuation marks; "bpe", subwords (needs the extra ``bpe``); "char".
        hidden_size: H, units of each of the decoder's layers; half as many in each direction of the
            encoder's, so it must be even.
        num_layers: L, of encoder and decoder.
        embedding_size: E.
        cell: "lstm", or "rnn" for the plain network that the LSTM improves on.
        attention: how a step of the decoder is scored against one of the encoder: "dot" or "general"
            (Luong et al. 2015), or "additive" (Bahdanau et al. 2015).
        input_feeding: let each step read what came of attention at the step before (Luong et al. 2015, 3.3).
        shared_vocabulary: one vocabulary and one table of embeddings for both sides.
        tie_weights: let the targets' embedding also make the logits; embedding_size must be hidden_size.
        vocab_size: most symbols of a side, the most frequent first; None keeps all (2048 for "bpe").
        min_count: words seen less often are unknown, and copied from the source where one is to be written.
        max_length: most tokens of a text to learn from; a longer one is refused.
        leave_out_long: leave the pairs out that have a longer one, and say in ``notes_`` how many.
        dropout: rate on embeddings, between layers and before the logits.
        label_smoothing: ε, share of each target that is spread over all symbols (Szegedy et al. 2016).
        scheduled_sampling: share of its inputs that the decoder has written itself at the end of training,
            rising evenly from 0 (Bengio et al. 2015).
        epochs: passes over the pairs.
        batch_size: B, pairs side by side, of like length.
        learning_rate: Adam's η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine" or "exponential".
        weight_decay: decoupled, as in AdamW.
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        validation_fraction: share of the pairs, drawn at random, kept from training to measure on; 0 for
            none.
        patience: validations without improvement after which training stops; None never stops early.
        seed: of the first weights, the pairs kept to measure on, their order, dropout and sampling.
        time_limit: seconds after which training ends with the best weights so far; None for no limit.
        progress: tell the progress and the verdict on standard error.

    Attributes:
        vocabulary_: symbols of both sides.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a token).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".
        verdict_: the model beside copies and counts on what was held out; None where nothing was.
        notes_: what was noticed in the data, in words.

    Example:
        >>> import gatewise as gw
        >>> pairs = [("two dogs run", "zwei Hunde laufen"), ("a dog runs", "ein Hund läuft")] * 20
        >>> mt = gw.Translator(hidden_size=32, embedding_size=16, epochs=25, batch_size=8, progress=False)
        >>> mt.fit(pairs).translate(["a dog runs"])
        ['ein Hund läuft']
    """

    task: ClassVar[str] = "translator"
    _not_of_run = (*TranslationHyperparameters._not_of_run, "leave_out_long")  # the data tell it

    def __init__(
        self,
        level: str = "word",
        hidden_size: int = 256,
        num_layers: int = 1,
        *,
        embedding_size: int = 256,
        cell: str = "lstm",
        attention: str = "general",
        input_feeding: bool = True,
        shared_vocabulary: bool = False,
        tie_weights: bool = False,
        vocab_size: int | None = None,
        min_count: int = 2,
        max_length: int = 100,
        leave_out_long: bool = False,
        dropout: float = 0.3,
        label_smoothing: float = 0.1,
        scheduled_sampling: float = 0.0,
        epochs: int = 20,
        batch_size: int = 64,
        learning_rate: float = 2e-3,
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
        self.attention = attention
        self.input_feeding = input_feeding
        self.shared_vocabulary = shared_vocabulary
        self.tie_weights = tie_weights
        self.vocab_size = vocab_size
        self.min_count = min_count
        self.max_length = max_length
        self.leave_out_long = leave_out_long
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.scheduled_sampling = scheduled_sampling
        self.epochs = epochs
        self.batch_size = batch_size
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
        pairs: Pairs | Sequence[tuple[str, str]],
        *,
        validation: Pairs | Sequence[tuple[str, str]] | None = None,
        init: str | Path | Translator | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn pairs of texts.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            pairs: list of (source, target), or what ``gatewise.data.read_pairs`` gives. Texts here and below
                may be lines that bring their ends.
            validation: others to measure on, instead of ``validation_fraction`` of these. Their symbols are
                not learnt.
            init: model whose weights to begin with, fitted or as a file, of the same level, sizes and cell.
                Symbols that it did not know are added to its own, and begin with drawn weights.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's or from ``init``'s;
                the pairs are no pairs of str, or one is empty.
            ModelFileError: ``init`` or the checkpoint is no intact file of a model.
            DataError: there is no pair to learn from, a text is longer than ``max_length`` (all are, with
                ``leave_out_long``), or no word is seen ``min_count`` times.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        start = self._warm_start(init)
        data = training_data(self, pairs, validation, start)
        examples, measured = data.examples, data.measured_examples
        network = self._new_network(data.vocabulary)
        if self.scheduled_sampling:
            listeners = [*listeners, rising_own_inputs(network, self.scheduled_sampling)]
        self._train(
            training.Minibatches(
                network,
                examples,
                measured if len(measured.lengths) else None,
                batch_size=self.batch_size,
                seed=self.seed,
            ),
            {"vocabulary_": data.vocabulary, "network_": network},
            token_digest(*examples.arrays(), *measured.arrays()),
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
            notes=data.notes,
            start=start,
            symbols=data.vocabulary.to_json(),
            places=self._places(start, network),
            judge=lambda: judge(self.translate, data.vocabulary.target, data.measured, data.learnt),
        )
        return self

    def translate(
        self,
        texts: Sequence[str],
        *,
        beam_size: int = 4,
        length_penalty: float = 1.0,
        coverage_penalty: float = 0.0,
        max_tokens: int | None = None,
        copy_unknown: bool = True,
        batch_size: int = _TEXTS_AT_ONCE,
    ) -> list[str]:
        """What texts are turned into, by beam search (Wu et al. 2016, section 7).

        Args:
            texts: to read.
            beam_size: K, hypotheses kept of each text; 1 always takes the likeliest token.
            length_penalty: α; 0 prefers short texts, 1 nearly the highest mean log-probability of a token.
            coverage_penalty: β; above 0, what leaves a part of its source unread counts less.
            max_tokens: most tokens to write for a text; twice its own and 20 more where omitted. A text that
                does not end within them is cut, if no other one does.
            copy_unknown: where a word outside the vocabulary is to be written, take the word of the source
                that is looked at most (Luong et al. 2015), of those outside it where there are such; False
                never writes one.
            batch_size: most texts at a time; the outcome does not depend on it but for rounding.

        Returns:
            As many texts.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: a value outside its range; texts are no list of str, or one is empty.
            DataError: a text has more than a thousand tokens.
        """
        found = self.translations(
            texts,
            beam_size=beam_size,
            length_penalty=length_penalty,
            coverage_penalty=coverage_penalty,
            max_tokens=max_tokens,
            copy_unknown=copy_unknown,
            batch_size=batch_size,
        )
        return [best.text for best, *_ in found]

    def translations(
        self,
        texts: Sequence[str],
        *,
        beam_size: int = 4,
        n_best: int = 1,
        length_penalty: float = 1.0,
        coverage_penalty: float = 0.0,
        max_tokens: int | None = None,
        copy_unknown: bool = True,
        batch_size: int = _TEXTS_AT_ONCE,
    ) -> list[list[Translation]]:
        """As ``translate``, with scores, attention and further hypotheses.

        Args:
            texts: as ``translate`` takes them, and so are the others.
            beam_size: the same.
            n_best: most hypotheses of each text, the best first; at most ``beam_size``.
            length_penalty: the same.
            coverage_penalty: the same.
            max_tokens: the same.
            copy_unknown: the same.
            batch_size: the same.

        Returns:
            For each text 1 to ``n_best`` translations; fewer where fewer hypotheses ended.

        Raises:
            NotFittedError, ArgumentError, DataError: as ``translate``.
        """
        self._check_fitted()
        texts = checked_texts(texts)
        beam = checked_beam(
            self.vocabulary_.target,
            beam_size=beam_size,
            n_best=n_best,
            length_penalty=length_penalty,
            coverage_penalty=coverage_penalty,
            copy_unknown=copy_unknown,
        )
        check_number("max_tokens", max_tokens, low=1, whole=True, optional=True)
        check_number("batch_size", batch_size, low=1, whole=True)
        found = translate_all(self.network_, self.vocabulary_, texts, beam, max_tokens, batch_size)
        return [translations[:n_best] for translations in found]

    def translate_stream(
        self, texts: Iterable[str], *, batch_size: int = _TEXTS_AT_ONCE, **options: Any
    ) -> Iterator[str]:
        """``translate`` for texts that come one after the other, and for more than fit in memory.

        Args:
            texts: to read.
            batch_size: texts to read before the first outcome comes.
            options: as ``translate`` takes them.

        Returns:
            The outcomes, in the order of the texts.

        Raises:
            NotFittedError, ArgumentError, DataError: as ``translate``, when it comes to the text.
        """
        self._check_fitted()
        check_number("batch_size", batch_size, low=1, whole=True)
        translate = partial(self.translate, batch_size=batch_size, **options)
        return translate_stream(translate, self.vocabulary_, texts, batch_size)

    def align(self, source: str, target: str) -> Translation:
        """How much each symbol of a given target looks at each of its source.

        Returns:
            The target with its attention; ``score`` is its mean log-probability a token.

        Raises:
            NotFittedError, ArgumentError, DataError: as ``examples``.
        """
        self._check_fitted()
        check_text("source", source)
        check_text("target", target)
        source, target = without_end(source), without_end(target)
        return aligned(self.network_, self.examples([(source, target)]), source, target)

    def examples(self, pairs: Pairs | Sequence[tuple[str, str]]) -> PairExamples:
        """Pairs in tokens of the model's vocabulary, of which ``batch`` makes batches for ``network_``.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: the pairs are no pairs of str, or one is empty.
            DataError: a text has more than a thousand tokens.
        """
        self._check_fitted()
        return PairExamples(self.vocabulary_, as_pairs("pairs", pairs))

    def evaluate(
        self,
        pairs: Pairs | Sequence[tuple[str, str]],
        *,
        bleu: bool = True,
        target_language: str | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Measure on pairs of texts.

        Args:
            pairs: as ``fit`` takes them.
            bleu: also compare what is written with the targets, by BLEU and chrF, on the texts as they are
                (needs the extra ``bleu``); False leaves both out.
            target_language: code of the targets' language, as "de", by which sacrebleu chooses the tokens of
                BLEU: "zh" characters, "ja" and "ko" words (need ``sacrebleu[ja]``, ``sacrebleu[ko]``), and
                "th", "lo", "km", "my" and "bo" here characters; all others those of mteval-v13a.
            options: as ``translate`` takes them.

        Returns:
            ``loss`` (nats a token, given the true ones before it), ``perplexity`` (None where all symbols are
            unknown), ``tokens`` and ``count`` (of the targets, their ends included), ``unknown`` (of them
            outside the vocabulary), ``exact`` (share of texts that are written exactly, but for white space),
            with ``bleu`` ``bleu`` (None where it can say nothing of such targets), ``bleu_tokenizer`` and
            ``chrf``, and ``notes`` where there is something to say of a score.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: as ``fit`` and ``translate``; target_language is no code.
            DataError: there is no pair to measure on, or a text has more than a thousand tokens.
            MissingExtraError: sacrebleu is not installed, or what the language needs.
        """
        self._check_fitted()
        check_flag("bleu", bleu)
        metrics = Metrics(target_language) if bleu else None
        measured = as_pairs("pairs", pairs)
        examples = self.examples(measured)
        loss = token_loss(self.network_, examples, _TEXTS_AT_ONCE)
        return measure(loss, measured, examples, partial(self.translate, **options), metrics)

    def score(self, pairs: Pairs | Sequence[tuple[str, str]]) -> float:
        """Minus the loss, so that more is better."""
        examples = self.examples(pairs)
        return -token_loss(self.network_, examples, _TEXTS_AT_ONCE)
