"""A layer of bare numbers to optimise, and a fixed sequence of gradients for it."""

import numpy as np

from gatewise.nn import Layer


def numbers(values, dtype=np.float64):
    """A layer whose only parameter is this vector."""
    layer = Layer({"weight": (len(values),)}, dtype)
    layer.parameters.vector[...] = values
    return layer


def draw_gradients(steps, size, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, size))


def follow(optimizer, gradients):
    """Take a step along each gradient; returns copies of the parameters after each."""
    trajectory = []
    for gradient in gradients:
        optimizer.gradients[...] = gradient
        optimizer.step()
        trajectory.append(optimizer.parameters.copy())
    return np.array(trajectory)
