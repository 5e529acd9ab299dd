"""The native module: its probe, the choice of kernels, and their typed face.

gatewise runs without it, on the NumPy reference in `gatewise.ops`. `native_status` tells whether it is here,
and if not, why.
"""

from gatewise.kernels.choice import get_target, get_threads, set_target, set_threads, targets
from gatewise.kernels.lstm import LstmWalk, lstm_backward, lstm_forward, runs_natively
from gatewise.kernels.probe import NativeStatus, native_status

__all__ = [
    "LstmWalk",
    "NativeStatus",
    "get_target",
    "get_threads",
    "lstm_backward",
    "lstm_forward",
    "native_status",
    "runs_natively",
    "set_target",
    "set_threads",
    "targets",
]
