"""Classes of series and texts.

``sequence_classifier`` is the estimator; ``input`` brings series and texts into one form, ``labels`` the
classes, ``network`` computes, ``report`` counts what was right.
"""

from gatewise.tasks.classification.sequence_classifier import SequenceClassifier

__all__ = ["SequenceClassifier"]
