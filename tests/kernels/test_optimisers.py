"""Every target's optimiser steps are those of the NumPy formulas, clipping and refusals included."""

import numpy as np
import pytest

from gatewise import kernels
from gatewise.kernels import set_target, set_threads, targets
from gatewise.nn import Layer
from gatewise.optim import SGD, Adam, AdamW, AveragedSGD, Optimizer, gradient_norm

NATIVE = [name for name in targets() if name != "numpy"]
pytestmark = pytest.mark.skipif(not NATIVE, reason="the native module is not here")
EACH = pytest.mark.parametrize("target", NATIVE)

OPTIMIZERS = {
    "SGD": lambda layer: SGD(layer, 0.1),
    "SGD, decay": lambda layer: SGD(layer, 0.1, weight_decay=0.1),
    "SGD, momentum": lambda layer: SGD(layer, 0.1, momentum=0.9, weight_decay=0.1),
    "SGD, Nesterov": lambda layer: SGD(layer, 0.1, momentum=0.9, nesterov=True),
    "AveragedSGD": lambda layer: AveragedSGD(layer, 0.1, weight_decay=0.1),
    "AveragedSGD, late": lambda layer: AveragedSGD(layer, 0.1, start=2),
    "Adam": lambda layer: Adam(layer, 0.01, betas=(0.8, 0.95), epsilon=1e-5),
    "Adam, decay": lambda layer: Adam(layer, 0.01, weight_decay=0.1),
    "AdamW": lambda layer: AdamW(layer, 0.01, weight_decay=0.1),
}
MAKE = pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)

# Around the widths of registers and the blocks in which the norm is summed.
LENGTHS = [1, 3, 4, 5, 15, 16, 17, 33, 4095, 4096, 4097, 9001]
CLIP = pytest.mark.parametrize("clip_norm", [None, 0.5, 1e6], ids=["free", "clipped", "within the limit"])


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)
    set_threads(None)


def run(make, target, length, *, clip_norm=None, dtype=np.float32, steps=5):
    """The optimizer after some steps, and what each step returned."""
    set_target(target)
    rng = np.random.default_rng(length)
    layer = Layer({"weight": (length,)}, dtype)
    layer.parameters.vector[...] = rng.standard_normal(length).astype(np.float32)
    optimizer = make(layer)
    updates = []
    for _ in range(steps):
        optimizer.gradients[...] = rng.standard_normal(length).astype(np.float32)
        updates.append(optimizer.step(clip_norm))
    return optimizer, updates


def vectors(optimizer):
    return {
        "parameters": optimizer.parameters,
        **{slot: getattr(optimizer, slot) for slot in optimizer.slots},
    }


@EACH
@MAKE
@CLIP
def test_steps_agree_with_the_formulas_in_numpy(target, make, clip_norm):
    for length in LENGTHS:
        found, updates = run(make, target, length, clip_norm=clip_norm)
        expected, reference = run(make, "numpy", length, clip_norm=clip_norm)
        exact, _ = run(make, "numpy", length, clip_norm=clip_norm, dtype=np.float64)
        assert found.steps == expected.steps == 5
        for update, other in zip(updates, reference, strict=True):
            assert update.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-13)
            assert update.finite
        for other in (expected, exact):
            for name, values in vectors(other).items():
                np.testing.assert_allclose(
                    vectors(found)[name], values, rtol=2e-6, atol=1e-6, err_msg=f"{name} of {length}"
                )


@EACH
@MAKE
@CLIP
def test_the_bits_do_not_depend_on_the_threads(target, make, clip_norm):
    set_threads(1)
    alone, updates = run(make, target, 50_001, clip_norm=clip_norm)
    for count in (2, 3):
        set_threads(count)
        together, others = run(make, target, 50_001, clip_norm=clip_norm)
        assert others == updates
        for name, values in vectors(together).items():
            np.testing.assert_array_equal(values, vectors(alone)[name])


