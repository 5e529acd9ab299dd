"""Estimators, one for each job, with scikit-learn's conventions."""

from gatewise.tasks.estimator import Estimator, load
from gatewise.tasks.forecaster import Forecaster
from gatewise.tasks.language_model import LanguageModel
from gatewise.tasks.sequence_classifier import SequenceClassifier
from gatewise.tasks.sequence_tagger import SequenceTagger

__all__ = ["Estimator", "Forecaster", "LanguageModel", "SequenceClassifier", "SequenceTagger", "load"]
