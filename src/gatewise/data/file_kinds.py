"""What a file is, by its content and then by its name, so that a reader can say what it was given."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO, NamedTuple

from gatewise.data.number_lines import (
    between,
    fields_of,
    looks_like_series,
    looks_like_words,
    looks_sparse,
    with_points,
)
from gatewise.data.word_forms import looks_like_conll, looks_like_conllu
from gatewise.errors import DataError

__all__ = [
    "FileKind",
    "binary_kind",
    "file_kind",
    "open_unpacked",
    "refuse_other_kinds",
    "suffix_of",
    "told_of",
]

_SNIFFED = 1 << 16
"""Bytes of a file that are looked at."""


class FileKind(NamedTuple):
    """A kind of file.

    Attributes:
        name: of the kind, for readers that take it.
        told: what it is, behind "is".
        remedy: what to do with it where it cannot be read.
    """

    name: str
    told: str
    remedy: str


_UNPACK = "Unpack it, and give the file in it."
_AS_TEXT = "Save its text as a plain text file."
_AS_CSV = "Save its table as CSV."
_NO_TEXT = "There is no text or table in it."
_ARRAYS = "Write it as CSV, or in Python give its arrays to fit or predict."
_FRAME = "Write it as CSV, or in Python give it as a data frame."
_SERIES = "Classifiers of series read it: gatewise train classify, or in Python gatewise.data.read_series."
_TAGS = "Taggers read it: gatewise train tag, or in Python gatewise.data.read_tagged."

_KINDS = {
    kind.name: kind
    for kind in (
        FileKind("parquet", "a Parquet file", "Forecasters and classifiers read it. " + _AS_CSV),
        FileKind("arrow", "an Arrow (Feather) file", _FRAME),
        FileKind("orc", "an ORC file", _FRAME),
        FileKind("avro", "an Avro file", _FRAME),
        FileKind("excel", "an Excel workbook", "Save its sheet as CSV."),
        FileKind("ole", "a workbook or document of an old Office (.xls, .doc)", "Save it as CSV or text."),
        FileKind("ods", "an OpenDocument file", "Save it as CSV or text."),
        FileKind("word", "a Word document", _AS_TEXT),
        FileKind("pdf", "a PDF document", _AS_TEXT),
        FileKind("rtf", "a document in Rich Text Format", _AS_TEXT),
        FileKind("npz", "a NumPy archive (.npz)", _ARRAYS),
        FileKind("npy", "a NumPy array (.npy)", _ARRAYS),
        FileKind("mat", "a MATLAB file (.mat)", _ARRAYS),
        FileKind("hdf5", "an HDF5 file", _ARRAYS),
        FileKind("torch", "a PyTorch file", "Expected data here, and no weights."),
        FileKind("pickle", "a Python pickle", _ARRAYS),
        FileKind("keras", "a Keras model", "Expected data here, and no weights."),
        FileKind("model", "a model file", "A command takes its model first, and its data after it."),
        FileKind("zip", "a zip archive", _UNPACK),
        FileKind("tar", "a tar archive", _UNPACK),
        FileKind("gzip", "a gzip file", _UNPACK),
        FileKind("bzip2", "a bzip2 file", _UNPACK),
        FileKind("xz", "an xz file", _UNPACK),
        FileKind("zstd", "a Zstandard file", _UNPACK),
        FileKind("7z", "a 7-Zip archive", _UNPACK),
        FileKind("rar", "a RAR archive", _UNPACK),
        FileKind("sqlite", "an SQLite database", "Write its table as CSV."),
        FileKind("image", "an image", _NO_TEXT),
        FileKind("sound", "a sound file", _NO_TEXT),
        FileKind("program", "a program", _NO_TEXT),
        FileKind(
            "utf16",
            "text in UTF-16",
            "Convert it to UTF-8, as with: iconv -f UTF-16 -t UTF-8 FILE",
        ),
        FileKind("binary", "a binary file", "Save what is in it as text in UTF-8."),
        FileKind("csv", "a CSV table", "Classifiers, forecasters and translators read tables."),
        FileKind("html", "an HTML page", "Save its text as a plain text file, or its table as CSV."),
        FileKind("xml", "an XML file", "Save its text as a plain text file, or its table as CSV."),
        FileKind("json", "a JSON file", "Write its records as a table, CSV."),
        FileKind("jsonl", "a file of JSON lines", "Write its records as a table, CSV."),
        FileKind("ts", "a .ts file of series", _SERIES),
        FileKind("tsf", "a .tsf file of the Monash archive", _FRAME),
        FileKind("arff", "an ARFF file", _SERIES),
        FileKind("numbers", "a table of numbers", _SERIES),
        FileKind(
            "commas",
            "a table of numbers with decimal commas",
            "Write them with points, as with: sed 's/,/./g' FILE",
        ),
        FileKind("sparse", "a file of sparse numbers, as LIBSVM writes it", _AS_CSV),
        FileKind("yaml", "a YAML file", "Write its records as a table, CSV."),
        FileKind("conllu", "a CoNLL-U file", _TAGS),
        FileKind("conll", "a file of words and tags in columns, as CoNLL writes it", _TAGS),
    )
}

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"ORC", "orc"),
    (b"Obj\x01", "avro"),
    (b"\x93NUMPY", "npy"),
    (b"MATLAB 5.0 MAT-file", "mat"),
    (b"\x89HDF", "hdf5"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"OggS\x00", "sound"),
    (b"fLaC\x00", "sound"),
    (b"ID3\x02", "sound"),
    (b"ID3\x03", "sound"),
    (b"ID3\x04", "sound"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\x00", "program"),
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
)
"""How files of a kind begin."""
_IN_LETTERS = {"pdf", "rtf"}
"""Kinds that may be text in UTF-8 themselves; of the others a text that begins so, as PAR1, is none."""
_TAR = 257
"""Where a tar archive says that it is one."""
_PICKLE = re.compile(rb"\x80[\x02-\x05][}\])(Kc\x95\x8c]")

_SUFFIXES = {
    **{"parquet": "parquet", "pq": "parquet", "feather": "arrow", "arrow": "arrow", "orc": "orc"},
    **{"avro": "avro", "xlsx": "excel", "xlsm": "excel", "xls": "ole", "doc": "ole", "docx": "word"},
    **{"ods": "ods", "odt": "ods", "pdf": "pdf", "rtf": "rtf", "npz": "npz", "npy": "npy", "mat": "mat"},
    **{"h5": "hdf5", "hdf5": "hdf5", "pt": "torch", "pth": "torch", "pkl": "pickle", "pickle": "pickle"},
    **{"keras": "keras", "safetensors": "model", "zip": "zip", "tar": "tar", "tgz": "tar", "bz2": "bzip2"},
    **{"xz": "xz", "zst": "zstd", "7z": "7z", "rar": "rar", "sqlite": "sqlite", "png": "image"},
    **{"jpg": "image", "jpeg": "image", "gif": "image", "wav": "sound", "mp3": "sound", "flac": "sound"},
    **{"html": "html", "htm": "html", "xml": "xml", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl"},
    **{"yaml": "yaml", "yml": "yaml", "arff": "arff", "tsf": "tsf", "conllu": "conllu", "csv": "csv"},
    "conllup": "conllu",
}
"""Kinds by the ends of names. A .ts file may also be a program or a film, so its content must say it."""
_TEXTS = {"html", "xml", "json", "jsonl", "yaml", "arff", "tsf", "conllu", "csv"}
"""Those of them whose files are texts."""

_TS_TAGS = (
    *("@problemname", "@timestamps", "@missing", "@univariate", "@dimension", "@equallength"),
    *("@serieslength", "@classlabel", "@targetlabel"),
)
_JSON_BEGINS = re.compile(r'\s*(\{\s*("(?:[^"\\]|\\.)*"\s*:|\})|\[\s*(\{\s*"|\[\s*[\[\d"-]))')


def suffix_of(path: str | Path) -> str:
    """The end of a file's name in lower case, as ".csv" of "A.CSV.gz"."""
    return Path(Path(path).name.lower().removesuffix(".gz")).suffix


