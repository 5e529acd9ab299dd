"""Experiments and baselines: what recurrent networks can do, and what they must beat."""

from gatewise.lab.ngram import NGram
from gatewise.lab.runner import EXPERIMENTS, Report, run

__all__ = ["EXPERIMENTS", "NGram", "Report", "run"]
