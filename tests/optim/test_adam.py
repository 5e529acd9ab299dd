"""Adam and AdamW, against the papers' algorithms written out here, and by their laws."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.optim import Adam, AdamW
from tests.optim.problems import draw_gradients, follow, numbers

START = np.array([1.0, -2.0, 0.5])
GRADIENTS = draw_gradients(12, 3)


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_the_papers_algorithm(kind, decay):
    # Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2.
    eta, beta_1, beta_2, epsilon = 0.05, 0.8, 0.95, 1e-3
    theta, m, v, expected = START, 0, 0, []
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = gradient + decay * theta if kind is Adam else gradient
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        decoupled = eta * decay * theta if kind is AdamW else 0
        theta = theta - decoupled - eta * m_hat / (np.sqrt(v_hat) + epsilon)
        expected.append(theta)
    optimizer = kind(numbers(START), eta, betas=(beta_1, beta_2), epsilon=epsilon, weight_decay=decay)
    np.testing.assert_allclose(follow(optimizer, GRADIENTS), expected, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_the_first_step_has_the_length_of_the_learning_rate_whatever_the_gradient_s(scale):
    optimizer = Adam(numbers(START), 0.01)
    moved = follow(optimizer, [scale * np.array([1.0, -1.0, 2.0])])[0] - START
    np.testing.assert_allclose(moved, [-0.01, 0.01, -0.01], rtol=2e-5)


def test_without_a_gradient_adamw_only_shrinks_the_parameters():
    optimizer = AdamW(numbers(START), 0.1, weight_decay=0.5)
    np.testing.assert_allclose(follow(optimizer, np.zeros((2, 3)))[-1], START * (1 - 0.05) ** 2, rtol=1e-14)


def test_weight_decay_is_off_for_adam_and_a_hundredth_for_adamw_unless_asked_for():
    assert Adam(numbers(START)).weight_decay == 0
    assert AdamW(numbers(START)).weight_decay == 0.01


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -1e-3}, "learning_rate=-0.001; expected a finite number of at least 0"),
        ({"betas": (1.0, 0.9)}, r"beta_1=1.0; expected a number in \[0, 1\)"),
        ({"betas": (0.9, -0.1)}, r"beta_2=-0.1; expected a number in \[0, 1\)"),
        ({"epsilon": -1.0}, "epsilon=-1.0; expected a finite number of at least 0"),
        ({"weight_decay": np.nan}, "weight_decay=nan; expected a finite number of at least 0"),
    ],
    ids=["learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay"],
)
def test_settings_that_cannot_work_are_refused(kind, options, message):
    with pytest.raises(ArgumentError, match=f"{kind.__name__}: {message}"):
        kind(numbers(START), **options)
