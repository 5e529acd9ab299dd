"""Texts and a trained model for the tests of the command line."""

from __future__ import annotations

import pytest

from gatewise import LanguageModel
from tests.cli.command import TINY


@pytest.fixture(scope="session")
def book(real_text, tmp_path_factory):
    """A text file that takes a few hundred steps."""
    path = tmp_path_factory.mktemp("book") / "book.txt"
    path.write_text(real_text[:12_000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def page(real_text, tmp_path_factory):
    """A text file that takes some steps."""
    path = tmp_path_factory.mktemp("page") / "page.txt"
    path.write_text(real_text[:3000], encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def model_path(page, tmp_path_factory):
    """A trained model's file, to be read only."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    LanguageModel(**TINY, epochs=2, progress=False).fit(page).save(path)
    return path
