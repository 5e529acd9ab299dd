"""Messages as the command line has them: options, and not the keyword arguments of Python.

All rooms but this one speak Python: "horizon=0; expected a whole number of at least 1." What ``gatewise``
prints goes through ``worded``, which asks the running command for its options, and so needs no list of them:

- ``horizon=0`` becomes ``--horizon 0``, its value as it would be typed; of ``future=None`` it says that it is
  not given.
- ``validation=`` by itself, a name with an underscore, one at the beginning with a colon behind it, and one
  that is to be left out stand for the option: ``--validation``.
- What only another command has is told in plain words, or with the command that has it.
- What no command has is told in plain words.
- ``header=False`` is ``--no-header``, where there is such an option.
- Of ways to read a table otherwise, each behind ", or", those are left out that the command lacks.
- A method that refuses, as in "save: the sequence is long", is not named.
- Advice in Python's own syntax is left out, if it follows ", as in" or ", or in Python", or comes before
  ", or on the command line".

What stands in quotes comes from the user and stays as it is.
"""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import gatewise.tasks
from gatewise.errors import GatewiseError
from gatewise.tasks import Estimator

__all__ = ["Wording", "renamed", "speaking_for", "worded"]

_STRING = r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
# Possessive, for what a message leaves open would else be tried in ways without number.
_INNER = rf"""(?:{_STRING}|[^()\[\]{{}}'"])*+"""
_GROUP = rf"""(?:{_STRING}|\({_INNER}\)|\[{_INNER}\]|\{{{_INNER}\}}|[^()\[\]{{}}'"])*+"""
_INDEX = rf"\[{_GROUP}\]"
_CALLED = rf"[A-Za-z_][\w.]*\({_GROUP}\)"
_VALUE = rf"{_STRING}|\({_GROUP}\)|{_INDEX}|\{{{_GROUP}\}}|{_CALLED}|[-+]?\w(?:[\w.+-]*\w)?"
_CODE = rf"[A-Za-z_]\w*(?:\.\w+|{_INDEX}|\({_GROUP}\))+"

_OF_TABLES = (
    *("header", "keep", "text_column", "label_column", "id_column", "source_column", "target_column"),
    *("target", "time", "id", "known", "past", "static"),
)
"""What may be said of a table to commands that read one, each way to mend it behind ", or"."""

_TOKEN = re.compile(
    rf"""
      (?P<kept>--\w[\w-]*(?:=\S+|\ [Xy]\b)?|\b(?:PYTHON[A-Z]+|[A-Z]+_[A-Z_]+)=\S+)
    | (?P<code>,?\ as\ in\ (?=[\w.]*[\[(]){_CODE})
    | (?P<function>\A(?:magnify|save):\ )
    | (?P<python>,\ or\ in\ Python\ (?:[^.;]|\.(?=\w))*)
    | (?P<either>(?:with|by|as)\ (?:{_CALLED}|\({_GROUP}\)),\ or\ on\ the\ command\ line\ )
    | (?P<ways>(?:,\ or\ [^,.;=]*\b(?:{"|".join(_OF_TABLES)})=[^,.;]*)+)
    | (?<![\w.\[\]-])(?P<name>[A-Za-z_]\w*)(?P<key>{_INDEX})?=(?!=)(?P<value>{_VALUE})?
    | (?P<string>{_STRING})
    | (?P<none>(?:,?\ or\ None|\bexpected\ (?:None|False))\b)
    | (?P<tuple>\bas\ \({_GROUP}\))
    | (?<![\w.-])(?P<place>[A-Za-z]\w*)(?P<numbers>(?:\[\d+\])+)
    | (?<![\w.-])(?P<word>[a-z]+(?:_[a-z0-9]+)+)(?![\w=(\[])
    | (?P<phrase>
        \b[a-z]+(?=\ is\ given\b) | (?<=expected\ as\ )[a-z]+ | \A[a-z]+(?=:\ )
        | (?<=leave\ )[a-z]+(?=\ out\b) | \bvalidation(?=\ has\b)
      )
    | (?P<given>\b[Xy](?=\ (?:has|holds|is)\b)|(?<=in\ )y(?=[;,]))
    """,
    re.X,
)


