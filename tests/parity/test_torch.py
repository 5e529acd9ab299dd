"""gatewise beside PyTorch, live: the goldens' calculations over more shapes and random seeds."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.goldens import files, torch_reference  # noqa: E402
from tests.goldens.attention_cases import AttentionCase  # noqa: E402
from tests.goldens.layer_cases import LayerCase  # noqa: E402
from tests.goldens.optimizer_cases import OptimizerCase  # noqa: E402
from tests.goldens.recurrent_cases import RecurrentCase  # noqa: E402

# Within this of each array's greatest magnitude, both sides calculating in that type.
TOLERANCES = {np.float64: 1e-12, np.float32: 5e-6}


def random_case(kind, seed):
    """A layer of up to three layers on a batch of up to forty steps."""
    rng = np.random.default_rng(seed)
    T, B, D, H = (int(rng.integers(1, top + 1)) for top in (40, 9, 12, 20))
    lengths = tuple(rng.integers(1, T + 1, B).tolist()) if rng.random() < 0.6 else ()
    return RecurrentCase(kind, int(rng.integers(1, 4)), bool(rng.integers(2)), lengths, (T, B, D, H), seed)


CASES = [random_case(kind, seed) for seed in range(1000, 1010) for kind in ("lstm", "rnn_tanh", "rnn_relu")]
CASES.append(RecurrentCase("lstm", 2, True, (), (600, 2, 5, 16), 1010))  # M11
CASES += [LayerCase("network_masked", masked=True, seed=seed) for seed in range(1020, 1024)]
CASES += [LayerCase("cross_entropy", seed=seed) for seed in range(1030, 1034)]
CASES += [
    AttentionCase(case.score, case.ragged, seed) for seed in (1050, 1051) for case in files.FILES["attention"]
]
CASES += [
    OptimizerCase(case.name, case.kind, case.options, seed)
    for seed in (1040, 1041)
    for case in files.FILES["optimizers"]
]


def describe(case):
    sizes = "x".join(map(str, case.sizes)) if isinstance(case, RecurrentCase) else f"seed {case.seed}"
    return f"{case.name}, {sizes}"


@pytest.mark.parametrize("dtype", TOLERANCES, ids=["float64", "float32"])
@pytest.mark.parametrize("case", CASES, ids=describe)
def test_gatewise_agrees_with_pytorch(case, dtype):
    arrays = case.draw()
    results = case.run(arrays, dtype)
    expected = torch_reference.run(case, arrays, torch_reference.dtype_of(dtype))
    assert set(results) == set(expected)
    for name, array in expected.items():
        tolerance = TOLERANCES[dtype] * max(1, np.abs(array).max(initial=0))
        np.testing.assert_allclose(results[name], array, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("file", files.FILES)
def test_the_goldens_are_what_pytorch_gives_today(file):
    goldens = files.read(file)
    for case in files.FILES[file]:
        arrays, expected = goldens[case.name]
        drawn = case.draw()
        assert set(arrays) == set(drawn)
        assert all(np.array_equal(arrays[name], drawn[name]) for name in drawn)
        for name, array in torch_reference.run(case, drawn, torch.float64).items():
            np.testing.assert_allclose(expected[name], array, rtol=1e-7, atol=1e-7, err_msg=name)
