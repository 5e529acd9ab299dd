#!/usr/bin/env bash
# A monthly series that begins on the 31st drifts to the 28th or 29th after its first February, and stays there.
#
# pandas 3.1.1: date_range(start, freq=DateOffset(months=1)) adds a month to the date before, so a short month shortens
# all that follow.
# Expected: the 31st, or the last day where there is none, as polars 2.1.0 (date_range, "1mo") and
# start + k * DateOffset(months=1) have it.
# Lost: a joined table has no partners from the third month on; infer_freq finds no frequency in it. Nothing warns.
# Seen:
#   date_range, DateOffset(months=1)  01-31 02-29 03-29 04-29 05-29
#   start + k * DateOffset(months=1)  01-31 02-29 03-31 04-30 05-31
#   date_range, 'ME'                  01-31 02-29 03-31 04-30 05-31
#   polars.date_range, '1mo'          01-31 02-29 03-31 04-30 05-31
#   the first and the third share     01-31 02-29
#   infer_freq of the first           None

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages pandas==3.1.1 polars==2.1.0 numpy==2.4.6

python - <<'PYTHON'
import datetime
import warnings

import pandas as pd
import polars as pl
from finding import still

warnings.simplefilter("error")
start, month = pd.Timestamp("2024-01-31"), pd.DateOffset(months=1)
drifted = pd.date_range(start, periods=5, freq=month)
each_from_start = pd.DatetimeIndex([start + k * month for k in range(5)])
by_polars = pl.date_range(datetime.date(2024, 1, 31), datetime.date(2024, 5, 31), "1mo", eager=True).to_list()
month_ends = pd.date_range(start, periods=5, freq="ME")
for name, dates in {
    "date_range, DateOffset(months=1)": drifted,
    "start + k * DateOffset(months=1)": each_from_start,
    "date_range, 'ME'": month_ends,
    "polars.date_range, '1mo'": by_polars,
}.items():
    print(f"{name:33} {' '.join(date.strftime('%m-%d') for date in dates)}")
both = drifted.intersection(month_ends)
frequency = pd.infer_freq(drifted)
print(f"{'the first and the third share':33} {' '.join(date.strftime('%m-%d') for date in both)}")
print(f"{'infer_freq of the first':33} {frequency}")

still([date.day for date in drifted] == [31, 29, 29, 29, 29], "after February every month is short")
still([date.day for date in each_from_start] == [31, 29, 31, 30, 31], "the same offset, k times from the start, is not")
still([date.day for date in by_polars] == [31, 29, 31, 30, 31], "nor is polars' range of months")
still(len(both) == 2 and frequency is None, "of five month ends it has two, and pandas infers no frequency")
PYTHON
