"""Language models: what comes next in a text, and more of it.

``language_model`` is the estimator; ``network`` computes, ``setup`` makes network and windows, ``evaluation``
measures (with ``dynamic_evaluation`` and ``neural_cache``), ``generation`` writes by ``sampling``.
"""

from gatewise.tasks.language.dynamic_evaluation import DynamicEvaluation
from gatewise.tasks.language.language_model import LanguageModel
from gatewise.tasks.language.neural_cache import NeuralCache

__all__ = ["DynamicEvaluation", "LanguageModel", "NeuralCache"]
