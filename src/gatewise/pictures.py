"""Pictures of the figures of a page, as a browser without a window draws them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from gatewise.errors import MissingExtraError, OutputError
from gatewise.storage import write_bytes

__all__ = ["FORMATS", "PICTURES_SCRIPT", "check_pictures", "pictures", "save_pictures"]

FORMATS = ("png", "svg")
"""Kinds of pictures."""

PICTURES_SCRIPT = files("gatewise").joinpath("pictures.js").read_text(encoding="utf-8")
"""What a page needs for figures to have buttons that save them as pictures, and for ``pictures``."""

_WITHOUT = "Without them: open the page in a browser; a button beside each figure saves it as PNG or SVG."
_SIZE = {"width": 1000, "height": 12_000, "deviceScaleFactor": 1, "mobile": False}
"""Of the window, in pixels: so high that figures which are drawn when they come into view are in view."""
_PATIENCE, _PAUSE = 120.0, 0.1
"""Seconds that a page may take to be drawn, and between two looks at it."""


def check_pictures() -> None:
    """Find out before the work whether pictures can be made.

    Raises:
        MissingExtraError: choreographer or a browser is missing.
    """
    _browser_path(_choreographer())


def save_pictures(page: str, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write a picture of each figure of a page.

    Args:
        page: the page, with ``PICTURES_SCRIPT``.
        stem: the files' path without the ending; the name of a figure that has one comes between them.
        formats: of ``FORMATS``.

    Returns:
        The files written.

    Raises:
        MissingExtraError: as in ``check_pictures``.
        OutputError: one cannot be written, or the browser cannot draw.
    """
    written = []
    for kind, found in pictures(page, formats).items():
        for name, content in found.items():
            path = stem.with_name("-".join(filter(None, (stem.name, name))) + f".{kind}")
            write_bytes(path, content)
            written.append(path)
    return written


def pictures(page: str, formats: Sequence[str]) -> Mapping[str, Mapping[str, bytes]]:
    """For each format the figures of a page, by name."""
    choreographer = _choreographer()
    path = _browser_path(choreographer)
    with tempfile.TemporaryDirectory(prefix="gatewise-") as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        # A notebook has a loop of its own already, and a thread has one loop at most.
        with ThreadPoolExecutor(1) as thread:
            drawn = thread.submit(asyncio.run, _drawn(choreographer, path, file.as_uri(), formats))
            try:
                found = drawn.result()
            except MissingExtraError:
                raise
            except Exception as error:  # its own kinds, of the pipe, of the system
                raise OutputError(f"the browser {path!r} drew no pictures: {error}. {_WITHOUT}") from error
    return {kind: {name: _content(url) for name, url in json.loads(text)} for kind, text in found.items()}


async def _drawn(choreographer: Any, path: str, url: str, formats: Sequence[str]) -> dict[str, str]:
    """What the page says when all is drawn, for each format."""
    async with choreographer.Browser(path=path) as browser:
        tab = await browser.create_tab("about:blank")
        await tab.send_command("Emulation.setDeviceMetricsOverride", params=_SIZE)
        await tab.send_command("Page.navigate", params={"url": url})
        return {kind: await _asked(tab, f"allPictures({kind!r})") for kind in formats}


async def _asked(tab: Any, expression: str) -> str:
    """The text that a function of the page gives, as soon as the page is there and it gives one."""
    answer: Any = None
    for _ in range(round(_PATIENCE / _PAUSE)):
        answer = await tab.send_command(
            "Runtime.evaluate",
            params={"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        value = answer.get("result", {}).get("result", {}).get("value")
        if isinstance(value, str):
            return value
        await asyncio.sleep(_PAUSE)
    raise TimeoutError(f"the page was not drawn in {_PATIENCE:g} seconds ({str(answer)[:200]})")


def _content(url: str) -> bytes:
    """What a data URL holds."""
    head, _, content = url.partition(",")
    return base64.b64decode(content) if head.endswith(";base64") else unquote_to_bytes(content)


def _choreographer() -> Any:
    try:
        import choreographer
        import choreographer.browsers
    except ImportError as error:
        raise MissingExtraError(
            "pictures need choreographer, and Chrome or Chromium; install it with: "
            f"pip install 'gatewise[pictures]'. {_WITHOUT}"
        ) from error
    return choreographer


def _browser_path(choreographer: Any) -> str:
    """Where the browser is: the one that the environment names, or that is found.

    Raises:
        MissingExtraError: there is none.
    """
    named = os.environ.get("BROWSER_PATH")
    path = named or choreographer.browsers.Chromium.find_browser(skip_local=False)
    if path is None or not os.access(path, os.X_OK):
        told = f"BROWSER_PATH={named!r} is no program" if named else "there is none"
        raise MissingExtraError(
            f"pictures need Chrome or Chromium, and {told}: install it, let choreo_get_chrome download one, "
            f"or name yours with the environment variable BROWSER_PATH. {_WITHOUT}"
        )
    return str(path)
