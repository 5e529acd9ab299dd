"""The report in a browser: it draws without a network, it can be read, and it shows every kind of model.

Run with ``pytest -m browser``; it needs the extra ``browser`` and Chromium or Chrome.
"""

from __future__ import annotations

import numpy as np
import pytest

import gatewise as gw
from tests.magnify.page.text import TEXT

pytestmark = pytest.mark.browser

COLORS = """() => {
  const rgb = (color) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    for (canvas.fillStyle of [getComputedStyle(document.body).backgroundColor, color]) {
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const seen = "h1, .hint, .title, footer, .low, .high, #controls, #text span, button";
  return [...document.querySelectorAll(seen)].map((each) => {
    const style = getComputedStyle(each);
    return [each.className || each.tagName, rgb(style.color), rgb(style.backgroundColor)];
  });
}"""
"""What each element is, the colour of its words, and of its ground."""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_everything_is_drawn(visit, folder, language, width, dark):
    page = visit(folder / "text.html", width=width, dark=dark)
    for figure in page.locator("figure:visible").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()
        box = figure.bounding_box()
        assert 250 <= box["height"] <= 600
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is cut off at the side"
    assert page.locator("#maps figure").count() == 6
    assert page.locator("#failure").is_hidden()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_stand_out_from_their_ground(visit, folder, language, dark):
    """WCAG 2.2 asks for a contrast of 4.5; measured on what the browser makes of the colours."""
    page = visit(folder / "text.html", dark=dark)
    pairs = page.evaluate(COLORS)
    assert len(pairs) > len(TEXT)

    def luminance(rgb):
        parts = np.array(rgb) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    for name, text, ground in pairs:
        low, high = sorted([luminance(text), luminance(ground)])
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, text, ground)


def test_a_page_begins_with_what_was_asked_for(visit, folder, language):
    language.save(folder / "start.html", layer=0, unit=4, mark=(2, 5), questions=20)
    page = visit(folder / "start.html")
    assert page.locator("#layer").input_value() == "0"
    assert page.locator("#unit").input_value() == "4"
    assert [page.locator(f"#{end}").input_value() for end in ("from", "to")] == ["2", "4"]
    assert page.locator("#question option").all_inner_texts() == [f"step 20: {TEXT[20]}"]


def test_markup_in_words_is_not_taken_for_markup_by_figures(visit, folder):
    sentences, tags = [["<b>barks</b>", "&amp;"]] * 8, [["V", "N"]] * 8
    tagger = gw.SequenceTagger(hidden_size=4, epochs=1, progress=False).fit(sentences, tags)
    gw.magnify(tagger, sentences[0]).save(folder / "words.html")
    page = visit(folder / "words.html")
    page.locator("#traces .main-svg").first.wait_for()
    assert "<b>barks</b>" in page.locator("#traces .xtick").first.text_content()
    assert page.locator("#layer").input_value() == "0", "the direction from the beginning"


def test_a_series_and_a_plain_rnn(visit, folder):
    rng = np.random.default_rng(0)
    gw.magnify(gw.nn.RNN(2, 6, seed=0), rng.normal(size=(30, 2))).save(folder / "rnn.html")
    page = visit(folder / "rnn.html")
    assert page.locator("#maps figure").count() == 1
    for hidden in ("#text", "#saturated", "#ledger-section", "#meanings", "#colors"):
        assert page.locator(hidden).is_hidden(), hidden
    both = gw.nn.LSTM(2, 6, bidirectional=True, seed=0)
    gw.magnify(both, rng.normal(size=(30, 2))).save(folder / "both.html")
    page = visit(folder / "both.html")
    assert page.locator("#layer option").all_inner_texts() == ["layer 1", "layer 1, from the end"]
    assert page.locator("#saturated").is_visible()


def test_what_a_text_says_is_text(visit, folder):
    """Markup in the sequence is shown, not run."""
    text = "<script>document.body.remove()</script> </script> &amp; <b>"
    lm = gw.LanguageModel(hidden_size=4, num_layers=1, window=10, batch_size=2, epochs=1, progress=False)
    gw.magnify(lm.fit((text + "\n") * 10), text).save(folder / "markup.html")
    page = visit(folder / "markup.html")
    assert page.locator("#text").inner_text() == text


def test_an_old_browser_is_told(browser, folder, language):
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto((folder / "text.html").as_uri())
    page.wait_for_selector("#failure:not([hidden])")
    assert "needs a browser of 2023" in page.locator("#failure").inner_text()
    context.close()


def test_a_translators_page_shows_where_it_looked(visit, tmp_path):
    pairs = [("one two three", "drei zwei eins"), ("two one", "eins zwei")] * 8
    sizes = {"hidden_size": 16, "embedding_size": 8, "batch_size": 8, "min_count": 1}
    model = gw.Translator(**sizes, dropout=0.0, epochs=20, learning_rate=1e-2, progress=False).fit(pairs)
    inside = gw.magnify(model, pairs[0])
    inside.save(tmp_path / "a.html")
    page = visit(tmp_path / "a.html")
    figure = page.locator("#attention")
    figure.scroll_into_view_if_needed()
    drawn = page.evaluate("element('attention').data[0].z")
    np.testing.assert_allclose(drawn, inside.reading.alignment.weights, atol=1e-3)
    assert page.evaluate("element('attention').layout.yaxis.ticktext") == [
        "drei",
        "zwei",
        "eins",
        "&lt;/s&gt;",
    ]
    page.locator("#attention .nsewdrag").click(position={"x": 5, "y": 5})
    assert "step 0: one" in page.locator("#readout").inner_text()


def test_where_nothing_is_written_there_is_no_attention(visit, folder, language):
    assert len(language.labels) == len(TEXT)
    assert visit(folder / "text.html").locator("#attention-section").is_hidden()
