"""Where all random numbers come from: one stream for each purpose, so that no two purposes share their draws.

Were the first weights and the windows drawn from the same numbers, each would tell of the other. So nobody
hands a seed to NumPy himself: here stand all purposes by name, and ``numpy.random.SeedSequence`` makes of a
seed, the name and a few numbers (of a pass, of a batch) a stream that has nothing to do with any other.

Some streams keep the numbers they had before they had names: what is drawn from a model file must not change,
and neither must what the lab's records were made with.
"""

from __future__ import annotations

from enum import Enum
from hashlib import blake2b

import numpy as np

from gatewise.types import Seed

__all__ = ["STREAMS_VERSION", "Purpose", "generator", "stream"]

STREAMS_VERSION = 2
"""Grows when a training draws other numbers from the same seed, so that no checkpoint of before goes on."""


class Purpose(Enum):
    """What is drawn; the values stay, for the draws depend on them."""

    WEIGHTS = "first weights"
    NOISE = "dropout and other noise of training"
    ORDER = "order of the examples in a pass"
    WINDOWS = "lengths of the windows of a pass"
    HELD_OUT = "examples held out to measure on"
    GAPS = "values left out of a batch"
    TEXT = "tokens of a generated text"
    FUTURES = "paths of a drawn forecast"

    LAB_WEIGHTS = "first weights of an experiment"
    LAB_DATA = "sequences to learn from"
    LAB_TESTS = "sequences to test on"
    LAB_EXAMS = "sequences that say when it is learnt"
    LAB_PROBES = "sequences to follow the gradient on"
    LAB_STRINGS = "strings of a grammar"


_KEPT = {
    Purpose.TEXT: (),
    Purpose.FUTURES: (3,),
    Purpose.LAB_WEIGHTS: (0,),
    Purpose.LAB_DATA: (1,),
    Purpose.LAB_TESTS: (2,),
    Purpose.LAB_EXAMS: (3,),
    Purpose.LAB_STRINGS: (7,),
}
"""What follows the seed where a stream is as it was before it had a name."""


def stream(seed: int, purpose: Purpose, *numbers: int) -> np.random.Generator:
    """The stream of one purpose.

    Args:
        seed: at least 0.
        purpose: what is drawn.
        numbers: which of several streams of that purpose, such as the pass; at least 0.
    """
    if purpose in _KEPT:
        return _opened(np.random.SeedSequence([seed, *_KEPT[purpose], *numbers]))
    return _opened(np.random.SeedSequence(seed, spawn_key=(*_words(purpose), *numbers)))


def _words(purpose: Purpose) -> tuple[int, ...]:
    """Four numbers made from a purpose's name, so that a new purpose leaves the others as they are."""
    return tuple(
        np.frombuffer(blake2b(purpose.value.encode(), digest_size=16).digest(), dtype="<u4").tolist()
    )


def generator(seed: Seed) -> np.random.Generator:
    """What a layer draws its first weights from: a generator as it is, or a new one for a seed."""
    return seed if isinstance(seed, np.random.Generator) else _opened(np.random.SeedSequence(seed))


def _opened(sequence: np.random.SeedSequence) -> np.random.Generator:
    """The only place where a generator is made."""
    return np.random.default_rng(sequence)
