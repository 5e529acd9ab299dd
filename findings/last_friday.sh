#!/usr/bin/env bash
# Dates of each month's last Friday are taken for its fourth Fridays, which a third of them are not.
#
# pandas 3.1.1: inferring a frequency leaves out the dates in a month's fifth week before it asks whether all are in the
# same week, and does not try whether the answer gives back the dates. statsmodels 0.15.0 forecasts by that answer; it
# warns that it uses it, not that it is wrong.
# Expected: LWOM-FRI, which pandas has, or no frequency.
# Lost: DatetimeIndex(dates, freq="infer") carries a frequency that is not its own; asfreq by it replaces a third of the
# values by missing ones; forecasts are for a week before the one that is meant.
# Seen:
#   dates                       01-26 02-23 03-29 04-26 05-31 06-28 07-26 08-30 36 in all
#   inferred                    WOM-4FRI
#   date_range by it            01-26 02-23 03-22 04-26 05-24 06-28 07-26 08-23 36 in all, 24 of them the same
#   values left by asfreq       24 of 36
#   statsmodels forecasts for   2027-01-22 2027-02-26 2027-03-26 2027-04-23
#   the last Fridays are        2027-01-29 2027-02-26 2027-03-26 2027-04-30
#   inferred of third Fridays   WOM-3FRI

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages pandas==3.1.1 statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6

python - <<'PYTHON'
import calendar
import warnings

import numpy as np
import pandas as pd
from finding import still
from statsmodels.tsa.arima.model import ARIMA

warnings.simplefilter("error")


def fridays(year, which):
    """The first (0), second (1), ... or last (-1) Friday of each month of a year."""
    days = [[week[calendar.FRIDAY] for week in calendar.monthcalendar(year, month)] for month in range(1, 13)]
    return [pd.Timestamp(year, month, [d for d in each if d][which]) for month, each in enumerate(days, 1)]


def inferred(dates):
    return pd.DatetimeIndex(dates, freq="infer")


def short(dates):
    return " ".join(date.strftime("%m-%d") for date in dates[:8])


years = (2024, 2025, 2026)
last = [date for year in years for date in fridays(year, -1)]
index = inferred(last)
by_it = pd.date_range(index[0], index[-1], freq=index.freq)
same = len(by_it.intersection(last))
values = pd.Series(np.sin(np.arange(36.0)), index=index)
left = int(values.asfreq(index.freq).notna().sum())
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model = ARIMA(pd.Series(values.to_numpy(), index=pd.DatetimeIndex(last)), order=(1, 0, 0))
forecast = [str(date.date()) for date in model.fit().forecast(4).index]
meant = [str(date.date()) for date in fridays(2027, -1)[:4]]
third = inferred([date for year in years for date in fridays(year, 2)])
print(f"dates                       {short(last)} {len(last)} in all")
print(f"inferred                    {index.freqstr}")
print(f"date_range by it            {short(by_it)} {len(by_it)} in all, {same} of them the same")
print(f"values left by asfreq       {left} of {len(last)}")
print(f"statsmodels forecasts for   {' '.join(forecast)}")
print(f"the last Fridays are        {' '.join(meant)}")
print(f"inferred of third Fridays   {third.freqstr}")

still(index.freqstr == "WOM-4FRI" and same == 24, "last Fridays are taken for fourth Fridays")
still(left == 24, "by that frequency, asfreq loses a third of the values")
still(forecast[0] == "2027-01-22" != meant[0], "statsmodels forecasts for a Friday that is not the last")
still(said and all("will be used" in str(each.message) for each in said), "and says that it uses it, nothing else")
still(third.freqstr == "WOM-3FRI", "third Fridays are taken for what they are")
still(list(pd.date_range(last[0], last[-1], freq="LWOM-FRI")) == last, "pandas has a frequency for last Fridays")
PYTHON
