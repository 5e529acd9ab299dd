"""Builds the documentation, warnings are errors: ``python -m docs.check``.

``zensical build --strict`` stops at links between pages that lead nowhere. It lets pass what Python's
libraries only log, such as a docstring about an argument that is gone, and looks neither at pictures nor at
links in docstrings nor at absolute ones. Those are checked here, in the pages as they were built; and that
they load nothing from elsewhere, for they must open without a network.
"""

import logging
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import zensical

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"


class Warnings(logging.Handler):
    """Keeps them, and what is worse."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        """Called by whatever logs."""
        self.messages.append(record.getMessage())


class Page(HTMLParser):
    """The links of a built page, pictures and scripts among them, what of it is loaded, and its anchors."""

    def __init__(self, file):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {""}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Called by the parser."""
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value)
                if name == "src" or (tag == "link" and ("rel", "canonical") not in attrs):
                    self.loaded.append(value)
            elif name == "id":
                self.anchors.add(value)


def broken():
    """The links that lead to nothing in the site, and those that load what is not in it."""
    files = set(SITE.rglob("*"))
    # A server shows 404.html at any address, therefore its links are absolute.
    pages = {file: Page(file) for file in files if file.suffix == ".html" and file.name != "404.html"}
    for file, page in sorted(pages.items()):
        for link in page.loaded:
            if urlsplit(link).netloc:
                yield f"{file.relative_to(SITE)}: it loads {link}"
        for link in page.links:
            address = urlsplit(link)
            if address.scheme:
                continue
            target = (file.parent / unquote(address.path)).resolve() if address.path else file
            if target.is_dir():
                target /= "index.html"
            anchors = pages[target].anchors if target in pages else {""}
            if target not in files or unquote(address.fragment) not in anchors:
                yield f"{file.relative_to(SITE)}: there is no {link}"


def main():
    """Build, then check."""
    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    try:
        zensical.build(str(ROOT / "zensical.toml"), {"clean": True, "strict": True})
    except RuntimeError as error:
        sys.exit(str(error))
    if faults := [*warnings.messages, *broken()]:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
