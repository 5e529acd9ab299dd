"""The magnifier's whole: what was found in a network, and the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gatewise.magnify.inspection import Inspection
from gatewise.magnify.page.report import Start, framed, report, write_page

__all__ = ["Magnification", "magnify"]


class Magnification(Inspection):
    """What ``magnify`` found, and the page that shows it; its attributes are those of ``Inspection``."""

    def save(
        self,
        path: str | Path,
        *,
        questions: Sequence[int] | int | None = None,
        corpus: Any = None,
        layer: int = -1,
        reverse: bool = False,
        unit: int | None = None,
        mark: tuple[int, int] | None = None,
    ) -> None:
        """Write a report: one HTML page that needs no network.

        Args:
            path: must end in ``.html``; a file that stands there is replaced in one step.
            questions: a step or steps whose answers and cell states are traced back to the inputs, negative
                ones from the end; the last one and a few before it where omitted.
            corpus: what the features that units follow are sought on, as for ``index_units``, or such an
                index of the layer; where omitted the sequence itself, if it has 200 steps.
            layer: that the page begins with, and whose units are told about.
            reverse: its direction.
            unit: that it begins with; the one whose cell state changes most where omitted.
            mark: first step of a range, and the step behind its last, whose units the page begins with.

        Raises:
            ArgumentError: the name ends in something else; there is no such step, layer, unit or range; the
                sequence is too long.
            MissingExtraError: jinja2 or plotly is not installed.
            OutputError: the file cannot be written; what stood there is still whole.
        """
        start = Start(layer, reverse, unit, mark)
        write_page(path, lambda: report(self, questions, corpus, start))

    def _repr_html_(self) -> str | None:
        """The report in a frame, for notebooks; where it cannot be made they show the repr."""
        return framed(lambda: report(self))


def magnify(model: Any, data: Any) -> Magnification:
    """Look into a trained model while it reads one sequence.

    Args:
        model: a fitted estimator, or an nn.LSTM or nn.RNN.
        data: for a language model a text; for a classifier a text, or (T, D) numbers; for a tagger a
            sentence, a list of words; for a forecaster a frame of one series, or None for that of its
            training; for a translator a text, or a tuple of it and of what it is to be turned into; for a
            layer (T, D) numbers.

    Raises:
        ArgumentError: the model has no recurrent layers, or the data is of another kind.
        DataError: a text is empty, or has symbols that the model does not know; a frame is unfit.
        NotFittedError: the model is not fitted.

    Example:
        >>> import numpy as np
        >>> import gatewise as gw
        >>> inside = gw.magnify(gw.nn.LSTM(3, 8, seed=0), np.ones((20, 3)))
        >>> inside["f"].shape
        (20, 8)
        >>> inside.ledger().residual < 1e-5
        True
    """
    return Magnification(model, data)
