"""Who may read a written file, and what other threads see of the writing: nothing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

from gatewise.storage import check_writable, write_bytes, write_tensors
from tests.marks import on_posix


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "ours", b"content")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@on_posix
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_decides_who_may_read_a_file_and_not_what_stood_there(mask, mode, tmp_path):
    script = """
import os, sys
from gatewise.storage import write_bytes
os.umask(int(sys.argv[2]))
write_bytes(sys.argv[1], b"first")
os.chmod(sys.argv[1], 0o400)
write_bytes(sys.argv[1], b"second")
"""
    subprocess.run([sys.executable, "-c", script, tmp_path / "a", str(mask)], timeout=60, check=True)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
    assert names_in(tmp_path) == ["a"]


def test_writing_leaves_the_umask_of_the_process_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("it is the umask of all threads"))
    write_bytes(tmp_path / "a", b"content")
    check_writable(tmp_path / "b")
    write_tensors(tmp_path / "c.safetensors", {}, {"w": np.zeros(3)})


@on_posix
def test_while_one_thread_saves_new_files_of_another_have_their_rights(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    expected = (tmp_path / "plain").stat().st_mode
    stop, wrong = threading.Event(), []

    def make_files():
        number = 0
        while not stop.is_set():
            path = tmp_path / f"other-{number}"
            path.write_bytes(b"")
            if path.stat().st_mode != expected:
                wrong.append(oct(path.stat().st_mode))
            path.unlink()
            number += 1

    other = threading.Thread(target=make_files)
    other.start()
    for _ in range(300):
        write_bytes(tmp_path / "ours", b"content")
    stop.set()
    other.join()
    assert wrong == []


def test_threads_that_save_in_one_folder_are_not_in_each_others_way(tmp_path):
    def save(number):
        for version in range(20):
            write_bytes(tmp_path / f"{number % 2}", f"{number} {version}".encode())

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names_in(tmp_path) == ["0", "1"]
    assert {(tmp_path / "0").read_text(), (tmp_path / "1").read_text()} <= {f"{n} 19" for n in range(4)}
