"""A tag for each word of a sentence.

``sequence_tagger`` is the estimator; ``input`` checks sentences and tags, ``vocabulary`` knows words, shapes
and characters, ``examples`` makes batches, ``network`` computes, ``spans`` finds and counts names.
"""

from gatewise.tasks.tagging.sequence_tagger import SequenceTagger

__all__ = ["SequenceTagger"]
