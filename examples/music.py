"""Bach's chorales: an LSTM hears them chord by chord and says which keys of the piano sound next.

    python examples/music.py FOLDER

``FOLDER/music/jsb-chorales-quarter.json`` is the file of that name in the GitHub repository
czhuang/JSB-Chorales-dataset: a chord each quarter note, in parts for training, validation and testing.

The loss is the one by which Boulanger-Lewandowski et al. (2012) and Bai et al. (2018) compare models:
binary cross-entropy, summed over the 88 keys and averaged over the steps, in nats. A chorale's first chord is
where it begins and is not foretold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer

from gatewise import ops
from gatewise.nn import LSTM, Linear, Network
from gatewise.optim import AdamW
from gatewise.optim.schedules import cosine
from gatewise.training import Loop, Minibatches, PlainProgress, mean_loss
from gatewise.types import Array, BoolArray, IntArray

KEYS, LOWEST = 88, 21  # of a piano; MIDI's number of the lowest


class Batch(NamedTuple):
    """Chords x (T, B, 88), the chords after them, steps of each row (B,), and where these are (T, B)."""

    x: Array
    targets: BoolArray
    lengths: IntArray
    mask: BoolArray


class Chorales:
    """Piano rolls (T + 1, 88), of which all chords but the first are to be foretold."""

    def __init__(self, rolls: list[BoolArray]) -> None:
        self.rolls = rolls
        self.lengths = np.array([len(roll) - 1 for roll in rolls])

    def batch(self, indices: IntArray) -> Batch:
        """The chorales of these numbers side by side."""
        lengths = self.lengths[indices]
        chords = np.zeros((lengths.max() + 1, len(indices), KEYS), dtype=bool)
        for row, index in enumerate(indices):
            chords[: lengths[row] + 1, row] = self.rolls[index]
        mask = np.arange(lengths.max())[:, None] < lengths
        return Batch(chords[:-1].astype(np.float32), chords[1:], lengths, mask)


class ChoraleNetwork(Network):
    """An LSTM, and for each key the logit of its sounding next."""

    def __init__(self, hidden_size: int, dropout: float, recurrent_dropout: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.dropout = dropout
        self.lstm = LSTM(KEYS, hidden_size, recurrent_dropout=recurrent_dropout, seed=rng)
        self.head = Linear(hidden_size, KEYS, seed=rng)
        self.head.parameters["bias"][...] = -3  # few keys sound at a time
        super().__init__({"lstm": self.lstm, "head": self.head})

    def loss(self, batch: Batch) -> tuple[float, float]:
        """Nats a step, and the number of steps."""
        logits = self.head(self.lstm(batch.x, lengths=batch.lengths)[0])
        return ops.binary_cross_entropy(logits, batch.targets, batch.mask)[0], float(batch.lengths.sum())

    def loss_and_gradients(self, batch: Batch, rng: np.random.Generator) -> float:
        """Nats a step in training; adds to the gradients."""
        y, _, lstm_cache = self.lstm.forward(batch.x, lengths=batch.lengths, rng=rng)
        y, thinned = ops.dropout(y, self.dropout, rng)
        logits, head_cache = self.head.forward(y)
        loss, cache = ops.binary_cross_entropy(logits, batch.targets, batch.mask)
        dy = self.head.backward(ops.binary_cross_entropy_backward(cache), head_cache)
        self.lstm.backward(ops.dropout_backward(dy, thinned), lstm_cache)
        return loss

    def go_on(self, roll: BoolArray, steps: int, rng: np.random.Generator) -> list[BoolArray]:
        """The chords (88,) of a roll, and then others, each drawn by what the network expects."""
        stream, chords = self.lstm.stream(), list(roll)
        for step in range(len(roll) + steps - 1):
            h = stream.step(chords[step][None].astype(np.float32))
            if step + 1 == len(chords):
                chords.append(rng.random(KEYS) < ops.sigmoid(self.head(h)[0]))
        return chords


def read(file: Path) -> dict[str, list[BoolArray]]:
    """Each part's chorales as piano rolls (T, 88)."""
    parts = {}
    for part, chorales in json.loads(file.read_text(encoding="utf-8")).items():
        parts[part] = [np.zeros((len(chorale), KEYS), dtype=bool) for chorale in chorales]
        for roll, chorale in zip(parts[part], chorales, strict=True):
            for chord, pitches in zip(roll, chorale, strict=True):
                chord[[pitch - LOWEST for pitch in pitches]] = True
    return parts


def main(
    folder: Annotated[Path, typer.Argument(envvar="GATEWISE_DATA", exists=True, file_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("chorale.txt"),
    hidden_size: int = 512,
    dropout: float = 0.5,
    recurrent_dropout: float = 0.3,
    epochs: int = 24,
    seed: int = 0,
) -> dict[str, float]:
    """Train on chorales in all twelve keys, measure, and go on where half of a chorale for testing ends."""
    rolls = read(folder / "music/jsb-chorales-quarter.json")
    training = Chorales([np.roll(roll, shift, axis=1) for roll in rolls["train"] for shift in range(-5, 7)])
    valid, test = Chorales(rolls["valid"]), Chorales(rolls["test"])
    network, rng = ChoraleNetwork(hidden_size, dropout, recurrent_dropout, seed), np.random.default_rng(seed)
    Loop(
        Minibatches(network, training, valid, batch_size=8, seed=seed),
        AdamW(network, learning_rate=3e-3),
        epochs=epochs,
        schedule=cosine,
        clip_norm=1.0,
        patience=5,
        rng=rng,
        listeners=[PlainProgress()],
    ).run()
    losses = {"valid": mean_loss(network, valid, 32), "test": mean_loss(network, test, 32)}
    print("nats a step:", ", ".join(f"{part} {loss:.3f}" for part, loss in losses.items()))
    half = len(rolls["test"][0]) // 2
    chords = network.go_on(rolls["test"][0][:half], 64, rng)
    lines = [" ".join(str(key + LOWEST) for key in np.flatnonzero(chord)) for chord in chords]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{output}: MIDI pitches, a line each quarter note; the first {half} lines are Bach's")
    return losses


if __name__ == "__main__":
    typer.run(main)
