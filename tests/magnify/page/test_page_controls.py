"""The report's controls in a browser: what is chosen changes what is shown, to the values of the model.

Run with ``pytest -m browser``; it needs the extra ``browser`` and Chromium or Chrome.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

import gatewise as gw
from gatewise.magnify import UnitIndex, read_snapshots
from gatewise.tasks.language.setup import new_network
from tests.magnify.page.text import TEXT

pytestmark = pytest.mark.browser


def readout(page):
    """The numbers that stand beside the controls, by letter."""
    words = page.locator("#readout").inner_text().split(" · ")[-1].split()
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def expected(inside, layer, unit, step):
    return {name: values[step, unit] for name, values in inside.layer(layer).arrays.items()}


def assert_shown(page, inside, layer, unit, step):
    shown = readout(page)
    for name, value in expected(inside, layer, unit, step).items():
        assert shown[name] == pytest.approx(value, abs=6e-3), name


def test_choosing_a_layer_and_a_unit_changes_what_is_shown(visit, folder, language):
    page = visit(folder / "text.html")
    last = len(TEXT) - 1
    for layer, unit in ((1, 5), (0, 5), (0, 11)):
        page.select_option("#layer", str(layer))
        page.select_option("#unit", str(unit))
        assert_shown(page, language, layer, unit, last)
        assert f"unit {unit}, layer {layer + 1}" in page.locator("#colored-by").inner_text()
        # The text's colours: how much of the tone each step has is |tanh c|, and which tone is its sign.
        tones = page.evaluate(
            "[...document.querySelectorAll('#text span')].map(({ style }) => "
            "[style.getPropertyValue('--tone'), parseFloat(style.getPropertyValue('--much'))])"
        )
        held = np.tanh(language.layer(layer).arrays["c"][:, unit])
        strength = page.evaluate("parseFloat(css('--strength'))")
        assert [much for _, much in tones] == pytest.approx(np.abs(held) * strength, abs=0.6)
        sure = np.abs(held) > 0.02
        assert [tone == "var(--high)" for tone, _ in np.array(tones)[sure]] == (held[sure] > 0).tolist()
        line = page.evaluate(
            "document.getElementById('traces').data.find((trace) => trace.name.startsWith('forget')).y"
        )
        values = list(line.values()) if isinstance(line, dict) else line
        assert values == pytest.approx(language.layer(layer).arrays["f"][:, unit], abs=5e-3)


def test_the_order_of_the_units_is_the_one_chosen(visit, folder, language):
    page = visit(folder / "text.html")
    page.locator("#maps").scroll_into_view_if_needed()
    page.locator("#maps .main-svg").first.wait_for()
    for by in ("number", "activity", "saturation", "similarity"):
        page.select_option("#order", by)
        rows = page.evaluate("document.querySelector('#maps figure').data[0].y.map(Number)")
        assert rows == language.layer(1).order(by).tolist()
        z = page.evaluate("document.querySelector('#maps figure').data[0].z.map((row) => Array.from(row))")
        np.testing.assert_allclose(np.array(z), language["i"].T[rows], atol=5e-3)


@pytest.mark.parametrize("order", ["number", "activity"])
def test_the_line_in_a_map_is_on_the_chosen_unit(visit, folder, language, order):
    page = visit(folder / "text.html")
    figure = page.locator("#maps figure").first
    figure.scroll_into_view_if_needed()
    figure.locator(".main-svg").first.wait_for()
    page.select_option("#order", order)
    for unit in (7, 2):
        page.select_option("#unit", str(unit))
        row = language.layer(1).order(order).tolist().index(unit)
        frame = figure.locator(".nsewdrag").first.bounding_box()
        line = figure.locator(".shapelayer path").nth(1).bounding_box()
        middle = frame["y"] + frame["height"] * (1 - (row + 0.5) / 12)
        assert line["y"] + line["height"] / 2 == pytest.approx(middle, abs=3)


def test_what_was_zoomed_stays_zoomed(visit, folder, language):
    page = visit(folder / "text.html")
    figure = page.locator("#maps figure").first
    figure.scroll_into_view_if_needed()
    figure.locator(".main-svg").first.wait_for()
    box = figure.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 90, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)
    zoomed = figure.evaluate("(each) => each.layout.xaxis.range")
    assert zoomed[1] - zoomed[0] < len(TEXT) / 2
    page.select_option("#unit", "3")
    page.select_option("#layer", "0")
    assert figure.evaluate("(each) => each.layout.xaxis.range") == zoomed


def test_hovering_gives_the_value(visit, folder, language):
    page = visit(folder / "text.html")
    figure = page.locator("#maps figure").nth(1)
    figure.scroll_into_view_if_needed()
    figure.locator(".main-svg").first.wait_for()
    box = figure.locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    label = figure.locator(".hovertext text.nums")
    label.wait_for()
    found = re.fullmatch(r"step (\d+): .*unit (\d+)f = ([\d.]+)", label.text_content())
    assert found, label.text_content()
    step, unit, value = found.groups()
    assert float(value) == pytest.approx(language["f"][int(step), int(unit)], abs=5e-3)
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    page.wait_for_function(f"element('unit').value === '{unit}' && element('step').value === '{step}'")
    assert_shown(page, language, 1, int(unit), int(step))


def test_everything_can_be_reached_and_moved_by_keys(visit, folder, language):
    page = visit(folder / "text.html")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    controls = ["layer", "order", "unit", "step", "theme", "question", "method", "ledger-step", "ledger-of"]
    assert {*controls, "from", "to", "threshold"} <= set(reached)
    nameless = page.evaluate(
        "[...document.querySelectorAll('select, input, button')].filter((each) => !each.labels?.length && "
        "!each.ariaLabel && !each.textContent.trim()).map((each) => each.id)"
    )
    assert nameless == []
    page.focus("#step")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    step = len(TEXT) - 4
    assert f"step {step}: " in page.locator("#readout").inner_text()
    assert page.locator("#text .now").inner_text() == TEXT[step]
    assert_shown(page, language, 1, int(page.locator("#unit").input_value()), step)
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.classList.contains('dark')")


def test_an_answer_is_traced_by_each_method_at_each_step_asked(visit, folder, language):
    page = visit(folder / "text.html")
    questions = page.locator("#question option").all_inner_texts()
    assert len(questions) == 6
    for number, named in enumerate(questions):
        step = int(named.split()[1].rstrip(":"))
        page.select_option("#question", str(number))
        measured = int(re.search(r"in place of the (\d+) steps", page.locator("#answer").inner_text())[1])
        found = language.connectivity(step, past=measured)
        bars = page.evaluate("document.getElementById('shares').data.map((trace) => Array.from(trace.y))")
        for shares, values in zip(
            bars, (found.integrated, found.gradient_input, found.occluded), strict=True
        ):
            np.testing.assert_allclose(shares, values, rtol=1e-3, atol=1e-6)
        assert "completeness error" in page.locator("#answer").inner_text()
        curve = page.evaluate("Array.from(document.getElementById('lag').data[0].y)")
        expected_curve = language.lag(step)[0].c
        np.testing.assert_allclose(curve, expected_curve / expected_curve.max(), rtol=2e-3)
    before = page.locator("#shares-text").inner_html()
    page.select_option("#method", "occluded")
    assert page.locator("#shares-text").inner_html() != before
    first = int(questions[0].split()[1].rstrip(":"))
    page.locator("#text span").nth(first).click()
    assert page.locator("#question").input_value() == "0", "an answer comes with its step"


def test_the_ledger_of_the_chosen_unit_adds_up(visit, folder, language):
    page = visit(folder / "text.html")
    for unit in (2, 7):
        page.select_option("#unit", str(unit))
        said = page.locator("#ledger-sum").inner_text()
        numbers = re.search(r"c = (\S+) from the beginning \+ (\S+) written since = (\S+)\. The sums", said)
        initial, written, cell = map(float, numbers.groups())
        assert cell == pytest.approx(language["c"][-1, unit], abs=1e-3)
        assert initial + written == pytest.approx(cell, rel=1e-3)
        bars = page.evaluate("Array.from(document.getElementById('ledger').data[0].y)")
        np.testing.assert_allclose(bars, language.ledger().entries[:, unit], atol=1e-4)
        assert sum(bars) == pytest.approx(written, abs=1e-3)
    for name in ("total", "norm"):
        page.select_option("#ledger-of", name)
        bars = page.evaluate("Array.from(document.getElementById('ledger').data[0].y)")
        np.testing.assert_allclose(bars, getattr(language.ledger(), name), rtol=1e-3, atol=1e-6)


def test_the_search_is_that_of_the_library(visit, folder, language):
    """The page has the rule of UnitIndex.search once more, for it cannot run Python."""
    page = visit(folder / "text.html")
    held = np.rint(np.tanh(language["c"]) * 127).astype(np.int8)
    index = UnitIndex(held, list(TEXT))
    seen = 0
    rng = np.random.default_rng(0)
    for start, stop in [(10, 14), (29, 31), (0, 1), *np.sort(rng.integers(0, len(TEXT), (40, 2))).tolist()]:
        if start == stop:
            continue
        page.fill("#from", str(start))
        page.fill("#to", str(stop - 1))
        found = index.search(start, stop, threshold=0.3, most=12)
        names = page.locator("#found > p button").all_inner_texts()
        assert names == [f"unit {unit}" for unit in found.units]
        places = re.findall(r"steps (\d+) to (\d+), likeness ([\d.]+)", page.locator("#found").inner_text())
        assert {(int(first), int(last) + 1, float(score)) for first, last, score in places} == {
            (place.start, place.stop, round(place.score, 2)) for place in found.places
        }
        seen += bool(found.places)
    assert seen, "there was something to find"
    page.fill("#to", "9999")
    assert "Give a range inside" in page.locator("#found").inner_text()


def test_the_slider_moves_through_the_training(visit, folder, language):
    history = read_snapshots(folder / "text.snapshots.safetensors")
    history.save(folder / "training.html")
    page = visit(folder / "training.html")
    assert page.locator("#moment").is_visible()
    assert page.locator("#moment-name").inner_text() == "when training ended"
    assert_shown(page, language, 1, int(page.locator("#unit").input_value()), len(TEXT) - 1)
    page.focus("#moment")
    names, readouts, curves = [], [], []
    for _ in history.moments:
        page.wait_for_timeout(50)
        names.append(page.locator("#moment-name").inner_text())
        readouts.append(page.locator("#readout").inner_text())
        curves.append(str(page.evaluate("document.getElementById('lag').data[0].y")))
        page.keyboard.press("ArrowLeft")
    assert names == [kept.facts["name"] for kept in reversed(history.moments.values())]
    assert names[-1] == "before training"
    # The end shows the best weights, and so may one of the others.
    for shown in (readouts[1:], curves[1:]):
        assert len(set(shown)) == len(names) - 1, "each moment shows its own values"
    untrained = gw.LanguageModel(
        hidden_size=12, num_layers=2, window=20, batch_size=2, seed=3, progress=False
    )
    untrained.tokenizer_ = language.model.tokenizer_
    untrained.network_ = new_network(untrained, untrained.tokenizer_.vocabulary_size)
    assert_shown(
        page, gw.magnify(untrained, TEXT), 1, int(page.locator("#unit").input_value()), len(TEXT) - 1
    )


def test_moving_on_before_a_moment_is_there_mixes_nothing_up(visit, folder, language):
    """The slider is moved and the layer changed at once, and back: all that is shown belongs together."""
    path = folder / "text.snapshots.safetensors"
    read_snapshots(path).save(folder / "quick.html")
    page = visit(folder / "quick.html")
    last = len(TEXT) - 1
    unit = int(page.locator("#unit").input_value())
    page.evaluate("""() => {
      const set = (id, value, event) => {
        element(id).value = value;
        element(id).dispatchEvent(new Event(event));
      };
      for (const moment of [0, 3, 1]) { set("moment", moment, "input"); set("layer", moment % 2, "change"); }
      set("moment", facts.moments.length - 1, "input");
      set("layer", 1, "change");
    }""")
    page.wait_for_timeout(500)
    assert page.locator("#moment-name").inner_text() == "when training ended"
    assert_shown(page, language, 1, unit, last)
    page.select_option("#layer", "0")
    assert_shown(page, language, 0, unit, last)
