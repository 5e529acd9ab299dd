from typing import TypedDict

import numpy as np
import numpy.typing as npt

_Floats = npt.NDArray[np.float32]

class _BuildInfo(TypedDict):
    compiler: str
    compiler_version: str
    build_type: str
    targets: str

def build_info() -> _BuildInfo: ...
def cpu_features() -> dict[str, bool]: ...
def targets() -> dict[str, bool]: ...
def elementwise(target: str, name: str, x: _Floats, y: _Floats) -> None: ...
def lstm_forward(
    target: str,
    threads: int,
    weight_hh: _Floats,
    gates: _Floats,
    h: _Floats,
    c: _Floats,
    peephole: _Floats | None,
    alive: npt.NDArray[np.int32] | None,
    keep: npt.NDArray[np.uint8] | None,
    reverse: bool,
    output_tanh: bool,
) -> None: ...
def lstm_backward(
    target: str,
    threads: int,
    weight_hh: _Floats,
    gates: _Floats,
    c: _Floats,
    dy: _Floats,
    dz: _Floats,
    dh: _Floats,
    dc: _Floats,
    peephole: _Floats | None,
    alive: npt.NDArray[np.int32] | None,
    keep: npt.NDArray[np.uint8] | None,
    reverse: bool,
    output_tanh: bool,
) -> None: ...
