"""Experiments and baselines: what recurrent networks can do, and what they must beat."""

from gatewise.lab.ngram import NGram

__all__ = ["NGram"]
