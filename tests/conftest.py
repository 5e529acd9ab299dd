"""What several rooms' tests need: a real text that every Python carries, and the optional data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure, and a failure is the same one each time.
settings.register_profile("gatewise", deadline=None, derandomize=True)
settings.load_profile("gatewise")


@pytest.fixture(scope="session")
def real_text() -> str:
    """English prose with code in it: part of Python's own documentation."""
    topics = pytest.importorskip("pydoc_data.topics").topics
    return "\n".join(topics.values())


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data sets; tests that need it are skipped where it is not set."""
    folder = os.environ.get("GATEWISE_DATA")
    if not folder:
        pytest.skip("GATEWISE_DATA is not set to the folder of data sets")
    return Path(folder)