def open_unpacked(path: str | Path) -> BinaryIO:
    """A file to read as bytes, unpacked where its content is gzip, whatever its name.

    Raises:
        OSError: it cannot be opened. What is wrong with a gzip file shows while it is read.
    """
    with Path(path).open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else Path(path).open("rb")  # type: ignore[return-value]


def file_kind(path: str | Path) -> FileKind | None:
    """What a file is; None for plain text, a table with a header, and what nothing is known of.

    Args:
        path: of a regular file. One that cannot be read or is damaged is told by its name alone.
    """
    path = Path(path)
    by_name = _KINDS.get(_SUFFIXES.get(suffix_of(path).removeprefix("."), ""))
    try:
        data = _begin(path)
    except (OSError, EOFError, zlib.error):
        return by_name
    if found := binary_kind(data):
        return _zip_kind(path) if found.name == "zip" else found
    if found := _text_kind(data):
        return found
    # A text is no workbook because its name says so.
    is_text = _is_text(data)
    if by_name is not None and data and (by_name.name in _TEXTS) is is_text:
        return by_name if by_name.name != "csv" or _is_parted(data) else None
    return None if _is_utf8(data) or b"\0" not in data else _KINDS["binary"]


def binary_kind(data: bytes) -> FileKind | None:
    """What a file is whose first bytes these are, if it is no text in UTF-8."""
    for begins, name in _MAGIC:
        if data.startswith(begins) and (name in _IN_LETTERS or not _is_text(data)):
            return _KINDS[name]
    if data[_TAR : _TAR + 5] == b"ustar":
        return _KINDS["tar"]
    if data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"WEBP"):
        return _KINDS["sound" if data[8:12] == b"WAVE" else "image"]
    if data[8:10] == b'{"' and int.from_bytes(data[:8], "little") < 100_000_000:
        return _KINDS["model"]
    return _KINDS["pickle"] if _PICKLE.match(data) else None


