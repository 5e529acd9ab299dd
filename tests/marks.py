"""Marks for tests that not every system can run."""

from __future__ import annotations

import os

import pytest

on_posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
