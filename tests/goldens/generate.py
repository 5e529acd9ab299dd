"""Write the golden files anew, from the root of the repository:

    pip install torch==2.13.0 && python -m tests.goldens.generate

PyTorch calculates in float64 from float32 inputs; what is stored is its result, rounded to float32.
"""

import numpy as np
import torch

from tests.goldens import files, torch_reference


def golden(case):
    """What goes into a case, and what comes out."""
    arrays = case.draw()
    results = torch_reference.run(case, arrays, torch.float64)
    return arrays, {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in results.items()}


def main():
    for file, cases in files.FILES.items():
        files.write(file, {case.name: golden(case) for case in cases})


if __name__ == "__main__":
    main()
