"""Texts, good and bad files, and a trained model for the tests of the command line."""

from __future__ import annotations

import json
import struct

import pytest

from gatewise import LanguageModel
from gatewise.storage import read_tensors, write_tensors
from tests.cli.command import TINY


@pytest.fixture(scope="session")
def book(real_text, tmp_path_factory):
    """A text file that takes a few hundred steps."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text(real_text[:12_000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def page(real_text, tmp_path_factory):
    """A text file that takes some steps."""
    path = tmp_path_factory.mktemp("page") / "page.txt"
    path.write_text(real_text[:3000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def model_path(page, tmp_path_factory):
    """A trained model's file, to be read only."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    LanguageModel(**TINY, epochs=2, progress=False).fit(page).save(path)
    return path


@pytest.fixture(scope="session")
def inputs(real_text, tmp_path_factory):
    """Good and bad files by name, to be read only."""
    folder = tmp_path_factory.mktemp("inputs")

    def write(name, content):
        (folder / name).write_bytes(content)

    text = real_text[:2000]
    write("good.txt", text.encode())
    write("empty.txt", b"")
    write("binary.txt", bytes(range(256)))
    write("zeros.txt", bytes(1000))
    write("latin.txt", "one\ntwo\ncafé\n".encode("latin-1"))
    write("utf16.txt", text.encode("utf-16"))
    write("short.txt", b"too short")
    write("one.txt", b"x")
    write("mark.txt", b"\xef\xbb\xbf")
    (folder / "folder").mkdir()
    (folder / "folder.safetensors").mkdir()

    model = folder / "good.safetensors"
    LanguageModel(**TINY, epochs=1, progress=False).fit(text).save(model)
    file = read_tensors(model)
    config = file.metadata["config"]

    def write_model(name, **metadata):
        write_tensors(folder / name, file.metadata | metadata, file.tensors)

    write_model("heads.safetensors", config={**config, "heads": 8})
    write_model("type.safetensors", config={**config, "hidden_size": "large"})
    write_model("size.safetensors", config={**config, "hidden_size": 10**9})
    write("newer.safetensors", model.read_bytes().replace(b'"gatewise_format":"1"', b'"gatewise_format":"9"'))
    write_model("task.safetensors", task="mind_reader")
    write("cut.safetensors", model.read_bytes()[:-1])
    write("text.safetensors", text.encode())
    write("empty.safetensors", b"")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    write("foreign.safetensors", struct.pack("<Q", len(header)) + header + bytes(4))
    return folder
