"""Estimators, one for each job and each in a room of its own, with scikit-learn's conventions.

``estimator`` and ``checks`` are what they share; no room imports another.
"""

from gatewise.tasks.classification import SequenceClassifier
from gatewise.tasks.estimator import Estimator, load
from gatewise.tasks.forecasting import Forecaster
from gatewise.tasks.language import DynamicEvaluation, LanguageModel, NeuralCache
from gatewise.tasks.tagging import SequenceTagger, TaggedWord
from gatewise.tasks.translation import Translation, Translator

__all__ = [
    "DynamicEvaluation",
    "Estimator",
    "Forecaster",
    "LanguageModel",
    "NeuralCache",
    "SequenceClassifier",
    "SequenceTagger",
    "TaggedWord",
    "Translation",
    "Translator",
    "load",
]
