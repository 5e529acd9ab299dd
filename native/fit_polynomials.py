"""Where the polynomials of core/simd.h come from: Remez's exchange in high precision.

Run: python native/fit_polynomials.py (needs mpmath).
"""

from __future__ import annotations

import numpy as np
from mpmath import exp, lu_solve, matrix, mp, mpf, tanh

mp.dps = 40


def remez(function, weight, low, high, degree, rounds=12):
    """Polynomial p that makes the largest |weight(x) (p(x) - function(x))| on [low, high] smallest."""
    count = degree + 2
    nodes = [(low + high) / 2 - (high - low) / 2 * mpf(np.cos(np.pi * k / (count - 1))) for k in range(count)]
    for _ in range(rounds):
        system = matrix(count, count)
        right = matrix(count, 1)
        for row, x in enumerate(nodes):
            for power in range(degree + 1):
                system[row, power] = x**power
            system[row, degree + 1] = (-1) ** row / weight(x)
            right[row] = function(x)
        solution = lu_solve(system, right)
        coefficients = [solution[k] for k in range(degree + 1)]
        grid = [low + (high - low) * k / 2000 for k in range(2001)]
        errors = [weight(x) * (sum(c * x**k for k, c in enumerate(coefficients)) - function(x)) for x in grid]
        # One extremum between each two changes of sign.
        pieces, start = [], 0
        for k in range(1, len(grid)):
            if errors[k] * errors[k - 1] < 0:
                pieces.append((start, k))
                start = k
        pieces.append((start, len(grid)))
        extrema = [max(range(a, b), key=lambda k: abs(errors[k])) for a, b in pieces]
        if len(extrema) == count:
            nodes = [grid[k] for k in extrema]
    return coefficients, max(abs(error) for error in errors)


def show(name, coefficients, error):
    """Print lowest power first, as float32 rounds them."""
    print(f"{name}: largest weighted error {float(error):.2e} (half an ulp is {2.0**-24:.2e})")
    for power, coefficient in enumerate(coefficients):
        print(f"  x^{power}: {np.float32(float(coefficient))!r}")


half = mp.log(2) / 2 * mpf("1.001")
tiny = mpf(10) ** -12
show(
    "(e^r - 1 - r) / r^2",
    *remez(
        lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > tiny else mpf(1) / 2,
        lambda r: r**2 / exp(r) + mpf(10) ** -6,
        -half,
        half,
        5,
    ),
)
show(
    "(tanh(x) - x) / x^3, in s = x^2",
    *remez(
        lambda s: (tanh(mp.sqrt(s)) - mp.sqrt(s)) / mp.sqrt(s) ** 3 if s > tiny else mpf(-1) / 3,
        lambda s: mp.sqrt(s) ** 3 / tanh(mp.sqrt(s)) if s > tiny else mpf(10) ** -6,
        mpf(0),
        mpf("0.625") ** 2,
        4,
    ),
)
