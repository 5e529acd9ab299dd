"""One text turned into another: translated, shortened, sorted.

``translator`` is the estimator; ``vocabulary`` and ``examples`` bring pairs into tokens, ``network`` reads
and writes, ``beam_search`` seeks, ``search`` says in words what was found, ``evaluation`` and ``bleu``
compare it with what was meant.
"""

from gatewise.tasks.translation.search import Translation
from gatewise.tasks.translation.translator import Translator

__all__ = ["Translation", "Translator"]
