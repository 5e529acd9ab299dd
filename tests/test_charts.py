"""Charts: panels in rows, names once in the legend, and a page that needs nothing from elsewhere."""

import re
import sys

import pytest

from gatewise import charts
from gatewise.errors import MissingExtraError, OutputError

pytest.importorskip("plotly")

AXES = {"x": "time, steps", "y": "height, metres"}


def test_lines_go_to_their_panel_and_a_name_is_shown_once():
    figure = charts.panels(["a", "b", "c"], columns=2, **AXES)
    for panel in range(3):
        charts.line(figure, panel, [0, 1], [panel, panel], "same", charts.BLUE)
    assert [trace.xaxis for trace in figure.data] == ["x", "x2", "x3"]
    assert [trace.showlegend for trace in figure.data] == [True, False, False]
    assert {trace.legendgroup for trace in figure.data} == {"same"}
    rows = {figure.layout[f"yaxis{number}"].domain for number in ("", 2, 3)}
    assert len(rows) == 2, "two panels side by side, the third below"


def test_a_name_that_was_hidden_can_be_shown_later():
    figure = charts.panels(["a"], **AXES)
    charts.line(figure, 0, [0], [0], "band", charts.BLUE, show=False)
    charts.line(figure, 0, [0], [1], "band", charts.BLUE)
    assert [trace.showlegend for trace in figure.data] == [False, True]


def test_a_page_holds_all_that_it_needs(tmp_path):
    figure = charts.panels(["the title"], **AXES)
    charts.line(figure, 0, [0, 1], [2, 3], "the name", charts.RED)
    charts.save_page(figure, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "the title" in page
    assert "the name" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", page)
    assert len(page) > 1_000_000, "plotly's own code is part of the page"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_page_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match="missing"):
        charts.save_page(charts.panels(["a"], **AXES), tmp_path / "missing" / "page.html")


def test_without_plotly_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.subplots", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gatewise\[plot\]'"):
        charts.panels(["a"], **AXES)


def test_each_panel_says_along_its_axes_what_it_measures():
    figure = charts.panels(["a", "b", "c"], columns=2, **AXES)
    for number in ("", 2, 3):
        assert figure.layout[f"xaxis{number}"].title.text == AXES["x"]
        assert figure.layout[f"yaxis{number}"].title.text == AXES["y"]
    with pytest.raises(TypeError):
        charts.panels(["without"])


def test_a_page_has_buttons_for_pictures_and_no_other_way_out(tmp_path):
    figure = charts.panels(["a"], **AXES)
    charts.save_figure(figure, tmp_path / "page.HTML")
    page = (tmp_path / "page.HTML").read_text(encoding="utf-8")
    assert "Save as ${format.toUpperCase()}" in page
    assert "modeBarButtonsToAdd: pictureButtons()" in page
    assert page.count("showSendToCloud: false") == page.count('"showSendToCloud": false') == 1
