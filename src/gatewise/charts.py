"""Charts by plotly: panels of lines with one look, saved as a page that needs no network, or as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gatewise.errors import MissingExtraError
from gatewise.pictures import PICTURES_SCRIPT, pictures
from gatewise.storage import write_bytes

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "RED",
    "can_draw",
    "line",
    "panels",
    "plotly_script",
    "save_figure",
    "save_page",
]

BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#334155"
"""Colours that colour-blind people can tell apart (Okabe & Ito 2008), and a grey."""

_NEEDS_PLOTLY = "plotting needs plotly; install it with: pip install 'gatewise[plot]'"

_BUTTONS = """
const figure = document.getElementById("{plot_id}");
Plotly.react(figure, figure.data, figure.layout, { responsive: true, displaylogo: false,
  showSendToCloud: false, modeBarButtonsToRemove: ["toImage"], modeBarButtonsToAdd: pictureButtons() });
"""
"""Puts the buttons beside a figure that plotly has just drawn."""


def can_draw() -> bool:
    """Whether plotly is installed."""
    return find_spec("plotly") is not None


def panels(titles: Sequence[str], *, x: str, y: str, columns: int = 1, height: int = 260) -> Any:
    """A figure of panels.

    Args:
        titles: of the panels, row by row.
        x: what goes to the right in all of them, with its unit.
        y: what goes up, with its unit.
        columns: panels in a row.
        height: of a panel, in pixels.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    try:
        from plotly.subplots import make_subplots
    except ImportError as error:
        raise MissingExtraError(_NEEDS_PLOTLY) from error
    rows = -(-len(titles) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=titles,
        vertical_spacing=0.42 / rows,
        horizontal_spacing=0.26 / columns,
    )
    figure.update_layout(
        template="plotly_white",
        height=100 + height * rows,
        # At the top of the page, where no panel's title is.
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0.99,
            "yanchor": "top",
            "x": 1,
            "xanchor": "right",
        },
        margin={"l": 60, "r": 20, "t": 80, "b": 50},
    )
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    return figure


def line(
    figure: Any,
    panel: int,
    x: Any,
    y: Any,
    name: str,
    color: str,
    *,
    mode: str = "lines",
    width: float = 1.5,
    size: float = 6,
    dash: str = "solid",
    opacity: float = 1.0,
    fill: str | None = None,
    show: bool | None = None,
) -> None:
    """Add a line or points to a panel; lines of one name share an entry of the legend.

    Args:
        figure: of ``panels``.
        panel: its number, from 0, row by row.
        x: positions.
        y: heights.
        name: for the legend.
        color: of the line.
        mode: "lines", "markers" or "lines+markers".
        width: of the line, in pixels.
        size: of the markers, in pixels.
        dash: "solid", "dash" or "dot".
        opacity: of the whole.
        fill: colour of the area down to the line added before.
        show: in the legend; where omitted, when the name is not there yet.
    """
    if show is None:
        show = not any(trace.name == name and trace.showlegend for trace in figure.data)
    columns = len(figure._grid_ref[0])
    figure.add_scatter(
        x=x,
        y=y,
        mode=mode,
        name=name,
        line={"color": color, "width": width, "dash": dash},
        marker={"color": color, "size": size},
        opacity=opacity,
        fill="tonexty" if fill else None,
        fillcolor=fill,
        legendgroup=name,
        showlegend=show,
        row=panel // columns + 1,
        col=panel % columns + 1,
    )


def plotly_script() -> str:
    """plotly.js as the installed plotly brings it, for a page that draws by itself.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError(_NEEDS_PLOTLY) from error
    script: str = get_plotlyjs()
    return script


def save_page(figure: Any, path: str | Path) -> None:
    """Write a figure as one HTML file with all that it needs.

    Raises:
        OutputError: it cannot be written.
    """
    write_bytes(path, _page(figure).encode())


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a figure as a page, or as a picture where the file's name ends in .png or .svg.

    Raises:
        MissingExtraError: what makes pictures is not installed.
        OutputError: it cannot be written.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind == "html":
        save_page(figure, path)
        return
    [content] = pictures(_page(figure), [kind])[kind].values()
    write_bytes(path, content)


def _page(figure: Any) -> str:
    page: str = figure.to_html(
        include_plotlyjs=True,
        full_html=True,
        config={"displaylogo": False, "showSendToCloud": False},  # plotly.js 4 would offer to upload the data
        post_script=_BUTTONS,
    )
    return page.replace("<head>", f"<head><script>{PICTURES_SCRIPT}</script>", 1)
