"""Is a language model's whole training step faster than the same in PyTorch?

Zero gradients, forward, loss, backward, clipping, Adam; the state is carried from window to window. PyTorch's
Adam is measured in all three of its forms, and the fastest counts.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import torch

from benchmarks._language import CLIP, MODELS, RATE, Model, TorchLanguageModel, training_step
from benchmarks._turns import (
    RATIO,
    Times,
    check_agreement,
    fastest,
    measure,
    opening,
    ratio,
    row,
    table,
    verdict,
)
from gatewise.data import Window

ADAMS = {"plain": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
BAR = "2.5 for each"
TOLERANCE = 1e-5


def main() -> None:
    """Measure each model and print a row of a table for it."""
    opening(torch)
    table("model", "T, B", "gatewise, ms", "PyTorch, ms", "its Adam", RATIO, "gatewise, tokens a second")
    ratios = []
    for model in MODELS:
        times = contest(model)
        ours = times.pop("gatewise")
        adam, theirs = fastest(times)
        ratios.append(ratio(ours, theirs))
        row(
            model.name,
            f"{model.window}, {model.batch}",
            f"{ours.median * 1e3:.2f}",
            f"{theirs.median * 1e3:.2f}",
            adam,
            ratios[-1],
            f"{model.window * model.batch / ours.median:,.0f}",
        )
    verdict(ratios, BAR)


def contest(model: Model) -> dict[str, Times]:
    """Check that all find the same first loss, then time the steps."""
    windows = model.windows()
    steps = {"gatewise": training_step(model.network(), windows)}
    steps |= {name: their_step(model, windows, **options) for name, options in ADAMS.items()}
    # Only the first: PyTorch's LSTM learns two biases where ours has their sum, so they part at once.
    losses = {name: step() for name, step in steps.items()}
    for name in ADAMS:
        check_agreement(f"{model.name}: loss, {name}", losses["gatewise"], losses[name], TOLERANCE)
    return measure(steps)


def their_step(model: Model, windows: list[Window], **options: bool) -> Callable[[], float]:
    """The same in PyTorch."""
    network, cross_entropy = TorchLanguageModel(model.network()), torch.nn.CrossEntropyLoss()
    adam, state = torch.optim.Adam(network.parameters(), RATE, **options), None
    source = cycle([tuple(map(torch.from_numpy, window)) for window in windows])

    def step() -> float:
        nonlocal state
        inputs, targets = next(source)
        adam.zero_grad()
        logits, state = network(inputs, state)
        state = state[0].detach(), state[1].detach()
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        adam.step()
        return loss.item()

    return step


if __name__ == "__main__":
    main()
