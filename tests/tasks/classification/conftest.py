"""Waves to learn from, and a classifier that has; both to be read only."""

from __future__ import annotations

import pytest

from tests.tasks.classification.problems import small, waves


@pytest.fixture(scope="session")
def series():
    return waves()


@pytest.fixture(scope="session")
def model(series):
    return small().fit(*series)