def refuse_other_kinds(path: str | Path, expected: str, takes: Collection[str] = ()) -> None:
    """Refuse a file that is known to be of another kind than a reader takes.

    Args:
        path: of a regular file.
        expected: what the file should be.
        takes: names of kinds that the reader takes; "words" for tables of numbers that may be words.

    Raises:
        DataError: it is such a file; the message says what it is, and what to do with it.
    """
    kind = file_kind(path)
    if kind is None or kind.name in takes:
        return
    if kind.name == "numbers" and "words" in takes and _may_be_words(_begin(path)):
        return
    raise DataError(f"{str(path)!r} is {kind.told}; expected {expected}. {kind.remedy}")


def told_of(path: str | Path) -> str | None:
    """What a file is, in words that follow "is"; None for a model, and where nothing is known."""
    kind = file_kind(path)
    if kind is not None:
        return None if kind.name == "model" else kind.told
    try:
        data = _begin(path)
    except (OSError, EOFError, zlib.error):
        return None
    return "a text file" if data and _is_text(data) else None


def _begin(path: str | Path) -> bytes:
    with open_unpacked(path) as file:
        return file.read(_SNIFFED)


def _is_text(data: bytes) -> bool:
    return b"\0" not in data and _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    """Whether it is UTF-8, of which the last letter may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _zip_kind(path: Path) -> FileKind:
    """What the archive holds."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        names = []
    if "[Content_Types].xml" in names:
        return _KINDS["excel" if any(name.startswith("xl/") for name in names) else "word"]
    if names and all(name.endswith(".npy") for name in names):
        return _KINDS["npz"]
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        return _KINDS["torch"]
    if "model.weights.h5" in names:
        return _KINDS["keras"]
    return _KINDS["ods" if "mimetype" in names and "content.xml" in names else "zip"]


def _lines(data: bytes) -> list[str]:
    """The lines, less the last of a part, which may be cut off."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(data) == _SNIFFED and len(lines) > 1:
        lines.pop()
    return lines


def _text_kind(data: bytes) -> FileKind | None:
    """What a text is whose first bytes these are."""
    begin = data[:2000].decode("utf-8-sig", errors="ignore").lstrip().lower()
    if re.match(r"(<!--.*?-->\s*)*(<!doctype html|<html)", begin, re.S):
        return _KINDS["html"]
    if begin.startswith("<?xml"):
        return _KINDS["html" if "<html" in begin else "xml"]
    if not _is_text(data):
        return None
    lines = _lines(data)
    name = _header_kind(lines) or _json_kind(data, lines)
    if name is None and looks_like_conllu([line for line in lines if line.strip()]):
        name = "conllu"
    if name is None and looks_like_conll(lines):
        name = "conll"
    filled = [line for line in lines if line.strip()]
    if name is None:
        name = _numbers_kind(filled)
    return None if name is None else _KINDS[name]


def _numbers_kind(lines: list[str]) -> str | None:
    """Of a table of numbers, none of whose lines is blank."""
    if looks_like_series(lines) or _has_header_of_series(lines):
        return "numbers"
    if looks_sparse(lines):
        return "sparse"
    pointed = list(map(with_points, lines))
    is_table = pointed != lines and (looks_like_series(pointed) or _has_header_of_series(pointed))
    return "commas" if is_table else None


def _header_kind(lines: list[str]) -> str | None:
    """Of a file whose header is lines that begin with @."""
    header = [line.strip().lower() for line in lines if line.strip() and line.lstrip()[0] not in "#%"][:30]
    if not header or not header[0].startswith("@"):
        return None
    if not all(line.startswith("@") for line in header[: header.index("@data") if "@data" in header else 1]):
        return None
    tags = {line.split()[0] for line in header if line.startswith("@")}
    if tags & {"@frequency", "@horizon"}:
        return "tsf"
    if tags & {"@relation", "@attribute"}:
        return "arff"
    return "ts" if "@data" in header or any(tag.startswith(_TS_TAGS) for tag in tags) else None


def _json_kind(data: bytes, lines: list[str]) -> str | None:
    text = data.decode("utf-8-sig", errors="ignore").strip()
    if not text.startswith(("{", "[")):
        return None
    filled = [line for line in lines if line.strip()][:2]
    if len(filled) > 1 and all(map(_is_json, filled)):
        return "jsonl"
    return "json" if _JSON_BEGINS.match(text) or _is_json(text) else None


def _is_json(text: str) -> bool:
    """Whether it is an object or a list in JSON."""
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_parted(data: bytes) -> bool:
    """Whether the first line has a comma or a semicolon in it, and no tab."""
    return between(next(filter(str.strip, _lines(data)), "")) in (",", ";")


def _may_be_words(data: bytes) -> bool:
    """Whether a table of numbers may be meant as words; one with a header never is."""
    lines = [line for line in _lines(data) if line.strip()]
    return looks_like_series(lines) and looks_like_words(lines)


def _has_header_of_series(lines: list[str]) -> bool:
    """Whether all lines but the first are series of decimal numbers, as wide as the first."""
    if len(lines) < 2 or not (delimiter := between(lines[0])) or not looks_like_series(lines[1:]):
        return False
    same = len(fields_of(lines[0], delimiter)) == len(fields_of(lines[1], delimiter))
    return same and not looks_like_words(lines[1:])
