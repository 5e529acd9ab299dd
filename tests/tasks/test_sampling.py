"""Sampling draws from the distribution it says, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.tasks._sampling import Sampler

LOGITS = np.log(np.array([0.5, 0.25, 0.15, 0.07, 0.03], dtype=np.float32))
DRAWS = 20_000


def frequencies(**options):
    options = {"temperature": 1.0, "top_k": None, "top_p": None, **options}
    sampler = Sampler(**options, rng=np.random.default_rng(0))
    return np.bincount([sampler.choose(LOGITS) for _ in range(DRAWS)], minlength=5) / DRAWS


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_temperature_raises_probabilities_to_its_inverse(temperature):
    expected = np.exp(LOGITS.astype(float)) ** (1 / temperature)
    # Four standard errors of a frequency.
    np.testing.assert_allclose(
        frequencies(temperature=temperature), expected / expected.sum(), atol=4 * 0.5 / DRAWS**0.5
    )


def test_temperature_zero_takes_the_likeliest():
    assert frequencies(temperature=0)[0] == 1


def test_a_tiny_temperature_does_not_overflow():
    assert frequencies(temperature=1e-30)[0] == 1


def test_top_k_keeps_the_k_likeliest_in_proportion():
    found = frequencies(top_k=2)
    assert found[2:].sum() == 0
    assert found[0] == pytest.approx(2 / 3, abs=4 * 0.5 / DRAWS**0.5)


def test_top_k_cuts_ties_to_k():
    sampler = Sampler(1.0, 2, None, np.random.default_rng(0))
    assert {sampler.choose(np.zeros(6)) for _ in range(200)} == {0, 1}


@pytest.mark.parametrize(("p", "kept"), [(0.4, 1), (0.5, 1), (0.6, 2), (0.9, 3), (1.0, 5)])
def test_top_p_keeps_the_fewest_that_make_up_p(p, kept):
    found = frequencies(top_p=p)
    assert np.count_nonzero(found) == kept
    assert (found[:kept] > 0).all()


def test_a_forbidden_token_is_never_drawn():
    logits = LOGITS.copy()
    logits[0] = -np.inf
    sampler = Sampler(5.0, None, None, np.random.default_rng(0))
    assert 0 not in {sampler.choose(logits) for _ in range(500)}


def test_choosing_leaves_the_logits_alone():
    logits = LOGITS.copy()
    Sampler(0.7, 3, 0.9, np.random.default_rng(0)).choose(logits)
    assert np.array_equal(logits, LOGITS)
