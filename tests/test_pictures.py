"""Pictures of figures: what is missing is said before the work, and each is what the page shows."""

from __future__ import annotations

import os
import struct
import sys
from xml.etree import ElementTree

import pytest

from gatewise import charts, pictures
from gatewise.errors import MissingExtraError, OutputError

pytest.importorskip("plotly")


@pytest.fixture
def figure():
    made = charts.panels(["Größe"], x="time, hours", y="load, kW")
    charts.line(made, 0, [0, 1, 2], [1, 3, 2], "Łódź", charts.BLUE)
    return made


# What is missing


def test_without_choreographer_the_extra_and_the_way_without_are_named(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "choreographer", None)
    for call in (pictures.check_pictures, lambda: charts.save_figure(figure, tmp_path / "a.png")):
        with pytest.raises(MissingExtraError, match=r"pip install 'gatewise\[pictures\]'.*a button beside"):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["/nowhere/chrome", "", None])
def test_without_a_browser_the_ways_to_one_are_named(named, tmp_path, monkeypatch):
    choreographer = pytest.importorskip("choreographer")
    monkeypatch.setattr(choreographer.browsers.Chromium, "find_browser", lambda **_: None)
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    if named is not None:
        monkeypatch.setenv("BROWSER_PATH", named)
    with pytest.raises(MissingExtraError, match="let choreo_get_chrome download one, or name yours"):
        pictures.check_pictures()


@pytest.mark.skipif(os.name != "posix", reason="a program of one line")
def test_a_browser_that_draws_nothing_is_an_error(figure, tmp_path, monkeypatch):
    pytest.importorskip("choreographer")
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(program))
    with pytest.raises(OutputError, match="drew no pictures"):
        charts.save_figure(figure, tmp_path / "a.png")
    assert [each.name for each in tmp_path.iterdir()] == ["browser"]


# With a browser


def size(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


@pytest.mark.browser
def test_a_figure_as_png_and_as_svg(figure, tmp_path):
    charts.save_figure(figure, tmp_path / "a.png")
    charts.save_figure(figure, tmp_path / "a.svg")
    width, height = size((tmp_path / "a.png").read_bytes())
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert (width, height) == (2 * int(root.get("width")), 2 * int(root.get("height")))
    assert height == 2 * figure.layout.height
    text = "".join(root.itertext())
    for said in ("Größe", "Łódź", "time, hours", "load, kW"):
        assert said in text


@pytest.mark.browser
def test_a_page_of_one_figure_has_a_picture_of_its_name(figure, tmp_path):
    charts.save_page(figure, tmp_path / "my page.v2.html")
    written = pictures.save_pictures(
        (tmp_path / "my page.v2.html").read_text(encoding="utf-8"), tmp_path / "my page.v2", ["svg", "png"]
    )
    assert written == [tmp_path / "my page.v2.svg", tmp_path / "my page.v2.png"]


@pytest.mark.browser
def test_a_page_without_figures_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "_PATIENCE", 1.0)
    page = f"<!DOCTYPE html><script>{pictures.PICTURES_SCRIPT}</script><p>nothing"
    with pytest.raises(OutputError, match="the page was not drawn in 1 seconds"):
        pictures.save_pictures(page, tmp_path / "x", ["png"])


@pytest.mark.browser
def test_a_page_offers_pictures_and_sends_nothing_anywhere(figure, tmp_path):
    """plotly.js 4 has a button that uploads the data, unless it is told to have none."""
    from playwright.sync_api import sync_playwright

    charts.save_page(figure, tmp_path / "load.html")
    with sync_playwright() as playwright:
        path = pictures._browser_path(pytest.importorskip("choreographer"))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True).new_page()
        page.goto((tmp_path / "load.html").as_uri())
        page.wait_for_selector(".modebar-btn[data-title='Save as SVG']", state="attached")
        told = page.evaluate(
            "[...document.querySelectorAll('.modebar-btn')].map((each) => each.dataset.title)"
        )
        assert told[-2:] == ["Save as PNG", "Save as SVG"]
        assert not any("hare" in each or "loud" in each for each in told)
        page.hover(".js-plotly-plot")
        with page.expect_download() as waiting:
            page.locator(".modebar-btn[data-title='Save as SVG']").click()
        assert waiting.value.suggested_filename == "load.svg"
        browser.close()
