"""A file that is not as it should be is refused, in words that say what is wrong with it."""

from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from gatewise import load
from gatewise.errors import ModelFileError
from gatewise.storage import read_tensors, write_tensors
from tests.marks import on_posix
from tests.model_files import header_of, with_config, with_header, with_metadata


@pytest.fixture
def model_bytes(model_path):
    """The content of a model's file."""
    return model_path.read_bytes()


def damaged(name, damage, message):
    return pytest.param(damage, message, id=name)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        damaged("empty", lambda data: b"", "is no intact .safetensors file"),
        damaged("half a header length", lambda data: data[:4], "is no intact .safetensors file"),
        damaged("only a header length", lambda data: data[:8], "is no intact .safetensors file"),
        damaged("half a header", lambda data: data[:200], "is no intact .safetensors file"),
        damaged(
            "no arrays after the header",
            lambda data: data[: len(data) - len(header_of(data)[1])],
            "is no intact .safetensors file",
        ),
        damaged("half the arrays", lambda data: data[: -len(header_of(data)[1]) // 2], "is no intact"),
        damaged("last byte missing", lambda data: data[:-1], "is no intact .safetensors file"),
        damaged("one byte too many", lambda data: data + b"\0", "is no intact .safetensors file"),
        damaged("twice", lambda data: data * 2, "is no intact .safetensors file"),
        damaged("header of 2**63 bytes", lambda data: struct.pack("<Q", 2**63) + data[8:], "is no intact"),
        damaged("header of 90 MB", lambda data: struct.pack("<Q", 90_000_000) + data[8:], "is no intact"),
        damaged("text", lambda data: b"once upon a time, " * 100, "is a text file. Expected a model"),
        damaged("zeros", lambda data: bytes(1000), "is no intact .safetensors file"),
        damaged(
            "foreign",
            lambda data: save_tensors({"w": np.zeros(3)}, metadata={"format": "pt"}),
            "is a .safetensors file of another program",
        ),
        damaged("foreign without metadata", lambda data: save_tensors({"w": np.zeros(3)}), "another program"),
        damaged(
            "newer format",
            lambda data: with_metadata(data, gatewise_format="2"),
            "has format 2; this gatewise reads formats up to 1. Upgrade with: pip install -U gatewise",
        ),
        damaged(
            "format no number", lambda data: with_metadata(data, gatewise_format="one"), "is 'one'; expected"
        ),
        damaged(
            "format negative", lambda data: with_metadata(data, gatewise_format="-1"), "is '-1'; expected"
        ),
        damaged(
            "format superscript", lambda data: with_metadata(data, gatewise_format="²"), "is '²'; expected"
        ),
        damaged(
            "format long", lambda data: with_metadata(data, gatewise_format="1" * 9999), "expected a whole"
        ),
        damaged(
            "config no JSON", lambda data: with_metadata(data, config="{"), "metadata 'config' is not JSON"
        ),
        damaged(
            "deeply nested JSON",
            lambda data: with_metadata(data, config="[" * 100_000),
            "metadata 'config' is not JSON",
        ),
        damaged(
            "a number of 5000 digits",
            lambda data: with_metadata(data, config="1" * 5000),
            "metadata 'config' is not JSON",
        ),
        damaged("config a list", lambda data: with_metadata(data, config="[]"), "'config' is of type list"),
        damaged("config missing", lambda data: with_metadata(data, config=None), "'config' is missing"),
        damaged("task missing", lambda data: with_metadata(data, task=None), "'task' is missing"),
        damaged("task null", lambda data: with_metadata(data, task="null"), "'task' is of type NoneType"),
        damaged(
            "task unknown",
            lambda data: with_metadata(data, task='"mind_reader"'),
            "holds a model for task 'mind_reader'; this gatewise knows forecaster, language_model",
        ),
        damaged(
            "vocabulary missing",
            lambda data: with_metadata(data, vocabulary=None),
            "is damaged or was changed: the character vocabulary is not",
        ),
        damaged(
            "vocabulary of another length",
            lambda data: with_metadata(data, vocabulary='["a", "b", "c"]'),
            "is damaged or was changed: parameter",
        ),
        damaged(
            "a symbol twice",
            lambda data: with_metadata(data, vocabulary='["a", "b", "a"]'),
            "is damaged or was changed: the character vocabulary",
        ),
        damaged(
            "unknown key in the config",
            lambda data: with_config(data, heads=8),
            "is damaged or was changed: LanguageModel has no hyperparameter 'heads'",
        ),
        damaged(
            "the name of an argument in the config",
            lambda data: with_config(data, self=8),
            "is damaged or was changed: LanguageModel has no hyperparameter 'self'",
        ),
        damaged(
            "wrong type in the config",
            lambda data: with_config(data, hidden_size="8"),
            "is damaged or was changed: hidden_size='8'; expected a whole number",
        ),
        damaged(
            "true is no size", lambda data: with_config(data, num_layers=True), "num_layers=True; expected"
        ),
        damaged(
            "infinite rate",
            lambda data: with_config(data, learning_rate=1e999),
            "learning_rate=inf; expected",
        ),
        damaged(
            "a billion units", lambda data: with_config(data, hidden_size=10**9), "config needs at least"
        ),
        damaged(
            "a billion layers", lambda data: with_config(data, num_layers=10**9), "config needs at least"
        ),
        damaged(
            "an embedding of a billion",
            lambda data: with_config(data, embedding_size=10**9),
            "config needs at least",
        ),
        damaged(
            "size beyond floats",
            lambda data: with_config(data, hidden_size=10**400),
            "damaged or was changed",
        ),
        damaged("another layer", lambda data: with_config(data, num_layers=2), "damaged or was changed"),
        damaged("another cell", lambda data: with_config(data, cell="rnn"), "damaged or was changed"),
        damaged(
            "another level", lambda data: with_config(data, level="bpe"), "the subword vocabulary is not"
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_words(damage, message, model_bytes, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(damage(model_bytes))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert str(caught.value).startswith(repr(str(path)))
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_a_weight_that_is_not_finite_is_refused(value, model_bytes, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(model_bytes)
    file = read_tensors(path)
    file.tensors["head.weight"][1, 2] = value
    write_tensors(path, file.metadata, file.tensors)
    with pytest.raises(ModelFileError, match=r"array 'head\.weight' holds NaN or infinity"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("head.bias"), "is damaged or was changed: "),
        (lambda w: w.update(extra=np.zeros(3, np.float32)), "parameter 'extra' is not one"),
        (lambda w: w.update({"head.bias": w["head.bias"][:-1]}), "is damaged or was changed: "),
        (lambda w: w.update({"head.bias": w["head.bias"].astype(float)}), "'head.bias' has dtype float64"),
        (lambda w: w.update({"head.bias": w["head.bias"].astype(np.int32)}), "'head.bias' has dtype int32"),
    ],
    ids=["one missing", "one too many", "too short", "float64", "integers"],
)
def test_weights_that_do_not_fit_the_config_are_refused(change, message, model_bytes, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(model_bytes)
    file = read_tensors(path)
    change(file.tensors)
    write_tensors(path, file.metadata, file.tensors)
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F8_E4M3", "F4", "C64", "BOOL", "U64", "F6_E2M3"])
def test_arrays_of_types_that_gatewise_does_not_write_are_refused(dtype, model_bytes, tmp_path):
    """Some of them NumPy cannot even hold."""
    header, _ = header_of(model_bytes)
    bits = {"BF16": 16, "F16": 16, "F8_E4M3": 8, "F4": 4, "C64": 64, "BOOL": 8, "U64": 64, "F6_E2M3": 6}[
        dtype
    ]
    header = {
        "__metadata__": header["__metadata__"],
        "a": {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]},
    }
    path = tmp_path / "m.safetensors"
    path.write_bytes(with_header(header, bytes(bits)))
    with pytest.raises(ModelFileError, match=r"m\.safetensors"):
        load(path)


@pytest.mark.parametrize(
    ("shape", "size"),
    [([2**40, 2**40], 8), ([2**62, 4], 0), ([1] * 70, 4), ([0] * 70, 0), ([-1], 4)],
    ids=["2**80 numbers", "size overflows", "70 dimensions", "70 dimensions of nothing", "negative"],
)
def test_shapes_that_cannot_be_are_refused(shape, size, model_bytes, tmp_path):
    header, _ = header_of(model_bytes)
    header = {
        "__metadata__": header["__metadata__"],
        "a": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]},
    }
    path = tmp_path / "m.safetensors"
    path.write_bytes(with_header(header, bytes(size)))
    with pytest.raises(ModelFileError, match=r"m\.safetensors"):
        load(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.safetensors", "does not exist"),
        (".", "is not a regular file"),
        pytest.param("/dev/zero", "is not a regular file", marks=on_posix),
        ("x" * 300, "File name too long"),
        ("zero\0byte", "zero"),
    ],
    ids=["missing", "folder", "device without end", "name too long", "zero byte"],
)
def test_a_path_that_is_no_file_is_refused(path, message):
    with pytest.raises(ModelFileError, match=message):
        load(path)


@on_posix
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match="is not a regular file"):
        load(tmp_path / "m.safetensors")


@on_posix
def test_a_link_to_itself_is_refused(tmp_path):
    (tmp_path / "m.safetensors").symlink_to(tmp_path / "m.safetensors")
    with pytest.raises(ModelFileError, match=r"m\.safetensors"):
        load(tmp_path / "m.safetensors")
