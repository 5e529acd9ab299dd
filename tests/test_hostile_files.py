"""Files from strangers: whatever the bytes, the answer is a model or a ModelFileError."""

from __future__ import annotations

import json
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gatewise import LanguageModel, load
from gatewise.errors import ModelFileError
from gatewise.storage import read_tensors, write_tensors
from tests.model_files import any_text, header_of, json_values, with_config, with_metadata


def load_bytes(path, data):
    """A model, or None where it is refused; every other error is the test's failure."""
    path.write_bytes(data)
    try:
        return load(path)
    except ModelFileError:
        return None


# (kind, position as a fraction, what) on a file whose interesting part is its beginning.
edits = st.tuples(
    st.sampled_from(["flip", "insert", "delete", "truncate", "copy"]),
    st.floats(0, 1) | st.floats(0, 0.2),
    st.integers(0, 255),
    st.binary(min_size=1, max_size=12)
    | st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b"9", b"-", b"\\u"]),
)

MEMORY = 8_000_000
"""Bytes that loading may take whatever the file: a tokenizer's table of all code points, modules."""


def peak_memory(call):
    """Bytes that Python and NumPy took at most during a call."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def edited(data, kind, position, number, some_bytes):
    place = int(position * (len(data) - 1))
    match kind:
        case "flip":
            return data[:place] + bytes([data[place] ^ (number or 1)]) + data[place + 1 :]
        case "insert":
            return data[:place] + some_bytes + data[place:]
        case "delete":
            return data[:place] + data[place + 1 + number :]
        case "truncate":
            return data[:place]
        case _:
            return data[:place] + data[number : number + 50] + data[place:]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(edits, min_size=1, max_size=3), st.booleans())
def test_any_damage_gives_a_model_or_a_model_file_error(scratch, model_path, edits, mend_length):
    data = model_bytes = model_path.read_bytes()
    for edit in edits:
        if data:
            data = edited(data, *edit)
    if mend_length and len(data) > 8:
        # Else most edits of the header end at its length already.
        size = max(0, len(data) - 8 - len(header_of(model_bytes)[1]))
        data = struct.pack("<Q", size) + data[8:]
    model = load_bytes(scratch / "fuzzed.safetensors", data)
    if model is not None:
        assert np.isfinite(model.network_.parameters.vector).all()


config_names = list(LanguageModel().get_params())
hostile = st.sampled_from(
    [
        0,
        -1,
        1,
        2,
        10**3,
        10**9,
        2**63,
        10**400,
        -(10**400),
        0.5,
        1e308,
        -0.0,
        "",
        "8",
        "char",
        "rnn",
        [],
        {},
        None,
    ]
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from([*config_names, "self", "deep", "params", ""]), hostile | json_values, min_size=1
    ),
    st.none() | json_values | any_text | st.lists(any_text, max_size=70),
)
@example({"seed": 10**400}, None)
def test_any_config_and_vocabulary_give_a_model_or_a_model_file_error(
    scratch, model_path, config, vocabulary
):
    data = with_config(model_path.read_bytes(), **config)
    if vocabulary is not None:
        data = with_metadata(data, vocabulary=json.dumps(vocabulary))
    path = scratch / "config.safetensors"
    assert peak_memory(lambda: load_bytes(path, data)) < MEMORY + 8 * len(data)


@pytest.mark.parametrize(
    "config",
    [
        {"hidden_size": 1, "embedding_size": 1, "num_layers": 8_000},
        {"hidden_size": 200, "embedding_size": 5_000, "num_layers": 1},
    ],
    ids=["many tiny layers", "wide embedding into many units"],
)
def test_a_small_file_cannot_ask_for_much_memory(config, model_path, tmp_path):
    """A config that claims a network far larger than the file is refused before the network is made."""
    path = tmp_path / "m.safetensors"
    claimed = read_tensors(model_path).metadata
    claimed |= {"config": claimed["config"] | config, "vocabulary": "ab"}
    write_tensors(path, claimed, {"embedding.weight": np.zeros(60_000, np.float32)})

    def refuse():
        with pytest.raises(ModelFileError):
            load(path)

    assert peak_memory(refuse) < MEMORY + 8 * path.stat().st_size
