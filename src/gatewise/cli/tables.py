"""Tables that commands answer with: CSV or JSON on standard output, or a file of the kind its name says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from gatewise.cli.console import json_line, print_json, say, write
from gatewise.data.table_files import file_content
from gatewise.errors import ArgumentError
from gatewise.storage import check_writable, json_text, write_bytes

__all__ = ["Columns", "TableOption", "check_table", "write_table"]

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""A table: plain Python values by column, all columns of one length."""

TableOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="CSV or Parquet file to write, with --json a .json or .jsonl file, instead of standard output.",
    ),
]

_TABLES, _JSON = (".csv", ".parquet", ".pq"), (".json", ".jsonl")


def check_table(output: Path | None, as_json: bool) -> None:
    """Find out before the work whether a table could be written there.

    Raises:
        ArgumentError: the name says another kind of file.
        OutputError: it cannot be written.
    """
    if output is None:
        return
    endings = _JSON if as_json else _TABLES
    if output.suffix.lower() not in endings:
        remedy = " For JSON give --json too." if output.suffix.lower() in _JSON else ""
        raise ArgumentError(
            f"--output={str(output)!r}; expected a name that ends in {' or '.join(endings)}.{remedy}"
        )
    check_writable(output)


def write_table(
    table: Columns, output: Path | None, as_json: bool, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a table whose kind of file ``check_table`` has let pass, and say so where it goes into a file.

    As JSON rows are an object a line, but in a .json file all of them are one array.

    Args:
        table: what to write.
        output: the file; standard output where omitted.
        as_json: whether machines are to read it.
        facts: what else machines are told where the rows go into a file.
    """
    rows = (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
    if output is None:
        write("".join(map(json_line, rows)) if as_json else file_content(table, "").decode("utf-8"))
        return
    if not as_json:
        content = file_content(table, output)
    elif output.suffix.lower() == ".jsonl":
        content = "".join(json_text(row) + "\n" for row in rows).encode()
    else:
        content = (json_text(list(rows)) + "\n").encode()
    write_bytes(output, content)
    count = len(next(iter(table.values())))
    if as_json:
        print_json({"path": str(output), "rows": count, **(facts or {})})
    else:
        say(f"wrote {count:,} rows to {output}")
