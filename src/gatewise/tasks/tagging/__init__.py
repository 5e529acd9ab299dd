"""A tag for each word of a sentence.

``sequence_tagger`` is the estimator; ``input`` checks sentences and tags, ``schemes`` knows which tag may
follow which, ``vocabulary`` words, shapes and characters; ``examples`` makes batches, ``network`` computes,
``answers`` says how sure it is, ``spans`` finds and counts names, ``report`` measures.
"""

from gatewise.tasks.tagging.sequence_tagger import SequenceTagger
from gatewise.tasks.tagging.tagged_word import TaggedWord

__all__ = ["SequenceTagger", "TaggedWord"]
