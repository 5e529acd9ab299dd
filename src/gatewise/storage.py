"""Files on disk: written whole or not at all, and read with suspicion.

A model file and a checkpoint are ``.safetensors`` files: arrays under their names, and metadata that says
what they are, in JSON. Nothing in them is ever executed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import stat
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from gatewise.errors import ArgumentError, ModelFileError, OutputError
from gatewise.types import Array

__all__ = [
    "FORMAT_VERSION",
    "TensorFile",
    "check_suffix",
    "check_writable",
    "file_problem",
    "json_field",
    "json_text",
    "read_tensors",
    "write_bytes",
    "write_tensors",
]

FORMAT_VERSION = 1
"""Rises when a file written by this version could not be read by the one before."""

_FORMAT_KEY = "gatewise_format"
_LENGTH = struct.Struct("<Q")
_REMEDY = "Expected a model or checkpoint that gatewise has written."


class TensorFile(NamedTuple):
    """What a file holds: metadata by name, arrays by name."""

    metadata: dict[str, Any]
    tensors: dict[str, Array]


def file_problem(path: str | Path) -> str | None:
    """Why a file cannot be read, in words that follow its name; None if it is a regular file."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (one look, and every error it can give)
    except (FileNotFoundError, NotADirectoryError):
        return "does not exist" if str(path) != "-" else "is no file, and standard input is not read here"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return f"is no path: {error}"
    return None if stat.S_ISREG(mode) else "is not a regular file"


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file so that at any moment either the old or the new one stands there whole.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take the name in one
    step; a process killed on the way leaves the old file.

    Raises:
        OutputError: the folder is missing or read-only, the disk is full; nothing has changed.
    """
    _write_parts(Path(path), [data])


def _write_parts(path: Path, parts: Sequence[bytes | memoryview]) -> None:
    """``write_bytes`` of bytes that come in parts."""
    temporary: Path | None = None
    try:
        with _new_file_beside(path) as file:
            temporary = Path(file.name)
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        # After a rename there is nothing left under the temporary name.
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    """Find out before hours of work whether a file could be written there.

    Raises:
        OutputError: it could not.
    """
    path = Path(path)
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a folder may not be looked into)
        raise OutputError(f"cannot write {str(path)!r}: it is a folder; give the path of a file.")
    try:
        with _new_file_beside(path) as file:
            pass
        Path(file.name).unlink()
    except OSError as error:
        raise _output_error(path, error) from error


def write_tensors(path: str | Path, metadata: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Write arrays and metadata into one ``.safetensors`` file; equal ones give equal files, byte for byte.

    Args:
        path: where to.
        metadata: values that JSON can hold, by name.
        tensors: arrays by name.

    Raises:
        OutputError: as in ``write_bytes``.
    """
    texts = {name: json.dumps(value, allow_nan=False) for name, value in metadata.items()}
    header = {_FORMAT_KEY: str(FORMAT_VERSION), **texts}
    contiguous = {name: np.asarray(values, order="C") for name, values in tensors.items()}
    _write_parts(Path(path), _in_order(save(contiguous, metadata=header)))


def _in_order(data: bytes) -> tuple[bytes, memoryview]:
    """The same file in two parts, with the entries of its metadata sorted by name.

    The safetensors library lays out the arrays, sorted, and checks their types; but it writes metadata in the
    order of a hash table with a random seed. A file is 8 bytes with the length of the header, the header in
    JSON, filled up with spaces to a multiple of 8, and the arrays' bytes.
    """
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    header = json.loads(data[_LENGTH.size : end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _LENGTH.size)
    return _LENGTH.pack(len(text)) + text, memoryview(data)[end:]


def read_tensors(path: str | Path) -> TensorFile:
    """Read what ``write_tensors`` wrote, after checking that it is just that.

    Raises:
        ModelFileError: the file is missing, no regular file, truncated, foreign, of a newer format, or
            holds a number that is not finite.
    """
    path = Path(path)
    if problem := file_problem(path):
        raise ModelFileError(f"{str(path)!r} {problem}. {_REMEDY}")
    try:
        with safe_open(path, framework="numpy") as file:
            header = _read_header(path, file.metadata())
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except OSError as error:
        raise ModelFileError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, MemoryError) as error:
        raise ModelFileError(f"{str(path)!r} is no intact .safetensors file ({error}). {_REMEDY}") from error
    for name, values in tensors.items():
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ModelFileError(
                f"{str(path)!r}: array {name!r} holds NaN or infinity; the file is damaged. Train again "
                "or take an earlier file."
            )
    return TensorFile(header, tensors)