@dataclass(frozen=True, slots=True)
class _Option:
    """How an argument is given on the command line.

    Attributes:
        shown: ``--name``, or of what stands by its place ``NAME``.
        off: its opposite, of what is given without a value; else None.
        takes_none: none is a value of it.
    """

    shown: str
    off: str | None
    takes_none: bool

    @classmethod
    def of(cls, parameter: Any) -> _Option:
        """That of a parameter of click."""
        if parameter.param_type_name == "argument":
            return cls(parameter.metavar or parameter.name.upper(), None, False)
        none = "none" in f"{parameter.metavar} {parameter.default}"
        shown = max(parameter.opts, key=len)
        off = next(iter(parameter.secondary_opts), f"no {shown}") if parameter.is_flag else None
        return cls(shown, off, none)

    def given(self, value: str) -> str:
        """The option with a value of Python's."""
        if self.off is not None and value in ("True", "False"):
            return self.shown if value == "True" else self.off
        if value == "None":
            return f"{self.shown} {'none' if self.takes_none else 'not given'}"
        typed = _typed(value)
        return self.shown if typed is None else f"{self.shown} {typed}"


class Wording:
    """How one command says what Python says.

    Args:
        root: the program as click has it.
        arguments: the command line, which begins with the names of commands.
    """

    def __init__(self, root: Any, arguments: Sequence[str]) -> None:
        command = root
        for argument in arguments:
            if argument not in getattr(command, "commands", {}):
                break
            command = command.commands[argument]
        self._own = {each.name: _Option.of(each) for each in command.params}
        self._elsewhere: dict[str, list[str]] = {}
        self._options: dict[str, _Option] = {}
        for name, other in _leaves("gatewise", root):
            for parameter in other.params:
                if parameter.param_type_name == "option" and parameter.name not in self._own:
                    self._options.setdefault(parameter.name, _Option.of(parameter))
                    self._elsewhere.setdefault(parameter.name, []).append(name)
        self._spelt = {
            name
            for _, other in _leaves("gatewise", root)
            for parameter in other.params
            for name in re.findall(r"(\w+)=", parameter.metavar or "")
        }
        self._first: _Option | None = None

    def __call__(self, message: str) -> str:
        """A message in the words of the command line."""
        self._first = None
        return _TOKEN.sub(self._worded, message)

    def _worded(self, match: re.Match[str]) -> str:
        found = match.lastgroup and {
            name: text for name, text in match.groupdict().items() if text is not None
        }
        match found:
            case {"code": _} | {"python": _} | {"either": _} | {"function": _}:
                return ""
            case {"ways": text}:
                return "".join(self._way(each) for each in re.findall(r", or [^,]*", text))
            case {"name": name}:
                return self._argument(name, match["key"], match["value"])
            case {"none": text} if self._first is not None:
                if self._first.takes_none:
                    return text.replace("None", "none")
                return ", or leave it out" if "or" in text else "expected it left out"
            case {"tuple": text} if self._first is not None:
                typed = _typed(text.removeprefix("as "))
                return text if typed is None else f"as {typed}"
            case {"place": name, "numbers": numbers}:
                return self._place(name, numbers)
            case {"word": name} | {"phrase": name} if name in self._own:
                return self._named(name).shown
            case {"word": name} if name in self._options:
                return _plain(name)
            case {"given": _}:
                return "DATA"
        return match[0]

    def _way(self, text: str) -> str:
        """A way to mend something, without the options that this command lacks; nothing if it lacks all."""
        names = re.findall(r"\b(\w+)=", text)
        if not any(self._shown(name) for name in names):
            return ""
        return ", or " + _TOKEN.sub(self._worded, text.removeprefix(", or "))

    def _shown(self, name: str) -> bool:
        """Whether this command has an option for an argument, be it for its opposite."""
        own = self._own.get(name) or self._own.get(f"no_{name}")
        return own is not None and own.shown.startswith("--")

    def _argument(self, name: str, key: str | None, value: str | None) -> str:
        """What ``name=value`` is called; as it is where options are written so, as ``--magnify every=N``."""
        if name in self._spelt:
            return f"{name}{key or ''}={value or ''}"
        if name in self._own:
            own = self._named(name)
            if key is not None and value is not None:
                return f"{own.shown} {_typed(key[1:-1])}={value}"
            return own.shown if value is None else own.given(value)
        if value in (None, "False") and f"no_{name}" in self._own:
            return self._named(f"no_{name}").shown
        if name in self._options and value in (None, "True"):
            return f"{self._options[name].shown} of {_commands(self._elsewhere[name])}"
        told = "" if value is None else f" {'none' if value == 'None' else value}"
        if name in self._options and (typed := _typed(value or "")):
            told = f" {typed}"
        return _plain(name) + told

    def _named(self, name: str) -> _Option:
        """An option of this command; the first that a message names is what it is about."""
        own = self._own[name]
        self._first = self._first or own
        return own

    def _place(self, name: str, numbers: str) -> str:
        """Where something stands in what was given, counted from 1."""
        indices = [int(number) for number in re.findall(r"\d+", numbers)]
        if name in _data_names():
            return f"DATA, number {indices[0] + 1}"
        if name in self._own and len(indices) > 1:
            return f"{self._own[name].shown}, number {indices[1] + 1}"
        return name + numbers


