"""The command line, one command a file."""

from gatewise.cli.app import main

__all__ = ["main"]
