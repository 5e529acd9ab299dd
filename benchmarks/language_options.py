"""What does each option of a language model cost in a training step?"""

from __future__ import annotations

from typing import Any

import torch

from benchmarks._language import Model, training_step
from benchmarks._turns import measure, opening, ratio, row, table

MODEL = Model("words of PTB", "word", 10_000, 200, 200, 2, window=35, batch=20)
OPTIONS: dict[str, dict[str, Any]] = {
    "dropout, at all three places": {"dropout": 0.25, "input_dropout": 0.25, "output_dropout": 0.25},
    "the same, locked": {
        "dropout": 0.25,
        "input_dropout": 0.25,
        "output_dropout": 0.25,
        "locked_dropout": True,
    },
    "embedding_dropout": {"embedding_dropout": 0.1},
    "weight_dropout": {"weight_dropout": 0.5},
    "activation_reg and temporal_reg": {"activation_reg": 2.0, "temporal_reg": 1.0},
    "zoneout_hidden and zoneout_cell": {"zoneout_hidden": 0.05, "zoneout_cell": 0.5},
    "layer_norm": {"layer_norm": True},
    "mogrifier_rounds=5": {"mogrifier_rounds": 5},
    "mogrifier_rounds=5, mogrifier_rank=40": {"mogrifier_rounds": 5, "mogrifier_rank": 40},
    "tie_weights": {"tie_weights": True},
    "adaptive_cutoffs=(2000, 6000)": {"adaptive_cutoffs": (2000, 6000)},
}


def main() -> None:
    """Measure the plain model, and in turns with it each option alone."""
    opening(torch)
    table("option", "plain, ms", "with it, ms", "times as long (of the best turns)")
    windows = MODEL.windows()
    for name, options in OPTIONS.items():
        times = measure(
            {
                "plain": training_step(MODEL.network(), windows),
                name: training_step(MODEL.network(**options), windows),
            }
        )
        plain, with_it = times["plain"], times[name]
        row(name, f"{plain.median * 1e3:.1f}", f"{with_it.median * 1e3:.1f}", ratio(plain, with_it))


if __name__ == "__main__":
    main()
