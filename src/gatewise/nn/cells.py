"""The recurrent layers by the name of their cell, as whole networks are asked for them."""

from __future__ import annotations

from gatewise.nn.lstm import LSTM
from gatewise.nn.rnn import RNN

__all__ = ["CELLS"]

CELLS: dict[str, type[LSTM] | type[RNN]] = {"lstm": LSTM, "rnn": RNN}
"""Recurrent layers by the name of their cell."""
