"""Times in texts: read with their offset to UTC, and written again as they were."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.text_times import TextForm, times_of_texts
from gatewise.errors import DataError


def read(*texts):
    return times_of_texts(np.array(texts, dtype=object), "ds", "x")


@pytest.mark.parametrize(
    ("texts", "zone", "form"),
    [
        (("2026-01-31",), None, TextForm("D")),
        (("2026-01", "2026-02"), None, TextForm("M")),
        (("2026/01/31 18:00",), None, TextForm("m", dash="/")),
        (("2026-01-31T18:00:00Z", "2026-01-31T19:00:00Z"), "UTC", TextForm("s", "T", suffix="Z")),
        (("2026-01-31 18:00:00+00:00",), "UTC", TextForm("s", suffix="+00:00")),
        (("2026-01-31 18:00-0330",), "-03:30", TextForm("m", suffix="-0330")),
        (("2026-01-31T18+05",), "+05:00", TextForm("h", "T", suffix="+05")),
        (("2026-01-31 18:00:00.250+05:30",), "+05:30", TextForm("ms", suffix="+05:30")),
        (("2026-01-31Z",), "UTC", TextForm("D", suffix="Z")),
    ],
)
def test_texts_are_written_again_as_they_were(texts, zone, form):
    found = read(*texts)
    assert (found.zone, found.form) == (zone, form)
    assert found.form.write(found.times) == list(texts)


def test_the_finest_part_of_all_is_written():
    found = read("2026-01-31", "2026-02-01 06:30")
    assert found.form.write(found.times) == ["2026-01-31 00:00", "2026-02-01 06:30"]


def test_numbers_are_counted_and_what_is_missing_is_no_time():
    assert read("1", "2.5", "NA").times.tolist()[:2] == [1, 2.5]
    assert np.isnat(read("2026-01-31", None, "nan", float("nan")).times).tolist() == [False, True, True, True]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("2026-03-28 12:00+01:00", "2026-03-29 12:00+02:00"), r"\+01:00 in row 1 and \+02:00 in row 2"),
        (
            ("", "2026-03-28 12:00", "2026-03-28 13:00Z"),
            "none in row 2 and UTC in row 3; expected one for all",
        ),
        (("2026-03-28 12:00 CET",), "'2026-03-28 12:00 CET' in row 1; expected dates"),
        (("2026-03-28 12:00+25:00:00",), "in row 1; expected dates"),
        (("2026-03-28 12:00+24:00",), r"'2026-03-28 12:00\+24:00' in row 1; expected dates"),
        (("2026-03-28 12:00+05:75",), r"'2026-03-28 12:00\+05:75' in row 1; expected dates"),
    ],
)
def test_offsets_that_differ_or_are_none_are_refused(texts, message):
    with pytest.raises(DataError, match=message):
        read(*texts)


@pytest.mark.parametrize("digits", [7, 9, 10, 12])
@pytest.mark.parametrize("year", ["1500", "2026"])
def test_more_digits_than_microseconds_change_nothing_where_they_are_zeros(year, digits):
    found = read(f"{year}-01-31 18:00:00.25{'0' * (digits - 2)}")
    assert found.times.tolist()[0].isoformat() == f"{year}-01-31T18:00:00.250000"


@pytest.mark.parametrize("fraction", ["000000250", "1234567", "0000000000001"])
def test_what_lies_between_microseconds_is_refused(fraction):
    with pytest.raises(
        DataError, match=rf"has 2026-01-31 18:00:00\.{fraction} in row 2; expected whole micro"
    ):
        read("2026-01-30 18:00:00.0", f"2026-01-31 18:00:00.{fraction}")
