"""A browser, pages opened in it without a network, and a magnified model to be read only."""

from __future__ import annotations

import os
import shutil

import pytest

import gatewise as gw
from gatewise.magnify import Snapshots
from tests.magnify.page.text import TEXT


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("GATEWISE_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail("no Chromium found: install it, or name it in GATEWISE_BROWSER")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])


@pytest.fixture
def visit(browser):
    """Open a page, and after the test look whether anything went wrong in it."""
    complaints, contexts = [], []

    def open_page(path, *, width=1280, dark=False):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: request.url == path.as_uri() or complaints.append(request.url[:90])
        )
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=10_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    complaints = [each for each in complaints if not each.startswith(("data:", "blob:"))]
    assert complaints == []


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def language(folder):
    """A language model of two layers, magnified, and its page; with snapshots of its training."""
    lm = gw.LanguageModel(
        hidden_size=12, num_layers=2, window=20, batch_size=2, epochs=4, seed=3, progress=False
    )
    taken = Snapshots(lm, TEXT, folder / "text.snapshots.safetensors", every=10)
    lm.fit((TEXT + "\n") * 20, listeners=[taken])
    inside = gw.magnify(lm, TEXT)
    inside.save(folder / "text.html")
    return inside
