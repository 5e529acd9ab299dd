"""The ``gatewise`` command: its sub-commands, and how every failure becomes one line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated

import typer

from gatewise.cli import (
    anomalies,
    backtest,
    classify,
    demo,
    evaluate,
    forecast,
    generate,
    info,
    lab,
    magnify,
    plot,
    predict,
    tag,
    text,
    translate,
)
from gatewise.cli.console import InterruptionError, fail, say, telling_of_checkpoints
from gatewise.cli.wording import speaking_for, worded
from gatewise.errors import GatewiseError, TrainingError
from gatewise.version import __version__

__all__ = ["app", "main"]

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it; typer turns Ctrl-C into this code by itself."""


def _show_version(asked: bool) -> None:
    if asked:
        say(f"gatewise {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="gatewise",
    help="LSTM networks on ordinary processors: train one, look inside it, ship it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
train = typer.Typer(help="Train a model.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """What stands before a command's name."""


train.callback()(lambda: None)  # a command of its own, even where it has one task only
train.command("text")(text.train)
train.command("forecast")(forecast.train)
train.command("classify")(classify.train)
train.command("tag")(tag.train)
train.command("translate")(translate.train)
app.add_typer(train, name="train")
app.command("generate")(generate.generate)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("backtest")(backtest.backtest)
app.command("anomalies")(anomalies.anomalies)
app.command("plot")(plot.plot)
app.command("magnify")(magnify.magnify)
app.command("lab")(lab.lab)
app.command("info")(info.info)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name; ``sys.argv`` where omitted.

    Returns:
        The exit code: 0, 1 if training diverged, 2 for bad input, 130 for Ctrl-C.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a letter is shown its number
            stream.reconfigure(errors="backslashreplace")
    with speaking_for(lambda: typer.main.get_command(app), arguments):
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    """The exit code of a command."""
    try:
        with telling_of_checkpoints():
            code = int(app(arguments, standalone_mode=False) or 0)
    except InterruptionError as error:
        fail(worded(str(error)))
        return _INTERRUPTED
    except TrainingError as error:
        fail(worded(str(error)))
        return 1
    except GatewiseError as error:
        fail(worded(str(error)))
        return 2
    except MemoryError as error:
        fail(f"there is not enough memory ({error}); choose smaller sizes or a smaller --batch-size")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except Exception as error:
        # typer's usage errors come from a base class that it has moved between releases.
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)
        else:
            told = error.format_message().rstrip(".")
            fail(f"{told if told.endswith('?') else told + '.'} Try 'gatewise --help'.")
        return 2
    if code == _INTERRUPTED:
        fail("interrupted")
    return code
