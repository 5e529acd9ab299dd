#!/usr/bin/env bash
# A week as pandas writes it is read as a minute, unless it ends on the 24th of a month or later.
#
# pandas 3.1.1: Period("2026-01-05/2026-01-11"), the text of a weekly period, is first tried as a date with a time:
# 20:26 in a time zone eleven hours from Greenwich. It is a week only where that fails, as for "-25", and in years whose
# last two digits are no minute. Timestamp takes such a text too, with the zone.
# Expected: the week, for which Period knows this form, or an error for every such text.
# Lost: the week after is a minute after; a column of weeks has periods of two kinds, and if it is a short one, an index
# of minutes. Timestamp's day is another in universal time. Nothing warns.
# Seen:
#   text                     Period(text)             the next                 Timestamp(text)
#   2026-01-05/2026-01-11    2026-01-05 20:26         2026-01-05 20:27         2026-01-05 20:26:00-11:00
#   2026-01-12/2026-01-18    2026-01-12 20:26         2026-01-12 20:27         2026-01-12 20:26:00-18:00
#   2026-01-19/2026-01-25    2026-01-19/2026-01-25    2026-01-26/2026-02-01    ValueError
#   1999-01-04/1999-01-10    1999-01-04/1999-01-10    1999-01-11/1999-01-17    DateParseError
#   of the 52 weeks from 2026-01-05 on, read as weeks: 12
#   the first two, in an index: period[min]
#   with freq="W", right: 52

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages pandas==3.1.1 python-dateutil==4.0.0 numpy==2.4.6

python - <<'PYTHON'
import warnings

import pandas as pd
from finding import still

warnings.simplefilter("error")


def stamp(text):
    try:
        return str(pd.Timestamp(text))
    except ValueError as error:
        return type(error).__name__


weeks = pd.period_range("2026-01-05", periods=52, freq="W")
texts = [str(week) for week in weeks]
old = pd.Period("1999-01-04", freq="W")
print(f"{'text':24} {'Period(text)':24} {'the next':24} Timestamp(text)")
for text in [*texts[:3], str(old)]:
    print(f"{text:24} {pd.Period(text)!s:24} {pd.Period(text) + 1!s:24} {stamp(text)}")
read = [pd.Period(text) for text in texts]
kept = [a == b for a, b in zip(read, weeks, strict=True)]
index = pd.PeriodIndex(read[:2])
told = (pd.PeriodIndex(texts, freq="W") == weeks).sum()
print(f"of the 52 weeks from 2026-01-05 on, read as weeks: {sum(kept)}")
print(f"the first two, in an index: {index.dtype}")
print(f'with freq="W", right: {told}')

still(str(read[0] + 1) == "2026-01-05 20:27", "the week after a week is a minute after")
still(str(index.dtype) == "period[min]", "an index of weeks is one of minutes")
still(stamp(texts[0]) == "2026-01-05 20:26:00-11:00", "a time stamp makes a time of the year and a zone of the day")
still(kept == [week.end_time.day > 23 for week in weeks], "weeks that end on the 24th or later are read as weeks")
still(pd.Period(str(old)) == old, "as is any of 1999")
still(told == 52, 'all are with freq="W"')
PYTHON
