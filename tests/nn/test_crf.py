"""The layer is the functions of `gatewise.ops.crf` with parameters of its own."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import CRF, Linear, Network
from gatewise.ops import CRFAllowed, numerical_gradient, relative_error, softmax, viterbi

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


ALLOWED = CRFAllowed(
    np.array([[True, True, False], [False, True, True], [True, False, True]]),
    np.array([True, False, True]),
    np.array([True, True, False]),
)


def test_what_is_not_allowed_has_no_gradient_and_no_say():
    crf, emissions, _ = problem()
    strict = CRF(3, allowed=ALLOWED, dtype=np.float64)
    strict.parameters.vector[...] = crf.parameters.vector
    tags = np.array([[0, 0], [1, 1], [1, 1]])  # 0 1 1, and 0 alone
    may = np.concatenate([np.ravel(each) for each in ALLOWED])

    def loss():
        return float(strict.forward(emissions, tags, LENGTHS)[0] @ np.array([2.0, -1.0]))

    demissions = strict.backward(np.array([2.0, -1.0]), strict.forward(emissions, tags, LENGTHS)[1])
    numeric = numerical_gradient(loss, strict.parameters.vector)
    assert relative_error(strict.gradients.vector, numeric) < 1e-8
    assert relative_error(demissions, numerical_gradient(loss, emissions)) < 1e-8
    assert not strict.gradients.vector[~may].any()
    before, marginals = strict.decode(emissions, LENGTHS), strict.marginals(emissions, LENGTHS)
    strict.parameters.vector[~may] = 1e6
    np.testing.assert_array_equal(strict.decode(emissions, LENGTHS), before)
    np.testing.assert_array_equal(strict.marginals(emissions, LENGTHS), marginals)
    np.testing.assert_allclose(marginals[:, 0].sum(axis=1), 1, rtol=1e-12)
    assert not marginals[0, 0, 1], "no path begins with 1"
    assert not marginals[2, 0, 2], "none ends with 2"


def test_a_path_that_is_not_allowed_moves_no_parameter_that_does_not_count():
    _, emissions, _ = problem()
    strict = CRF(3, allowed=ALLOWED, dtype=np.float64)
    log_likelihood, cache = strict.forward(emissions, np.ones((3, 2), int), LENGTHS)
    assert np.isneginf(log_likelihood).all(), "none begins with 1"
    strict.backward(np.ones(2), cache)
    assert strict.gradients["start"][1] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"start": np.ones(2, bool)},
            r"start has shape \(2,\) and dtype bool; expected \(3,\) of bool",
        ),
        ({"end": np.ones(3)}, r"allowed.end has shape \(3,\) and dtype float64"),
        ({"transitions": np.ones((3, 2), bool)}, r"allowed.transitions has shape \(3, 2\)"),
    ],
)
def test_what_cannot_say_what_is_allowed_is_refused(change, message):
    with pytest.raises(ArgumentError, match=message):
        CRF(3, allowed=ALLOWED._replace(**change))


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
