"""Arguments of estimators and of what they use as options of a command, with their names, types and words."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import typer

from gatewise.tasks import Estimator

__all__ = ["with_hyperparameters", "with_options_of"]

Command = TypeVar("Command", bound=Callable[..., None])

_NOT_OPTIONS = {"progress"}
"""The command line tells progress in its own way."""


def with_hyperparameters(
    estimator: type[Estimator], leave_out: tuple[str, ...] = ()
) -> Callable[[Command], Command]:
    """Give a command an option for each hyperparameter; it receives them with its keyword arguments.

    Args:
        estimator: whose constructor and docstring say what there is.
        leave_out: hyperparameters that are no options of this command.
    """
    texts, types = _descriptions(estimator), get_type_hints(estimator.__init__)
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_written(parameter.default),
            annotation=_annotation(types[name], parameter.default, texts.get(name)),
        )
        for name, parameter in inspect.signature(estimator).parameters.items()
        if name not in _NOT_OPTIONS and name not in leave_out
    ]

    return _adding(options)


def with_options_of(
    source: Callable[..., Any], *, names: Sequence[str] | None = None, prefix: str = "", about: str = ""
) -> Callable[[Command], Command]:
    """Give a command an option for each argument; it receives those that are given, None for the others.

    Args:
        source: a function, or a class, whose signature and docstring say what there is.
        names: of its arguments; all where omitted.
        prefix: what stands before each name.
        about: what stands before each description.
    """
    texts = _descriptions(source)
    types = get_type_hints(source.__init__ if inspect.isclass(source) else source)
    arguments = inspect.signature(source).parameters
    options = [
        inspect.Parameter(
            prefix + name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                _plain_kind(types[name]) | None,
                typer.Option(help=about + texts[name], show_default=_told(arguments[name].default)),
            ],
        )
        for name in (arguments if names is None else names)
    ]
    return _adding(options)


def _plain_kind(kind: Any) -> Any:
    """What typer is to read: a number, a flag or a path."""
    members = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    return next(each for each in (bool, int, float, Path) if each in members)


def _told(default: Any) -> str:
    """A default in words."""
    if isinstance(default, bool):
        return "on" if default else "off"
    return "none" if default is None else f"{default:g}"


def _adding(options: Sequence[inspect.Parameter]) -> Callable[[Command], Command]:
    """What gives a command options beside its own."""

    def decorate(command: Command) -> Command:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        # A command's own options may come without a default, and after others that have one.
        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        parameters += options

        @functools.wraps(command)
        def run(**values: Any) -> None:
            command(**{name: _joined(value) for name, value in values.items()})

        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return cast("Command", run)

    return decorate


def _descriptions(source: Callable[..., Any]) -> dict[str, str]:
    """What a docstring says of each argument, on one line."""
    arguments = re.search(r"^Args:\n((?:[ ]{4}.*\n|\n)+)", (inspect.getdoc(source) or "") + "\n", re.M)
    entries = re.split(r"^ {4}(?=\w+: )", arguments[1], flags=re.M)[1:] if arguments else []
    pairs = (entry.split(": ", 1) for entry in entries)
    return {name: " ".join(text.split()).replace("``", "") for name, text in pairs}


def _annotation(kind: Any, default: Any, text: str | None) -> Any:
    """The type that typer is to read, with the option's help."""
    members = get_args(kind) if get_origin(kind) is UnionType else (kind,)
    if any(member == tuple[str, ...] for member in members):
        return Annotated[list[Any], typer.Option(help=text, parser=_names, metavar="NAME,NAME,...")]
    if tuple[int, ...] in members:
        if int in members:
            several = typer.Option(help=text, parser=_whole_or_several, metavar="NUMBER or NUMBER,...")
        else:
            several = typer.Option(
                help=text, parser=_several_or_none, metavar="NUMBER,... or none", show_default="none"
            )
        return Annotated[Any, several]
    if any(get_origin(member) is tuple for member in members):
        return Annotated[list[Any], typer.Option(help=text, parser=_numbers, metavar="NUMBER,...")]
    if NoneType not in members:
        return Annotated[kind, typer.Option(help=text)]
    if default is None:
        return Annotated[kind, typer.Option(help=text, show_default="none")]
    parser = _whole_or_none if int in members else _number_or_none
    return Annotated[Any, typer.Option(help=text, parser=parser, metavar="NUMBER or none")]


def _written(default: Any) -> Any:
    """A default as it would stand on the command line."""
    return [",".join(map(str, default))] if isinstance(default, tuple) else default


def _joined(value: Any) -> Any:
    """What an option that may be given again and again has said in all."""
    return tuple(item for part in value for item in part) if isinstance(value, list) else value


def _names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between them."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers; expected them as in 0.1,0.5,0.9") from None


def _whole_or_several(text: str | int) -> int | tuple[int, ...]:
    """A whole number, or several with commas between them."""
    numbers = _whole_numbers(str(text))
    return numbers if len(numbers) > 1 else numbers[0]


def _several_or_none(text: str) -> tuple[int, ...] | None:
    """Whole numbers with commas between them, or the word none."""
    return None if text == "none" else _whole_numbers(text)


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no list of whole numbers; expected them as in 400,200"
        ) from None


def _whole_or_none(text: str | int) -> int | None:
    """A whole number, or the word none."""
    try:
        return None if text == "none" else int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no whole number; expected one, or none") from None


def _number_or_none(text: str | float) -> float | None:
    """A number, or the word none."""
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number; expected a number, or none") from None
