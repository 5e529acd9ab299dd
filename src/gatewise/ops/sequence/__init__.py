"""A cell through time: the forward pass over a whole sequence and back-propagation through time.

Five things happen here, whichever the cell:

* the input part of all sums is one matrix product over all time steps, the recurrent part one a step;
* ragged batches run on the padded buffer: with rows sorted by length, longest first, step t computes
  only the rows still alive;
* a reset mask starts a row afresh in the middle of a batch;
* recurrent dropout and zoneout thin and hold the states, around the cell's equations; where there is a
  Mogrifier (``ops/mogrifier.py``), it makes each step's sums, the input's part too;
* the backward pass collects the gradients of the sums step by step and turns them into weight
  gradients in one product over all steps (Werbos 1990).

The cell itself is in ``ops/cell.py``, the order of steps in ``walk.py``, what is kept in ``cache.py``. In
float32 all of this goes through the native kernel where there is one (``native.py``); what stands in
``forward_pass.py`` and ``backward_pass.py`` beside the call of the kernel is its reference.
"""

from gatewise.ops.dropout import StateMasks
from gatewise.ops.embedding import TokenInput
from gatewise.ops.sequence.backward_pass import backward, steps_backward
from gatewise.ops.sequence.cache import GateBuffer, SequenceCache
from gatewise.ops.sequence.forward_pass import forward, infer
from gatewise.ops.sequence.weights import Weights

__all__ = [
    "GateBuffer",
    "SequenceCache",
    "StateMasks",
    "TokenInput",
    "Weights",
    "backward",
    "forward",
    "infer",
    "steps_backward",
]
