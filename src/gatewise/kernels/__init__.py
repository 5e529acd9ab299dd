"""The native module: its probe, the choice of kernels, and their typed face.

gatewise runs without it, on the NumPy reference in `gatewise.ops`. `native_status` tells whether it is here,
and if not, why.
"""

from gatewise.kernels.choice import fma_peak, get_target, get_threads, set_target, set_threads, targets
from gatewise.kernels.cores import cpu_quota, usable_cores
from gatewise.kernels.layer import ACTIVATIONS, NativeLayer, NativeMogrifier
from gatewise.kernels.linear import linear_backward, linear_forward
from gatewise.kernels.losses import cross_entropy_sum
from gatewise.kernels.optimisers import AdamRule, AveragedSGDRule, Rule, SGDRule, optimiser_step
from gatewise.kernels.probe import NativeStatus, native_status
from gatewise.kernels.recurrent import (
    recurrent_backward,
    recurrent_forward,
    recurrent_threads,
    runs_natively,
)
from gatewise.kernels.stream import choose_token, open_stream

__all__ = [
    "ACTIVATIONS",
    "AdamRule",
    "AveragedSGDRule",
    "NativeLayer",
    "NativeMogrifier",
    "NativeStatus",
    "Rule",
    "SGDRule",
    "choose_token",
    "cpu_quota",
    "cross_entropy_sum",
    "fma_peak",
    "get_target",
    "get_threads",
    "linear_backward",
    "linear_forward",
    "native_status",
    "open_stream",
    "optimiser_step",
    "recurrent_backward",
    "recurrent_forward",
    "recurrent_threads",
    "runs_natively",
    "set_target",
    "set_threads",
    "targets",
    "usable_cores",
]
