"""The equations as the books print them: one sequence, one step at a time, in the joined form W [x; h'] + b.

Nothing here is shared with gatewise, so that an agreement means something.
"""

import numpy as np


def logistic(z):
    return 1 / (1 + np.exp(-z))


RNN_ACTIVATIONS = {"tanh": np.tanh, "sigmoid": logistic, "relu": lambda z: np.where(z > 0, z, 0)}


def lstm(x, h, c, W, b, peephole=None, output_tanh=True, candidate_tanh=True):
    """x (T, D), h and c (H,), W (4H, D + H), rows i, f, g, o; returns the lists of h and c."""
    W_i, W_f, W_g, W_o = np.split(W, 4)
    b_i, b_f, b_g, b_o = np.split(b, 4)
    p_i, p_f, p_o = np.zeros((3, len(h))) if peephole is None else peephole
    hs, cs = [], []
    for x_t in x:
        joined = np.concatenate([x_t, h])
        i = logistic(W_i @ joined + p_i * c + b_i)
        f = logistic(W_f @ joined + p_f * c + b_f)
        g = W_g @ joined + b_g
        if candidate_tanh:
            g = np.tanh(g)
        c = f * c + i * g
        o = logistic(W_o @ joined + p_o * c + b_o)
        h = o * (np.tanh(c) if output_tanh else c)
        hs.append(h)
        cs.append(c)
    return np.stack(hs), np.stack(cs)


def rnn(x, h, W, b, activation="tanh"):
    """x (T, D), h (H,), W (H, D + H); returns the list of h."""
    hs = []
    for x_t in x:
        h = RNN_ACTIVATIONS[activation](W @ np.concatenate([x_t, h]) + b)
        hs.append(h)
    return np.stack(hs)
