#!/usr/bin/env bash
# A stream that has nothing new for one batch loses its memory.
#
# onnxruntime 1.32.0, CPU: where sequence_lens has a 0, LSTM, GRU and RNN return zeros as that sequence's Y_h and Y_c,
# and not the initial_h and initial_c that were given for it.
# Expected: the state as it was given, for no step was taken. ONNX's text does not forbid 0, and onnxruntime takes it.
# Lost: whoever serves several streams in one batch, state in and state out, starts each anew after every pause.
# Seen:
#   LSTM the second stream after two steps [-0.1621, -0.6117], after none more [0.0, 0.0]
#   GRU  the second stream after two steps [-0.6001, -0.2178], after none more [0.0, 0.0]
#   RNN  the second stream after two steps [0.2219, 0.8707], after none more [0.0, 0.0]

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

python - <<'PYTHON'
import warnings

import numpy as np
import onnx
import onnxruntime
from finding import still
from onnx import TensorProto, helper

T, D, H = 3, 2, 2
warnings.simplefilter("error")


class Layer:
    """One recurrent layer over two streams, that keeps their states from batch to batch."""

    def __init__(self, operator, gates):
        states = ["h", "c"] if operator == "LSTM" else ["h"]
        rng = np.random.default_rng(0)
        self.weights = {
            "W": rng.normal(size=(1, gates * H, D)).astype(np.float32),
            "R": rng.normal(size=(1, gates * H, H)).astype(np.float32),
        }
        self.state = {name: np.zeros((1, 2, H), dtype=np.float32) for name in states}
        taken, given = ["X", "W", "R", "", "lens", *states], ["", *(f"new_{name}" for name in states)]
        node = helper.make_node(operator, taken, given, hidden_size=H)
        shapes = {"X": (T, 2, D)} | {k: v.shape for k, v in (self.weights | self.state).items()}
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
        inputs.append(helper.make_tensor_value_info("lens", TensorProto.INT32, (2,)))
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2, H)) for name in given[1:]]
        graph = helper.make_graph([node], "one_layer", inputs, outputs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def batch(self, lens):
        """Feed ones, lens of them to the two streams; return the second stream's hidden state."""
        feeds = {"X": np.ones((T, 2, D), dtype=np.float32), "lens": np.array(lens, dtype=np.int32)}
        new = self.session.run(None, feeds | self.weights | self.state)
        self.state = dict(zip(self.state, new, strict=True))
        return self.state["h"][0, 1].astype(float).round(4)


forgotten, kept = [], []
for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    layer = Layer(operator, gates)
    before, idle = layer.batch([3, 2]), layer.batch([3, 0])
    print(f"{operator:4} the second stream after two steps {before.tolist()}, after none more {idle.tolist()}")
    forgotten.append(before.any() and not idle.any())
    # In two batches of one step each, or in one of two: the state is handed on as it should be.
    once, twice = Layer(operator, gates), Layer(operator, gates)
    twice.batch([3, 1])
    kept.append(np.allclose(once.batch([3, 2]), twice.batch([3, 1]), atol=1e-4))

still(all(forgotten), "after a batch without a step the state is zero")
still(all(kept), "after batches with steps it is what it should be")
PYTHON
