"""The parameters of a network of one's own: kept in a file, read again, and taken from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gatewise.errors import ArgumentError, ModelFileError
from gatewise.nn.layer import Layer
from gatewise.storage import check_suffix, read_tensors, write_tensors
from gatewise.types import Array

__all__ = ["load_parameters", "parameters_from_torch", "save_parameters"]

_BIAS = re.compile(r"bias_(ih|hh)(_l\d+(?:_reverse)?)")


def save_parameters(layer: Layer, path: str | Path) -> None:
    """Write the parameters of a layer or network to a ``.safetensors`` file, under their names.

    What kind of layer it is and how large is not written: ``load_parameters`` fills one that is made again.

    Args:
        layer: whose parameters to keep.
        path: must end in ``.safetensors``; a file that stands there is replaced in one step.

    Raises:
        ArgumentError: the path ends otherwise.
        OutputError: the file cannot be written; what stood there is still whole.
    """
    write_tensors(check_suffix(path), {"network": type(layer).__name__}, layer.parameters)


def load_parameters(layer: Layer, path: str | Path) -> None:
    """Fill a layer or network with what ``save_parameters`` has written.

    Args:
        layer: of the same kind and sizes.
        path: of the file.

    Raises:
        ModelFileError: the file is missing, damaged or foreign; or its parameters have other names, shapes
            or another type. The layer is as it was.
    """
    file = read_tensors(path)
    if "network" not in file.metadata:
        raise ModelFileError(
            f"{str(path)!r} is not a file that gatewise.nn.save_parameters has written; a model's is read "
            "with gatewise.load."
        )
    for name, values in file.tensors.items():
        if values.dtype != layer.dtype:
            raise ModelFileError(
                f"{str(path)!r}: parameter {name!r} has dtype {values.dtype}, and the layer {layer.dtype}; "
                f"make the layer with dtype='{values.dtype}'."
            )
    try:
        layer.parameters.assign(file.tensors)
    except ArgumentError as error:
        raise ModelFileError(f"{str(path)!r} is of another network: {error}") from error


def parameters_from_torch(
    state: Mapping[str, Any], names: Mapping[str, str] | None = None
) -> dict[str, Array]:
    """A ``state_dict`` of PyTorch under the names that layers have here, for ``parameters.assign``.

    Shapes and the order of gates (i, f, g, o) are the same. The two biases of PyTorch's recurrent layers only
    ever occur as their sum, which is the one bias here: ``bias_ih_l0 + bias_hh_l0`` becomes ``bias_l0``.

    Args:
        state: tensors on the CPU, or arrays, by name.
        names: what layers are called here, by their names there, as {"encoder.rnn": "lstm"}; those left out
            keep theirs. "" stands for a layer alone, whose parameters have no prefix.

    Returns:
        Arrays by name.

    Raises:
        ArgumentError: a value cannot be read as an array of numbers, one bias of two is missing, a name in
            ``names`` is of no layer in ``state``, or two parameters would have one name.
    """
    renamed, used = dict(names or {}), set()
    found: dict[str, Array] = {}
    halves: dict[str, set[str]] = {}
    for full, value in state.items():
        prefix, _, own = full.rpartition(".")
        layer = renamed.get(prefix, prefix)
        used.add(prefix)
        half = _BIAS.fullmatch(own)
        name = f"{layer}." * bool(layer) + (f"bias{half[2]}" if half else own)
        array = _as_array(full, value)
        if half and name in halves:
            found[name] = found[name] + array
        elif name in found:
            raise ArgumentError(f"names={names!r} calls two parameters {name!r}; expected distinct names.")
        else:
            found[name] = array
        if half:
            halves.setdefault(name, set()).add(half[1])
    for name, there in halves.items():
        if len(there) < 2:
            absent = ({"ih", "hh"} - there).pop()
            raise ArgumentError(
                f"state has one of the two biases that make {name!r} and lacks bias_{absent}; expected both."
            )
    if unknown := [name for name in renamed if name not in used]:
        raise ArgumentError(
            f"names has {unknown[0]!r}, which is no layer in state; expected some of "
            f"{', '.join(map(repr, sorted(used)))}."
        )
    return found


def _as_array(name: str, value: Any) -> Array:
    """A tensor as an array.

    Raises:
        ArgumentError: it is none of numbers, or lies on another device.
    """
    try:
        array: Array = np.array(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(
            f"state[{name!r}] cannot be read as an array ({error}); expected numbers on the CPU, as "
            "value.detach().cpu().float() gives them."
        ) from error
    if array.dtype.kind not in "fiu":
        raise ArgumentError(f"state[{name!r}] has dtype {array.dtype}; expected numbers.")
    return array
