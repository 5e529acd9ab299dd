"""A file is written whole or not at all, and read back bit for bit."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gatewise import storage
from gatewise.errors import ArgumentError, OutputError
from gatewise.storage import (
    check_suffix,
    check_writable,
    json_text,
    read_tensors,
    write_bytes,
    write_tensors,
)
from tests.marks import on_posix
from tests.model_files import json_values


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def is_folder(descriptor):
    return stat.S_ISDIR(os.fstat(descriptor).st_mode)


# Writing and reading back.

numbers = arrays(
    st.sampled_from([np.dtype(name) for name in ("float32", "float64", "int64")]),
    array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
    elements={"allow_nan": False, "allow_infinity": False},
)
tensors = st.dictionaries(st.text().filter(lambda name: name != "__metadata__"), numbers, max_size=4)
metadata = st.dictionaries(st.text().filter(lambda name: name != "gatewise_format"), json_values, max_size=4)


@settings(max_examples=60)
@given(metadata, tensors)
@example({"one": "\ud800", "two": "\udfff z\u0142oty \N{GRINNING FACE} \0"}, {"": np.zeros((2, 0, 3))})
def test_reading_gives_what_was_written(scratch, metadata, tensors):
    path = scratch / "any.safetensors"
    write_tensors(path, metadata, tensors)
    file = read_tensors(path)
    # By repr, for 1, 1.0 and True are equal, and 0.0 and -0.0.
    assert {name: repr(value) for name, value in file.metadata.items()} == {
        name: repr(value) for name, value in metadata.items()
    }
    assert file.tensors.keys() == tensors.keys()
    for name, values in tensors.items():
        found = file.tensors[name]
        assert (found.dtype, found.shape, found.tobytes()) == (values.dtype, values.shape, values.tobytes())


@pytest.mark.parametrize(
    "view",
    [lambda a: a.T, lambda a: a[::2, ::-1], np.asfortranarray, lambda a: a.astype(">f4"), lambda a: a[1, 2]],
    ids=["transposed", "strided", "by columns", "big-endian", "NumPy scalar"],
)
def test_the_layout_in_memory_does_not_matter(view, tmp_path):
    values = view(np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32))
    write_tensors(tmp_path / "a.safetensors", {}, {"a": values})
    found = read_tensors(tmp_path / "a.safetensors").tensors["a"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values)


@settings(max_examples=30)
@given(metadata, tensors)
@example(
    {"ż": 1, '"\\\n': "\x7f", "a": [1.5], "b": {}}, {"ó\t": np.zeros(3), "a": np.zeros((2, 2), np.float32)}
)
def test_what_is_equal_gives_equal_files_whatever_the_order(scratch, metadata, tensors):
    found = set()
    for turn in range(10):
        order = slice(None, None, 1 if turn % 2 else -1)
        parts = (dict(list(each.items())[order]) for each in (metadata, tensors))
        write_tensors(scratch / "any.safetensors", *parts)
        found.add((scratch / "any.safetensors").read_bytes())
    assert len(found) == 1


def test_a_written_file_has_the_published_layout(tmp_path):
    """Told without the library, and read by it."""
    w, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([7, -8], np.int64)
    write_tensors(tmp_path / "a.safetensors", {"task": "é", "config": {"n": 1}}, {"w": w, "b": b})
    data = (tmp_path / "a.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    assert size % 8 == 0, "the arrays are aligned"
    header = json.loads(data[8 : 8 + size])
    assert list(header["__metadata__"].items()) == [
        ("config", '{"n": 1}'),
        ("gatewise_format", "1"),
        ("task", '"\\u00e9"'),
    ]
    for name, values in (("w", w), ("b", b)):
        first, last = header[name]["data_offsets"]
        assert data[8 + size :][first:last] == values.tobytes()
    found = safetensors.numpy.load(data)
    np.testing.assert_array_equal(found["w"], w)
    np.testing.assert_array_equal(found["b"], b)


def test_metadata_that_json_cannot_hold_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_tensors(tmp_path / "a.safetensors", {"loss": float("nan")}, {})
    assert names_in(tmp_path) == []


@on_posix
def test_the_bytes_are_on_the_disk_before_the_file_takes_its_name(tmp_path, monkeypatch):
    """A rename that reaches the disk before the bytes do would leave an empty file after a power cut."""
    calls = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor):
        calls.append("flush the folder" if is_folder(descriptor) else "flush the file")
        fsync(descriptor)

    def noted_replace(source, target):
        calls.append("rename")
        assert source.read_bytes() == b"content"
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_bytes(tmp_path / "a", b"content")
    assert calls == ["flush the file", "rename", "flush the folder"]


# What can go wrong while writing.

OLD = b"the old file, whole"


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(OLD)
    return path


def full_disk(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullFile(io.FileIO):
    def write(self, data):
        full_disk()


def fail_in_write(monkeypatch):
    make = storage._new_file_beside

    def make_on_full_disk(path):
        with make(path) as file:
            pass
        return FullFile(file.name, "wb")

    monkeypatch.setattr(storage, "_new_file_beside", make_on_full_disk)


def fail_in_flush(monkeypatch):
    monkeypatch.setattr(os, "fsync", full_disk)


def fail_in_rename(monkeypatch):
    monkeypatch.setattr(Path, "replace", full_disk)


@pytest.mark.parametrize("fail", [fail_in_write, fail_in_flush, fail_in_rename], ids=lambda f: f.__name__[8:])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(fail, old, monkeypatch):
    fail(monkeypatch)
    with pytest.raises(OutputError) as caught:
        write_bytes(old, b"new" * 1000)
    message = str(caught.value)
    assert message.startswith(f"cannot write {str(old)!r}: No space left on device. ")
    assert "\n" not in message
    assert old.read_bytes() == OLD
    assert names_in(old.parent) == [old.name]


@on_posix
def test_a_full_disk_as_the_kernel_reports_it(old):
    """The limit on the size of files makes the kernel refuse in the middle of a write."""
    script = """
