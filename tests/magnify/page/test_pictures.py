"""Each figure of a report can be saved as a picture, and says along its axes what it measures."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import gatewise as gw

pytestmark = pytest.mark.browser

FIGURES = """[...document.querySelectorAll("figure")]
  .filter((each) => each.offsetParent !== null && each._fullLayout)"""


def of_text(folder):
    return folder / "text.html"


def of_forecast(folder):
    fc = gw.Forecaster(horizon=6, hidden_size=6, epochs=1, steps_per_epoch=2, target="load", progress=False)
    gw.magnify(fc.fit(days_of_load()), None).save(folder / "forecast.html")
    return folder / "forecast.html"


def days_of_load():
    days = np.datetime64("2025-01-01", "us") + np.arange(90) * np.timedelta64(1, "D")
    return {"ds": days, "load": np.sin(np.arange(90))}


def of_translation(folder):
    mt = gw.Translator(hidden_size=6, epochs=1, min_count=1, validation_fraction=0, progress=False)
    mt.fit([("one two", "ein zwei")] * 20)
    gw.magnify(mt, ("one two", "ein zwei")).save(folder / "translation.html")
    return folder / "translation.html"


def of_numbers(folder):
    clf = gw.SequenceClassifier(hidden_size=6, epochs=1, validation_fraction=0, progress=False)
    X = np.random.default_rng(0).normal(size=(20, 12, 2))
    gw.magnify(clf.fit(X, [0, 1] * 10), X[0]).save(folder / "numbers.html")
    return folder / "numbers.html"


SAID = {
    of_text: ["character", "log p, nats"],
    of_forecast: ["ds", "load", "forecast of load"],
    of_translation: ["that was read", "that was written", "log p, nats"],
    of_numbers: ["step", "value as given", "log p, nats"],
}


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("report", SAID)
def test_axes_have_titles(report, folder, visit):
    page = visit(report(folder))
    told = page.evaluate(
        f"""{FIGURES}.map((figure) => [nameOfFigure(figure), ...Object.entries(figure._fullLayout)
          .filter(([name]) => /^[xy]axis\\d*$/.test(name)).map(([, axis]) => axis.title?.text ?? "")])"""
    )
    assert len(told) >= 5
    for name, *titles in told:
        assert all(titles), f"{name} has an axis without a title: {titles}"
        assert not any("Click to enter" in title for title in titles), f"{name}: {titles}"
    everything = " ".join(" ".join(each) for each in told)
    for words in SAID[report]:
        assert words in everything


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_button_saves_a_figure_on_the_ground_of_the_page(kind, dark, folder, visit):
    page = visit(of_text(folder), dark=dark)
    page.hover("#traces")
    with page.expect_download() as waiting:
        page.locator(f"#traces .modebar-btn[data-title='Save as {kind.upper()}']").click()
    assert waiting.value.suggested_filename == f"text-traces.{kind}"
    content = Path(waiting.value.path()).read_bytes()
    if kind == "png":
        assert content.startswith(b"\x89PNG")
    else:
        ground = ElementTree.fromstring(content)[0].get("style")
        assert f"fill: {'rgb(20, 22, 26)' if dark else 'rgb(255, 255, 255)'}" in ground
