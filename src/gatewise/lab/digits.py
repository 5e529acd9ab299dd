"""Sequential digits (Le, Jaitly & Hinton 2015, section 4.2): an image is read pixel by pixel, then named.

The paper reads the 784 pixels of MNIST; here the 1,797 images of scikit-learn's digits, of 8 x 8 pixels, make
sequences of 64 steps: either row by row, or in one random order, the same for all images, which scatters what
lies side by side over the whole sequence. 1,297 images are learnt, 200 choose the weights, and 300 are looked
at once, at the end. Noise on the pixels in training keeps so few images from being learnt by heart.

A linear model of the whole image stands beside the networks; it need not remember, and has no use for order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from statistics import median
from typing import Any

import numpy as np

from gatewise import charts
from gatewise.errors import MissingExtraError
from gatewise.lab.comparison import enough
from gatewise.lab.experiment import Finding, Result, Trial, Values, of_group, run_to_its_end
from gatewise.lab.network import Batch, Build, SequenceNetwork
from gatewise.ops import cross_entropy
from gatewise.optim import Adam
from gatewise.optim.schedules import linear
from gatewise.random_streams import Purpose, generator, stream
from gatewise.training import Loop
from gatewise.training.events import Event, Validated
from gatewise.training.minibatches import Minibatches
from gatewise.types import Array, IntArray

__all__ = ["EXPERIMENT", "Digits", "Images", "Reading", "load", "read_images"]

_VALIDATION, _TEST = 200, 300
_SPLIT_SEED, _ORDER_SEED = 1797, 64
_NOISE = 0.2
"""Standard deviation in training, of pixels in [0, 1]."""
_WHITE = 16
_BATCH_SIZE = 16
_LINEAR = "linear model"


@dataclass(frozen=True, slots=True)
class Images:
    """Images as sequences.

    Attributes:
        pixels: (N, T) in [0, 1].
        digits: (N,).
    """

    pixels: Array
    digits: IntArray

    @property
    def lengths(self) -> IntArray:
        """T steps each, (N,)."""
        return np.full(len(self.digits), self.pixels.shape[1])

    def batch(self, indices: IntArray) -> Batch:
        """Pixels (T, B, 1) and digits (B,)."""
        return Batch(np.ascontiguousarray(self.pixels[indices].T[..., None]), self.digits[indices])


@dataclass(frozen=True, slots=True)
class Reading:
    """How images are read, and the networks that read them.

    Attributes:
        label: what tells it from the others.
        scattered: pixels come in one random order, not row by row.
        pooled: pixels a side that are averaged into one.
        hidden_size: of the LSTM; the RNN has twice as many units, which makes up for the gates.
        epochs: passes over the images.
        learning_rates: of the LSTM and of the RNN, which does not always learn at the LSTM's.
        target: share of the test images that the LSTM is to name rightly.
    """

    label: str
    scattered: bool
    pooled: int = 1
    hidden_size: int = 64
    epochs: int = 80
    learning_rates: tuple[float, float] = (5e-3, 2e-3)
    target: float = 0.97

    def builds(self) -> dict[str, tuple[Build, float]]:
        """Network and learning rate by name."""
        lstm = Build(hidden_size=self.hidden_size)
        rnn = Build(cell="rnn", hidden_size=2 * self.hidden_size)
        return dict(zip(("LSTM", "RNN"), zip((lstm, rnn), self.learning_rates, strict=True), strict=True))


def _sklearn(part: str) -> Any:
    """A module of scikit-learn.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(f"sklearn.{part}")
    except ImportError as error:
        raise MissingExtraError(
            "the digits are scikit-learn's; install it with: pip install 'gatewise[lab]'"
        ) from error


@cache
def load(scattered: bool, pooled: int) -> tuple[Images, Images, Images]:
    """Images to learn from, to choose by, and to test on; the same split and the same order each time.

    Raises:
        MissingExtraError: scikit-learn, which brings them, is not installed.
    """
    found = _sklearn("datasets").load_digits()
    side = 8 // pooled
    pixels = found.images.reshape(-1, side, pooled, side, pooled).mean(axis=(2, 4)).reshape(-1, side * side)
    pixels = (pixels / _WHITE).astype(np.float32)
    if scattered:
        pixels = pixels[:, generator(_ORDER_SEED).permutation(side * side)]
    shuffled = generator(_SPLIT_SEED).permutation(len(pixels))
    validation, test, training = np.split(shuffled, [_VALIDATION, _VALIDATION + _TEST])
    learnt, chosen_by, tested = (
        Images(pixels[part], found.target[part]) for part in (training, validation, test)
    )
    return learnt, chosen_by, tested


class _Reader:
    """A network as minibatches train it: with noise on the pixels in training."""

    def __init__(self, network: SequenceNetwork) -> None:
        self.network = network
        self.parameters, self.gradients = network.parameters, network.gradients

    def loss_and_gradients(self, batch: Batch, rng: np.random.Generator) -> float:
        """Cross-entropy of a batch with noise; adds to the gradients."""
        noise = rng.normal(0, _NOISE, batch.x.shape).astype(np.float32)
        return self.network.learn(Batch(batch.x + noise, batch.targets))[0]

    def loss(self, batch: Batch) -> tuple[float, float]:
        """Cross-entropy without noise, and the number of images."""
        answers, _ = self.network.outputs(batch.x)
        return cross_entropy(answers, batch.targets)[0], len(batch.targets)

    def accuracy(self, images: Images) -> float:
        """The share named rightly."""
        batch = images.batch(np.arange(len(images.digits)))
        answers, _ = self.network.outputs(batch.x)
        return float(np.mean(answers.argmax(axis=-1) == batch.targets))


