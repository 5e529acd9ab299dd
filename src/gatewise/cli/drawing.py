"""Pictures for slides, beside the pages of the commands that draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from gatewise.pictures import check_pictures, save_pictures

__all__ = ["PngOption", "SvgOption", "chosen_formats", "draw_beside"]

PngOption: TypeAlias = Annotated[
    bool, typer.Option("--png", help="Save each figure as a picture too, as PNG; needs the extra pictures.")
]
SvgOption: TypeAlias = Annotated[bool, typer.Option("--svg", help="The same as SVG.")]


def chosen_formats(png: bool, svg: bool) -> list[str]:
    """The formats that are asked for.

    Raises:
        MissingExtraError: what makes pictures is not installed; said before the work.
    """
    formats = ["png"] * png + ["svg"] * svg
    if formats:
        check_pictures()
    return formats


def draw_beside(page: Path, formats: list[str]) -> list[Path]:
    """Write a picture of each figure of a page that has been written, beside it and named after it."""
    if not formats:
        return []
    return save_pictures(page.read_text(encoding="utf-8"), page.with_suffix(""), formats)
