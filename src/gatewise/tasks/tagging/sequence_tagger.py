"""Give each word of a sentence a tag: part of speech, named entity, chunk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gatewise.data.tagged import tagged_digest
from gatewise.data.words import split_words
from gatewise.errors import DataError
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_number
from gatewise.tasks.tagging.answers import batches, tags_and_confidences, withheld
from gatewise.tasks.tagging.examples import TaggedExamples
from gatewise.tasks.tagging.input import Lists, TaggedPart, check_sentences, check_tagged, check_texts, split
from gatewise.tasks.tagging.judge import judge
from gatewise.tasks.tagging.network import TaggerNetwork
from gatewise.tasks.tagging.report import report, word_loss
from gatewise.tasks.tagging.schemes import chosen_scheme
from gatewise.tasks.tagging.setup import TaggerHyperparameters
from gatewise.tasks.tagging.spans import are_span_tags
from gatewise.tasks.tagging.tagged_word import TaggedWord
from gatewise.tasks.tagging.vocabulary import UNKNOWN, TaggerVocabulary, notes_on_symbols
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["SequenceTagger"]


class SequenceTagger(TaggerHyperparameters):
    """A recurrent tagger: it learns from tagged sentences, and tags others.

    A word is seen from three sides: an embedding of the word in lower case, one of its shape (capitals,
    digits, other signs), and an LSTM that reads its characters from both ends, so that words never met are
    known by their spelling. A stack of LSTM layers then reads the sentence from both ends, and a linear layer
    scores the tags (Ling et al. 2015; Plank et al. 2016); with ``crf`` a conditional random field judges the
    tags of a sentence together (Lample et al. 2016). Training is by Adam with decoupled weight decay.

    Args:
        hidden_size: H, units of each layer in each direction.
        num_layers: L.
        cell: "lstm", or "rnn" for the plain network that the LSTM improves on.
        embedding_size: width of a word's embedding.
        char_embedding_size: width of a character's embedding.
        char_hidden_size: units in each direction of the layer that reads characters.
        crf: judge the tags of a sentence together; worth its time where a tag says much about the next, as
            those of named entities do.
        scheme: of tags that mark spans, which ``crf`` keeps to: I-PER stands only behind B-PER or I-PER, and
            so on. "auto" for the one of "iob2", "bioes" and "bilou" that all the data keep to; one of these
            names to have data refused that do not; "none" where any tag may follow any.
        dropout: rate on the words' vectors, between layers and before the scores.
        word_dropout: α; in training a word seen n times is taken for an unknown one with the probability
            α / (α + n), so that rare words are learnt by their spelling too (Kiperwasser & Goldberg 2016).
        min_count: words seen less often have no embedding of their own.
        epochs: passes over the sentences.
        batch_size: B, sentences side by side.
        learning_rate: Adam's η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine" or "exponential".
        weight_decay: decoupled, as in AdamW.
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        validation_fraction: share of the sentences, drawn at random, kept from training to measure on; 0 for
            none.
        patience: validations without improvement after which training stops; None never stops early.
        seed: of the first weights, the sentences kept to measure on, their order, and dropout.
        time_limit: seconds after which training ends with the best weights so far; None for no limit.
        progress: tell the progress and the verdict on standard error.

    Attributes:
        tags_: the tags, in the order of the columns of ``predict_proba``; ``classes_`` has them as an array.
        scheme_: the scheme that ``crf`` keeps to; None where any tag may follow any.
        vocabulary_: tags, words and characters that the tagger knows.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a word).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".
        verdict_: the tagger beside the most frequent tags on what was held out; None where nothing was.
        notes_: what was noticed in the data, in words.

    Example:
        >>> import gatewise as gw
        >>> sentences = [["the", "dog", "barks"], ["a", "cat", "sleeps"]] * 20
        >>> tags = [["DET", "NOUN", "VERB"]] * 40
        >>> tagger = gw.SequenceTagger(hidden_size=16, epochs=5, batch_size=4, progress=False)
        >>> tagger.fit(sentences, tags).predict([["the", "cat", "barks"]])
        [['DET', 'NOUN', 'VERB']]
    """

    task: ClassVar[str] = "sequence_tagger"

    network_: TaggerNetwork
    vocabulary_: TaggerVocabulary

    def __init__(
        self,
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        cell: str = "lstm",
        embedding_size: int = 100,
        char_embedding_size: int = 32,
        char_hidden_size: int = 64,
        crf: bool = False,
        scheme: str = "auto",
        dropout: float = 0.5,
        word_dropout: float = 0.25,
        min_count: int = 1,
        epochs: int = 30,
        batch_size: int = 32,
        learning_rate: float = 3e-3,
        schedule: str = "cosine",
        weight_decay: float = 0.01,
        clip_norm: float | None = 1.0,
        validation_fraction: float = 0.1,
        patience: int | None = None,
        seed: int = 0,
        time_limit: float | None = None,
        progress: bool = True,
    ) -> None:
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.cell = cell
        self.embedding_size = embedding_size
        self.char_embedding_size = char_embedding_size
        self.char_hidden_size = char_hidden_size
        self.crf = crf
        self.scheme = scheme
        self.dropout = dropout
        self.word_dropout = word_dropout
        self.min_count = min_count
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

    @property
    def tags_(self) -> list[str]:
        """The tags, in the order of the columns of ``predict_proba``."""
        self._check_fitted()
        return list(self.vocabulary_.tags)

    @property
    def scheme_(self) -> str | None:
        """The scheme that ``crf`` keeps to; None where any tag may follow any."""
        self._check_fitted()
        return None if self.vocabulary_.scheme is None else self.vocabulary_.scheme.name

    @property
    def classes_(self) -> Array:
        """``tags_`` as an array (K,), as classifiers have their classes."""
        return np.array(self.tags_)

    def fit(
        self,
        sentences: Lists,
        tags: Lists,
        *,
        validation: tuple[Lists, Lists] | None = None,
        init: str | Path | SequenceTagger | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn tagged sentences.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            sentences: lists of words.
            tags: for each sentence the list of its words' tags.
            validation: sentences and tags to measure on, instead of ``validation_fraction`` of these. Their
                words are not learnt. A tag that they alone have cannot be learnt either.
            init: model whose weights to begin with, fitted or as a file. It must have the same sizes and
                cell. Words, characters and tags that it did not know are added after its own, and begin with
                drawn weights.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's or from ``init``'s;
                sentences and tags are not lists of lists of str, or do not fit each other; tags break the
                ``scheme`` that is asked for.
            ModelFileError: ``init`` or the checkpoint is no intact file of a model.
            DataError: there is no sentence to learn.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        start = self._warm_start(init)
        given = TaggedPart("tags", *check_tagged("sentences", sentences, "tags", tags))
        rng = stream(self.seed, Purpose.HELD_OUT)
        learnt, measured = split(given, validation, self.validation_fraction, rng)
        # What is measured on counts for the scheme too: what is impossible would have an infinite loss.
        parts = [given] if validation is None else [given, measured]
        scheme, notes = chosen_scheme(self.scheme, parts) if self.crf else (None, [])
        # A tag that only the validation has cannot be learnt, but must have a probability.
        all_tags = {str(tag) for part in (*learnt.tags, *measured.tags) for tag in part}
        vocabulary = TaggerVocabulary.learn(learnt.sentences, all_tags, self.min_count, scheme)
        learnt_tags = {str(tag) for each in learnt.tags for tag in each}
        known = None if start is None else start.model.vocabulary_
        if known is not None:
            vocabulary, learnt_tags = known.extended(vocabulary), learnt_tags.union(known.tags)
        examples = TaggedExamples(vocabulary, learnt.sentences, learnt.tags)
        network = self._new_network(vocabulary)
        if self.word_dropout:
            counts = np.bincount(examples.forms.words[examples.tokens], minlength=len(vocabulary.words) + 1)
            network.unknown_rates = self.word_dropout / (self.word_dropout + counts)
        self._train(
            training.Minibatches(
                network,
                examples,
                TaggedExamples(vocabulary, *measured[1:]) if len(measured.sentences) else None,
                batch_size=self.batch_size,
                seed=self.seed,
            ),
            {"vocabulary_": vocabulary, "network_": network},
            tagged_digest(*learnt[1:], *measured[1:]),
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
            notes=[*notes_on_symbols(vocabulary, known, learnt_tags), *notes],
            start=start,
            judge=lambda: judge(self.predict(measured.sentences), *measured[1:], *learnt[1:]),
        )
        return self

    def predict(self, sentences: Lists, *, min_confidence: float | None = None) -> list[list[str]]:
        """The tag of each word; with ``crf`` those that are likeliest together.

        Args:
            sentences: lists of words; ``predict_texts`` takes texts.
            min_confidence: the least probability of a tag; a tag that is less sure gives way to "O" where
                tags mark spans, all words of a span together, and to "" where they do not. None for none.

        Returns:
            For each sentence the list of its words' tags.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: sentences are not lists of lists of str, or ``min_confidence`` is no probability.
        """
        self._check_fitted()
        sentences = check_sentences("sentences", sentences, may_be_empty=True)
        check_number("min_confidence", min_confidence, low=0, high=1, optional=True)
        if min_confidence is not None:
            answers = tags_and_confidences(self.network_, self.vocabulary_, sentences)
            return [withheld(*answer, min_confidence, self.tags_) for answer in answers]
        predicted: list[list[str]] = [[] for _ in sentences]
        names = np.array(self.tags_, dtype=object)
        for indices, batch in batches(self.vocabulary_, sentences):
            tags = names[self.network_.tags(batch)]
            for column, index in enumerate(indices):
                predicted[index] = tags[: batch.lengths[column], column].tolist()
        return predicted

    def predict_texts(
        self, texts: Sequence[str], *, min_confidence: float | None = None
    ) -> list[list[TaggedWord]]:
        """The words of texts as ``gatewise.data.split_words`` finds them, each with its tag and its place.

        Args:
            texts: each a sentence, or what is to be read as one.
            min_confidence: as in ``predict``.

        Returns:
            For each text the list of its words, none for one without words.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: texts are no list of str, or ``min_confidence`` is no probability.
        """
        self._check_fitted()
        check_number("min_confidence", min_confidence, low=0, high=1, optional=True)
        words = [split_words(text) for text in check_texts(texts)]
        sentences = [[word.text for word in each] for each in words]
        answers = tags_and_confidences(self.network_, self.vocabulary_, sentences)
        return [
            [
                TaggedWord(*word, tag, confidence)
                for word, tag, confidence in zip(
                    each, withheld(tags, sure, min_confidence or 0, self.tags_), sure, strict=True
                )
            ]
            for each, (tags, sure) in zip(words, answers, strict=True)
        ]

    def predict_proba(self, sentences: Lists) -> list[Array]:
        """The probability of each tag for each word; with ``crf`` summed over all that the others may be.

        Args:
            sentences: lists of words.

        Returns:
            For each sentence of T words an array (T, K), with a column for each of ``tags_``.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: sentences are not lists of lists of str.
        """
        self._check_fitted()
        sentences = check_sentences("sentences", sentences, may_be_empty=True)
        predicted = [np.zeros((0, len(self.tags_)), self.network_.dtype)] * len(sentences)
        for indices, batch in batches(self.vocabulary_, sentences):
            probabilities = self.network_.probabilities(batch)
            for column, index in enumerate(indices):
                predicted[index] = probabilities[: batch.lengths[column], column].copy()
        return predicted

    def evaluate(self, sentences: Lists, tags: Lists) -> dict[str, Any]:
        """Measure on tagged sentences.

        Args:
            sentences: lists of words.
            tags: for each sentence the list of its words' tags.

        Returns:
            ``loss`` (nats a word; None where the model does not know a tag), ``accuracy`` (share of words
            whose tag is right), ``baseline_accuracy`` (of saying always what is most frequent here),
            ``tokens`` and ``count`` (words), ``unknown`` (words of which the model has no embedding) and
            where there are such ``unknown_accuracy``. Where all tags are those of spans (IOB, BIOES and the
            like) ``span_precision``, ``span_recall`` and ``span_f1`` of all whole spans together,
            ``span_macro_precision`` and so on, the mean of those of each type, and ``types``: a dict with
            ``type``, ``precision``, ``recall``, ``f1`` and ``support`` (how many there are) of each. Of other
            tags, word by word, ``macro_precision``, ``macro_recall``, ``macro_f1`` and ``tags``, with ``tag``
            for ``type``. What is never predicted has no precision (None), what does not occur neither recall
            nor F1; in the means they count 0, as scikit-learn has it. ``notes`` where there is something to
            say of a score.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: sentences and tags are not lists of lists of str, or do not fit each other.
            DataError: there is no word to measure on.
        """
        self._check_fitted()
        sentences, tags = check_tagged("sentences", sentences, "tags", tags)
        if not len(sentences):
            raise DataError("sentences is empty; at least one is needed to measure on.")
        examples = TaggedExamples(self.vocabulary_, sentences, tags)
        unknown = examples.forms.words[examples.tokens] == UNKNOWN
        of_spans = are_span_tags(self.tags_) and are_span_tags({tag for each in tags for tag in each})
        found = report(self.tags_, tags, self.predict(sentences), unknown, of_spans=of_spans)
        return {"loss": word_loss(self.network_, examples), **found}

    def score(self, sentences: Lists, tags: Lists) -> float:
        """Share of words whose tag is right."""
        return float(self.evaluate(sentences, tags)["accuracy"])
