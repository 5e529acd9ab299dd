"""Times with a zone: in UTC, and as the clocks there show them."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

__all__ = ["time_zone", "utc_of", "without_zone"]

Times = npt.NDArray[Any]


def time_zone(series: Any) -> str | None:
    """The time zone of a column, asked of pandas itself where narwhals does not see it."""
    own = getattr(getattr(series.to_native(), "dtype", None), "tz", None)
    zone = own or getattr(series.dtype, "time_zone", None)
    return None if zone is None else str(zone)


def without_zone(series: Any) -> tuple[Times, Times]:
    """Times with a zone in UTC, and as the clocks there show them."""
    native = series.to_native()
    if getattr(getattr(native, "dtype", None), "tz", None) is not None:  # pandas
        return native.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(), native.dt.tz_localize(
            None
        ).to_numpy()
    utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return utc.to_numpy(), series.dt.replace_time_zone(None).to_numpy()


def utc_of(clock: Times, zone: str) -> Times:
    """Times in UTC of what clocks show: of an hour shown twice the first, of one left out the next."""
    place = ZoneInfo(zone)
    times = [time.replace(tzinfo=place).astimezone(UTC).replace(tzinfo=None) for time in clock.tolist()]
    return np.array(times, dtype="M8[us]")