@EACH
@MAKE
def test_gradients_stay_and_the_parameters_before_are_kept(target, make):
    optimizer, _ = run(make, target, 4100)
    gradients, parameters, before = (
        optimizer.gradients.copy(),
        optimizer.parameters.copy(),
        np.empty(4100, "f4"),
    )
    optimizer.step(0.1, before=before)
    np.testing.assert_array_equal(optimizer.gradients, gradients)
    np.testing.assert_array_equal(before, parameters)
    assert (optimizer.parameters != parameters).any()


@EACH
def test_the_norm_neither_overflows_nor_loses_digits(target):
    for value in (1e30, 1e-30, 1e-3):
        layer = Layer({"weight": (9001,)}, np.float32)
        layer.gradients.vector[...] = value
        set_target(target)
        norm = SGD(layer, 0.0).step().gradient_norm
        assert norm == pytest.approx(float(np.float32(value)) * 9001**0.5, rel=1e-13)
        assert norm == pytest.approx(gradient_norm(layer.gradients.vector), rel=1e-13)


@EACH
@MAKE
@CLIP
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("place", [0, 5000, -1])
def test_a_gradient_that_is_not_finite_changes_nothing(target, make, clip_norm, bad, place):
    optimizer, _ = run(make, target, 9001)
    kept = {name: values.copy() for name, values in vectors(optimizer).items()}
    before = np.zeros(9001, np.float32)
    optimizer.gradients[place] = bad
    update = optimizer.step(clip_norm, before=before)
    assert not np.isfinite(update.gradient_norm)
    assert update.finite
    assert optimizer.steps == 5
    assert not before.any()
    for name, values in vectors(optimizer).items():
        np.testing.assert_array_equal(values, kept[name])


@EACH
@MAKE
@pytest.mark.parametrize("place", [0, 4100, -1])
def test_an_update_that_is_not_finite_is_told(target, make, place):
    optimizer, _ = run(make, target, 9001)
    optimizer.parameters[place] = np.inf
    parameters, before = optimizer.parameters.copy(), np.empty(9001, np.float32)
    update = optimizer.step(before=before)
    assert np.isfinite(update.gradient_norm)
    assert not update.finite
    np.testing.assert_array_equal(before, parameters)


@EACH
def test_an_update_is_finite_where_the_vector_ends_within_a_register(target):
    """Beyond the end stand zeros, and 0 / 0 there is nobody's concern."""
    layer = Layer({"weight": (3,)}, np.float32)
    layer.gradients.vector[...] = 1
    set_target(target)
    assert Adam(layer, 0.1, epsilon=0.0).step().finite


@EACH
def test_a_formula_of_ones_own_is_not_taken_for_its_parent_s(target):
    class Signs(Adam):
        def _update(self, parameters, gradients):
            parameters -= self.learning_rate * np.sign(gradients)

    class Renamed(AdamW):
        """The same formula under another name, which the kernel may have."""

    set_target(target)
    layer = Layer({"weight": (4,)}, np.float32)
    layer.gradients.vector[...] = [1, -2, 3, 0]
    assert Signs(layer, 0.5).step(1.0).gradient_norm == pytest.approx(14**0.5)
    assert layer.parameters.vector.tolist() == [-0.5, 0.5, -0.5, 0]
    assert Signs._rule is Optimizer._rule
    assert Renamed._rule is Adam._rule


@pytest.mark.parametrize("name", ["parameters", "gradients", "before", "velocity"])
def test_what_does_not_fit_never_reaches_the_kernel(name):
    arrays = {each: np.zeros(5, np.float32) for each in ("parameters", "gradients", "before", "velocity")}
    arrays[name] = np.zeros(4, np.float32)
    rule = kernels.SGDRule(0.1, 0.0, arrays.pop("velocity"), 0.9, False)
    with pytest.raises(ValueError, match="does not fit"):
        kernels.optimiser_step(rule, arrays["parameters"], arrays["gradients"], np.inf, arrays["before"])
