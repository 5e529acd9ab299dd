"""The header of a model's file, and what a test may put there: other entries, any value of JSON."""

from __future__ import annotations

import json
import struct

from hypothesis import strategies as st


def header_of(data):
    """The JSON header of a .safetensors file, and the bytes after it."""
    [size] = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def with_header(header, rest):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


def with_metadata(data, **changes):
    """The file with other metadata; None takes an entry out."""
    header, rest = header_of(data)
    header["__metadata__"] |= changes
    header["__metadata__"] = {name: text for name, text in header["__metadata__"].items() if text is not None}
    return with_header(header, rest)


def with_config(data, **changes):
    config = json.loads(header_of(data)[0]["__metadata__"]["config"])
    return with_metadata(data, config=json.dumps(config | changes))


# Any code point, lone surrogates included. Two that make a pair are one character, in JSON too.
any_text = st.text(st.characters(exclude_categories=())).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
