"""The layer is the functions of `gatewise.ops.crf` with parameters of its own."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import CRF, Linear, Network
from gatewise.ops import numerical_gradient, relative_error, softmax, viterbi

LENGTHS = np.array([3, 1])


def problem(dtype=np.float64):
    rng = np.random.default_rng(0)
    crf = CRF(3, dtype=dtype)
    crf.parameters.vector[...] = rng.normal(size=15)
    return crf, rng.normal(size=(3, 2, 3)).astype(dtype), rng.integers(0, 3, (3, 2))


def test_gradients_are_added():
    crf, emissions, tags = problem()

    def loss():
        return float(crf.forward(emissions, tags, LENGTHS)[0] @ np.array([2.0, -1.0]))

    for times in (1, 2):
        demissions = crf.backward(np.array([2.0, -1.0]), crf.forward(emissions, tags, LENGTHS)[1])
        numeric = numerical_gradient(loss, crf.parameters.vector)
        assert relative_error(crf.gradients.vector, times * numeric) < 1e-8
        assert relative_error(demissions, numerical_gradient(loss, emissions)) < 1e-8


def test_a_new_layer_judges_each_step_by_itself():
    _, emissions, _ = problem()
    crf, lengths = CRF(3, dtype=np.float64), np.array([3, 3])
    np.testing.assert_allclose(crf.marginals(emissions, lengths), softmax(emissions), rtol=1e-12)


def test_decoding_is_viterbi_with_the_parameters():
    crf, emissions, _ = problem()
    np.testing.assert_array_equal(crf.decode(emissions, LENGTHS), viterbi(emissions, LENGTHS, crf.weights)[0])


def test_it_moves_into_a_network():
    crf, _, _ = problem()
    before = crf.parameters["transitions"].copy()
    network = Network({"head": Linear(2, 3, dtype=np.float64), "crf": crf})
    np.testing.assert_array_equal(network.parameters["crf.transitions"], before)
    network.parameters.vector[...] = 7
    assert (crf.weights.start == 7).all()


def test_other_types_and_shapes_are_refused():
    crf, emissions, tags = problem()
    with pytest.raises(ArgumentError, match="CRF: emissions has dtype float32"):
        crf.forward(emissions.astype(np.float32), tags, LENGTHS)
    _, cache = crf.forward(emissions, tags, LENGTHS)
    with pytest.raises(ArgumentError, match=r"CRF: dlog_likelihood has shape \(3,\); expected \(2,\)"):
        crf.backward(np.zeros(3), cache)
    with pytest.raises(ArgumentError, match="CRF: tags=0; expected a whole number"):
        CRF(0)
