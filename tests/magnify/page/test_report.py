"""The report's file: what is in it, how large it is, and what is refused; see test_page for what it shows."""

from __future__ import annotations

import base64
import json
import re
import sys
import zlib

import numpy as np
import pytest

import gatewise as gw
from gatewise.errors import ArgumentError, MissingExtraError, OutputError
from gatewise.magnify.page.moment import moment
from gatewise.magnify.page.report import page, sequence_facts
from gatewise.magnify.page.standing import standing_facts

pytest.importorskip("jinja2")
pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def language():
    lm = gw.LanguageModel(hidden_size=12, num_layers=2, window=20, batch_size=2, epochs=2, progress=False)
    return lm.fit("she said “come” and he said “go”. " * 40)


def facts_of(written):
    return json.loads(re.search(r'<script id="facts"[^>]*>(.*?)</script>', written, re.S)[1])


def array_of(written, name):
    """An array as a browser would read it: (H, T)."""
    blobs = re.findall(r'<script class="arrays"[^>]*>(.*?)</script>', written, re.S)
    now = facts_of(written)["moments"][-1]
    at, scale = now["packed"][name], now["scales"][name]
    content = zlib.decompress(base64.b64decode(blobs[-1]))
    values = np.frombuffer(content, at["kind"], np.prod(at["shape"]), at["offset"]).reshape(at["shape"])
    return values * np.array(scale)[:, None]


def test_every_array_is_in_the_page(language, tmp_path):
    inside = gw.magnify(language, "she said “go”")
    inside.save(tmp_path / "report.html")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    facts = facts_of(written)
    assert facts["labels"] == list("she said “go”")
    (now,) = facts["moments"]
    for view, layer in zip(inside.layers, now["layers"], strict=True):
        assert list(layer["arrays"]) == ["i", "f", "g", "o", "c", "h"]
        for letter, name in layer["arrays"].items():
            found = array_of(written, name).T
            coarse = np.abs(view.arrays[letter]).max() / (32_767 if letter == "c" else 127)
            np.testing.assert_allclose(found, view.arrays[letter], atol=coarse)
        for gate, shares in view.saturation().items():
            np.testing.assert_allclose(layer["saturation"][gate]["open"], shares.open, atol=1e-4)
        assert layer["orders"]["similarity"] == view.order("similarity").tolist()
    ledgers = {(each["layer"], each["step"]): each for each in now["ledgers"]}
    for number, step in ledgers:
        found = inside.ledger(number, step)
        entries = array_of(written, ledgers[number, step]["entries"])
        np.testing.assert_allclose(entries.T, found.entries, atol=np.abs(found.entries).max() / 32_767)
        np.testing.assert_allclose(ledgers[number, step]["sum"], found.entries.sum(axis=0), rtol=1e-3)
        assert ledgers[number, step]["residual"] <= 1e-5
    assert now["questions"][-1]["rnn"]["horizon_h"] == inside.rnn_lag().horizon_h
    held = np.rint(np.tanh(inside["c"]) * 127)
    assert np.array_equal(array_of(written, now["layers"][1]["held"]).T, held)


def test_it_needs_nothing_from_elsewhere(language, tmp_path):
    gw.magnify(language, "she said").save(tmp_path / "report.html")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", written)
    assert "{{" not in written.split("<body>")[0], "no part of the template was left"


def test_a_thousand_steps_of_two_layers_of_256_stay_below_8_megabytes():
    """Random gates, which compress worst, in cells that forget nothing, whose ledgers are fullest."""
    lstm = gw.nn.LSTM(8, 256, num_layers=2, seed=0)
    rng = np.random.default_rng(0)
    lstm.parameters.vector[...] = rng.normal(0, 0.3, lstm.parameters.vector.size)
    for layer in range(2):
        lstm.parameters[f"bias_l{layer}"][256:512] = 6
    inside = gw.magnify(lstm, rng.normal(size=(1000, 8)))
    kept = moment(inside, "now", questions=(), ledgers=[999])
    made = page([kept], title="the largest", summary=(), facts=sequence_facts(inside))
    six_answers = 6 * 3 * 1000 * len("-0.001234,")
    assert len(made) + six_answers < 8e6


