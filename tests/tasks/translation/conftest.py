"""Translators that have learnt something, to be read only."""

from __future__ import annotations

import pytest

from gatewise import Translator
from tests.tasks.translation.problems import SMALL, TINY, backwards, with_names


@pytest.fixture(scope="session")
def model():
    """One that writes a text from its end."""
    return Translator(**{**SMALL, "hidden_size": 48}, epochs=18).fit(backwards(900, seed=0))


@pytest.fixture(scope="session")
def copier():
    """One that copies names it has never seen."""
    return Translator(**SMALL, epochs=15, seed=1).fit(with_names(600, seed=0, known=0.7))


@pytest.fixture(scope="session")
def tiny():
    """One that has been fitted, and no more."""
    return Translator(**TINY).fit(backwards(20, seed=0))