def _read_header(path: Path, header: Mapping[str, str] | None) -> dict[str, Any]:
    """The metadata, decoded; the format is checked first."""
    values = dict(header or {})
    version = values.pop(_FORMAT_KEY, None)
    if version is None:
        raise ModelFileError(
            f"{str(path)!r} is a .safetensors file of another program: its metadata has no "
            f"{_FORMAT_KEY!r}. {_REMEDY}"
        )
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise ModelFileError(f"{str(path)!r}: {_FORMAT_KEY} is {version[:40]!r}; expected a whole number.")
    if int(version) > FORMAT_VERSION:
        raise ModelFileError(
            f"{str(path)!r} has format {version}; this gatewise reads formats up to {FORMAT_VERSION}. "
            "Upgrade with: pip install -U gatewise"
        )
    decoded = {}
    for name, text in values.items():
        try:
            decoded[name] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{str(path)!r}: metadata {name!r} is not JSON ({error}). {_REMEDY}"
            ) from error
    return decoded


def json_field(path: str | Path, metadata: Mapping[str, Any], name: str, expected: type) -> Any:
    """One entry of a file's metadata, of the type expected.

    Raises:
        ModelFileError: it is missing or of another type.
    """
    value = metadata.get(name)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        found = "missing" if name not in metadata else f"of type {type(value).__name__}"
        raise ModelFileError(f"{str(path)!r}: metadata {name!r} is {found}; expected {expected.__name__}.")
    return value


def json_text(value: Any, encoding: str = "utf-8") -> str:
    """A value on one line of JSON, with null for each number that JSON does not have.

    Args:
        value: what JSON can hold, and NaN and infinities.
        encoding: of what it is written to. Letters stand there as they are; where it lacks one, all beyond
            ASCII are written as JSON escapes them.
    """
    finite = _finite(value)
    text = json.dumps(finite, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:  # in UTF-8 too, of half a surrogate pair, as names of files may hold
        return json.dumps(finite, allow_nan=False)
    return text


def _finite(value: Any) -> Any:
    """The same with None for each number that is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def check_suffix(path: str | Path) -> Path:
    """A path that ends in ``.safetensors``.

    Raises:
        ArgumentError: it ends otherwise.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ArgumentError(f"model path {str(path)!r} ends in {path.suffix!r}; expected '.safetensors'.")
    return path


def _new_file_beside(path: Path) -> IO[bytes]:
    """A new file in the same folder under a name that nobody has, with the rights of any new file.

    The kernel takes the process's umask from them. ``tempfile`` gives the owner's alone, and to widen them
    the umask would have to be known, which can be read only by setting it: for a moment for all threads.

    Raises:
        OSError: none can be made there.
    """
    while True:
        with contextlib.suppress(FileExistsError):
            return path.with_name(f".{path.name}.{secrets.token_hex(4)}").open("xb")


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, on systems that can flush a folder; the file itself is whole."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _output_error(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        remedy = f"The folder {str(path.parent)!r} does not exist: create it, or give another path."
    else:
        remedy = "Give a path in a folder that can be written and has room. Nothing was changed."
    return OutputError(f"cannot write {str(path)!r}: {reason}. {remedy}")
