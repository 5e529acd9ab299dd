"""What several rooms' tests need: a real text that every Python carries, the optional data, a small model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from gatewise import LanguageModel

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


@pytest.fixture(scope="session")
def model_path(real_text, tmp_path_factory):
    """A small language model's file, to be read only."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    model = LanguageModel(
        hidden_size=8, num_layers=1, embedding_size=8, window=16, batch_size=4, epochs=1, progress=False
    )
    model.fit(real_text[:2000]).save(path)
    return path


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("scratch")
