"""Disks without room, folders and files that may not be used: one line, and what was there stays."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.cli.command import GATEWISE, gatewise
from tests.cli.error_lines import TRAIN, check_line, filled_in
from tests.marks import on_posix

# A small program takes a right away, then runs the command.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""

# Permission bits do not hold for root, as long as it has two of its capabilities.
WITHOUT_PRIVILEGES = """
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("room", [0, 4096], ids=["no room at all", "room for less than a checkpoint"])
@on_posix
def test_a_full_disk_ends_training_with_one_line(room, inputs, tmp_path):
    """It shows when the first checkpoint is written; the lines before tell of the training until then."""
    limited = [sys.executable, "-c", LIMITED, str(room), *GATEWISE]
    done = gatewise(*filled_in(TRAIN, inputs, tmp_path), before=limited)
    *progress, last = done.stderr.splitlines()
    assert done.returncode == 2
    assert done.stdout == ""
    assert last.startswith(f"gatewise: error: cannot write '{tmp_path}/m.")
    assert "File too large" in last
    assert "Give a path in a folder that can be written and has room" in last
    assert all(line.startswith(("training ", "epoch ")) for line in progress)
    assert list(tmp_path.iterdir()) == []


@on_posix
def test_a_full_disk_keeps_the_model_that_was_there(inputs, tmp_path):
    before = (inputs / "good.safetensors").read_bytes()
    (tmp_path / "m.safetensors").write_bytes(before)
    limited = [sys.executable, "-c", LIMITED, "4096", *GATEWISE]
    assert gatewise(*filled_in(TRAIN, inputs, tmp_path), before=limited).returncode == 2
    assert (tmp_path / "m.safetensors").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["m.safetensors"]


@pytest.fixture
def unprivileged():
    """The beginning of a command for which permission bits hold."""
    if os.name != "posix":
        pytest.skip("needs POSIX permissions")
    return [sys.executable, "-c", WITHOUT_PRIVILEGES]


@pytest.fixture
def read_only(tmp_path, unprivileged):
    """A folder that cannot be written to."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    folder.chmod(0o555)
    attempt = [*unprivileged, sys.executable, "-c", "import sys; open(sys.argv[1] + '/attempt', 'w')", folder]
    tried = subprocess.run(attempt, capture_output=True, check=False)
    if tried.returncode == 0:
        (folder / "attempt").unlink()
        pytest.skip("this user may write to read-only folders, and the right cannot be dropped")
    yield folder
    folder.chmod(0o755)


def test_a_read_only_folder_is_told_before_training(read_only, unprivileged, inputs):
    done = gatewise(*filled_in(TRAIN, inputs, read_only), before=[*unprivileged, *GATEWISE])
    assert done.returncode == 2
    assert done.stdout == ""
    check_line(
        done.stderr, "OUT/m.safetensors", "Permission denied. Give a path in a folder that", inputs, read_only
    )
    assert list(read_only.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["train", "text", "OUT/secret", "-o", "OUT/m.safetensors"], "secret"),
        (["generate", "OUT/secret"], "secret"),
        (["generate", "OUT/closed/m.safetensors"], "closed/m.safetensors"),
        (["train", "text", "OUT/closed/book.txt", "-o", "OUT/m.safetensors"], "closed/book.txt"),
        (["train", "text", "IN/good.txt", "-o", "OUT/closed/m.safetensors"], "closed/m."),
    ],
    ids=[
        "text",
        "model",
        "model in a closed folder",
        "text in a closed folder",
        "output into a closed folder",
    ],
)
@pytest.mark.usefixtures("read_only")
def test_what_may_not_be_read_is_one_line(arguments, name, unprivileged, inputs, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "secret").chmod(0)
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0)
    before = sorted(tmp_path.iterdir())
    try:
        done = gatewise(*filled_in(arguments, inputs, tmp_path), before=[*unprivileged, *GATEWISE])
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert done.returncode == 2
    check_line(done.stderr, f"OUT/{name}", "", inputs, tmp_path)
    assert re.search("Permission denied|not readable", done.stderr)
    assert sorted(tmp_path.iterdir()) == before
