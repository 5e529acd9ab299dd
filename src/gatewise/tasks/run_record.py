"""What a model file tells of the training that made it: its course, how it ended, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gatewise.errors import DataError

__all__ = ["RunRecord", "read_notes", "read_record"]

ENDS = ("finished", "early stopping", "time limit", "interrupted")
"""Why a training ends; a file of a version that did not write it down has none of them."""

_FIELDS = {"history", "stopped_by", "verdict", "init"}


class RunRecord(NamedTuple):
    """The course of a training.

    Attributes:
        history: for each validation what was measured, by name.
        stopped_by: one of ``ENDS``; None where it is not known.
        verdict: as its ``as_dict`` gives it; None where there is none.
        init: fingerprint of the model that it began with; None where it began anew.
    """

    history: list[dict[str, float]]
    stopped_by: str | None = None
    verdict: Mapping[str, Any] | None = None
    init: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For the model file; empty where nothing is known, as of a model of an earlier version."""
        return self._asdict() if self.history or self.stopped_by else {}


def read_record(metadata: Mapping[str, Any]) -> RunRecord:
    """The record in a file's metadata.

    A checkpoint has the course alone, for its training has not ended. Files of earlier versions have neither.

    Raises:
        DataError: it is not what ``to_json`` gives.
    """
    if "training" in metadata:
        try:
            return RunRecord(_history(metadata["training"]["progress"]["history"]))
        except (TypeError, KeyError) as error:
            raise DataError(f"it does not say how far training has come: {error!r}") from error
    if "run" not in metadata:
        return RunRecord([])
    run = metadata["run"]
    if not isinstance(run, dict) or run.keys() != _FIELDS:
        raise DataError(f"its record of the training is {run!r:.60}")
    stopped_by, verdict, init = run["stopped_by"], run["verdict"], run["init"]
    if stopped_by is not None and stopped_by not in ENDS:
        raise DataError(f"its training was stopped by {stopped_by!r:.60}; expected one of {', '.join(ENDS)}")
    if not (verdict is None or isinstance(verdict, dict)) or not (init is None or isinstance(init, str)):
        raise DataError(f"its record of the training has {verdict!r:.60} as verdict and {init!r:.60} as init")
    return RunRecord(_history(run["history"]), stopped_by, verdict, init)


def _history(value: Any) -> list[dict[str, float]]:
    if not isinstance(value, list) or not all(
        isinstance(entry, dict)
        and all(type(number) in (int, float) and np.isfinite(number) for number in entry.values())
        for entry in value
    ):
        raise DataError(f"its history is {value!r:.60}; expected numbers by name for each validation")
    return value


def read_notes(value: Any) -> tuple[str, ...]:
    """The notes of a file, which has none where there was nothing to note.

    Raises:
        DataError: they are no texts.
    """
    if not isinstance(value, list) or not all(isinstance(note, str) for note in value):
        raise DataError(f"its notes are {value!r:.60}")
    return tuple(value)