def read_images(reading: Reading, name: str, seed: int) -> Values:
    """Train a network, choose its weights by the validation loss, and test it.

    Returns:
        ``accuracy`` on the test images, the ``curve`` of that on the validation images, an epoch a point, and
        ``diverged``.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    build, learning_rate = reading.builds()[name]
    learnt, chosen_by, tested = load(reading.scattered, reading.pooled)
    weights, noise = stream(seed, Purpose.LAB_WEIGHTS), stream(seed, Purpose.LAB_DATA)
    reader = _Reader(SequenceNetwork(build, 1, 10, "last", weights))
    curve: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, Validated):
            curve.append(reader.accuracy(chosen_by))

    loop = Loop(
        Minibatches(reader, learnt, chosen_by, batch_size=_BATCH_SIZE, seed=seed),
        Adam(reader.network, learning_rate),
        epochs=reading.epochs,
        schedule=linear,
        clip_norm=1.0,
        rng=noise,
        listeners=[note],
    )
    diverged = run_to_its_end(loop)
    return {"accuracy": reader.accuracy(tested), "curve": curve, "diverged": diverged}


def fit_linear(reading: Reading) -> Values:
    """Accuracy of scikit-learn's logistic regression on the whole image, on test and validation images."""
    learnt, chosen_by, tested = load(reading.scattered, reading.pooled)
    model = _sklearn("linear_model").LogisticRegression(max_iter=5000)
    model.fit(learnt.pixels, learnt.digits)
    return {
        "accuracy": float(model.score(tested.pixels, tested.digits)),
        "validation": float(model.score(chosen_by.pixels, chosen_by.digits)),
    }


@dataclass(frozen=True, slots=True)
class Digits:
    """The experiment.

    Attributes:
        readings: of the images.
        quick: of smaller images.
    """

    readings: tuple[Reading, ...]
    quick: tuple[Reading, ...]
    name: str = "digits"
    summary: str = "name handwritten digits that are read pixel by pixel, in order and scattered"
    source: str = "Le, Jaitly & Hinton 2015, section 4.2, with smaller images"

    def trials(self, seeds: int, quick: bool) -> Sequence[Trial]:
        """Both networks on each reading from every seed, and the linear model once.

        Raises:
            MissingExtraError: scikit-learn is not installed.
        """
        readings = self.quick if quick else self.readings
        load(readings[0].scattered, readings[0].pooled)
        return [
            Trial(_LINEAR, 0, partial(fit_linear, readings[0])),
            *(
                Trial(f"{name}, {reading.label}", seed, partial(read_images, reading, name, seed))
                for reading in readings
                for name in reading.builds()
                for seed in range(seeds)
            ),
        ]

    def conclude(self, results: Sequence[Result]) -> Finding:
        """Reached if the LSTM names enough of the test images rightly from nine of ten seeds."""
        rows, verdicts, reached = [], [], True
        for reading in self._readings_of(results):
            said = []
            for name, (build, _) in reading.builds().items():
                shares = [each.values["accuracy"] for each in of_group(results, f"{name}, {reading.label}")]
                high = sum(share >= reading.target for share in shares)
                if name == "LSTM":
                    reached = reached and enough(high, len(shares))
                said.append(f"{name} {median(shares):.1%} ({high} of {len(shares)})")
                spread = f"{median(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"
                reach = f"{high} of {len(shares)} reach {reading.target:.0%}"
                rows.append((reading.label, f"{name}, H = {build.hidden_size}", spread, reach))
            verdicts.append(f"{reading.label}, {reading.target:.0%} wanted: {', '.join(said)}")
        whole = of_group(results, _LINEAR)[0].values["accuracy"]
        rows.append(("the whole image at once", _LINEAR, f"{whole:.1%}", ""))
        verdict = (
            f"The accuracy wanted is {'reached' if reached else 'NOT reached'} by the LSTM. "
            f"Median accuracy, and seeds that reached it: {'; '.join(verdicts)}. "
            f"A linear model of the whole image: {whole:.1%}."
        )
        return Finding(("pixels", "network", "test accuracy", "seeds"), tuple(rows), verdict, reached)

    def draw(self, results: Sequence[Result]) -> Any:
        """Accuracy on the validation images while learning."""
        readings = self._readings_of(results)
        figure = charts.panels(
            [reading.label for reading in readings],
            x="epochs",
            y="validation accuracy",
        )
        whole = of_group(results, _LINEAR)[0].values["validation"]
        for panel, reading in enumerate(readings):
            for name, color in (("LSTM", charts.BLUE), ("RNN", charts.ORANGE)):
                for result in of_group(results, f"{name}, {reading.label}"):
                    curve = result.values["curve"]
                    charts.line(figure, panel, [*range(1, len(curve) + 1)], curve, name, color, opacity=0.6)
            ends = [1, reading.epochs]
            charts.line(
                figure, panel, ends, [whole, whole], f"{_LINEAR}, whole image", charts.GREY, dash="dot"
            )
        figure.update_yaxes(range=[0, 1.03], tickformat=".0%")
        figure.update_xaxes(rangemode="tozero")
        return figure

    def _readings_of(self, results: Sequence[Result]) -> list[Reading]:
        """The readings that were run."""
        groups = {result.group for result in results}
        return [reading for reading in (*self.readings, *self.quick) if f"LSTM, {reading.label}" in groups]


def _small(label: str, scattered: bool) -> Reading:
    """16 pixels in place of 64."""
    return Reading(label, scattered, 2, hidden_size=24, epochs=12, learning_rates=(2e-2, 3e-3), target=0.6)


EXPERIMENT = Digits(
    readings=(
        Reading("row by row, 64 steps", scattered=False),
        Reading("scattered, 64 steps", scattered=True, target=0.93),
    ),
    quick=(_small("row by row, 16 steps", False), _small("scattered, 16 steps", True)),
)
