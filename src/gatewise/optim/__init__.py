"""Optimisers over the flat parameter vector, gradient clipping and learning-rate schedules."""

from gatewise.optim import schedules
from gatewise.optim.adam import Adam, AdamW
from gatewise.optim.clipping import clip_by_norm, clip_by_value, gradient_norm
from gatewise.optim.optimizer import Optimizer, Update
from gatewise.optim.sgd import SGD, AveragedSGD, NonMonotoneASGD

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "AveragedSGD",
    "NonMonotoneASGD",
    "Optimizer",
    "Update",
    "clip_by_norm",
    "clip_by_value",
    "gradient_norm",
    "schedules",
]
