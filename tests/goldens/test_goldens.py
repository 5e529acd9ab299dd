"""gatewise gives what PyTorch gave: outputs, states and gradients, all weights distinct and random."""

import numpy as np
import pytest

from tests.goldens import files

CASES = [(file, case) for file, cases in files.FILES.items() for case in cases]
# The files hold float32, so that even float64 agrees only to half an epsilon of that.
TOLERANCES = {np.float64: 2e-7, np.float32: 5e-6}


@pytest.fixture(scope="module")
def goldens():
    return {file: files.read(file) for file in files.FILES}


def test_every_case_has_its_golden_and_every_golden_its_case(goldens):
    for file, cases in files.FILES.items():
        assert set(goldens[file]) == {case.name for case in cases}


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in files.FOLDER.glob("*.safetensors")) < 300_000


@pytest.mark.parametrize("dtype", TOLERANCES, ids=["float64", "float32"])
@pytest.mark.parametrize(("file", "case"), CASES, ids=[case.name for _, case in CASES])
def test_gatewise_agrees_with_pytorch(goldens, file, case, dtype):
    arrays, expected = goldens[file][case.name]
    results = case.run(arrays, dtype)
    assert set(results) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(
            results[name], array, rtol=TOLERANCES[dtype], atol=TOLERANCES[dtype], err_msg=name
        )
