"""Say of which class a sequence is: a series of measurements, or a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from gatewise.data import token_digest
from gatewise.data.sequences import Ragged
from gatewise.errors import ArgumentError
from gatewise.ops.activations import softmax
from gatewise.tasks.checks import check_number
from gatewise.tasks.classification.input import count_columns, layout_notes
from gatewise.tasks.classification.labels import (
    as_labels,
    class_weights,
    classes_to_json,
    likeliest,
    number_labels,
)
from gatewise.tasks.classification.network import LabelledSequences
from gatewise.tasks.classification.report import Report, judge, report, unmeasured
from gatewise.tasks.classification.setup import ClassifierHyperparameters, read_raw, split
from gatewise.tasks.verdict import Verdict
from gatewise.types import Array

if TYPE_CHECKING:
    from gatewise.training import Listener

__all__ = ["SequenceClassifier"]

_PREDICTED_AT_ONCE = 256


class SequenceClassifier(ClassifierHyperparameters):
    """A recurrent classifier: it learns from sequences with labels to label others.

    Sequences are series of measurements, of one length or not, or texts. A stack of LSTM layers reads each
    (texts through an embedding), pooling makes one vector of its outputs, and a linear layer the logits of
    the classes; training is by Adam with decoupled weight decay on the cross-entropy.

    It follows scikit-learn: pipelines, cross-validation and grid search take it. What of scikit-learn's
    ``check_estimator`` does not apply is listed in the documentation, page "With scikit-learn".

    Args:
        hidden_size: H, units of each layer and direction.
        num_layers: L.
        cell: "lstm", or "rnn" for the plain network that the LSTM improves on.
        bidirectional: a second stack reads each sequence from its end.
        pooling: how the outputs become one vector: "last" takes the last, "mean" and "max" are over all
            steps, "attention" is a mean whose weights are learnt.
        level: of texts, "word", one token for each word between white space; or "char", one a character.
        embedding_size: E, of texts.
        vocab_size: most symbols of texts to keep, the most frequent first; None keeps all.
        word_dropout: probability that a token of a text counts as unknown, in training.
        dropout: rate on embeddings, between layers and before the logits.
        recurrent_dropout: rate on h on its way into the recurrent sums, the same units at all steps.
        standardize: bring each feature of the numbers to mean 0 and standard deviation 1, as they are in the
            training part.
        class_weight: None for 1 each; "balanced" for weights that make up for unequal classes; or a dict of
            weights by label, 1 for those left out.
        epochs: passes over the sequences.
        batch_size: B, sequences a step.
        learning_rate: Adam's η at its highest.
        schedule: how the learning rate goes down: "constant", "linear", "cosine" or "exponential".
        weight_decay: decoupled, as in AdamW.
        clip_norm: gradients longer than this are scaled down to it; None for no limit.
        validation_fraction: part of the sequences kept from training to measure on, of each class in
            proportion; 0 for none. The best weights by this measure are kept.
        patience: validations without improvement after which training stops; None never stops early.
        seed: of the first weights, the split, the order and dropout.
        time_limit: seconds after which training ends with the best weights so far; None for no limit.
        progress: tell the progress and the verdict on standard error.

    Attributes:
        classes_: the labels, sorted, (K,).
        n_features_in_: D, features a step; for an array (N, T) its columns, T. None for texts.
        network_: the trained network, with ``parameters``.
        history_: for each validation its step, epoch, training and validation loss (nats a sequence).
        stopped_by_: "finished", "early stopping", "time limit" or "interrupted".
        verdict_: the model beside the most frequent class on what was held out; None where nothing was.
        notes_: what was noticed in the data, in words.

    Example:
        >>> import numpy as np, gatewise as gw
        >>> phase = np.random.default_rng(0).uniform(0, 6, (60, 1))
        >>> slow, fast = (np.sin(phase + speed * np.arange(30)) for speed in (0.3, 0.6))
        >>> clf = gw.SequenceClassifier(hidden_size=16, epochs=20, progress=False)
        >>> clf.fit([*slow[:50], *fast[:50]], ["slow"] * 50 + ["fast"] * 50).predict(slow[50:53])
        array(['slow', 'slow', 'slow'], dtype='<U4')
    """

    task: ClassVar[str] = "sequence_classifier"

    def __init__(
        self,
        hidden_size: int = 64,
        num_layers: int = 1,
        *,
        cell: str = "lstm",
        bidirectional: bool = True,
        pooling: str = "max",
        level: str = "word",
        embedding_size: int = 64,
        vocab_size: int | None = None,
        word_dropout: float = 0.1,
        dropout: float = 0.5,
        recurrent_dropout: float = 0.0,
        standardize: bool = True,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        epochs: int = 80,
        batch_size: int = 16,
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
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.level = level
        self.embedding_size = embedding_size
        self.vocab_size = vocab_size
        self.word_dropout = word_dropout
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.standardize = standardize
        self.class_weight = class_weight
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
        X: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        init: str | Path | SequenceClassifier | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Learn from sequences and their labels.

        Ctrl-C ends training cleanly, with the best weights so far.

        Args:
            X: an array (N, T, D); an array (N, T), N series of one feature; a list of N arrays (T_i, D) or
                (T_i,); or a list of N str.
            y: (N,) labels: str, bool or whole numbers, of two classes or more.
            validation: other sequences and their labels to measure on, (X, y), instead of the part
                ``validation_fraction`` of these. A class that they alone have cannot be learnt.
            init: model whose weights to begin with, fitted or as a file. It must have the same sizes and
                cell, and read the same features, which stay scaled as they were. Words and classes that it
                did not know are added to its own, and begin with drawn weights.
            checkpoint: file to write where training stands to, after each pass and at least every minute.
            resume: go on from ``checkpoint``, to the same bits as if training had never stopped.
            listeners: called with each ``gatewise.training.Event``.

        Returns:
            self.

        Raises:
            ArgumentError: a hyperparameter or an argument cannot work, or differs from the checkpoint's or
                from ``init``'s.
            ModelFileError: ``init`` or the checkpoint is no intact file of a model.
            DataError: a sequence is empty or not finite, or all are of one class.
            TrainingError: the loss diverged; the last good weights are kept and the model can be used.
            OutputError: the checkpoint cannot be written.
        """
        from gatewise import training

        self._check_before_fit(checkpoint, resume)
        start = self._warm_start(init)
        raw, columns = read_raw(X, "X"), count_columns(X)
        labels = as_labels(y, len(raw))
        parts = split(raw, labels, validation, start, self.validation_fraction, self.seed)
        classes, targets, measured = parts.classes, parts.targets, parts.measured_targets
        encoder, notes = self._learn_input(parts.raw, columns, start)
        weights = class_weights(self.class_weight, classes, targets)
        examples = LabelledSequences(encoder.encode(parts.raw, "X"), targets, weights)
        held_out = (
            LabelledSequences(encoder.encode(parts.measured_raw, "validation[0]"), measured, weights)
            if len(measured)
            else None
        )
        network = self._new_network(encoder, len(classes))

        def compare() -> Verdict | None:
            if held_out is None:
                return None
            found = softmax(self._logits_of(held_out.sequences).astype(np.float64))
            return judge(found, measured, targets, classes, weighted=self.class_weight is not None)

        arrays = [part for each in (examples, held_out) if each is not None for part in each.arrays()]
        self._train(
            training.Minibatches(network, examples, held_out, batch_size=self.batch_size, seed=self.seed),
            {"classes_": classes, "_input": encoder, "network_": network},
            token_digest(*arrays),
            checkpoint=checkpoint,
            resume=resume,
            listeners=listeners,
            notes=[*layout_notes(raw), *notes, *parts.notes, *unmeasured(classes, targets, measured)],
            start=start,
            symbols=[classes_to_json(classes), encoder.to_json()],
            places=self._places(start, classes),
            judge=compare,
        )
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probability of each class, (N, K), in the order of ``classes_``.

        Args:
            X: as in ``fit``; sequences may be of other lengths.

        Raises:
            NotFittedError: the model is not fitted.
            ArgumentError: X has another number of features, or is of another kind than in ``fit``.
            DataError: a sequence is empty or not finite.
        """
        return softmax(self._logits(X).astype(np.float64))

    def predict(self, X: Any, *, min_confidence: float | None = None) -> Array:
        """The likeliest class of each sequence.

        Args:
            X: as in ``predict_proba``.
            min_confidence: the least probability of a class; a sequence whose likeliest is less probable has
                None. None for no such limit.

        Returns:
            (N,) of the type of ``classes_``; with ``min_confidence`` of Python objects.

        Raises:
            NotFittedError, ArgumentError, DataError: as ``predict_proba``; ``min_confidence`` is no
                probability.
        """
        check_number("min_confidence", min_confidence, low=0, high=1, optional=True)
        if min_confidence is not None:
            return likeliest(self.predict_proba(X), self.classes_, min_confidence)
        logits = self._logits(X)
        predicted: Array = self.classes_[logits.argmax(axis=1)]
        return predicted

    def score(self, X: Any, y: Any) -> float:
        """Accuracy: the share of sequences whose predicted class is their label."""
        predicted = self.predict(X)
        labels = as_labels(y, len(predicted))
        if (labels.dtype.kind in "UO") is not (predicted.dtype.kind in "UO"):
            raise ArgumentError(
                f"y has labels as {labels.tolist()[0]!r}, and classes are as {self.classes_.tolist()[0]!r}; "
                "expected one type."
            )
        return float(np.mean(predicted == labels))

    def evaluate(self, X: Any, y: Any) -> Report:
        """Measure on sequences and their labels.

        Args:
            X: as in ``predict_proba``.
            y: (N,) labels, each one of ``classes_``.

        Returns:
            ``loss`` (nats a sequence, all classes of weight 1), ``accuracy``, ``baseline_accuracy`` (of
            saying always what is most frequent here), ``sequences`` and ``count`` (N), and for ``classes`` a
            dict each with ``label``, ``precision`` (None where the class is never predicted), ``recall`` and
            ``f1`` (None where it does not occur), ``support`` and ``predicted_as`` (K counts in the order of
            the classes, a row of the confusion matrix); ``notes`` where there is something to say of a score.

        Raises:
            NotFittedError, ArgumentError, DataError: as ``predict_proba``; a label is none of the classes.
        """
        probabilities = self.predict_proba(X)
        targets = number_labels(as_labels(y, len(probabilities)), self.classes_, "y")
        return report(probabilities, targets, self.classes_)

    @property
    def n_features_in_(self) -> int | None:
        """What scikit-learn counts as features: columns of an array (N, T), else D; None for texts."""
        self._check_fitted()
        return self._input.columns or self._input.features

    def _logits(self, X: Any) -> Array:
        """(N, K), sequences of like length side by side."""
        return self._logits_of(self._encoded(X))

    def _logits_of(self, sequences: Ragged) -> Array:
        logits = np.empty((len(sequences), len(self.classes_)), self.network_.dtype)
        order = np.argsort(sequences.lengths, kind="stable")
        for start in range(0, len(order), _PREDICTED_AT_ONCE):
            indices = order[start : start + _PREDICTED_AT_ONCE]
            logits[indices] = self.network_.logits(sequences.padded(indices), sequences.lengths[indices])
        return logits

    def _encoded(self, X: Any) -> Ragged:
        """Sequences as the network reads them."""
        self._check_fitted()
        raw = read_raw(X, "X")
        self._input.check_columns(count_columns(X), type(self).__name__)
        return self._input.encode(raw, "X")
