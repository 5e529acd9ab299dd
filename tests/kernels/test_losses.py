"""Cross-entropy in every target's kernel: value, gradient in the same pass, and what must not count."""

import numpy as np
import pytest

from gatewise import kernels, ops
from gatewise.kernels import set_target, set_threads, targets

NATIVE = [name for name in targets() if name != "numpy"]
pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")
EACH = pytest.mark.parametrize("target", NATIVE)

# Around the widths of registers and of the blocks that are summed.
CLASSES = [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 64, 65, 255, 256, 257, 1023, 1025, 3000]


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def problem(rows, classes, seed=0):
    """Logits, targets and the weights of a mean."""
    rng = np.random.default_rng([seed, rows, classes])
    logits = (4 * rng.standard_normal((rows, classes))).astype(np.float32)
    return logits, rng.integers(0, classes, rows), rng.random(rows).astype(np.float32)


def reference(logits, chosen, weights):
    """Loss and gradient in float64, from the definition."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=-1, keepdims=True)
    rows = np.arange(len(logits))
    losses = np.log(sums[:, 0]) - shifted[rows, chosen]
    gradient = powers / sums
    gradient[rows, chosen] -= 1
    return float(losses @ weights), gradient * weights[:, None]


@EACH
@pytest.mark.parametrize("classes", CLASSES)
def test_value_and_gradient_agree_with_float64(target, classes):
    set_target(target)
    logits, chosen, weights = problem(7, classes)
    loss, gradient = reference(logits, chosen, weights)
    dlogits = np.full_like(logits, np.nan)
    assert kernels.cross_entropy_sum(logits, chosen, weights, dlogits) == pytest.approx(
        loss, rel=1e-6, abs=1e-7
    )
    np.testing.assert_allclose(dlogits, gradient, rtol=0, atol=3e-7)


@EACH
@pytest.mark.parametrize("classes", [1, 17, 65, 1025])
def test_in_place_and_the_loss_alone_give_the_same_bits(target, classes):
    set_target(target)
    logits, chosen, weights = problem(5, classes, seed=1)
    before, dlogits = logits.copy(), np.empty_like(logits)
    loss = kernels.cross_entropy_sum(logits, chosen, weights, dlogits)
    assert kernels.cross_entropy_sum(logits, chosen, weights, None) == loss
    np.testing.assert_array_equal(logits, before)
    assert kernels.cross_entropy_sum(logits, chosen, weights, logits) == loss
    np.testing.assert_array_equal(logits, dlogits)


@EACH
@pytest.mark.parametrize("shape", [(1, 90_000), (1000, 65), (101, 1000)], ids=str)
def test_the_bits_do_not_depend_on_the_threads(target, shape):
    set_target(target)
    logits, chosen, weights = problem(*shape)
    found = []
    for count in (1, 2, 3):
        set_threads(count)
        dlogits = np.empty_like(logits)
        found.append((kernels.cross_entropy_sum(logits, chosen, weights, dlogits), dlogits))
    for loss, dlogits in found[1:]:
        assert loss == found[0][0]
        np.testing.assert_array_equal(dlogits, found[0][1])


@EACH
@pytest.mark.parametrize("classes", [2, 16, 40])
def test_enormous_logits_stay_finite(target, classes):
    set_target(target)
    logits = np.zeros((2, classes), np.float32)
    logits[0, 0], logits[1, 1] = 1e4, 1e30
    loss = kernels.cross_entropy_sum(logits, np.array([0, 1]), np.ones(2, np.float32), logits)
    assert loss == 0
    assert not logits.any()


@EACH
def test_a_class_that_cannot_be_costs_nothing_unless_it_is_the_target(target):
    set_target(target)
    logits = np.array([[-np.inf, 1.0, 1.0]] * 2, np.float32)
    one = np.ones(1, np.float32)
    assert kernels.cross_entropy_sum(logits[:1], np.array([1]), one, None) == pytest.approx(np.log(2))
    assert kernels.cross_entropy_sum(logits[:1], np.array([0]), one, None) == np.inf


@EACH
@pytest.mark.parametrize("bad", [np.nan, np.inf], ids=["nan", "inf"])
@pytest.mark.parametrize("place", [0, 17, 39])
@pytest.mark.parametrize("chosen", [0, 5])
def test_a_logit_that_is_not_finite_is_told_by_the_loss(target, bad, place, chosen):
    set_target(target)
    logits, _, _ = problem(3, 40)
    logits[1, place] = bad
    weights, choice = np.ones(3, np.float32), np.full(3, chosen)
    assert np.isnan(kernels.cross_entropy_sum(logits, choice, weights, None))
    assert np.isnan(kernels.cross_entropy_sum(logits, choice, weights, logits))
    assert np.isfinite(logits[[0, 2]]).all()


@EACH
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_rows_without_weight_are_not_looked_at(target, bad):
    set_target(target)
    logits, chosen, weights = problem(6, 33)
    expected = kernels.cross_entropy_sum(logits[1:], chosen[1:], weights[1:], None)
    logits[0], chosen[0], weights[0] = bad, -1, 0
    assert kernels.cross_entropy_sum(logits, chosen, weights, logits) == expected
    assert not logits[0].any()
    assert np.isfinite(logits).all()


@EACH
def test_no_rows_cost_nothing(target):
    set_target(target)
    assert kernels.cross_entropy_sum(*problem(0, 5), None) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda logits, chosen, weights: (logits, np.array([0, 5]), weights, None), "targets"),
        (lambda logits, chosen, weights: (logits, np.array([-1, 0]), weights, None), "targets"),
        (lambda logits, chosen, weights: (logits, chosen[:1], weights, None), "targets"),
        (lambda logits, chosen, weights: (logits, chosen, weights[:1], None), "weights"),
        (lambda logits, chosen, weights: (logits, chosen, weights, logits[:1]), "dlogits"),
    ],
    ids=["too large", "negative", "targets", "weights", "dlogits"],
)
def test_what_does_not_fit_never_reaches_the_kernel(change, message):
    logits, chosen, _ = problem(2, 5)
    with pytest.raises(ValueError, match=f"{message} does not fit"):
        kernels.cross_entropy_sum(*change(logits, chosen, np.ones(2, np.float32)))


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_ops_give_the_same_by_every_target(target, masked):
    rng = np.random.default_rng(4)
    logits = rng.standard_normal((4, 3, 21)).astype(np.float32)
    chosen = rng.integers(0, 21, (4, 3))
    mask = rng.random((4, 3)) < 0.6 if masked else None
    if masked:
        logits[~mask], chosen[~mask] = np.nan, -1
    expected, cache = ops.cross_entropy(logits, chosen, mask)
    gradient = ops.cross_entropy_backward(cache)
    set_target(target)
    assert ops.cross_entropy_loss(logits, chosen, mask) == pytest.approx(expected, rel=1e-6)
    turned = np.asfortranarray(logits)  # a layout that the kernel does not take
    for array in (logits, turned):
        assert ops.cross_entropy_in_place(array, chosen, mask) == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(array, gradient, rtol=0, atol=3e-8)
