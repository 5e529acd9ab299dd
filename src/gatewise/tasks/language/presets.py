"""Recipes for language models by name."""

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
    "small": {
        "level": "word",
        "hidden_size": 256,
        "num_layers": 2,
        "embedding_size": 256,
        "tie_weights": True,
        "locked_dropout": True,
        "dropout": 0.4,
        "embedding_dropout": 0.1,
        "weight_dropout": 0.2,
        "window": 35,
        "batch_size": 32,
        "optimizer": "adam",
        "learning_rate": 4e-3,
        "schedule": "cosine",
        "epochs": 20,
    },
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
    "awd": {
        "level": "word",
        "hidden_size": (1150, 1150, 400),
        "num_layers": 3,
        "embedding_size": 400,
        "tie_weights": True,
        "locked_dropout": True,
        "dropout": 0.25,
        "input_dropout": 0.4,
        "output_dropout": 0.4,
        "embedding_dropout": 0.1,
        "weight_dropout": 0.5,
        "activation_reg": 2.0,
        "temporal_reg": 1.0,
        "window": 70,
        "variable_window": True,
        "batch_size": 40,
        "reset_rate": 0.0,
        "optimizer": "nt-asgd",
        "nonmonotone": 5,
        "learning_rate": 30.0,
        "schedule": "constant",
        "weight_decay": 1.2e-6,
        "clip_norm": 0.25,
        "epochs": 500,
    },
}
"""``small`` is no paper's: what papers showed to matter, in a size and with an optimiser that take minutes.
``zaremba-small`` and ``zaremba-medium`` are those of Zaremba, Sutskever & Vinyals (2014), section 4.1, and of
the code published with it. ``awd`` is the AWD-LSTM of Merity, Keskar & Socher (2018), section 5, and of its
code. All three were made for the Penn Treebank.

In Zaremba et al. the loss is a sum over the steps of a window, here it is their mean: η = 1 and a norm of 5
become η = T and 5 / T, which makes the same updates. In Merity et al. it is a mean.
Only biases begin otherwise than in the papers: at 0, those of forget gates at 1.
"""
