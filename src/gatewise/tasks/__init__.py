"""Estimators, one for each job, with scikit-learn's conventions."""

from gatewise.tasks._dynamic_evaluation import DynamicEvaluation
from gatewise.tasks._neural_cache import NeuralCache
from gatewise.tasks._translation import Translation
from gatewise.tasks.estimator import Estimator, load
from gatewise.tasks.forecaster import Forecaster
from gatewise.tasks.language_model import LanguageModel
from gatewise.tasks.sequence_classifier import SequenceClassifier
from gatewise.tasks.sequence_tagger import SequenceTagger
from gatewise.tasks.translator import Translator

__all__ = [
    "DynamicEvaluation",
    "Estimator",
    "Forecaster",
    "LanguageModel",
    "NeuralCache",
    "SequenceClassifier",
    "SequenceTagger",
    "Translation",
    "Translator",
    "load",
]
