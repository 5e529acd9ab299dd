#!/usr/bin/env bash
# A transposed weight is saved with its numbers in the wrong places.
#
# safetensors 0.8.0: safetensors.numpy.save and save_file write an array's memory as it lies, under its shape. An array
# in Fortran's order, above all any matrix.T, comes back with the shape it had and other rows.
# Expected: the array that was given, as safetensors 0.7.0 and numpy.save write it; or an error, as PyTorch's half of
# safetensors has for such tensors. The docstring asks for contiguous arrays; nothing checks it.
# Lost: the model, without a word: kernel.T is how a kernel (inputs, 4H) becomes PyTorch's weight_ih (4H, inputs).
# Seen:
#   given            [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#   0.8.0 saved      [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
#   0.8.0, of a copy [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
#   0.7.0 saved      [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages safetensors==0.8.0 numpy==2.4.6
python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --target before safetensors==0.7.0 || exit 2

cat >save.py <<'PYTHON'
import sys
import warnings

import numpy as np
from safetensors.numpy import save_file

warnings.simplefilter("error")
kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
save_file({"weight_ih": kernel.T, "copied": np.ascontiguousarray(kernel.T)}, sys.argv[1])
PYTHON
python save.py new.safetensors
PYTHONPATH=before python save.py old.safetensors

python - <<'PYTHON'
import numpy as np
from finding import still
from safetensors.numpy import load_file

kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
new, old = load_file("new.safetensors"), load_file("old.safetensors")
print(f"given            {kernel.T.tolist()}")
print(f"0.8.0 saved      {new['weight_ih'].tolist()}")
print(f"0.8.0, of a copy {new['copied'].tolist()}")
print(f"0.7.0 saved      {old['weight_ih'].tolist()}")

still(new["weight_ih"].shape == (3, 2) and not np.array_equal(new["weight_ih"], kernel.T), "another matrix is saved")
still(np.array_equal(new["copied"], kernel.T), "a contiguous copy is saved as it is")
still(np.array_equal(old["weight_ih"], kernel.T), "0.7.0 saved the matrix itself")
PYTHON
