"""The example on Bach's chorales learns more than how often each key sounds, and goes on where Bach stops."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parents[2] / "examples/music.py"


@pytest.fixture(scope="module")
def music():
    spec = importlib.util.spec_from_file_location("music", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def piano_rolls(chorales):
    """(T, 88) of 0 and 1, written apart from the example's own reader."""
    return [np.array([[key + 21 in chord for key in range(88)] for chord in song]) for song in chorales]


def loss_of_frequencies(parts):
    """Nats a step on the test part of a chord that never changes: each key's share of the training chords."""
    training = np.concatenate(piano_rolls(parts["train"]))
    share = (training.sum(axis=0) + 1) / (len(training) + 2)
    told = np.concatenate([roll[1:] for roll in piano_rolls(parts["test"])])
    return -np.where(told, np.log(share), np.log1p(-share)).sum(axis=1).mean()


@pytest.fixture(scope="module")
def outcome(music, data_folder, tmp_path_factory):
    """What a small network reaches in two epochs, and the file that it wrote."""
    output = tmp_path_factory.mktemp("music") / "chorale.txt"
    return music.main(data_folder, output, hidden_size=32, epochs=2), output


@pytest.fixture(scope="module")
def parts(data_folder):
    """Pitches as they stand in the file."""
    return json.loads((data_folder / "music/jsb-chorales-quarter.json").read_text(encoding="utf-8"))


def test_it_learns_more_than_how_often_each_key_sounds(outcome, parts):
    constant = loss_of_frequencies(parts)
    assert outcome[0]["test"] < constant - 0.3
    assert outcome[0]["valid"] < constant - 0.3


def test_the_chorale_begins_as_bach_wrote_it_and_goes_on_with_keys_of_the_piano(outcome, parts):
    song = parts["test"][0]
    given = len(song) // 2
    lines = outcome[1].read_text(encoding="utf-8").splitlines()
    assert len(lines) == given + 64
    chords = [[int(pitch) for pitch in line.split()] for line in lines]
    assert chords[:given] == [sorted(chord) for chord in song[:given]]
    assert any(chords[given:])
    assert all(21 <= pitch <= 108 for chord in chords for pitch in chord)


def test_padding_and_company_do_not_change_the_loss(music):
    rng = np.random.default_rng(0)
    chorales = music.Chorales([rng.random((steps + 1, 88)) < 0.05 for steps in (3, 9, 6)])
    network = music.ChoraleNetwork(8, 0.0, 0.0, seed=0)
    together, steps = network.loss(chorales.batch(np.arange(3)))
    alone = [network.loss(chorales.batch(np.array([index]))) for index in range(3)]
    assert steps == sum(each[1] for each in alone) == 18
    assert together == pytest.approx(sum(loss * count for loss, count in alone) / 18, rel=1e-6)


def test_the_gradients_are_those_of_the_loss(music):
    rng = np.random.default_rng(1)
    chorales = music.Chorales([rng.random((steps + 1, 88)) < 0.05 for steps in (4, 7)])
    batch, network = chorales.batch(np.arange(2)), music.ChoraleNetwork(6, 0.0, 0.0, seed=0)
    network.loss_and_gradients(batch, rng)
    gradient, vector = network.gradients.vector.copy(), network.parameters.vector
    direction = gradient / np.linalg.norm(gradient)  # along it differences stand out of float32's rounding
    start, step = vector.copy(), 1e-2
    ahead, behind = (loss_at(network, batch, start + sign * step * direction) for sign in (1, -1))
    assert (ahead - behind) / (2 * step) == pytest.approx(np.linalg.norm(gradient), rel=1e-3)


def loss_at(network, batch, parameters):
    network.parameters.vector[...] = parameters
    return network.loss(batch)[0]
