"""What does not fit is refused by native streams too: their parts, their steps, and the writing of text."""

import numpy as np
import pytest

from gatewise import kernels
from tests.kernels.native_layers import REFUSED, B, D, H, V, floats, layer, needs_native

pytestmark = [needs_native, pytest.mark.usefixtures("one_thread")]

BAD_STREAMS = {
    "no layers": ([], {}),
    "layers that do not fit on each other": ([layer(), layer()], {}),
    "an embedding of other features": ([layer()], {"embedding": floats(V, D + 1)}),
    "an embedding in float64": ([layer()], {"embedding": np.zeros((V, D))}),
    "a head of other inputs": ([layer()], {"head": (floats(V, H + 1), None)}),
    "a head with a short bias": ([layer()], {"head": (floats(V, H), floats(V - 1))}),
    "a head in another order": ([layer()], {"head": (np.asfortranarray(floats(V, H)), None)}),
    "weight_ih of three gates": ([layer(weight_ih=floats(3 * H, D))], {}),
    "weight_hh of other units": ([layer(weight_hh=floats(4 * H, H + 1))], {}),
    "weight_hh of no units": ([layer(weight_hh=floats(0, 0))], {}),
    "bias too long": ([layer(bias=floats(4 * H + 1))], {}),
    "peepholes of two gates": ([layer(peephole=floats(2, H))], {}),
    "an unknown cell": ([layer(cell="gru")], {}),
    "an unknown activation": ([layer(activation=17)], {}),
}


@pytest.mark.parametrize("name", BAD_STREAMS)
def test_a_stream_of_what_does_not_fit_is_refused(name):
    layers, parts = BAD_STREAMS[name]
    with pytest.raises((*REFUSED, IndexError)):
        kernels.open_stream(layers, B, **parts)


@pytest.mark.parametrize("batch", [0, -1])
def test_a_stream_of_no_rows_is_refused(batch):
    with pytest.raises(REFUSED):
        kernels.open_stream([layer()], batch)


def test_a_stream_refuses_what_does_not_fit():
    stream, y = kernels.open_stream([layer()], B, embedding=floats(V, D), head=(floats(V, H), floats(V)))
    assert stream.step(floats(B, D)) is y
    assert stream.step_tokens(np.zeros(B, np.int32)) is y
    for x in (floats(B, D + 1), floats(B + 1, D), floats(D), np.zeros((B, D)), None):
        with pytest.raises(REFUSED):
            stream.step(x)
    for tokens in (
        np.zeros(B + 1, np.int32),
        np.zeros(B, np.int64),
        np.full(B, V, np.int32),
        np.full(B, -1, np.int32),
        np.zeros((B, 1), np.int32),
    ):
        with pytest.raises(REFUSED):
            stream.step_tokens(tokens)
    for number, h, c in (
        (1, floats(B, H), floats(B, H)),
        (-1, floats(B, H), floats(B, H)),
        (0, floats(B, H + 1), floats(B, H)),
        (0, floats(B - 1, H), floats(B, H)),
        (0, floats(B, H), floats(B, H - 1)),
        (0, np.zeros((B, H)), floats(B, H)),
    ):
        before = [floats(B, H), floats(B, H)]
        stream.write_state(0, *before)
        with pytest.raises(REFUSED):
            stream.write_state(number, h, c)
        with pytest.raises(REFUSED):
            stream.read_state(number, h, c)
        after = [np.zeros((B, H), np.float32), np.zeros((B, H), np.float32)]
        stream.read_state(0, *after)
        np.testing.assert_array_equal(after, before)


def test_a_stream_without_an_embedding_takes_no_tokens():
    stream, _ = kernels.open_stream([layer()], B)
    with pytest.raises(REFUSED):
        stream.step_tokens(np.zeros(B, np.int32))


def test_a_stream_keeps_its_arrays_alive():
    """It copies the weights, and owns the array it hands out."""
    stream, y = kernels.open_stream([layer()], B)
    expected = stream.step(floats(B, D)).copy()
    del y
    stream.write_state(0, np.zeros((B, H), np.float32), np.zeros((B, H), np.float32))
    rubbish = [np.full((4 * H, H), np.float32(9)) for _ in range(100)]
    np.testing.assert_array_equal(stream.step(floats(B, D)), expected)
    assert len(rubbish) == 100


@pytest.mark.parametrize(
    ("change", "what"),
    [({"token": -1}, "token"), ({"token": V}, "token"), ({"out": np.zeros(3, np.int32)}, "out")],
)
def test_generating_refuses_what_does_not_fit(change, what):
    stream, _ = kernels.open_stream([layer()], 1, embedding=floats(V, D), head=(floats(V, H), None))
    arguments = {
        "token": 0,
        "uniforms": np.zeros(4),
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "never": -1,
        "out": np.zeros(4, np.int32),
    }
    stream.generate(**arguments)
    with pytest.raises(ValueError, match=what):
        stream.generate(**{**arguments, **change})


def test_generating_needs_logits_as_many_as_symbols():
    """What is chosen is fed back: an output wider than the table would read beyond its end."""
    wide, _ = kernels.open_stream([layer()], 1, embedding=floats(2, D), head=(floats(V, H), None))
    with pytest.raises(REFUSED):
        wide.generate(0, np.full(40, 0.9), 1.0, 0, 1.0, -1, np.zeros(40, np.int32))


def test_generating_needs_a_batch_of_one():
    stream, _ = kernels.open_stream([layer()], 2, embedding=floats(V, D), head=(floats(V, H), None))
    with pytest.raises(REFUSED):
        stream.generate(0, np.zeros(4), 1.0, 0, 1.0, -1, np.zeros(4, np.int32))


@pytest.mark.parametrize("logits", [np.zeros(0, np.float32), np.zeros(3), np.zeros((2, 3), np.float32)])
def test_choosing_refuses_what_are_no_logits(logits):
    with pytest.raises(REFUSED):
        kernels.choose_token(logits, 0.5, 1.0, None, None, None)
