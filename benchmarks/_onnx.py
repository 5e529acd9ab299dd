"""One LSTM layer in ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks._turns import THREADS
from gatewise.nn import LSTM
from gatewise.types import Array

OPSET, IR_VERSION = 14, 8


class OnnxLSTM:
    """A layer with gatewise's weights, its arrays bound to the session.

    A run on bound arrays copies and allocates nothing, which is the fastest way from Python. The session's
    threads may spin, as is its default: without, it is slower. ``_turns`` waits for them.

    Args:
        ours: where the weights are from.
        steps: T.
        batch: B.

    Attributes:
        x: (T, B, D), the input to be filled.
        y: (T, 1, B, H), the output.
    """

    def __init__(self, ours: LSTM, steps: int, batch: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        self._session = onnxruntime.InferenceSession(
            _model(ours, steps, batch), options, providers=["CPUExecutionProvider"]
        )
        self.x = np.zeros((steps, batch, ours.input_size), np.float32)
        self.y = np.zeros((steps, 1, batch, ours.hidden_size), np.float32)
        # Two pairs of states: a step reads one and writes the other, the next step the other way round.
        there, back = np.zeros((2, 2, 1, batch, ours.hidden_size), np.float32)
        self._states = there, back
        self._bindings = [self._bind(there, back), self._bind(back, there)]

    def run(self) -> None:
        """The whole sequence, from a state of zeros."""
        self._session.run_with_iobinding(self._bindings[0])

    def step(self) -> None:
        """The sequence from the state where the last call ended."""
        self._session.run_with_iobinding(self._bindings[0])
        self._bindings.reverse()

    def _bind(self, before: Array, after: Array) -> onnxruntime.IOBinding:
        binding = self._session.io_binding()
        for name, array in (("x", self.x), ("h_0", before[0]), ("c_0", before[1])):
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in (("y", self.y), ("h", after[0]), ("c", after[1])):
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        return binding


def _model(ours: LSTM, steps: int, batch: int) -> bytes:
    """An ONNX file with a single LSTM node."""
    hidden = ours.hidden_size
    bias = _reordered(ours.parameters["bias_l0"])
    constants = {
        "W": _reordered(ours.parameters["weight_ih_l0"]),
        "R": _reordered(ours.parameters["weight_hh_l0"]),
        "B": np.concatenate([bias, np.zeros_like(bias)]),
    }
    state = (1, batch, hidden)
    inputs = {"x": (steps, batch, ours.input_size), "h_0": state, "c_0": state}
    outputs = {"y": (steps, 1, batch, hidden), "h": state, "c": state}
    no_lengths = ""
    node = helper.make_node(
        "LSTM", ["x", "W", "R", "B", no_lengths, "h_0", "c_0"], ["y", "h", "c"], hidden_size=hidden
    )
    graph = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values[None], name) for name, values in constants.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()


def _reordered(rows: Array) -> Array:
    """Rows of the gates i, f, g, o in ONNX's order: i, o, f, and g, which is c there."""
    i, f, g, o = np.split(rows, 4)
    return np.concatenate([i, o, f, g])
