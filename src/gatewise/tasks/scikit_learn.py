"""What scikit-learn asks of estimators beyond their conventions; it is not needed for anything else."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from gatewise.errors import NotFittedError

__all__ = ["classifier_tags", "not_fitted"]


def classifier_tags() -> Any:
    """The ``sklearn.utils.Tags`` of a classifier of sequences, numbers or texts."""
    utils: Any = import_module("sklearn.utils")
    return utils.Tags(
        estimator_type="classifier",
        target_tags=utils.TargetTags(required=True),
        classifier_tags=utils.ClassifierTags(),
        input_tags=utils.InputTags(three_d_array=True),
    )


def not_fitted(message: str) -> NotFittedError:
    """The error, which in a program that uses scikit-learn is one of its own as well."""
    exceptions = sys.modules.get("sklearn.exceptions")
    if exceptions is None:
        return NotFittedError(message)
    both: type[NotFittedError] = type("NotFittedError", (NotFittedError, exceptions.NotFittedError), {})
    return both(message)
