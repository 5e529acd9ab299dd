"""Pure functions: a forward pass returns (y, cache), its backward pass takes the cache.

``cell.py`` has the equations, ``sequence/`` runs them through time; beside them activations, losses,
dropout and the central differences that check every gradient.
"""

from gatewise.ops.activations import ACTIVATIONS, log_softmax, relu, sigmoid, softmax, tanh
from gatewise.ops.attention import PreparedMemory
from gatewise.ops.cell import LSTMCell, RNNCell, split_gates
from gatewise.ops.crf import (
    CRFAllowed,
    CRFCache,
    CRFWeights,
    crf_allowing,
    crf_log_likelihood,
    crf_log_likelihood_backward,
    crf_marginals,
    viterbi,
)
from gatewise.ops.dropout import StateMasks, dropout, dropout_backward, dropout_mask, zoneout_mask
from gatewise.ops.embedding import TokenInput
from gatewise.ops.error_flow import error_flow, memory_horizon
from gatewise.ops.gradcheck import numerical_gradient, relative_error
from gatewise.ops.layer_norm import LayerNormCache, layer_norm, layer_norm_backward
from gatewise.ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_backward,
    cross_entropy,
    cross_entropy_backward,
    cross_entropy_in_place,
    cross_entropy_loss,
    squared_error,
    squared_error_backward,
)
from gatewise.ops.mogrifier import MogrifierCache, mogrify, mogrify_backward
from gatewise.ops.sequence import SequenceCache, Weights, backward, forward, infer

__all__ = [
    "ACTIVATIONS",
    "CRFAllowed",
    "CRFCache",
    "CRFWeights",
    "LSTMCell",
    "LayerNormCache",
    "MogrifierCache",
    "PreparedMemory",
    "RNNCell",
    "SequenceCache",
    "StateMasks",
    "TokenInput",
    "Weights",
    "backward",
    "binary_cross_entropy",
    "binary_cross_entropy_backward",
    "crf_allowing",
    "crf_log_likelihood",
    "crf_log_likelihood_backward",
    "crf_marginals",
    "cross_entropy",
    "cross_entropy_backward",
    "cross_entropy_in_place",
    "cross_entropy_loss",
    "dropout",
    "dropout_backward",
    "dropout_mask",
    "error_flow",
    "forward",
    "infer",
    "layer_norm",
    "layer_norm_backward",
    "log_softmax",
    "memory_horizon",
    "mogrify",
    "mogrify_backward",
    "numerical_gradient",
    "relative_error",
    "relu",
    "sigmoid",
    "softmax",
    "split_gates",
    "squared_error",
    "squared_error_backward",
    "tanh",
    "viterbi",
    "zoneout_mask",
]
