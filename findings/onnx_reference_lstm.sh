#!/usr/bin/env bash
# ONNX's own evaluator computes another LSTM than the model says.
#
# onnx 1.23.2: onnx.reference.ReferenceEvaluator takes an LSTM's sequence_lens, input_forget, activations and clip and
# leaves them out of account; a GRU's sequence_lens too. The models pass onnx.checker in full.
# Expected: what the operator's text says, as onnxruntime (1.32.0) computes it, or NotImplementedError.
# Lost: the yardstick. Of a padded batch the padding is read as data; an exporter that is right fails against it, and
# one that is wrong in the same way passes.
# Seen:
#   apart, for the sequences of lengths 4 and 2 (4 and 4 where no lengths are given):
#   LSTM               {}                                               [0.0, 0.0]
#   LSTM               {'direction': 'reverse'}                         [0.0, 0.0]
#   LSTM sequence_lens {}                                               [0.0, 0.705]
#   GRU  sequence_lens {}                                               [0.0, 0.562]
#   LSTM               {'input_forget': 1}                              [0.081, 0.019]
#   LSTM               {'activations': ['Sigmoid', 'Relu', 'Relu']}     [0.438, 0.782]
#   LSTM               {'clip': 0.5}                                    [0.245, 0.358]

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
from onnx.reference import ReferenceEvaluator

T, B, D, H = 4, 2, 2, 3
lengths = np.array([4, 2], dtype=np.int32)
rng = np.random.default_rng(0)
warnings.simplefilter("error")


def apart(operator, gates, lens=False, **attributes):
    """The greatest distance of the two engines' last hidden states, for each sequence of the batch."""
    shapes = {"X": (T, B, D), "W": (1, gates * H, D), "R": (1, gates * H, H), "B": (1, 2 * gates * H)}
    feeds = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    if lens:
        feeds["lens"] = lengths
    node = helper.make_node(operator, [*shapes, "lens" if lens else ""], ["", "Y_h"], hidden_size=H, **attributes)
    kinds = {name: helper.np_dtype_to_tensor_dtype(value.dtype) for name, value in feeds.items()}
    inputs = [helper.make_tensor_value_info(name, kinds[name], feeds[name].shape) for name in feeds]
    output = helper.make_tensor_value_info("Y_h", TensorProto.FLOAT, (1, B, H))
    graph = helper.make_graph([node], "one_layer", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    (reference,) = ReferenceEvaluator(model).run(None, feeds)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (runtime,) = session.run(None, feeds)
    distance = np.abs(reference.astype(float) - runtime).max(axis=(0, 2))
    print(f"{operator:4} {'sequence_lens' if lens else '':13} {attributes!s:48} {distance.round(3).tolist()}")
    return distance


print("apart, for the sequences of lengths 4 and 2 (4 and 4 where no lengths are given):")
plain = apart("LSTM", 4)
reverse = apart("LSTM", 4, direction="reverse")
ragged, gru = apart("LSTM", 4, lens=True), apart("GRU", 3, lens=True)
coupled = apart("LSTM", 4, input_forget=1)
relu = apart("LSTM", 4, activations=["Sigmoid", "Relu", "Relu"])
clip = apart("LSTM", 4, clip=0.5)

still(max(plain.max(), reverse.max()) < 1e-5, "the two agree on an LSTM without any of these")
still(max(ragged[0], gru[0]) < 1e-5 and min(ragged[1], gru[1]) > 0.01, "not on the shorter sequence of a padded batch")
still(min(coupled.max(), relu.max(), clip.max()) > 0.01, "nor on coupled gates, other activations and clipping")
PYTHON
