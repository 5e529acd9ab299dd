"""Small languages to translate, and the settings of quick translators."""

from __future__ import annotations

import numpy as np

SMALL = {
    "hidden_size": 32,
    "embedding_size": 16,
    "batch_size": 16,
    "learning_rate": 1e-2,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "progress": False,
}
TINY = {**SMALL, "hidden_size": 8, "embedding_size": 4, "epochs": 1, "min_count": 1}
LETTERS = list("abcdefgh")
REQUESTS = {"please call": "bitte ruf", "tell": "sag", "ask dear": "frag liebe", "yes, see": "ja, sieh"}
TIMES = {"now": "jetzt", "at home": "daheim", "later, please": "später, bitte"}


def backwards(count, seed, longest=5):
    """A text and the same from its end."""
    rng = np.random.default_rng(seed)
    texts = [rng.choice(LETTERS, rng.integers(1, longest + 1)).tolist() for _ in range(count)]
    return [(" ".join(text), " ".join(reversed(text))) for text in texts]


KNOWN = ["anna", "boris", "carla", "dora", "emil", "frieda", "gustav", "hanna"]


def with_names(count, seed, known=0.0):
    """Requests whose parts change places, of people who are new each time but for the ``known`` share."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        name = rng.choice(KNOWN) if rng.random() < known else "".join(rng.choice(list("klmnoprst"), 8))
        request, time = rng.choice(list(REQUESTS)), rng.choice(list(TIMES))
        pairs.append((f"{request} {name} {time}!", f"{TIMES[time]} {REQUESTS[request]} {name}!"))
    return pairs
