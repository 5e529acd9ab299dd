#!/usr/bin/env bash
# Zeros after a fraction of a second move the date: by seven digits NumPy counts nanoseconds, by ten picoseconds, and what
# these do not reach becomes another date.
#
# numpy 2.4.6: datetime64(text) takes its unit from the number of digits, and does not look whether the date fits into it.
# Expected: the same time, however many zeros follow; or an error, as converting to "ns" would have to give.
# .NET's round-trip format writes seven digits, Java's Instant up to nine: any date before 1678 is enough.
# Lost: the date itself. Nothing warns; pandas 3.1.1 refuses the second text with an OutOfBoundsDatetime.
# Seen:
#   1500-01-01T00:00:00.000000     1500-01-01T00:00:00.000000
#   1500-01-01T00:00:00.0000000    2084-07-20T23:34:33.709551616
#   2026-01-01T00:00:00.000000000  2026-01-01T00:00:00.000000000
#   2026-01-01T00:00:00.0000000000 1969-11-19T14:49:28.923883044864
#   pandas, the second             OutOfBoundsDatetime

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages numpy==2.4.6 pandas==3.1.1

python - <<'PYTHON'
import warnings

import numpy as np
import pandas as pd
from finding import still

warnings.simplefilter("error")


def seen(year: int, digits: int) -> str:
    text = f"{year}-01-01T00:00:00.{'0' * digits}"
    found = str(np.datetime64(text))
    print(f"{text:30} {found}")
    return found


still(seen(1500, 6).startswith("1500-01-01"), "by microseconds the year 1500 is the year 1500")
still(seen(1500, 7).startswith("2084-07-20"), "with one more zero it is 2084")
still(seen(2026, 9).startswith("2026-01-01"), "by nanoseconds 2026 is 2026")
still(seen(2026, 10).startswith("1969-11-19"), "with one more zero it is 1969")
try:
    by_pandas = str(pd.Timestamp("1500-01-01T00:00:00.0000000"))
except pd.errors.OutOfBoundsDatetime as error:
    by_pandas = type(error).__name__
print(f"{'pandas, the second':30} {by_pandas}")
still(by_pandas == "OutOfBoundsDatetime", "pandas refuses it")
PYTHON
