"""Worker processes live no longer than the one that started them, and never speak for themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import environment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

# Two trials that are done at once, and four that would take ten minutes each, in two processes. When both
# have done a trial, their numbers are told.
SLEEPERS = """
import multiprocessing, signal, sys, time
from functools import partial
from gatewise.cli import main
from gatewise.lab import runner
from gatewise.lab.experiment import Trial

class Sleepers:
    name, summary, source = "sleepers", "sleep", "nobody 1997"

    def trials(self, seeds, quick):
        quick = [Trial("quick", seed, partial(dict, seed=seed)) for seed in range(2)]
        return [*quick, *(Trial("slow", seed, partial(time.sleep, 600)) for seed in range(4))]

def tell(result, done, total):
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    BROKEN

runner.experiment = lambda name: Sleepers()
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, if so were those of the tests
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    COMMAND
"""
LIBRARY = "runner.run('sleepers', jobs=2, tell=tell)"
COMMAND = """import gatewise.cli.lab as command
    command.experiment = runner.experiment
    command._print_line = tell
    sys.exit(main(["lab", "sleepers", "--jobs=2", "--out", sys.argv[1]]))"""


def started(folder, how=COMMAND, broken="pass"):
    """The process in a group of its own, and the numbers of its workers."""
    script = SLEEPERS.replace("COMMAND", how).replace("BROKEN", broken)
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=environment(),
    )
    for line in process.stdout:
        workers = line.split()
        if len(workers) == 2 and all(each.isdigit() for each in workers):
            return process, [int(each) for each in workers]
    raise AssertionError(process.stderr.read())


def lives(process):
    """Whether it is there; one that has ended and that nobody has asked after is not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc/self").exists()
    return state not in "ZX"


def ended(processes):
    """All of them, within a minute; a trial takes ten."""
    end = time.monotonic() + 60
    while any(map(lives, processes)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(lives, processes))


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_workers_end_with_a_process_that_is_killed(name, tmp_path):
    process, workers = started(tmp_path)
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=60)
    assert process.returncode == -getattr(signal, name)
    assert ended(workers)


@pytest.mark.parametrize("whom", ["all", "the first"])
def test_ctrl_c_ends_all_with_one_line(whom, tmp_path):
    """A terminal sends it to all processes, ``kill -INT`` to one."""
    process, workers = started(tmp_path)
    (os.killpg if whom == "all" else os.kill)(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "gatewise: error: interrupted: not all trials are done, and no report was written.\n"
    assert ended(workers)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_is_an_exception_in_a_program(tmp_path):
    how = f"""try:
        {LIBRARY}
    except KeyboardInterrupt:
        print("caught, with", len(multiprocessing.active_children()), "children")"""
    process, workers = started(tmp_path, how)
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert out.endswith("caught, with 0 children\n")
    assert ended(workers)


def test_an_error_of_the_listener_waits_for_no_trial(tmp_path):
    process, workers = started(tmp_path, LIBRARY, "if done == 2: raise SystemExit(3)")
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert ended(workers)
