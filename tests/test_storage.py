"""A file is written whole or not at all, read back bit for bit, and believed only after checking."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save as save_tensors

from gatewise import LanguageModel, load, storage
from gatewise.errors import ArgumentError, ModelFileError, OutputError
from gatewise.storage import check_suffix, check_writable, read_tensors, write_bytes, write_tensors

on_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")


@pytest.fixture(scope="session")
def model_path(real_text, tmp_path_factory):
    """A small language model's file, to be read only."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    model = LanguageModel(
        hidden_size=8, num_layers=1, embedding_size=8, window=16, batch_size=4, epochs=1, progress=False
    )
    model.fit(real_text[:2000]).save(path)
    return path


@pytest.fixture
def model_bytes(model_path):
    """Its content."""
    return model_path.read_bytes()


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
# Any code point, lone surrogates included. Two that make a pair are one character, in JSON too.
any_text = st.text(st.characters(exclude_categories=())).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
metadata = st.dictionaries(st.text().filter(lambda name: name != "gatewise_format"), json_values, max_size=4)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("scratch")


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


def test_metadata_that_json_cannot_hold_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_tensors(tmp_path / "a.safetensors", {"loss": float("nan")}, {})
    assert names_in(tmp_path) == []


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"content")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


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


def fail_in_write(monkeypatch):
    make = tempfile.NamedTemporaryFile

    def make_on_full_disk(*arguments, **options):
        file = make(*arguments, **options)
        file.write = full_disk
        return file

    monkeypatch.setattr(storage.tempfile, "NamedTemporaryFile", make_on_full_disk)


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
import os, pathlib, signal, sys, tempfile
from gatewise.storage import write_bytes

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

match sys.argv[2]:
    case "half written":
        make = tempfile.NamedTemporaryFile
        def make_deadly(*arguments, **options):
            file = make(*arguments, **options)
            write = file.write
            def write_half(data):
                write(data[: len(data) // 2])
                file.file.flush()
                die()
            file.write = write_half
            return file
        tempfile.NamedTemporaryFile = make_deadly
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


# What stands in a file that is not as it should be.


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
        damaged("text", lambda data: b"once upon a time, " * 100, "is no intact .safetensors file"),
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


# Files from strangers: whatever the bytes, the answer is a model or a ModelFileError.


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
