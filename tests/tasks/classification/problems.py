"""Small series and texts with their labels, and a quick classifier of them."""

from __future__ import annotations

import numpy as np

from gatewise import SequenceClassifier

SMALL = {"hidden_size": 12, "epochs": 25, "batch_size": 16, "dropout": 0.0, "learning_rate": 0.01}


def small(**changes):
    return SequenceClassifier(**{**SMALL, "progress": False, **changes})


def waves(count=80, seed=0):
    """Slow and fast waves of unlike length with two channels, and their labels."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(count):
        label = ("slow", "fast")[rng.integers(2)]
        at = rng.uniform(0, 6) + {"slow": 0.3, "fast": 0.9}[label] * np.arange(rng.integers(15, 30))
        X.append(np.column_stack([np.sin(at), 100 + 5 * np.cos(at)]))
        y.append(label)
    return X, y


TEXTS = [
    "a fine film",
    "fine acting , truly fine",
    "a dull film",
    "dull acting",
    "nothing here is fine",
    "so dull",
]
MOODS = ["good", "good", "bad", "bad", "good", "bad"]
