"""Experiments and baselines: what recurrent networks can do, and what they must beat."""

from gatewise.lab.runner import EXPERIMENTS, Report, run
from gatewise.tasks.language.ngram import NGram

__all__ = ["EXPERIMENTS", "NGram", "Report", "run"]
