"""The native module: its probe and its typed face.

gatewise runs without it, on the NumPy reference in `gatewise.ops`. `native_status` tells whether it is here,
and if not, why.
"""

from gatewise.kernels.probe import NativeStatus, native_status

__all__ = ["NativeStatus", "native_status"]
