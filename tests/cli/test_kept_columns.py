"""Columns that `predict` carries along from a Parquet file: the same in Parquet, plain in text."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io
import json

import pyarrow
import pytest
from pyarrow import parquet

from gatewise import SequenceClassifier, Translator
from tests.cli.command import outputs

TINY = {"hidden_size": 4, "embedding_size": 4, "batch_size": 4, "epochs": 1, "progress": False}
TEXTS, LABELS = ["one two", "three four", "five six"], ["a", "b", "a"]
MOMENTS = [dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC), None, dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)]
# Of each column its values, its type, and what stands in a text file where they are not missing.
COLUMNS = {
    "day": ([dt.date(2026, 1, 1), None, dt.date(2026, 1, 3)], pyarrow.date32(), ["2026-01-01", "2026-01-03"]),
    "time": (
        [dt.datetime(2026, 1, 1, 3), None, dt.datetime(2026, 1, 3)],
        pyarrow.timestamp("ms"),
        ["2026-01-01 03:00:00", "2026-01-03 00:00:00"],
    ),
    "fine": (
        [dt.datetime(2026, 1, 1, 3, 0, 0, 500_000), None, dt.datetime(2026, 1, 3)],
        pyarrow.timestamp("ms"),
        ["2026-01-01 03:00:00.500", "2026-01-03 00:00:00.000"],
    ),
    "zoned": (
        MOMENTS,
        pyarrow.timestamp("us", "Europe/Berlin"),
        ["2026-01-01 04:00:00+01:00", "2026-10-25 02:00:00+01:00"],
    ),
    "price": (
        [decimal.Decimal("1.50"), None, decimal.Decimal(2)],
        pyarrow.decimal128(9, 2),
        ["1.50", "2.00"],
    ),
    "clock": ([dt.time(1), None, dt.time(2)], pyarrow.time64("us"), ["01:00:00", "02:00:00"]),
    "kind": (["x", None, "y"], pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), ["x", "y"]),
    "raw": ([b"x", None, b"y"], pyarrow.binary(), ["x", "y"]),
    "parts": ([[1, 2], None, [3]], pyarrow.list_(pyarrow.int64()), ["[1, 2]", "[3]"]),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    columns = {name: pyarrow.array(values, type) for name, (values, type, _) in COLUMNS.items()}
    path = tmp_path_factory.mktemp("table") / "t.parquet"
    parquet.write_table(pyarrow.table({"text": TEXTS, "source": TEXTS, **columns}), path)
    return path


@pytest.fixture(scope="module", params=["classifier", "translator"])
def model(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    if request.param == "classifier":
        SequenceClassifier(**TINY, validation_fraction=0).fit(TEXTS, LABELS).save(path)
    else:
        pairs = list(zip(TEXTS, TEXTS, strict=True))
        Translator(**TINY, min_count=1, validation_fraction=0).fit(pairs).save(path)
    return path


def test_they_keep_their_types_in_parquet(model, table, tmp_path, capsys):
    outputs(capsys, "predict", model, table, "--keep", "all", "-o", tmp_path / "o.parquet")
    found = parquet.read_table(tmp_path / "o.parquet")
    assert {name: found.schema.field(name).type for name in COLUMNS} == {
        name: type for name, (_, type, _) in COLUMNS.items()
    }
    assert found.select(list(COLUMNS)).equals(parquet.read_table(table).select(list(COLUMNS)))


def test_they_are_plain_in_text_and_empty_where_missing(model, table, capsys):
    out, _ = outputs(capsys, "predict", model, table, "--keep", "all")
    rows = list(csv.DictReader(io.StringIO(out)))
    for name, (_, _, texts) in COLUMNS.items():
        assert [row[name] for row in rows] == [texts[0], "", texts[1]]


def test_they_are_null_in_json_where_missing(model, table, capsys):
    out, _ = outputs(capsys, "predict", model, table, "--keep", "all", "--json")
    first, second, _ = map(json.loads, out.splitlines())
    assert [second[name] or None for name in COLUMNS] == [None] * len(COLUMNS)
    assert (first["day"], first["price"], first["parts"]) == ("2026-01-01", "1.50", [1, 2])
