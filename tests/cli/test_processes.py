"""The command among other processes: stopped by Ctrl-C, killed, in a pipe, on a terminal."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gatewise import LanguageModel, load
from gatewise.errors import CheckpointWarning
from tests.cli.command import GATEWISE, TINY, environment, gatewise, options

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and terminals")

SETTINGS = {**TINY, "epochs": 2, "dropout": 0.2}
EPOCH = 169
"""Steps of an epoch over the book."""


@pytest.fixture(scope="module")
def whole(book):
    """The weights of a run that nothing stops."""
    return LanguageModel(**SETTINGS, progress=False).fit(book).network_.parameters.vector


@pytest.fixture
def output(tmp_path):
    return tmp_path / "m.safetensors"


def checkpoint_of(output):
    return output.with_name("m.checkpoint.safetensors")


def train(book, output):
    return ["train", "text", str(book), "-o", str(output), "--json", *options(**SETTINGS)]


# Runs the command with a listener that, after an update, sends a signal to its own process, or waits for one.
DRIVER = """
import contextlib, os, signal, sys
from gatewise.cli import main, train
from gatewise.training import Stepped

kind, step, *arguments = sys.argv[1:]
make_listener = train.listener
arrived, told = os.pipe()
os.set_blocking(told, False)
signal.set_wakeup_fd(told)

@contextlib.contextmanager
def make_driven_listener(*args):
    def drive(event):
        tell(event)
        if isinstance(event, Stepped) and event.step == int(step):
            if kind == "wait":
                os.read(arrived, 1)
            else:
                os.kill(os.getpid(), getattr(signal, kind))

    with make_listener(*args) as tell:
        yield drive