def test_questions_are_the_ones_asked(language, tmp_path):
    inside = gw.magnify(language, "she said “go”")
    inside.save(tmp_path / "report.html", questions=[3, -1])
    (now,) = facts_of((tmp_path / "report.html").read_text(encoding="utf-8"))["moments"]
    assert [question["step"] for question in now["questions"]] == [3, 12]
    assert sorted({ledger["step"] for ledger in now["ledgers"]}) == [3, 12]
    found = inside.connectivity(3, past=128)
    np.testing.assert_allclose(
        now["questions"][0]["shares"]["integrated"], found.integrated, rtol=1e-3, atol=1e-8
    )


def test_where_gradients_cannot_be_integrated_fewer_steps_are_measured():
    """Weights that make the way from the blank to the input too rough for any number of points."""
    lstm = gw.nn.LSTM(2, 16, num_layers=2, seed=1)
    rng = np.random.default_rng(0)
    lstm.parameters.vector[...] = rng.normal(0, 2.5, lstm.parameters.vector.size)
    inside = gw.magnify(lstm, rng.normal(size=(120, 2)))
    assert inside.connectivity(past=128).completeness_error > 0.05
    (question,) = moment(inside, "now", questions=[119]).facts["questions"]
    assert question["measured"] < 120
    assert question["completeness_error"] < inside.connectivity(past=128).completeness_error
    assert sum(share is not None for share in question["shares"]["occluded"]) == question["measured"]


def test_what_units_stand_for_is_sought_where_there_is_enough(language):
    short = gw.magnify(language, "she said “go”")
    assert set(standing_facts(short, short.layer())) == {"costs"}
    corpus = standing_facts(short, short.layer(), "she said “come” and he said “go”. " * 20)
    assert "680 steps of a corpus" in corpus["meanings"]["said"]
    inside = gw.magnify(language, "she said “come” and he said “go”. " * 10)
    long = standing_facts(inside, inside.layer())
    assert "340 steps of this sequence" in long["meanings"]["said"]
    found = {each["feature"] for each in long["meanings"]["found"]}
    assert found & {"inside quotes", "white space"}
    lstm = gw.nn.LSTM(2, 4, seed=0)
    inside = gw.magnify(lstm, np.ones((10, 2)))
    assert standing_facts(inside, inside.layer()) == {}


def test_a_notebook_shows_the_page_in_a_frame(language):
    shown = gw.magnify(language, "she said")._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert shown.count('"') == 6, "the page's own quotes are written as entities"


@pytest.mark.parametrize("library", ["jinja2", "plotly.offline"])
def test_the_extra_is_named_where_it_is_missing(language, tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    inside = gw.magnify(language, "she said")
    with pytest.raises(MissingExtraError, match="pip install 'gatewise"):
        inside.save(tmp_path / "report.html")
    assert not list(tmp_path.iterdir()), "nothing was written"
    assert inside._repr_html_() is None


def test_what_cannot_be_saved(language, tmp_path):
    inside = gw.magnify(language, "she said")
    with pytest.raises(ArgumentError, match=r"report\.pdf'; expected a name that ends in \.html"):
        inside.save(tmp_path / "report.pdf")
    with pytest.raises(OutputError, match="none"):
        inside.save(tmp_path / "none" / "report.html")
    with pytest.raises(ArgumentError, match="step=8; expected"):
        inside.save(tmp_path / "report.html", questions=[8])
    with pytest.raises(ArgumentError, match="questions is empty; expected at least one step"):
        inside.save(tmp_path / "report.html", questions=[])
    with pytest.raises(ArgumentError, match=r"mark=\(3, 3\); expected 0 <= start < stop <= 8"):
        inside.save(tmp_path / "report.html", mark=(3, 3))
    with pytest.raises(ArgumentError, match="unit=12; expected"):
        inside.save(tmp_path / "report.html", unit=12)
    with pytest.raises(ArgumentError, match="5,001 steps; expected at most 5,000"):
        gw.magnify(gw.nn.LSTM(1, 2, seed=0), np.zeros((5001, 1))).save(tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
