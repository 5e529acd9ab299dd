"""Recipes for language models by name, as their papers give them."""

from __future__ import annotations

from typing import Any

__all__ = ["PRESETS"]

_ZAREMBA: dict[str, Any] = {
    "level": "word",
    "num_layers": 2,
    "batch_size": 20,
    "reset_rate": 0.0,
    "optimizer": "sgd",
    "schedule": "staircase",
    "weight_decay": 0.0,
}

PRESETS: dict[str, dict[str, Any]] = {
    "zaremba-small": {
        **_ZAREMBA,
        "hidden_size": 200,
        "embedding_size": 200,
        "init_scale": 0.1,
        "dropout": 0.0,
        "window": 20,
        "learning_rate": 20.0,
        "clip_norm": 5 / 20,
        "epochs": 13,
        "decay_start": 4,
        "decay_factor": 0.5,
    },
    "zaremba-medium": {
        **_ZAREMBA,
        "hidden_size": 650,
        "embedding_size": 650,
        "init_scale": 0.05,
        "dropout": 0.5,
        "window": 35,
        "learning_rate": 35.0,
        "clip_norm": 5 / 35,
        "epochs": 39,
        "decay_start": 6,
        "decay_factor": 1 / 1.2,
    },
}
"""Zaremba, Sutskever & Vinyals (2014), section 4.1, and the code published with it.

There the loss is a sum over the steps of a window, here it is their mean: η = 1 and a norm of 5 become η = T
and 5 / T, which makes the same updates.
"""
