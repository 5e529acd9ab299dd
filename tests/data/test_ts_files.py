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
    ("header", "cases", "message"),
    [
        ("@univariate true\n", "1,2:3,4:up\n", "line 4: 2 channels; expected one, as the header says"),
        ("@dimensions 2\n", "1,2:up\n3,4:up\n", "line 4: 1 channel; expected 2, as the header says"),
        ("@Dimension 3\n", "1,2:3,4:up\n", "line 4: 2 channels; expected 3, as the header says"),
        ("@equalLength true\n", "1,2:up\n1,2,3:up\n", "line 5: 3 values; expected 2, for the header says"),
    ],
)
def test_what_the_header_promises_is_held(header, cases, message, write):
    with pytest.raises(DataError, match=message):
        read_ts(write(f"{header}@classLabel true up\n@data\n{cases}"))
    for changed in ("@univariate false\n", "@equalLength false\n"):
        read_ts(write(f"{changed}@classLabel true up\n@data\n{cases}"))


def test_one_step_and_its_label_are_no_two_channels(write):
    """Of a file that says nothing of labels."""
    with pytest.raises(DataError, match="line 3: 2 channels; expected one"):
        read_ts(write("@univariate true\n@data\n1.5:1\n2.5:2\n"))


@pytest.mark.parametrize("tag", ["@classLabel false\n", "@targetlabel false\n", ""])
@pytest.mark.parametrize("end", ["", ":", ": "], ids=["bare", "a colon", "a colon and a space"])
def test_files_without_labels_as_aeon_and_sktime_write_them(tag, end, write):
    """See findings/ts_unlabelled.sh: aeon ends each case with a colon, sktime those of several channels."""
    X, y = read_ts(write(f"{tag}@data\n0.0,1.0{end}\n2.0,3.0{end}\n"))
    assert y is None
    assert [series.tolist() for series in X] == [[[0], [1]], [[2], [3]]]
    X, y = read_ts(write(f"{tag}@data\n0.0,1.0:2.0,3.0{end}\n4.0,5.0:6.0,7.0{end}\n"))
    assert y is None
    assert [series.tolist() for series in X] == [[[0, 2], [1, 3]], [[4, 6], [5, 7]]]


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        ("very good  bad", ["very good", "bad", "very good"]),
        ("A a Finance why?", ["A", "a", "Finance", "why?"]),
        ("", ["anything at all", "x", "X"]),
    ],
    ids=["spaces", "case", "any"],
)
def test_labels_are_kept_as_they_are_written(header, labels, write):
    cases = "".join(f"1,2: {label} \n" for label in labels)
    assert read_ts(write(f"@classLabel true {header}\n@data\n{cases}")).y == labels


def test_comments_among_the_cases_are_passed_over(write):
    X, y = read_ts(write(HEADER + "# 1,2:up\n1:up\n  #\n2:down\n#end"))
    assert ([series.tolist() for series in X], y) == ([[[1]], [[2]]], ["up", "down"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_line_ends_of_all_systems(end, write):
    path = write("")
    path.write_bytes((HEADER + "1,2:up\n3:down\n").replace("\n", end).encode())
    assert read_ts(path).y == ["up", "down"]
    path.write_bytes((HEADER + "1,2:up\n3:left\n").replace("\n", end).encode())
    with pytest.raises(DataError, match="line 7: label 'left'"):
        read_ts(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "has no case after @data"),
        ("@problemName X\n", "has no line @data"),
        (HEADER + "1,2:up\n1,2:left\n", "line 7: label 'left'; expected one of up, down"),
        (HEADER + "1,2\n", "line 6: label '1,2'"),
        (HEADER + "1,2:3:up\n", "line 6: channels of 2, 1 values; expected channels of one length"),
        (HEADER + "1:2:up\n1:down\n", "line 7: 1 channels; expected 2"),
        (HEADER + "1,?:up\n", r"line 6: channel 1, step 2: the value '\?'; fill in what is missing"),
        (HEADER + "1,2:NaN,3:up\n", "line 6: channel 2, step 1: the value 'NaN'; fill in what is missing"),
        (HEADER + "1:up\n#\n1:2:nan:up\n", "line 8: channel 3, step 1: the value 'nan'; fill in"),
        (HEADER + "1,2,-inf:up\n", "line 6: channel 1, step 3: the value '-inf'; expected finite numbers"),
        (HEADER + "1,1e999:up\n", "line 6: channel 1, step 2: the value '1e999'; expected finite numbers"),
        (HEADER + "1,x:up\n", "line 6: channel 1, step 2: the value 'x'; expected numbers"),
        (HEADER + "1,1_000:up\n", "line 6: channel 1, step 2: the value '1_000'; expected numbers"),
        (HEADER + "1,2::up\n", "line 6: channel 2, step 1: the value ''; expected numbers"),
        (HEADER + "1,2:\n", "line 6: no label after the last colon; expected one, for the header says"),
        ("@classLabel true\n@data\n1,2:\n", "line 3: no label after the last colon"),
        (HEADER + "1,2:Up\n", "line 6: label 'Up'; expected one of up, down"),
        (HEADER + "1,2:up d\n", "line 6: label 'up d'; expected one of up, down"),
        ("@classLabel false\n@data\n1,2:\n1,2:3,4:\n", "line 4: 2 channels; expected 1"),
        ("@classLabel false\n@data\n1,2:up\n", "line 3: channel 2, step 1: the value 'up'"),
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
    assert ".." not in str(caught.value)


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