import resource, sys
from gatewise.errors import OutputError
from gatewise.storage import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(sys.argv[1], bytes(100_000))
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, old], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith(f"cannot write {str(old)!r}: File too large. ")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert old.read_bytes() == OLD
    assert names_in(old.parent) == [old.name]


@on_posix
def test_an_error_after_the_rename_does_not_say_that_nothing_has_changed(old, monkeypatch):
    """Some file systems cannot flush a folder; by then the new file stands in its place."""
    fsync = os.fsync

    def refuse_folders(descriptor):
        if is_folder(descriptor):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    message = ""
    try:
        write_bytes(old, b"new")
    except OutputError as error:
        message = str(error)
    assert old.read_bytes() == (OLD if "Nothing was changed" in message else b"new")


KILLED = """
import io, os, pathlib, signal, sys
from gatewise import storage
from gatewise.storage import write_bytes

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

match sys.argv[2]:
    case "half written":
        class Deadly(io.FileIO):
            def write(self, data):
                super().write(data[: len(data) // 2])
                die()
        make = storage._new_file_beside
        storage._new_file_beside = lambda path: Deadly(make(path).name, "wb")
    case "written":
        os.fsync = die
    case "flushed":
        pathlib.Path.replace = die
    case "renamed":
        replace = pathlib.Path.replace
        pathlib.Path.replace = lambda *arguments: (replace(*arguments), die())
write_bytes(sys.argv[1], b"the new file, whole")
"""


@on_posix
@pytest.mark.parametrize("moment", ["half written", "written", "flushed", "renamed"])
def test_a_process_killed_at_each_stage_leaves_a_whole_file(moment, old):
    done = subprocess.run([sys.executable, "-c", KILLED, old, moment], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == (b"the new file, whole" if moment == "renamed" else OLD)
    write_bytes(old, b"the next one")
    assert old.read_bytes() == b"the next one", "what a killed process left must not be in the way"


REWRITING = """
import itertools, sys
import numpy as np
from gatewise.storage import write_tensors

first = int(sys.argv[2])
for version in itertools.count(first):
    write_tensors(sys.argv[1], {"version": version}, {"w": np.full(200_000, version, np.float32)})
    if version == first:
        print("writing", flush=True)
"""


@on_posix
def test_a_process_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    """Seeded times; whatever the moment, the file loads and is of one version."""
    path = tmp_path / "m.safetensors"
    rng = np.random.default_rng(0)
    version = -1
    for _ in range(6):
        command = [sys.executable, "-c", REWRITING, path, str(version + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "writing\n"
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
        file = read_tensors(path)
        assert file.metadata["version"] > version
        version = file.metadata["version"]
        assert file.tensors["w"].shape == (200_000,)
        assert np.all(file.tensors["w"] == version)


@pytest.mark.parametrize(
    "write", [lambda path: write_bytes(path, b"new"), check_writable], ids=["write", "check"]
)
def test_a_missing_folder_is_named(write, tmp_path):
    path = tmp_path / "nowhere" / "m.safetensors"
    with pytest.raises(OutputError) as caught:
        write(path)
    assert f"cannot write {str(path)!r}" in str(caught.value)
    assert f"The folder {str(path.parent)!r} does not exist: create it" in str(caught.value)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "write", [lambda path: write_bytes(path, b"new"), check_writable], ids=["write", "check"]
)
def test_a_folder_is_no_file_to_write(write, tmp_path):
    path = tmp_path / "m.safetensors"
    path.mkdir()
    with pytest.raises(OutputError) as caught:
        write(path)
    assert f"cannot write {str(path)!r}" in str(caught.value)
    assert names_in(tmp_path) == [path.name]
    assert names_in(path) == []


@pytest.mark.parametrize(
    "write", [lambda path: write_bytes(path, b"new"), check_writable], ids=["write", "check"]
)
def test_a_name_that_no_file_system_takes_is_an_output_error(write):
    with pytest.raises(OutputError, match="File name too long"):
        write("x" * 300)


def test_checking_leaves_no_trace(old):
    before = old.stat()
    check_writable(old)
    check_writable(old.parent / "new.safetensors")
    assert names_in(old.parent) == [old.name]
    assert old.stat() == before
    assert old.read_bytes() == OLD


def test_a_model_path_has_its_suffix():
    assert check_suffix("a/m.safetensors") == Path("a/m.safetensors")
    with pytest.raises(ArgumentError, match=r"'m\.bin' ends in '\.bin'; expected '\.safetensors'"):
        check_suffix("m.bin")


# JSON


@pytest.mark.parametrize(
    ("value", "encoding", "text"),
    [
        ({"ü": "Łódź 😀"}, "utf-8", '{"ü": "Łódź 😀"}'),
        ({"ü": "é"}, "latin-1", '{"ü": "é"}'),
        ({"ü": "Ł"}, "latin-1", '{"\\u00fc": "\\u0141"}'),
        (["😀"], "ascii", '["\\ud83d\\ude00"]'),
        ("half \ud83d", "utf-8", '"half \\ud83d"'),
        ([math.nan, math.inf, -math.inf, 1.5], "utf-8", "[null, null, null, 1.5]"),
        ({"a": {"b": (1, np.float64("nan"))}}, "utf-8", '{"a": {"b": [1, null]}}'),
    ],
)
def test_json_has_letters_as_they_are_and_numbers_that_it_knows(value, encoding, text):
    assert json_text(value, encoding) == text
    assert text.encode(encoding)
