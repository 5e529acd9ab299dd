"""Give each word of a sentence a tag: part of speech, named entity, chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gatewise.data.tagged import tagged_digest
from gatewise.errors import ArgumentError, DataError
from gatewise.nn.cells import CELLS
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_choice, check_number, check_size, enough_memory
from gatewise.tasks.estimator import Estimator
from gatewise.tasks.tagging.examples import TaggedBatch, TaggedExamples
from gatewise.tasks.tagging.input import Lists, as_pair, check_sentences, check_tagged
from gatewise.tasks.tagging.network import SHAPE_SIZE, TaggerNetwork
from gatewise.tasks.tagging.spans import are_span_tags, span_scores
from gatewise.tasks.tagging.vocabulary import SHAPES, UNKNOWN, TaggerVocabulary
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["SequenceTagger"]

_SENTENCES_AT_ONCE = 64
"""In prediction."""


class SequenceTagger(Estimator):
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
        progress: tell the progress on standard error.

    Attributes:
        tags_: the tags, in the order of the columns of ``predict_proba``.
        vocabulary_: tags, words and characters that the tagger knows.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a word).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".
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

    def fit(
        self,
        sentences: Lists,
        tags: Lists,
        *,
        validation: tuple[Lists, Lists] | None = None,
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
                words are not learnt.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter cannot work, or differs from the checkpoint's; sentences and tags
                are not lists of lists of str, or do not fit each other.
            DataError: there is no sentence to learn.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        check_tagged("sentences", sentences, "tags", tags)
        if not len(sentences):
            raise DataError("sentences is empty; at least one is needed to learn from.")
        if validation is None:
            drawn = stream(self.seed, Purpose.HELD_OUT).permutation(len(sentences))
            held_out = round(len(sentences) * self.validation_fraction)
            measured, learnt = drawn[:held_out], np.sort(drawn[held_out:])
            if not len(learnt):
                raise DataError(
                    f"of {len(sentences)} sentences validation_fraction={self.validation_fraction} leaves "
                    "none to learn from; lower it, or add sentences."
                )
            measured_sentences, measured_tags = _pick(sentences, measured), _pick(tags, measured)
            sentences, tags = _pick(sentences, learnt), _pick(tags, learnt)
        else:
            measured_sentences, measured_tags = as_pair("validation", validation)
            check_tagged("validation[0]", measured_sentences, "validation[1]", measured_tags)
        # A tag that only the validation has cannot be learnt, but must have a probability.
        all_tags = {str(tag) for part in (*tags, *measured_tags) for tag in part}
        vocabulary = TaggerVocabulary.learn(sentences, all_tags, self.min_count)
        examples = TaggedExamples(vocabulary, sentences, tags)
        network = self._new_network(vocabulary)
        if self.word_dropout:
            counts = np.bincount(examples.forms.words[examples.tokens], minlength=len(vocabulary.words) + 1)
            network.unknown_rates = self.word_dropout / (self.word_dropout + counts)
        self._train(
            training.Minibatches(
                network,
                examples,
                TaggedExamples(vocabulary, measured_sentences, measured_tags)
                if len(measured_sentences)
                else None,
                batch_size=self.batch_size,
                seed=self.seed,
            ),
            {"vocabulary_": vocabulary, "network_": network},
            tagged_digest(sentences, tags, measured_sentences, measured_tags),
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
        )
        return self

    def predict(self, sentences: Lists) -> list[list[str]]:
        """The likeliest tags; with ``crf`` those that are likeliest together.

        Args:
            sentences: lists of words.

        Returns:
            For each sentence the list of its words' tags.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: sentences are not lists of lists of str.
        """
        self._check_fitted()
        check_sentences("sentences", sentences, may_be_empty=True)
        predicted: list[list[str]] = [[] for _ in sentences]
        names = np.array(self.tags_, dtype=object)
        for indices, batch in self._batches(sentences):
            tags = names[self.network_.tags(batch)]
            for column, index in enumerate(indices):
                predicted[index] = tags[: batch.lengths[column], column].tolist()
        return predicted

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
        check_sentences("sentences", sentences, may_be_empty=True)
        empty = np.zeros((0, len(self.tags_)), self.network_.dtype)
        predicted: list[Array] = [empty for _ in sentences]
        for indices, batch in self._batches(sentences):
            probabilities = self.network_.probabilities(batch)
            for column, index in enumerate(indices):
                predicted[index] = probabilities[: batch.lengths[column], column].copy()
        return predicted

    def evaluate(self, sentences: Lists, tags: Lists) -> dict[str, float]:
        """Measure on tagged sentences.

        Args:
            sentences: lists of words.
            tags: for each sentence the list of its words' tags.

        Returns:
            ``accuracy`` (share of words whose tag is right), ``tokens`` (words), ``unknown`` (words of which
            the model has no embedding), where there are such ``unknown_accuracy``, and where all tags are
            those of spans (IOB, BIOES and the like) ``span_precision``, ``span_recall`` and ``span_f1``.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: sentences and tags are not lists of lists of str, or do not fit each other.
            DataError: there is no word to measure on.
        """
        self._check_fitted()
        check_tagged("sentences", sentences, "tags", tags)
        if not len(sentences):
            raise DataError("sentences is empty; at least one is needed to measure on.")
        predicted = self.predict(sentences)
        right = np.array(
            [
                tag == guess
                for pair in zip(tags, predicted, strict=True)
                for tag, guess in zip(*pair, strict=True)
            ]
        )
        examples = TaggedExamples(self.vocabulary_, sentences)
        unknown = examples.forms.words[examples.tokens] == UNKNOWN
        result = {"accuracy": float(right.mean()), "tokens": len(right), "unknown": int(unknown.sum())}
        if unknown.any():
            result["unknown_accuracy"] = float(right[unknown].mean())
        if are_span_tags(self.tags_) and are_span_tags({tag for each in tags for tag in each}):
            scores = span_scores(tags, predicted)
            result |= dict(zip(("span_precision", "span_recall", "span_f1"), scores, strict=True))
        return result

    def score(self, sentences: Lists, tags: Lists) -> float:
        """Share of words whose tag is right."""
        return self.evaluate(sentences, tags)["accuracy"]

    def _batches(self, sentences: Lists) -> Iterator[tuple[IntArray, TaggedBatch]]:
        """Sentences of like length together, with their numbers; those without words are left out."""
        examples = TaggedExamples(self.vocabulary_, sentences)
        order = np.argsort(examples.lengths, kind="stable")
        order = order[examples.lengths[order] > 0]
        for start in range(0, len(order), _SENTENCES_AT_ONCE):
            indices = order[start : start + _SENTENCES_AT_ONCE]
            yield indices, examples.batch(indices)

    def _new_network(self, vocabulary: TaggerVocabulary) -> TaggerNetwork:
        with enough_memory(
            self, "hidden_size", "num_layers", "embedding_size", "char_embedding_size", "char_hidden_size"
        ):
            return TaggerNetwork(
                len(vocabulary.words) + 1,
                len(vocabulary.characters) + 1,
                len(vocabulary.tags),
                embedding_size=self.embedding_size,
                char_embedding_size=self.char_embedding_size,
                char_hidden_size=self.char_hidden_size,
                hidden_size=self.hidden_size,
                num_layers=self.num_layers,
                cell=self.cell,
                crf=self.crf,
                dropout=self.dropout,
                seed=stream(self.seed, Purpose.WEIGHTS),
            )

    def _vocabulary(self) -> Any:
        return self.vocabulary_.to_json()

    def _rebuild(self, vocabulary: Any, weights: Mapping[str, Array]) -> None:
        known = TaggerVocabulary.from_json(vocabulary)
        hidden, char_hidden = self.hidden_size, self.char_hidden_size
        needed = (
            (len(known.words) + 1) * self.embedding_size
            + (len(known.characters) + 1) * self.char_embedding_size
            + SHAPES * SHAPE_SIZE
            + 2 * char_hidden * (self.char_embedding_size + char_hidden)
            + 2 * hidden * (self.embedding_size + 2 * char_hidden + self.num_layers * hidden)
            + len(known.tags) * (2 * hidden + (len(known.tags) if self.crf else 0))
        )
        sizes = (
            f"hidden_size={hidden}, num_layers={self.num_layers}, embedding_size={self.embedding_size}, "
            f"char_hidden_size={char_hidden}, {len(known.words)} words, {len(known.tags)} tags"
        )
        check_size(needed, self.num_layers, weights, sizes)
        self.vocabulary_ = known
        self.network_ = self._new_network(known)

    def _check_hyperparameters(self) -> None:
        check_choice("cell", self.cell, CELLS)
        sizes = ("hidden_size", "num_layers", "embedding_size", "char_embedding_size", "char_hidden_size")
        for name in (*sizes, "min_count"):
            check_number(name, getattr(self, name), low=1, whole=True)
        if not isinstance(self.crf, bool):
            raise ArgumentError(f"crf={self.crf!r}; expected True or False.")
        check_number("dropout", self.dropout, low=0, high=1, open_high=True)
        check_number("word_dropout", self.word_dropout, low=0)
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, open_high=True)
        self._check_training()


def _pick(lists: Lists, indices: IntArray) -> Lists:
    return [lists[index] for index in indices]
