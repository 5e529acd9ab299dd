"""Training checkpoints: a model file that also holds all that going on needs.

Beside the model's own metadata and arrays there is the metadata ``training`` (counters, random state, a
fingerprint of the run) and arrays whose names begin with ``training.`` (the optimiser's, the carried
state, the best weights so far). Going on from it gives the same bits as never having stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError, ModelFileError
from gatewise.random_streams import STREAMS_VERSION
from gatewise.storage import TensorFile, json_field, read_tensors, write_tensors
from gatewise.training.loop import Loop
from gatewise.types import Array

__all__ = ["PREFIX", "checkpoint_path", "read_checkpoint", "restore", "write_checkpoint"]

_STREAMS = "random_streams"
"""Under this name a checkpoint says how its run draws; those of before there were versions say nothing."""

PREFIX = "training."
"""Of the names of arrays that only training needs."""


def checkpoint_path(model: str | Path) -> Path:
    """Where a model's checkpoint lies: beside ``m.safetensors``, ``m.checkpoint.safetensors``."""
    model = Path(model)
    return model.with_name(f"{model.stem}.checkpoint{model.suffix}")


def write_checkpoint(
    path: str | Path,
    metadata: Mapping[str, Any],
    loop: Loop,
    fingerprint: Mapping[str, Any],
    others: Mapping[str, Array] | None = None,
) -> None:
    """Write where a loop stands.

    Args:
        path: where to.
        metadata: the model's own.
        loop: whose state to write, with the current weights of its network.
        fingerprint: what must be equal for another run to go on from here, by name.
        others: arrays of the model that are not learnt, by name.

    Raises:
        OutputError: the file cannot be written; the one before is still whole.
    """
    values, arrays = loop.state()
    tensors = {**loop.learner.network.parameters, **(others or {})}
    tensors |= {PREFIX + name: values for name, values in arrays.items()}
    training = {**values, "fingerprint": dict(fingerprint), _STREAMS: STREAMS_VERSION}
    write_tensors(path, {**metadata, "training": training}, tensors)


def read_checkpoint(path: str | Path, fingerprint: Mapping[str, Any]) -> TensorFile:
    """A checkpoint of the same run.

    Raises:
        ModelFileError: it is no checkpoint, or damaged.
        ArgumentError: it is of a run with another setting or other data, or of a gatewise that drew other
            random numbers from the same seed.
    """
    file = read_tensors(path)
    training = json_field(path, file.metadata, "training", dict)
    found = json_field(path, training, "fingerprint", dict)
    if training.get(_STREAMS, 1) != STREAMS_VERSION:
        raise ArgumentError(
            f"cannot go on from {str(path)!r}: it was written by another version of gatewise, which drew "
            "other random numbers from the same seed, so that what follows would belong to neither run. "
            "Finish it with that version, or start anew; gatewise.load reads the weights it stands at."
        )
    fingerprint = json.loads(json.dumps(dict(fingerprint)))  # as the file has it: without tuples
    for name in [*fingerprint, *found]:
        if found.get(name) != fingerprint.get(name) and name == "data":
            raise ArgumentError(
                f"cannot go on from {str(path)!r}: the data are not those of that run. "
                "Use the same data, or start anew."
            )
        if found.get(name) != fingerprint.get(name):
            raise ArgumentError(
                f"cannot go on from {str(path)!r}: there {name} was {found.get(name)!r}, now it is "
                f"{fingerprint.get(name)!r}. Use the same settings and data, or start anew."
            )
    return file


def restore(path: str | Path, file: TensorFile, loop: Loop) -> None:
    """Put a loop and its network where they stood when the checkpoint was written.

    Raises:
        ModelFileError: the checkpoint's arrays or counters do not fit.
    """
    parameters = loop.learner.network.parameters
    weights = {name: file.tensors[name] for name in parameters if name in file.tensors}
    arrays = {name.removeprefix(PREFIX): v for name, v in file.tensors.items() if name.startswith(PREFIX)}
    vectors = ["best", *(f"optimizer.{slot}" for slot in loop.optimizer.slots)]
    try:
        parameters.assign(weights)
        for name in vectors:
            if name in arrays:
                _check_vector(name, arrays[name], parameters.vector)
        loop.restore(file.metadata["training"], arrays)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelFileError(f"{str(path)!r} is a damaged checkpoint: {error}. Start anew.") from error


def _check_vector(name: str, values: Array, parameters: Array) -> None:
    if values.shape != parameters.shape or values.dtype != parameters.dtype:
        raise ValueError(f"array {name!r} has shape {values.shape} and dtype {np.dtype(values.dtype)}")
