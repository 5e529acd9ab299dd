"""Small files of many kinds, of which each reader takes some and refuses the others by what they are."""

from __future__ import annotations

import bz2
import io
import json
import lzma
import pickle
import tarfile
import zipfile

import numpy as np
import pyarrow
from pyarrow import parquet
from safetensors.numpy import save

TEXTS = [("good", "a fine film"), ("bad", "a dull film"), ("good", "fine acting"), ("bad", "so dull")] * 6
SERIES = np.random.default_rng(0).normal(size=(24, 8)).round(4) + np.tile([[0], [3]], (12, 1))
CLASSES = ["1", "2"] * 12


def series_lines(between="\t", label=str, value="{:.4f}".format):
    """A label and a series on each line, as the UCR archive writes them."""
    rows = zip(CLASSES, SERIES, strict=True)
    return "".join(between.join([label(c), *map(value, row)]) + "\n" for c, row in rows)


def ts():
    cases = zip(CLASSES, SERIES, strict=True)
    return "@problemName a\n@classLabel true 1 2\n@data\n" + "".join(
        ",".join(map(str, row)) + f":{label}\n" for label, row in cases
    )


def arff():
    head = "% a comment\n@RELATION 'a b'\n" + "".join(f"@attribute att{k} numeric\n" for k in range(8))
    rows = zip(CLASSES, SERIES, strict=True)
    return f"{head}@attribute target {{1,2}}\n@data\n" + "".join(
        ",".join([*map(str, row), label]) + "\n" for label, row in rows
    )


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def written(write, *values, **named):
    buffer = io.BytesIO()
    write(buffer, *values, **named)
    return buffer.getvalue()


def tarred():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return buffer.getvalue()


def as_parquet():
    labels, texts = zip(*TEXTS, strict=True)
    table = pyarrow.table({"label": labels, "text": texts})
    return written(lambda buffer: parquet.write_table(table, buffer))


CONLL = "EU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\nruns VBZ O\n\n" * 4
CONLLU = (
    "# text = go\n1\tgo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n2\tnow\tnow\tADV\tRB\t_\t1\tadvmod\t_\t_\n\n" * 4
)

BINARY = {
    # kind: what an error says, and a file of it
    "parquet": ("a Parquet file", as_parquet()),
    "npz": ("a NumPy archive", written(np.savez, a=SERIES)),
    "npy": ("a NumPy array", written(np.save, SERIES)),
    "zip": ("a zip archive", zipped(**{"a.txt": "hello"})),
    "excel": ("an Excel workbook", zipped(**{"[Content_Types].xml": "", "xl/workbook.xml": ""})),
    "word": ("a Word document", zipped(**{"[Content_Types].xml": "", "word/document.xml": ""})),
    "torch": ("a PyTorch file", zipped(**{"model/data.pkl": b"\x80\x02}"})),
    "keras": ("a Keras model", zipped(**{"config.json": "{}", "model.weights.h5": ""})),
    "hdf5": ("an HDF5 file", b"\x89HDF\r\n\x1a\n" + bytes(40)),
    "ole": ("an old Office", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)),
    "tar": ("a tar archive", tarred()),
    "bzip2": ("a bzip2 file", bz2.compress(b"hello " * 9)),
    "xz": ("an xz file", lzma.compress(b"hello")),
    "pickle": ("a Python pickle", pickle.dumps({"a": 1})),
    "pdf": ("a PDF document", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "image": ("an image", b"\x89PNG\r\n\x1a\n" + bytes(40)),
    "sound": ("a sound file", b"RIFF\x24\x08\x00\x00WAVEfmt " + bytes(40)),
    "model": ("a model file", save({"w": np.zeros(3, np.float32)})),
    "utf16": ("text in UTF-16", "1 a fine film\n".encode("utf-16")),
    "binary": ("a binary file", b"\x00\x93\xfe" * 99),
}
"""Files that no text is."""

MARKED = {
    "html": ("an HTML page", b"<!DOCTYPE html>\n<html><body>hi there\n</body></html>\n"),
    "xml": ("an XML file", b'<?xml version="1.0"?>\n<a>hi there</a>\n'),
    "json": ("a JSON file", json.dumps([{"label": "good", "text": "a film"}] * 3, indent=1).encode()),
    "jsonl": ("a file of JSON lines", b'{"label": "good", "text": "a film"}\n' * 4),
}
"""Texts with marks, which nobody but a language model may want to learn as they stand."""

KINDS = {
    **BINARY,
    **MARKED,
    "ts": ("a .ts file", ts().encode()),
    "arff": ("an ARFF file", arff().encode()),
    "tsf": ("a .tsf file", b"@relation a\n@attribute series_name string\n@frequency daily\n@data\nT1:1,2\n"),
    "numbers": ("a table of numbers", series_lines().encode()),
    "commas": (
        "a table of numbers with decimal commas",
        series_lines(";", value=lambda number: f"{number:.3f}".replace(".", ",")).encode(),
    ),
    "sparse": (
        "sparse numbers, as LIBSVM writes it",
        b"".join(
            f"{label} {' '.join(f'{k + 1}:{number:.3f}' for k, number in enumerate(row))}\n".encode()
            for label, row in zip(CLASSES, SERIES, strict=True)
        ),
    ),
    "conll": ("words and tags in columns", CONLL.encode()),
    "conllu": ("a CoNLL-U file", CONLLU.encode()),
}
