"""Training checkpoints: a model file that also holds all that going on needs.

Beside the model's own metadata and arrays there is the metadata ``training`` (counters, random state, a
fingerprint of the run) and arrays whose names begin with ``training.`` (the optimiser's, the carried
state, the best weights so far). Going on from it gives the same bits as never having stopped.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError, ModelFileError
from gatewise.random_streams import STREAMS_VERSION
from gatewise.storage import TensorFile, json_field, read_tensors, write_tensors
from gatewise.training.loop import Loop
from gatewise.types import Array

__all__ = [
    "PREFIX",
    "checkpoint_path",
    "fingerprint_of",
    "mark_ended",
    "read_checkpoint",
    "restore",
    "was_ended",
    "write_checkpoint",
]

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


def mark_ended(path: str | Path, reason: str) -> None:
    """Write into a checkpoint that its run is over and its model saved: it can be gone on from, but need not.

    Raises:
        ModelFileError: it is no checkpoint.
        OutputError: it cannot be written.
    """
    file = read_tensors(path)
    training = json_field(path, file.metadata, "training", dict)
    write_tensors(path, {**file.metadata, "training": {**training, "ended": reason}}, file.tensors)


def was_ended(path: str | Path) -> str | None:
    """What ``mark_ended`` wrote; None for a checkpoint without, whose run may have been cut off."""
    try:
        reason = json_field(path, read_tensors(path).metadata, "training", dict).get("ended")
    except ModelFileError:  # a damaged one may still be somebody's hours
        return None
    return reason if isinstance(reason, str) else None


def fingerprint_of(file: TensorFile) -> dict[str, Any]:
    """The fingerprint that a checkpoint was written with."""
    found: dict[str, Any] = file.metadata["training"]["fingerprint"]
    return found


def read_checkpoint(
    path: str | Path, fingerprint: Mapping[str, Any], also: Mapping[str, Container[Any]] | None = None
) -> TensorFile:
    """A checkpoint of the same run.

    Args:
        path: of the checkpoint.
        fingerprint: what it must have been written with, by name.
        also: by name, other values that will do.

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
            "Finish it with that version, or start anew, if you like with the weights it stands at, by init=."
        )
    fingerprint = json.loads(json.dumps(dict(fingerprint)))  # as the file has it: without tuples
    # Without the model that a run began with, its data are other tokens too.
    for name in ["init", *fingerprint, *found]:
        if found.get(name) == fingerprint.get(name) or found.get(name) in (also or {}).get(name, ()):
            continue
        if name == "init":
            was, now = ("a model" if each.get(name) else "none" for each in (found, fingerprint))
            now = "another" if was == now else now
            raise ArgumentError(
                f"cannot go on from {str(path)!r}: there init= was {was}, now it is {now}. Give init= "
                "as it was given there, or start anew."
            )
        if name in ("data", "symbols"):
            raise ArgumentError(
                f"cannot go on from {str(path)!r}: the data are not those of that run. Use the same data; or "
                "start anew, if you like with the weights of a model that was saved, by init=."
            )
        raise ArgumentError(
            f"cannot go on from {str(path)!r}: there it was {name}={found.get(name)!r}, now it is "
            f"{name}={fingerprint.get(name)!r}. Use the same settings and data, or start anew."
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
