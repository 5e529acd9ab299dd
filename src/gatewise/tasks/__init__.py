"""Estimators, one for each job, with scikit-learn's conventions."""

from gatewise.tasks.estimator import Estimator, load
from gatewise.tasks.language_model import LanguageModel

__all__ = ["Estimator", "LanguageModel", "load"]
