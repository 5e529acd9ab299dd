"""Pictures and figures of the page about the magnifier: ``python docs/screenshots.py``, in some ten minutes.

It trains a language model of two layers of 128 units on the text ``text/tinyshakespeare.txt`` in the folder
that the variable GATEWISE_DATA names, with snapshots, and a translator on ``translation/multi30k``, writes
reports about them, opens them in a browser and keeps what it shows in docs/assets/magnify. It needs the extra
``browser``, and chromium, or the browser that the variable CHROMIUM names. With ``python docs/screenshots.py
FOLDER`` models and reports are kept in FOLDER, and a model that lies there is taken instead of a new one.
"""

import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import gatewise as gw
from gatewise.data import read_pairs
from gatewise.magnify import Snapshots, index_units, meanings, read_snapshots, snapshots_path

TARGET = Path(__file__).parent / "assets" / "magnify"

START, STOP = "\n\nSEBASTIAN:\nWhat, art thou", " waking."
"""Between these, near the end of the text, stands the passage that the reports are about."""
NEAR = 81
"""Characters of it that the heat maps show."""
CORPUS = 100_000
"""Characters at its end, which training has not seen, in which the meaning of units is sought."""
CAPTION = "A woman and a child are walking down a street."
"""What the translator reads, from the test part of 2016."""
WIDTH = 1000


def data(*names: str) -> Path:
    """A file of the data."""
    return Path(os.environ["GATEWISE_DATA"], *names)


def text() -> str:
    """All plays in one file."""
    return data("text", "tinyshakespeare.txt").read_text(encoding="utf-8")


def passage() -> str:
    """What the reports are about: it ends in the middle of a line."""
    plays = text()
    return plays[plays.rindex(START) : plays.rindex(STOP)]


def train(path: Path) -> gw.LanguageModel:
    """Train the model, with snapshots beside it, or take the one that is there."""
    if path.exists():
        return gw.load(path)
    plays = text()
    lm = gw.LanguageModel(hidden_size=128, num_layers=2, epochs=5, seed=0)
    lm.fit(plays, listeners=[Snapshots(lm, passage()[-150:], snapshots_path(path), every=200)])
    lm.save(path)
    return lm


def translator(path: Path) -> gw.Translator:
    """Train one of words, from English to German, or take the one that is there."""
    if path.exists():
        return gw.load(path)
    pairs = read_pairs(
        *(data("translation", "multi30k", f"train.{language}.gz") for language in ("en", "de"))
    )
    mt = gw.Translator(hidden_size=128, embedding_size=128, min_count=3, epochs=8, seed=0).fit(pairs)
    mt.save(path)
    return mt


@contextmanager
def opened(browser: Browser, report: Path, *, width: int = WIDTH, dark: bool = False) -> Iterator[Page]:
    """A report in a browser."""
    page = browser.new_page(
        viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light"
    )
    page.goto(report.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    yield page
    page.close()


def choose(page: Page, **choice: object) -> None:
    """Choose as a reader would, by the names of the page's controls."""
    for name, value in choice.items():
        field = page.locator(f"#{name.replace('_', '-')}")
        if field.evaluate("field => field.type") == "range":
            field.fill(str(value))
        else:
            field.select_option(str(value))
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(300)


def picture(page: Page, name: str, first: str, last: str | None = None) -> None:
    """Keep what stands from one element to another."""
    page.add_style_tag(content="#controls { position: static !important }")
    for place in (first, last or first):
        page.locator(place).scroll_into_view_if_needed()
        page.wait_for_timeout(300)
    page.evaluate("scrollTo(0, 0)")
    top, bottom = (page.locator(place).bounding_box() for place in (first, last or first))
    left = min(top["x"], bottom["x"]) - 8
    area = {"x": left, "y": top["y"] - 8, "width": page.viewport_size["width"] - 2 * left}
    area["height"] = bottom["y"] + bottom["height"] - area["y"] + 8
    page.screenshot(path=TARGET / f"{name}.png", full_page=True, clip=area)


def side_by_side(browser: Browser, name: str, parts: list[str]) -> None:
    """Join pictures to one, and remove them."""
    paths = [TARGET / f"{part}.png" for part in parts]
    images = (base64.b64encode(path.read_bytes()).decode() for path in paths)
    page = browser.new_page()
    page.set_content(
        "<body style='margin: 0; display: inline-flex; gap: 12px; background: #fff'>"
        + "".join(f"<img src='data:image/png;base64,{image}'>" for image in images)
    )
    page.wait_for_timeout(300)
    page.locator("body").screenshot(path=TARGET / f"{name}.png")
    page.close()
    for path in paths:
        path.unlink()


def completeness(inside: gw.magnify.Magnification, past: int) -> str:
    """How often the integrated gradients of an answer add up to it, over every fourth one."""
    steps = range(137, len(inside.labels), 4)
    errors = np.array([inside.connectivity(step, past=past).completeness_error for step in steps])
    return (
        f"completeness error of {len(errors)} answers, {past} steps: {(errors > 0.01).mean():.0%} above 1 %, "
        f"{(errors > 0.1).mean():.0%} above 10 %, median {np.median(errors):.2%}, largest {errors.max():.0%}"
    )


def main(folder: Path) -> None:
    """Make all pictures."""
    lm = train(folder / "plays.safetensors")
    read, corpus = passage(), text()[-CORPUS:]
    follows = {each.feature: each.unit for each in meanings(index_units(lm, corpus, layer=0))}
    unit, asked = follows["position in the line"], read.index("speaking") + len("spea") - 1
    inside = gw.magnify(lm, read)
    inside.save(folder / "plays.html", questions=[asked, len(read) - 1], corpus=corpus)
    gw.magnify(lm, read[:NEAR]).save(folder / "near.html")
    read_snapshots(snapshots_path(folder / "plays.safetensors")).save(folder / "training.html")
    mt = translator(folder / "captions.safetensors")
    gw.magnify(mt, CAPTION).save(folder / "captions.html")
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        with opened(browser, folder / "plays.html") as page:
            choose(page, layer=0, unit=unit, step=asked, question=0)
            picture(page, "text", "#controls", "#reading")
            picture(page, "saturation", "#saturated")
            picture(page, "lag", "#lags")
            picture(page, "rests", "#rests")
            picture(page, "ledger", "#ledger-section")
        with opened(browser, folder / "near.html", width=880) as page:
            choose(page, layer=1, order="similarity", step=2)
            picture(page, "gates", "#maps")
        with opened(browser, folder / "captions.html", width=720) as page:
            picture(page, "attention", "#attention-section")
        for number in (0, 1):
            with opened(browser, folder / "training.html", width=560) as page:
                moments = page.locator("#moment").get_attribute("max")
                choose(page, layer=0, unit=unit, moment=(0, moments)[number], step=100)
                picture(page, f"moment-{number}", "#controls", "#reading")
        side_by_side(browser, "training", ["moment-0", "moment-1"])
        for dark, place in ((False, "#reading"), (True, "#maps figure:nth-child(5)")):
            with opened(browser, folder / "near.html", width=390, dark=dark) as page:
                choose(page, layer=int(dark), order="similarity", unit=98 if dark else unit, step=50)
                page.locator(place).evaluate("place => scrollTo(0, place.offsetTop - 170)")
                page.wait_for_timeout(500)
                page.screenshot(path=TARGET / f"phone-{int(dark)}.png")
        side_by_side(browser, "phone", ["phone-0", "phone-1"])
        browser.close()
    for path in sorted(TARGET.glob("*.png")):
        print(path.name, path.stat().st_size)
    for past in (128, 40, 20):
        print(completeness(inside, past))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve())