train.listener = make_driven_listener
sys.exit(main(arguments))
"""


def driven(kind, step):
    """The beginning of such a command."""
    return [sys.executable, "-c", DRIVER, kind, str(step)]


def start(command):
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )


def resume(book, output):
    done = gatewise(*train(book, output), "--resume")
    assert (done.returncode, done.stderr) == (0, "")
    started, *_, saved = [json.loads(line) for line in done.stdout.splitlines()]
    assert started["step"] > 0, "it goes on, it does not begin again"
    assert saved["stopped_by"] == "finished"
    assert [output.name] == [each.name for each in output.parent.iterdir()]
    return load(output).network_.parameters.vector


def interrupted(output):
    return (
        f"gatewise: error: interrupted: training is not complete. {str(output)!r} has the best weights "
        "so far and can be used; go on with the same command and --resume.\n"
    )


# Ctrl-C


OTHERS = {
    "forecast": ("unique_id,ds,y\n" + "".join(f"a,{k},{k % 7}\n" for k in range(200)), ["--horizon=7"]),
    "classify": ("label,text\n" + "good,well done\nbad,oh no\n" * 40, []),
    "tag": ("the\tDET\ncat\tNOUN\n\n" * 40, []),
    "translate": ("".join(f"one {k}\tein {k}\n" for k in range(40)), ["--min-count=1"]),
}
"""For each other task what it learns from, and its own options."""


@pytest.mark.parametrize("task", OTHERS)
def test_ctrl_c_is_no_success_whatever_is_learnt(task, output):
    """A script that goes on after success must not go on with a model trained by half."""
    content, more = OTHERS[task]
    data = output.with_name("data.csv" if "," in content else "data.tsv")
    data.write_text(content, encoding="utf-8")
    done = gatewise("train", task, data, "-o", output, "--hidden-size=8", *more, before=driven("SIGINT", 2))
    assert done.returncode == 130
    assert done.stderr.endswith(interrupted(output))
    assert f"saved {output}" in done.stdout
    assert {"forecast": "forecaster", "classify": "of 2 classes"}.get(task, "") in done.stdout
    assert load(output).network_.parameters.vector.size > 0
    assert checkpoint_of(output).exists()


def test_ctrl_c_counts_even_where_nobody_reads_any_more(book, output):
    """As in ``gatewise train ... | tee log``, which Ctrl-C ends too."""
    with start([*driven("SIGINT", 3), *train(book, output)]) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (130, interrupted(output))
    assert load(output).generate(max_tokens=5)


@pytest.mark.parametrize("more", [[], ["--refit"], ["--json"]], ids=["once", "refit", "json"])
def test_ctrl_c_ends_a_backtest_without_a_result(more, output):
    """Forecasts of a model trained by half would be judged for those of a whole one."""
    data = output.with_name("data.csv")
    data.write_text(OTHERS["forecast"][0], encoding="utf-8")
    driver = DRIVER.replace("cli import main, train", "cli import main, backtest as train")
    arguments = [
        "backtest",
        data,
        "--horizon=7",
        "--hidden-size=8",
        "-o",
        output.with_name("past.csv"),
        *more,
    ]
    if more == ["--json"]:
        arguments[-2] = output.with_name("past.json")
    done = gatewise(*arguments, before=[sys.executable, "-c", driver, "SIGINT", "2"])
    assert (done.returncode, done.stdout) == (130, "")
    last = done.stderr.splitlines()[-1]
    assert last == "gatewise: error: interrupted: the backtest is not complete, and nothing was written."
    assert [each.name for each in output.parent.iterdir()] == ["data.csv"]


@pytest.mark.parametrize("kept", [True, False])
def test_ctrl_c_ends_the_demonstration(kept, output, tmp_path):
    driver = DRIVER.replace("cli import main, train", "cli import main, demo as train")
    options = ["--hidden-size=8", *(["-o", str(output)] if kept else [])]
    done = gatewise("demo", *options, before=[sys.executable, "-c", driver, "SIGINT", "2"])
    assert done.returncode == 130
    last = done.stderr.splitlines()[-1]
    said = f"; {str(output)!r} has the best weights so far and can be used" if kept else ""
    assert last == f"gatewise: error: interrupted: training is not complete{said}."
    assert output.exists() is kept


def test_ctrl_c_ends_training_with_a_model_that_works_and_can_go_on(book, output, whole):
    with start([*driven("wait", EPOCH + 20), *train(book, output)]) as process:
        events = (json.loads(line)["event"] for line in process.stdout)
        assert "checkpointed" in events, "it ended before its first checkpoint"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, interrupted(output))
    last = json.loads(out.splitlines()[-1])
    assert last == {"event": "saved", "path": str(output), "stopped_by": "interrupted"}
    assert np.isfinite(load(output).evaluate(book)["loss"])
    assert gatewise("generate", output, "--max-tokens=5").returncode == 0
    np.testing.assert_array_equal(resume(book, output), whole)


@pytest.mark.parametrize(
    "step", [1, EPOCH, EPOCH + 1, 2 * EPOCH], ids=["first", "last of an epoch", "first of the next", "last"]
)
def test_ctrl_c_after_any_step(step, book, output, whole):
    """The model is there at once, and going on gives the bits of a run without a stop."""
    done = gatewise(*train(book, output), before=driven("SIGINT", step))
    assert (done.returncode, done.stderr) == (130, interrupted(output))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["total_steps"] == 2 * EPOCH
    assert events[-1]["stopped_by"] == "interrupted"
    [ended] = [each for each in events if each["event"] == "ended"]
    assert ended["step"] == step
    assert load(output).generate(max_tokens=5)
    np.testing.assert_array_equal(resume(book, output), whole)


def test_a_second_ctrl_c_ends_at_once(book, output):
    """For whom the last validation takes too long."""
    twice = [
        part.replace("os.kill(", "signal.raise_signal(signal.SIGINT); os.kill(")
        for part in driven("SIGINT", EPOCH + 9)
    ]
    done = gatewise(*train(book, output), before=twice)
    assert done.returncode == 130
    assert done.stderr == "gatewise: error: interrupted\n"
    assert checkpoint_of(output).exists(), "that of the first epoch"
    assert not output.exists()


def test_ctrl_c_before_training_is_one_line(page, output):
    script = """
