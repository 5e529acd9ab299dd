"""The command line, one command a file."""

import os

# Read by OpenBLAS when NumPy loads it: its threads go to sleep soon after a product, where by default they
# spin for a while on the cores that the kernel's threads need.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")

from gatewise.cli.app import main

__all__ = ["main"]
