"""Timing: two spikes and nothing else, and which networks are compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gatewise.lab.timing import EXPERIMENT, Measure


def test_two_spikes_are_the_interval_or_a_step_more_apart():
    batch = Measure(49).draw(np.random.default_rng(0), 1000)
    assert set(np.unique(batch.x)) == {0, 1}
    for column, longer in enumerate(batch.targets):
        first, last = np.flatnonzero(batch.x[:, column, 0])
        assert first == 0
        assert last == 49 + longer
        assert batch.lengths[column] == last + 1, "the answer is asked at the second spike"
    assert batch.targets.mean() == pytest.approx(0.5, abs=0.05)


def test_right_is_on_the_right_side_and_a_little_more():
    task = Measure(49)
    batch = task.draw(np.random.default_rng(0), 2)
    batch.targets[...] = [0, 1]
    errors = task.errors(np.log([[0.52, 0.48], [0.505, 0.495]]), batch)
    np.testing.assert_allclose(errors, [0.48, 0.505])
    assert task.criterion.wrong(errors) == 1


def test_peepholes_are_the_only_difference():
    for case in EXPERIMENT.cases:
        ((_, without),) = case.variants
        assert case.recipe.build.peephole
        assert without == replace(case.recipe, build=replace(case.recipe.build, peephole=False))
    assert [case.recipe.build.output_tanh for case in EXPERIMENT.cases] == [True, False]
    assert [case.lesser for case in EXPERIMENT.cases] == [("LSTM without peepholes",), ()]
