"""One family of errors: whatever gatewise refuses, it refuses with a ``GatewiseError``; and its warnings.

A message names the argument or the file, the value found, what was expected and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "BusyError",
    "CheckpointWarning",
    "DataError",
    "GatewiseError",
    "MissingExtraError",
    "ModelFileError",
    "NotFittedError",
    "OutputError",
    "TrainingError",
]


class GatewiseError(Exception):
    """Base of every error that gatewise raises on purpose."""


class ArgumentError(GatewiseError, ValueError):
    """An argument has a value, a shape or a type that cannot work."""


class DataError(GatewiseError, ValueError):
    """The data handed in (a text, a file, a table) cannot be learnt from or read."""


class ModelFileError(GatewiseError):
    """A model file or a checkpoint is foreign, damaged, hostile or of a newer format."""


class OutputError(GatewiseError, OSError):
    """A file could not be written; whatever stood there before is still whole."""


class BusyError(GatewiseError, RuntimeError):
    """What one thread at a time may use is in use by another one."""


class NotFittedError(GatewiseError, ValueError, AttributeError):
    """An estimator was asked for something that only ``fit`` or ``load`` gives it."""


class TrainingError(GatewiseError):
    """Training met a loss or a gradient that is not finite; the last good weights are kept."""


class MissingExtraError(GatewiseError, ImportError):
    """An optional library is needed; the message names the extra that brings it."""


class CheckpointWarning(UserWarning):
    """``gatewise.load`` has read a training checkpoint, which is no finished model."""
