"""Whether a language model learns as its twin in PyTorch does (bar: 0.02 nats).

Two layers of 128 on Tiny Shakespeare, Adam at 2e-3, gradient norm clipped at 1, windows of 64 steps, 32 rows,
state carried. Both start from the same numbers and take the same steps in turns; the validation loss is
compared on the way and at the end.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from benchmarks._language import TorchLanguageModel
from benchmarks._machine import machine
from benchmarks._shakespeare import texts
from gatewise.data import CharTokenizer, StreamWindows
from gatewise.optim import Adam, clip_by_norm
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.training import TruncatedBPTT

EMBEDDING, HIDDEN, LAYERS = 64, 128, 2
WINDOW, BATCH, EPOCHS, RATE, CLIP = 64, 32, 4, 2e-3, 1.0


def twin(ours: LanguageNetwork) -> TorchLanguageModel:
    """The same network in PyTorch, with one bias that learns."""
    theirs = TorchLanguageModel(ours)
    for layer in range(LAYERS):
        # Ours is one bias. Two that learn would move twice as fast under Adam, so the second stays 0.
        getattr(theirs.lstm, f"bias_hh_l{layer}").requires_grad_(False)
    return theirs


def main() -> None:
    """Train both and compare."""
    torch.set_num_threads(2)
    training, validation = texts()
    tokenizer = CharTokenizer.learn([training])
    encoded = [np.concatenate(list(tokenizer.encode([text]))) for text in (training, validation)]
    windows, held_out = (StreamWindows(tokens, BATCH, WINDOW) for tokens in encoded)

    ours = LanguageNetwork(tokenizer.vocabulary_size, EMBEDDING, HIDDEN, LAYERS, seed=0)
    theirs = twin(ours)
    learner, rng = TruncatedBPTT(ours, windows, held_out), np.random.default_rng(0)
    our_adam = Adam(ours, RATE)
    their_adam = torch.optim.Adam([p for p in theirs.parameters() if p.requires_grad], RATE)
    cross_entropy = torch.nn.CrossEntropyLoss()

    def torch_loss(window: object, state: object) -> tuple[torch.Tensor, object]:
        inputs, targets = (torch.from_numpy(part) for part in window)
        logits, state = theirs(inputs, state)
        return cross_entropy(logits.flatten(0, 1), targets.flatten()), state

    print(machine() + f", PyTorch {torch.__version__}")
    print("epoch   steps   gatewise   PyTorch   difference   our s   their s")
    seconds = {"ours": 0.0, "theirs": 0.0}
    worst = 0.0
    for epoch in range(EPOCHS):
        state = None
        for window in learner.batches(epoch, 0):
            start = time.perf_counter()
            ours.zero_gradients()
            learner.step(window, rng)
            clip_by_norm(ours.gradients.vector, CLIP)
            our_adam.step()
            middle = time.perf_counter()
            their_adam.zero_grad()
            loss, state = torch_loss(window, state)
            state = tuple(part.detach() for part in state)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), CLIP)
            their_adam.step()
            seconds["ours"] += middle - start
            seconds["theirs"] += time.perf_counter() - middle
        with torch.inference_mode():
            total, state = 0.0, None
            for window in held_out:
                loss, state = torch_loss(window, state)
                total += float(loss) * window.targets.size
        mine, other = learner.validate(), total / held_out.predictions
        worst = max(worst, abs(mine - other))
        print(
            f"{epoch + 1:>5}   {our_adam.steps:>5}   {mine:.5f}    {other:.5f}   {mine - other:+.5f}   "
            f"{seconds['ours']:>6.1f}   {seconds['theirs']:>6.1f}",
            flush=True,
        )
    print(f"largest difference {worst:.5f} nats a character (bar: 0.02)")


if __name__ == "__main__":
    main()
