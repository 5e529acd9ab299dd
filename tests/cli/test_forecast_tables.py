"""Forecasters read tables without a header, with their columns by number."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from gatewise import load
from gatewise.cli import main
from gatewise.data.table_files import file_content
from tests.cli.command import options, outputs

TINY = options(horizon=3, hidden_size=8, epochs=2, steps_per_epoch=5, batch_size=16)


def rows(days=40):
    values = np.random.default_rng(0).normal(size=(2, days)).round(3)
    return [
        (name, f"2024-01-{day + 1:02d}" if day < 31 else f"2024-02-{day - 30:02d}", values[k, day])
        for k, name in enumerate(("a", "b"))
        for day in range(days)
    ]


def written(path, header, delimiter=","):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows()] if header else rows())
    return path


@pytest.mark.parametrize(("name", "delimiter"), [("t.csv", ","), ("t.tsv", "\t"), ("t.txt", ";")])
def test_columns_by_number_are_columns_by_name(name, delimiter, tmp_path, capsys):
    bare = written(tmp_path / name, None, delimiter)
    full = written(tmp_path / "full.csv", ("unique_id", "ds", "y"))
    numbers = ["--no-header", "--id=1", "--time=2", "--target=3"]
    found = []
    for data, path, names in ((bare, "n.safetensors", numbers), (full, "f.safetensors", [])):
        model = tmp_path / path
        outputs(capsys, "train", "forecast", data, "-o", model, *TINY, *names)
        out, _ = outputs(capsys, "predict", model, data, *names[:1])
        table = list(csv.reader(io.StringIO(out)))
        measured, _ = outputs(capsys, "evaluate", model, data, *names[:1], "--json")
        found.append((load(model).network_.parameters.vector, table[1:], table[0][:2], measured))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    assert (found[0][2], found[1][2]) == (["1", "2"], ["unique_id", "ds"])
    assert found[0][3] == found[1][3]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Of a table without a header and of one with: the model, the data and what says so."""
    folder = tmp_path_factory.mktemp("both")
    bare = written(folder / "bare.csv", None)
    full = written(folder / "full.csv", ("unique_id", "ds", "y"))
    numbers = ["--no-header", "--id=1", "--time=2", "--target=3"]
    found = []
    for data, names in ((bare, numbers), (full, [])):
        model = data.with_suffix(".safetensors")
        assert main(["train", "forecast", str(data), "-o", str(model), *TINY, *names]) == 0
        found.append((model, data, names[:1]))
    return found


@pytest.mark.parametrize("command", [["anomalies"], ["anomalies", "--threshold=1"], ["backtest"]])
def test_other_commands_read_them_too(command, both, capsys):
    tables = []
    for model, data, more in both:
        out, _ = outputs(capsys, *command, model, data, *more)
        tables.append(list(csv.reader(io.StringIO(out))))
    assert tables[0][1:] == tables[1][1:]
    renamed = {"unique_id": "1", "ds": "2", "y": "3"}
    assert tables[0][0] == [renamed.get(name, name) for name in tables[1][0]]


def test_a_backtest_of_data_alone_reads_them_too(both, capsys):
    numbers = ["--id=1", "--time=2", "--target=3"]
    tables = []
    for (_, data, more), names in zip(both, (numbers, []), strict=True):
        out, _ = outputs(capsys, "backtest", data, *TINY, *names, *more)
        tables.append(list(csv.reader(io.StringIO(out))))
    assert tables[0][1:] == tables[1][1:]
    assert len(tables[0]) == 1 + 2 * 3 * 3


@pytest.mark.parametrize("more", [[], ["--row=2"]])
def test_the_magnifier_reads_them_too(more, both, capsys):
    seen = []
    for model, data, names in both:
        given = ["--data", data, "--corpus", data, *more, *names]
        found = json.loads(outputs(capsys, "magnify", model, *given, "--json").out)
        seen.append({name: value for name, value in found.items() if name != "model"})
    assert seen[0] == seen[1]
    assert "meanings" in seen[0]


@pytest.mark.parametrize(
    ("command", "options"), [("magnify", "--data or --corpus"), ("predict", "DATA or --future")]
)
def test_without_a_table_there_is_no_header_to_speak_of(command, options, both, capsys):
    assert main([command, str(both[0][0]), "--no-header"]) == 2
    assert f"--no-header is of a table; give one with {options}." in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--rate=0.1"], ["--threshold=1"]])
def test_and_they_are_drawn(more, both, monkeypatch, tmp_path, capsys):
    pytest.importorskip("plotly")
    figures = []
    monkeypatch.setattr("gatewise.cli.plot.save_figure", lambda figure, path: figures.append(figure))
    for model, data, names in both:
        outputs(capsys, "plot", model, data, "-o", tmp_path / "f.html", *more, *names)
    assert len(figures[0].data) > 2
    for bare, full in zip(*(figure.data for figure in figures), strict=True):
        assert (bare.name, list(bare.x)) == (full.name, list(full.x))
        np.testing.assert_array_equal(bare.y, full.y)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "1,0.5,0.25\n2,1.5,0.75\n",
            "line 1 has numbers where the names of columns stand, 1, 0.5, 0.25; expected",
        ),
        ("a\t-1.5\nb\t2\n", "line 1 has numbers where the names of columns stand"),
        ("1,1\n2,3\n", "is no header; expected a different name for each column, or --no-header"),
        ("0.5 1.5 2.5\n1.5 2.5 3.5\n", "line 1 has numbers where the names of columns stand, 0.5, 1.5, 2.5"),
    ],
)
def test_a_first_line_of_numbers_is_told(content, message, tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    assert main(["train", "forecast", str(path), "-o", str(tmp_path / "m.safetensors")]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "--no-header" in err


@pytest.mark.parametrize("name", ["t.parquet", "t.pq", "t.csv"])
def test_a_file_with_names_of_its_own_is_not_read_without(name, tmp_path, capsys):
    columns = {"ds": list(range(60)), "y": [each % 5 for each in range(60)]}
    (tmp_path / name).write_bytes(file_content(columns, "t.parquet"))
    path, output = str(tmp_path / name), str(tmp_path / "m.safetensors")
    for command in (["train", "forecast"], ["train", "classify"], ["train", "translate"]):
        assert main([*command, path, "-o", output, "--no-header"]) == 2
        err = capsys.readouterr().err
        assert (
            f"--no-header, but {path!r} is a Parquet file, whose columns have names; leave --no-header" in err
        )
