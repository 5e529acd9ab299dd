"""How many cores this process may use: the affinity mask, and the CPU quota of its control groups."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath

__all__ = ["cpu_quota", "usable_cores"]


def usable_cores() -> int:
    """Cores that threads of this process can keep busy all the time, at least 1.

    As many as the calling thread's affinity mask has, and no more than whole ones in the CPU quota. A quota
    of 1.5 makes one: two threads would use it up within three quarters of each period and stand still for the
    rest, and what they spend on waiting for each other counts against it too.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = cpu_quota()
    return cores if quota is None else max(1, min(cores, int(quota)))


def cpu_quota() -> float | None:
    """CPU time that the control groups grant this process, in cores; None where they set no limit.

    Read once in a process, and again in one that was forked from it.
    """
    return _quota_of_process(os.getpid())


@lru_cache(maxsize=1)
def _quota_of_process(_process: int) -> float | None:
    return _read_quota(Path("/"))


def _read_quota(root: Path) -> float | None:
    """The least quota among this process's control groups and those above them, with files below `root`.

    What is missing or reads otherwise than Linux writes it sets no limit: a container may hide any of it.
    """
    quotas = [
        quota
        for folder, top in _cpu_groups(
            _lines(root / "proc/self/cgroup"), _lines(root / "proc/self/mountinfo")
        )
        for group in (folder, *folder.parents)
        if group.is_relative_to(top) and (quota := _quota_of_group(root / group.relative_to("/"))) is not None
    ]
    return min(quotas, default=None)


def _quota_of_group(folder: Path) -> float | None:
    """The quota that one group sets itself: cpu.max in version 2, two files in version 1."""
    words = " ".join(_lines(folder / "cpu.max")).split()
    if not words:
        words = " ".join(
            _lines(folder / "cpu.cfs_quota_us")[:1] + _lines(folder / "cpu.cfs_period_us")[:1]
        ).split()
    # "max", and -1 in version 1, are no limit.
    if len(words) != 2 or not all(re.fullmatch("[0-9]{1,18}", word) for word in words):
        return None
    quota, period = map(int, words)
    return quota / period if quota and period else None


def _cpu_groups(groups: list[str], mounts: list[str]) -> list[tuple[PurePosixPath, PurePosixPath]]:
    """For each mount that shows this process's group for the CPU: the group's folder, and the mount's own."""
    # "hierarchy:controllers:path"; version 2 names no controllers.
    paths = {
        "" if controllers == "" else "cpu": _absolute(path)
        for _, controllers, path in (line.split(":", 2) for line in groups if line.count(":") >= 2)
        if path.startswith("/") and (controllers == "" or "cpu" in controllers.split(","))
    }
    found = []
    for line in mounts:
        before, _, after = line.partition(" - ")
        place, kind = before.split(" "), after.split(" ")
        if len(place) < 6 or len(kind) < 3:
            continue
        controller = {"cgroup": "cpu", "cgroup2": ""}.get(kind[0])
        if controller not in paths or (controller and controller not in kind[2].split(",")):
            continue
        shown, top = (_absolute(_unescaped(text)) for text in place[3:5])
        path = paths[controller]
        if set(shown.parts[1:]) == {".."}:
            found.append((top, top))  # mounted outside of this namespace: a group above our own
        elif path.is_relative_to(shown):
            below = path.relative_to(shown)
            found.append((top if ".." in below.parts else top / below, top))
    return found


def _absolute(path: str) -> PurePosixPath:
    return PurePosixPath("/" + path.lstrip("/"))


def _unescaped(text: str) -> str:
    """A path of mountinfo, which writes blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda digits: chr(int(digits[1], 8)), text)


def _lines(file: Path) -> list[str]:
    """A file's lines; none where it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except (OSError, ValueError):  # ValueError: a path that no file can have
        return []
