"""The loss in chunks is the loss of all logits at once, and so are its gradients."""

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import (
    AdaptiveSoftmax,
    Embedding,
    Linear,
    TiedLinear,
    _linear_loss,
    head_log_probabilities,
    head_loss,
    head_loss_and_gradient,
)
from gatewise.ops import cross_entropy, cross_entropy_backward, log_softmax

T, B, H, V = 5, 7, 4, 6
RNG = np.random.default_rng(4)
TARGETS = RNG.integers(0, V, (T, B))
MASK = RNG.random((T, B)) < 0.6
MASK[2] = False  # a chunk of which nothing counts
COUNTED = {
    "all": {},
    "mask": {"mask": MASK},
    "weights": {"weights": RNG.random((T, B))},
    "both": {"mask": MASK, "weights": RNG.random((T, B))},
}


@pytest.fixture(params=[1, 7, 12, 1000])
def chunk(request, monkeypatch):
    """Rows in a chunk: one, a step, some that do not come out even, all."""
    monkeypatch.setattr(_linear_loss, "LOGITS_AT_ONCE", request.param * V)
    monkeypatch.setattr(_linear_loss, "LEAST_ROWS", 1)


def make(kind, dtype):
    embedding = Embedding(V, H, seed=1, dtype=dtype)
    head = TiedLinear(embedding) if kind == "tied" else Linear(H, V, bias=kind == "bias", seed=2, dtype=dtype)
    return head, embedding


@pytest.mark.parametrize("counted", COUNTED.values(), ids=COUNTED)
@pytest.mark.parametrize("kind", ["bias", "no bias", "tied"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_it_is_the_loss_of_all_logits_at_once(chunk, counted, kind, dtype):
    head, embedding = make(kind, dtype)
    y = np.random.default_rng(3).normal(size=(T, B, H)).astype(dtype)
    # Whatever stands under a mask, it does not count.
    targets = np.where(counted.get("mask", True), TARGETS, -1)
    loss, dy = head_loss_and_gradient(head, y, targets, **counted, smoothing=0.1)
    gradients = [layer.gradients.vector.copy() for layer in (head, embedding)]

    for layer in (head, embedding):
        layer.zero_gradients()
    logits, kept = head.forward(y)
    expected, cache = cross_entropy(logits, targets, **counted, smoothing=0.1)
    tolerance = {"rtol": 1e-6, "atol": 1e-6 if dtype == np.float32 else 1e-12}
    np.testing.assert_allclose(loss, expected, **tolerance)
    np.testing.assert_allclose(dy, head.backward(cross_entropy_backward(cache), kept), **tolerance)
    for found, layer in zip(gradients, (head, embedding), strict=True):
        np.testing.assert_allclose(found, layer.gradients.vector, **tolerance)
    plain, _ = cross_entropy(logits, targets, **counted)
    np.testing.assert_allclose(head_loss(head, y, targets, **counted), plain, **tolerance)


def test_log_probabilities_of_the_targets(chunk):
    head, _ = make("bias", np.float64)
    y = np.random.default_rng(3).normal(size=(T, B, H))
    expected = np.take_along_axis(log_softmax(head(y)), TARGETS[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(head_log_probabilities(head, y, TARGETS), expected, rtol=1e-13)


def counted_calls(rows_of):
    """Stands for ``Linear.__call__`` and notes for some layers how many rows each call takes."""
    call = Linear.__call__

    def counting(layer, x):
        if layer in rows_of:
            rows_of[layer].append(len(x))
        return call(layer, x)

    return counting


def test_the_logits_never_exist_at_once(monkeypatch):
    """No call of the head takes more rows than fit; and few rows of a huge vocabulary are still some."""
    rows = []
    head = Linear(H, V)
    monkeypatch.setattr(Linear, "__call__", counted_calls({head: rows}))
    y, targets = np.ones((40, 25, H), np.float32), np.zeros((40, 25), int)
    monkeypatch.setattr(_linear_loss, "LOGITS_AT_ONCE", 300 * V)
    head_loss_and_gradient(head, y, targets)
    assert rows == [250] * 4
    rows.clear()
    monkeypatch.setattr(_linear_loss, "LOGITS_AT_ONCE", 1)
    head_loss(head, y, targets)
    assert set(rows) <= {_linear_loss.LEAST_ROWS - 1, _linear_loss.LEAST_ROWS}
    assert sum(rows) == 1000


def test_each_cluster_has_chunks_of_its_own(monkeypatch):
    """Few rows go to a large cluster; the others are not cut small for its sake."""
    head = AdaptiveSoftmax(H, 5000, (20,), div_value=1.0)
    targets = np.zeros((40, 25), int)
    targets[0, :3] = 4000
    monkeypatch.setattr(_linear_loss, "LOGITS_AT_ONCE", 500 * 21)
    rows = {"head": [], "cluster": []}
    counted = {head.head: rows["head"], head.tails[0][1]: rows["cluster"]}
    monkeypatch.setattr(Linear, "__call__", counted_calls(counted))
    head_loss_and_gradient(head, np.ones((40, 25, H), np.float32), targets)
    assert rows == {"head": [500, 500], "cluster": [3]}


def test_nothing_that_counts_is_no_loss():
    head, _ = make("bias", np.float32)
    y, targets = np.ones((T, B, H), np.float32), np.zeros((T, B), int)
    loss, dy = head_loss_and_gradient(head, y, targets, mask=np.zeros((T, B), bool))
    assert loss == 0.0
    assert not dy.any()
    assert not head.gradients.vector.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": np.zeros((B, T), int)}, r"targets has shape \(7, 5\); expected \(5, 7\)"),
        ({"targets": np.full((T, B), V)}, r"targets lie in \[6, 6\]; expected \[0, 6\)"),
        ({"targets": np.where(np.arange(B) == 3, -1, TARGETS)}, r"targets lie in \[-1, 5\]; expected"),
        ({"mask": np.ones((T, 1), bool)}, r"mask has shape \(5, 1\); expected \(5, 7\)"),
        ({"weights": np.ones(T)}, r"weights has shape \(5,\); expected \(5, 7\)"),
        ({"weights": np.full((T, B), -1.0)}, "weights has entries that are negative"),
    ],
    ids=["shape", "range", "below", "mask", "weights", "negative"],
)
@pytest.mark.parametrize("adaptive", [False, True], ids=["linear", "adaptive"])
def test_what_does_not_fit_is_refused_before_anything_is_added(options, message, adaptive, monkeypatch):
    monkeypatch.setattr(_linear_loss, "LOGITS_AT_ONCE", 1)
    monkeypatch.setattr(_linear_loss, "LEAST_ROWS", 1)
    head = AdaptiveSoftmax(H, V, (2,)) if adaptive else make("bias", np.float32)[0]
    given = {"y": np.ones((T, B, H), np.float32), "targets": TARGETS} | options
    for function in (head_loss, head_loss_and_gradient):
        with pytest.raises(ArgumentError, match=message):
            function(head, **given)
    if set(options) == {"targets"}:
        with pytest.raises(ArgumentError, match=message):
            head_log_probabilities(head, **given)
    assert not head.gradients.vector.any()
