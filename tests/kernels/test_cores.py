"""How many cores may be used, by the affinity mask and the quotas of control groups as Linux shows them."""

import os

import pytest

import gatewise.kernels.cores as cores
from gatewise.kernels import cpu_quota, get_threads, set_threads, usable_cores

V2 = "35 24 0:31 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "33 31 0:30 {root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"


def system(root, groups, mounts, **files):
    """A system's files below a folder."""
    written = {"proc/self/cgroup": groups, "proc/self/mountinfo": mounts} | files
    for name, text in written.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else f"{text}\n".encode())
    return root


def quota(*args, **files):
    return cores._read_quota(system(*args, **files))


def version_1(folder, quota, period=100000):
    place = f"sys/fs/cgroup/cpu,cpuacct/{folder}".rstrip("/")
    return {f"{place}/cpu.cfs_quota_us": str(quota), f"{place}/cpu.cfs_period_us": str(period)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100000 100000", 1.0),
        ("150000 100000", 1.5),
        ("20000 50000", 0.4),
        ("max 100000", None),
        ("max", None),
        ("", None),
        ("0 100000", None),
        ("100000 0", None),
        ("-1 100000", None),
        ("many 100000", None),
        ("1e5 100000", None),
        ("100000 100000 100000", None),
        ("9" * 400 + " 1", None),
        (b"\xff\xfe \x00", None),
        ("²00 100", None),
    ],
)
def test_a_quota_of_version_2(text, expected, tmp_path):
    assert quota(tmp_path, "0::/", V2, **{"sys/fs/cgroup/cpu.max": text}) == expected


@pytest.mark.parametrize(
    ("micros", "period", "expected"),
    [(100000, 100000, 1.0), (25000, 10000, 2.5), (-1, 100000, None), (100000, 0, None), ("", 5, None)],
)
def test_a_quota_of_version_1(micros, period, expected, tmp_path):
    mounts = V1.format(root="/")
    assert quota(tmp_path, "4:cpu,cpuacct:/", mounts, **version_1("", micros, period)) == expected


def test_the_least_quota_among_a_group_and_those_above_counts(tmp_path):
    files = {
        "sys/fs/cgroup/a.slice/b.scope/cpu.max": "400000 100000",
        "sys/fs/cgroup/a.slice/cpu.max": "200000 100000",
        "sys/fs/cgroup/a.slice/other/cpu.max": "1000 100000",
        "sys/fs/cpu.max": "1000 100000",  # above the mount: no group
    }
    assert quota(tmp_path, "0::/a.slice/b.scope", V2, **files) == 2.0
    own = {"sys/fs/cgroup/a.slice/b.scope/cpu.max": "50000 100000"}
    assert quota(tmp_path, "0::/a.slice/b.scope", V2, **own) == 0.5


def test_the_least_quota_among_both_versions_counts(tmp_path):
    groups = "4:cpu,cpuacct:/x\n3:cpuset:/\n1:name=systemd:/x\n0::/x"
    files = version_1("x", 300000) | {"sys/fs/cgroup/unified/x/cpu.max": "200000 100000"}
    mounts = V1.format(root="/") + "\n" + V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    assert quota(tmp_path, groups, mounts, **files) == 2.0
    assert quota(tmp_path, groups, V1.format(root="/")) == 3.0


def test_a_container_that_is_shown_only_its_own_group(tmp_path):
    """Without a namespace of its own it knows its whole path, of which the mount shows the end."""
    mounts = V1.format(root="/docker/1f")
    assert quota(tmp_path, "4:cpu,cpuacct:/docker/1f", mounts, **version_1("", 150000)) == 1.5
    inner = version_1("inner", 50000)
    assert quota(tmp_path, "4:cpu,cpuacct:/docker/1f/inner", mounts, **inner) == 0.5


def test_the_groups_of_others_do_not_count(tmp_path):
    mounts = V1.format(root="/docker/other")
    assert quota(tmp_path, "4:cpu,cpuacct:/docker/1f", mounts, **version_1("", 150000)) is None
    # A controller whose name begins like it.
    sets = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpuset"
    assert quota(tmp_path, "3:cpuset:/", sets) is None


def test_a_process_outside_of_its_namespace(tmp_path):
    files = {"sys/fs/cgroup/cpu.max": "100000 100000", "sys/fs/cpu.max": "1 100000"}
    assert quota(tmp_path, "0::/../sibling", V2, **files) == 1.0
    above = V2.replace(" / /sys", " /../.. /sys")
    assert quota(tmp_path, "0::/", above) == 1.0


def test_a_folder_with_blanks_in_its_name(tmp_path):
    mounts = V2.replace("/sys/fs/cgroup", r"/my\040groups\134")
    assert quota(tmp_path, "0::/", mounts, **{"my groups\\/cpu.max": "100000 100000"}) == 1.0


ODD_GROUPS = ["", "0::", "0::/a\x00b", "::", "4:cpu", "0:://..//", b"\xff\xfe", "0::/" + "x/" * 3000]
ODD_MOUNTS = [
    "",
    "-",
    " - ",
    V2,
    V2[:30],
    V2.replace("/sys", "//sys"),
    b"\xff - \xff",
    "1 2 3 4 5 6 - cgroup2 b c",
]


@pytest.mark.parametrize("groups", ODD_GROUPS)
@pytest.mark.parametrize("mounts", ODD_MOUNTS)
def test_whatever_else_the_files_say_sets_no_limit(groups, mounts, tmp_path):
    assert quota(tmp_path, groups, mounts) is None


def test_a_system_without_control_groups_sets_no_limit(tmp_path):
    assert cores._read_quota(tmp_path) is None
    (tmp_path / "proc/self/cgroup").mkdir(parents=True)  # a folder in place of the file
    assert cores._read_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("granted", "threads"), [(None, 8), (0.3, 1), (1.0, 1), (1.5, 1), (2.0, 2), (3.9, 3), (8.5, 8), (64.0, 8)]
)
def test_a_quota_makes_as_many_threads_as_it_has_whole_cores(granted, threads, monkeypatch):
    monkeypatch.delenv("GATEWISE_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "cpu_quota", lambda: granted)
    set_threads(None)
    assert usable_cores() == get_threads() == threads


def test_what_is_asked_for_goes_before_the_quota(monkeypatch):
    monkeypatch.setattr(cores, "cpu_quota", lambda: 1.0)
    monkeypatch.setenv("GATEWISE_NUM_THREADS", "3")
    assert get_threads() == 3
    set_threads(2)
    try:
        assert get_threads() == 2
    finally:
        set_threads(None)


def test_the_quota_is_read_once_and_again_after_a_fork(monkeypatch):
    read, process = [], [1]
    monkeypatch.setattr(cores, "_read_quota", lambda root: read.append(root) or 2.5)
    monkeypatch.setattr(os, "getpid", lambda: process[0])
    cores._quota_of_process.cache_clear()
    try:
        assert [cpu_quota() for _ in range(3)] == [2.5] * 3
        assert len(read) == 1
        process[0] = 2
        assert [cpu_quota() for _ in range(3)] == [2.5] * 3
        assert len(read) == 2
    finally:
        cores._quota_of_process.cache_clear()