_speaking: ContextVar[Callable[[str], str] | None] = ContextVar("gatewise_wording", default=None)


@contextmanager
def speaking_for(root: Callable[[], Any], arguments: Sequence[str]) -> Iterator[None]:
    """Let ``worded`` speak for the command that these arguments run.

    Args:
        root: makes the program as click has it; called when there is something to say.
        arguments: the command line.
    """
    token = _speaking.set(lambda message: Wording(root(), arguments)(message))
    try:
        yield
    finally:
        _speaking.reset(token)


def worded(message: str) -> str:
    """A message of the package in the words of the running command; as it is where none runs."""
    speaking = _speaking.get()
    return message if speaking is None else speaking(message)


@contextmanager
def renamed(**names: str) -> Iterator[None]:
    """Let errors name the arguments of a command, where a function has others.

    Args:
        names: of the command's argument, by the function's.

    Raises:
        GatewiseError: the same as was raised.
    """
    try:
        yield
    except GatewiseError as error:

        def rename(match: re.Match[str]) -> str:
            for kind in ("name", "word"):
                if (name := match[kind]) in names:
                    return names[name] + match[0].removeprefix(name)
            return match[0]

        raise type(error)(_TOKEN.sub(rename, str(error))) from error


def _typed(value: str) -> str | None:
    """A value of Python's as it would be typed; None for what cannot be."""
    try:
        parsed = ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return None if "(" in value else value
    if isinstance(parsed, dict):
        parsed = ",".join(f"{key}={weight}" for key, weight in parsed.items())
    elif isinstance(parsed, tuple | list):
        parsed = ",".join(map(str, parsed))
    elif not isinstance(parsed, str):
        return value
    return shlex.quote(parsed) if parsed.isprintable() else value


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _leaves(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """All commands that have none below them, with their names."""
    below = getattr(command, "commands", None)
    if not below:
        yield path, command
    else:
        for name, each in below.items():
            yield from _leaves(f"{path} {name}", each)


def _commands(names: Sequence[str]) -> str:
    """The commands that have an option: the one to train with, where there are several."""
    training = [name for name in names if " train " in name] or names
    return training[0] if len(training) == 1 else training[0].rpartition(" ")[0]


def _data_names() -> set[str]:
    """What ``fit`` of any estimator calls that which DATA is."""
    kinds = (getattr(gatewise.tasks, name) for name in gatewise.tasks.__all__)
    return {
        name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, Estimator) and kind is not Estimator
        for name, parameter in inspect.signature(kind.fit).parameters.items()  # type: ignore[attr-defined]
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and name != "self"
    }