import signal, sys
from gatewise.cli import main, train
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background jobs are without
train.check_writable = lambda path: signal.raise_signal(signal.SIGINT)
sys.exit(main(sys.argv[1:]))
"""
    done = gatewise(*train(page, output), before=[sys.executable, "-c", script])
    assert (done.returncode, done.stderr) == (130, "gatewise: error: interrupted\n")
    assert list(output.parent.iterdir()) == []


# kill -9


def test_a_run_killed_twice_goes_on_twice(book, output, whole):
    for step, more in ((EPOCH + 20, []), (EPOCH + 60, ["--resume"])):
        done = gatewise(*train(book, output), *more, before=driven("SIGKILL", step))
        assert done.returncode == -signal.SIGKILL
        assert not output.exists()
        with pytest.warns(CheckpointWarning):
            assert load(checkpoint_of(output)).generate(max_tokens=5)
    np.testing.assert_array_equal(resume(book, output), whole)


def test_a_checkpoint_cut_short_is_refused_and_kept(book, output):
    gatewise(*train(book, output), before=driven("SIGKILL", EPOCH + 1))
    damaged = checkpoint_of(output).read_bytes()[:-100]
    checkpoint_of(output).write_bytes(damaged)
    done = gatewise(*train(book, output), "--resume")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"gatewise: error: {str(checkpoint_of(output))!r} is no intact")
    assert done.stderr.count("\n") == 1
    assert checkpoint_of(output).read_bytes() == damaged


# Pipes


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["generate", "MODEL", "--max-tokens=5000"], 10), (["generate", "MODEL", "--json"], 0), (["info"], 0)],
    ids=["text", "json", "table"],
)
def test_a_reader_that_has_had_enough_is_no_error(arguments, wanted, model_path):
    """As `head -c 10` or `true` after the pipe."""
    names = {"MODEL": str(model_path)}
    with start([*GATEWISE, *(names.get(each, each) for each in arguments)]) as process:
        beginning = os.read(process.stdout.fileno(), wanted) if wanted else b""
        process.stdout.close()
        errors = process.stderr.read()
    assert len(beginning) <= wanted
    assert errors == ""
    assert process.returncode == 0


def test_a_full_disk_under_the_output_is_one_line(model_path):
    full_device = Path("/dev/full")
    if not full_device.exists():
        pytest.skip("this system has no /dev/full")
    for arguments in (["generate", model_path, "--max-tokens=5"], ["info"]):
        with full_device.open("w") as full:
            done = gatewise(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode != 0
        assert re.fullmatch("gatewise: error: .*No space left on device.*\n", done.stderr)


# Terminals


class Terminal:
    """A pseudo-terminal with the command in it."""

    def __init__(self, command, rows=24, columns=80):
        import fcntl
        import pty
        import struct
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # A new session whose terminal this is, for Ctrl-C to reach the process.
        take = (
            "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
            "os.execv(sys.argv[1], sys.argv[1:])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", take, *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**environment(), "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.seen = ""

    def read_until(self, text, seconds=60.0):
        """What it shows until ``text`` appears; all there is where ``text`` is None."""
        end = time.monotonic() + seconds
        while text is None or text not in self.seen:
            assert select.select([self.master], [], [], max(0, end - time.monotonic()))[0], self.seen
            try:
                part = os.read(self.master, 65536)
            except OSError:  # Linux's way of saying that the other side is closed
                part = b""
            if not part:
                assert text is None, self.seen
                return
            self.seen += part.decode()

    def type(self, text):
        os.write(self.master, text.encode())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def shown(text):
    """Without the escape sequences."""
    return re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", text)


def test_a_terminal_shows_a_bar_and_lines(page, output):
    arguments = ["train", "text", str(page), "-o", str(output), *options(**TINY, epochs=3)]
    with Terminal([*GATEWISE, *arguments]) as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(60) == 0
    text = shown(terminal.seen)
    assert "training 1," in text
    assert "Ctrl-C ends it cleanly" in text
    assert len(re.findall(r"epoch +\d  training loss \d\.\d{4}  validation loss \d\.\d{4}", text)) == 3
    assert re.search(r"━+ +\d+/\d+ steps +loss", text), "the bar"
    assert "ended (finished)" in text
    assert f"saved {output}"[:60] in text
    assert "Traceback" not in text
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h") > 0, "the cursor comes back"


def test_ctrl_c_on_a_terminal(book, output, whole):
    arguments = ["train", "text", str(book), "-o", str(output), *options(**SETTINGS)]
    with Terminal([*driven("wait", EPOCH + 20), *arguments]) as terminal:
        terminal.read_until("epoch   1")
        terminal.type("\x03")
        terminal.read_until(None)
        assert terminal.process.wait(60) == 130
    text = shown(terminal.seen)
    assert "ended (interrupted)" in text
    assert "gatewise: error: interrupted: training is not complete." in text
    assert "Traceback" not in text
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h") > 0, "the cursor comes back"
    np.testing.assert_array_equal(resume(book, output), whole)


def test_an_error_on_a_terminal_leaves_it_as_it_was(page, output):
    settings = {**TINY, "learning_rate": 1e38, "clip_norm": 1e38, "schedule": "constant"}
    with Terminal(
        [*GATEWISE, "train", "text", str(page), "-o", str(output), *options(**settings)]
    ) as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(60) == 1
    assert "gatewise: error: training diverged" in shown(terminal.seen)
    assert "Traceback" not in terminal.seen
    assert terminal.seen.count("\x1b[?25l") == terminal.seen.count("\x1b[?25h") > 0, "the cursor comes back"
