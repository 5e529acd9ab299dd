"""A long text becomes the same tokens through a memory map, in memory that does not grow with it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import tracemalloc

import numpy as np
import pytest

from gatewise.data import CharTokenizer, TextSource, WordTokenizer, token_digest, tokenize
from tests.data.texts import LEVELS, learn, use_chunks


@pytest.fixture(scope="module")
def text(real_text):
    return real_text[:20_000]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """An empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("level", LEVELS)
def test_the_memory_map_holds_the_tokens_of_memory(level, text, temporary, monkeypatch):
    source = TextSource(text)
    tokenizer = learn(level, source, 300)
    expected = tokenize(source, tokenizer)
    use_chunks(monkeypatch, 512)
    for in_memory in (0, 100, len(expected.tokens) - 1, len(expected.tokens)):
        found = tokenize(source, tokenizer, in_memory)
        assert isinstance(found.tokens, np.memmap) == (in_memory < len(expected.tokens))
        assert found.tokens.dtype == expected.tokens.dtype
        np.testing.assert_array_equal(found.tokens, expected.tokens)
        assert found[1:] == expected[1:]


def test_the_map_s_file_has_no_name(text, temporary):
    """Whatever ends the process, nothing is left on the disk."""
    tokens = tokenize(TextSource(text), CharTokenizer.learn([text]), in_memory=10).tokens
    assert isinstance(tokens, np.memmap)
    assert list(temporary.iterdir()) == []
    del tokens
    gc.collect()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(255, np.uint8), (256, np.uint16), (70_000, np.uint32)],
    ids=["1 byte", "2 bytes", "4 bytes"],
)
def test_tokens_are_of_the_smallest_type_that_holds_them(size, dtype):
    """One symbol more than the characters: the unknown one."""
    text = "".join(map(chr, range(0xE000, 0xE000 + size)))
    result = tokenize(TextSource(text), CharTokenizer.learn([text]))
    assert result.tokens.dtype == dtype
    np.testing.assert_array_equal(result.tokens, np.arange(1, size + 1))


def test_characters_and_unknown_symbols_are_counted():
    tokenizer = WordTokenizer.learn(["the cat sat\n"])
    result = tokenize(TextSource("the  dog sat on\nthe mat"), tokenizer)
    assert result.characters == 23
    assert result.unknown == 3
    the, sat = (2 + tokenizer.words.index(word) for word in ("the", "sat"))
    assert result.tokens.tolist() == [the, 0, sat, 0, 1, the, 0]


def peak_memory(call):
    """Bytes that Python and NumPy took at most during a call."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("line_ends", [True, False], ids=["lines", "one line"])
def test_memory_does_not_grow_with_the_text(level, line_ends, text, tmp_path, monkeypatch):
    """Eight times the text, read in chunks of 4 kB, takes no more."""
    use_chunks(monkeypatch, 4096)
    part = text[:8000] if line_ends else text[:8000].replace("\n", " ")
    tokenizer = learn(level, TextSource(part))

    def read(times):
        path = tmp_path / "long.txt"
        path.write_text(part * times, encoding="utf-8")

        def read():
            type(tokenizer).learn(TextSource(path).chunks())
            tokenize(TextSource(path), tokenizer, in_memory=1000)

        return peak_memory(read)

    read(2)  # what is made once and kept
    assert read(64) < read(8) + 100_000


def test_a_file_of_60_mb_is_read_with_a_fraction_of_it(text, tmp_path):
    path = tmp_path / "long.txt"
    path.write_text(text * 3000, encoding="utf-8")
    assert path.stat().st_size >= 60_000_000
    tokenizer = CharTokenizer.learn([text])
    results = []
    peak = peak_memory(lambda: results.append(tokenize(TextSource(path), tokenizer, in_memory=1 << 16)))
    assert peak < 20_000_000
    [(tokens, characters, _)] = results
    assert len(tokens) == characters == 3000 * len(text)
    assert tokenizer.decode(tokens[-200:]) == text[-200:]


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
def test_a_full_disk_is_told_with_the_folder_to_change(tmp_path):
    script = """
import resource
from gatewise.data import CharTokenizer, TextSource, tokenize
from gatewise.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    tokenize(TextSource("long " * 10_000), CharTokenizer("long "), in_memory=100)
except DataError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.stdout == (
        f"no room for the tokens of the text in {str(tmp_path)!r} (File too large); "
        "point TMPDIR to a folder with more.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_digest_tells_where_one_array_ends_and_the_next_begins():
    parts = [([1, 2, 3], []), ([1, 2], [3]), ([1], [2, 3]), ([], [1, 2, 3]), ([1, 2, 3],), ([3, 2], [1])]
    digests = [token_digest(*(np.array(part, np.uint8) for part in each)) for each in parts]
    assert len(set(digests)) == len(parts)
    assert digests[1] == token_digest(np.array([1, 2], np.uint8), np.array([3], np.uint8))
