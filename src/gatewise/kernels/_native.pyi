from typing import TypedDict

import numpy as np
import numpy.typing as npt

from gatewise.kernels.layer import NativeLayer

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
def fma_peak(target: str, threads: int) -> float: ...
def cores_of_ranks(threads: int) -> list[int]: ...
def let_ranks_crowd(may: bool) -> None: ...
def choose_token(
    target: str, logits: _Floats, uniform: float, temperature: float, top_k: int, top_p: float, never: int
) -> int: ...
def recurrent_sharing(threads: int, layer: NativeLayer, steps: int, batch: int) -> tuple[int, bool]: ...
def recurrent_forward(
    target: str, threads: int, layer: NativeLayer, gates: _Floats | None, h: _Floats, c: _Floats
) -> None: ...
def recurrent_backward(
    target: str,
    threads: int,
    layer: NativeLayer,
    gates: _Floats,
    h: _Floats,
    c: _Floats,
    dy: _Floats,
    dh: _Floats,
    dc: _Floats,
    dx: _Floats | None,
    add_to_dx: bool,
    dweight_ih: _Floats,
    dweight_hh: _Floats,
    dbias: _Floats,
    dpeephole: _Floats | None,
) -> None: ...
def linear_forward(
    target: str, threads: int, x: _Floats, weight: _Floats, bias: _Floats | None, y: _Floats
) -> None: ...
def linear_backward(
    target: str,
    threads: int,
    x: _Floats,
    weight: _Floats,
    dy: _Floats,
    dx: _Floats | None,
    dweight: _Floats,
    dbias: _Floats | None,
) -> None: ...
def cross_entropy(
    target: str,
    threads: int,
    logits: _Floats,
    targets: npt.NDArray[np.int32],
    weights: _Floats,
    dlogits: _Floats | None,
) -> float: ...
def sgd_step(
    target: str,
    threads: int,
    parameters: _Floats,
    gradients: _Floats,
    before: _Floats | None,
    clip_norm: float,
    rate: float,
    decay: float,
    velocity: _Floats | None,
    momentum: float,
    nesterov: bool,
) -> tuple[float, bool]: ...
def averaged_sgd_step(
    target: str,
    threads: int,
    parameters: _Floats,
    gradients: _Floats,
    before: _Floats | None,
    clip_norm: float,
    rate: float,
    decay: float,
    average: _Floats,
    count: int,
) -> tuple[float, bool]: ...
def adam_step(
    target: str,
    threads: int,
    parameters: _Floats,
    gradients: _Floats,
    before: _Floats | None,
    clip_norm: float,
    rate: float,
    decay: float,
    kept: float,
    mean: _Floats,
    variance: _Floats,
    betas: tuple[float, float],
    gains: tuple[float, float],
    root_scale: float,
    epsilon: float,
) -> tuple[float, bool]: ...

class Stream:
    def __init__(
        self,
        target: str,
        threads: int,
        batch: int,
        layers: list[NativeLayer],
        embedding: _Floats | None,
        head_weight: _Floats | None,
        head_bias: _Floats | None,
        y: _Floats,
    ) -> None: ...
    def step(self, x: _Floats) -> _Floats: ...
    def step_tokens(self, tokens: npt.NDArray[np.int32]) -> _Floats: ...
    def generate(
        self,
        token: int,
        uniforms: npt.NDArray[np.float64],
        temperature: float,
        top_k: int,
        top_p: float,
        never: int,
        out: npt.NDArray[np.int32],
    ) -> None: ...
    def write_state(self, layer: int, h: _Floats, c: _Floats | None) -> None: ...
    def read_state(self, layer: int, h: _Floats, c: _Floats | None) -> None: ...
