"""``.ts`` files are read as they are written, or refused with the line."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data import read_ts
from gatewise.errors import DataError

HEADER = "#comment\n@problemName X\n@timeStamps false\n@classLabel true up down\n@data\n"


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "x.ts"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def test_channels_lengths_and_labels(write):
    X, y = read_ts(write(HEADER + "1,2,3:4,5,6:up\n\n-1e-3:0.5:down\n"))
    assert y == ["up", "down"]
    assert X[0].tolist() == [[1, 4], [2, 5], [3, 6]]
    assert X[1].tolist() == [[-0.001, 0.5]]
    assert X[0].dtype == np.float64


def test_a_file_without_labels(write):
    X, y = read_ts(write("@CLASSLABEL False\n@DATA\n1,2\n3\n"))
    assert y is None
    assert [part.ravel().tolist() for part in X] == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "has no case after @data"),
        ("@problemName X\n", "has no line @data"),
        (HEADER + "1,2:up\n1,2:left\n", "line 7: label 'left'; expected one of up, down"),
        (HEADER + "1,2\n", "line 6: label '1,2'"),
        (HEADER + "1,2:3:up\n", "line 6: channels of 2, 1 values; expected channels of one length"),
        (HEADER + "1:2:up\n1:down\n", "line 7: 1 channels; expected 2"),
        (HEADER + "1,?:up\n", r"line 6: the value '\?'; fill in what is missing"),
        (HEADER + "1,x:up\n", "line 6: the value 'x'; expected numbers"),
        (HEADER + "up\n", "line 6: channels of none values"),
        ("1,2:up\n", "line 1: '1,2:up' before @data"),
        ("@timeStamps true\n@data\n", "line 1: the series have time stamps"),
        ("@targetLabel true\n@data\n", "line 1: the labels are numbers to predict"),
    ],
)
def test_what_is_no_ts_file_is_refused(write, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_ts(write(text))
    assert "x.ts" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"none.ts' does not exist"):
        read_ts(tmp_path / "none.ts")


def test_real_files(data_folder):
    folder = data_folder / "classification" / "ucr_uea"
    X, y = read_ts(folder / "JapaneseVowels_TRAIN.ts")
    assert (len(X), len(y), sorted(set(y))) == (270, 270, [str(k) for k in range(1, 10)])
    assert {part.shape[1] for part in X} == {12}
    assert (min(map(len, X)), max(map(len, X))) == (7, 26)
    assert X[0][0, 0] == 1.860936
    X, y = read_ts(folder / "BasicMotions_TEST.ts")
    assert {part.shape for part in X} == {(100, 6)}
    assert set(y) == {"Standing", "Running", "Walking", "Badminton"}
