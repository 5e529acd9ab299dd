"""What does not fit is refused by the native module; nothing is read or written beyond an array's end."""

import numpy as np
import pytest

from gatewise import kernels
from gatewise.kernels import NativeMogrifier, set_target
from tests.kernels.cases import NATIVE
from tests.kernels.native_layers import REFUSED, B, D, H, T, V, floats, layer, needs_native

pytestmark = [needs_native, pytest.mark.usefixtures("one_thread")]


def mogrifier(**changes):
    """Three rounds."""
    good = NativeMogrifier(
        floats(2, D, H),
        floats(1, H, D),
        floats(2, T, B, D),
        floats(1, T, B, H),
        floats(T, B, D),
        floats(T + 1, B, H),
        floats(2, T, B, D),
        floats(1, T, B, H),
    )
    return good._replace(**changes)


def token_layer(tokens=None, **changes):
    tokens = np.zeros((T, B), np.int32) if tokens is None else tokens
    return layer(x=floats(V, D), tokens=tokens, **changes)


def forward_arrays(cell="lstm", **changes):
    width, memory = (4 * H, H) if cell == "lstm" else (H, 0)
    return {
        "gates": floats(T, B, width),
        "h_slots": floats(T + 1, B, H),
        "c_slots": floats(T + 1, B, memory),
        **changes,
    }


def backward_arrays(cell="lstm", **changes):
    width, memory = (4 * H, H) if cell == "lstm" else (H, 0)
    return {
        **forward_arrays(cell),
        "dy": floats(T, B, H),
        "dh": floats(B, H),
        "dc": floats(B, memory),
        "dx": floats(T, B, D),
        "add_to_dx": False,
        "dweight_ih": floats(width, D),
        "dweight_hh": floats(width, H),
        "dbias": floats(width),
        "dpeephole": floats(3, H) if cell == "lstm" else None,
        **changes,
    }


def run_all(native, forward=None, backward=None):
    """The calls that a layer is used in; each must refuse it by itself."""
    return [
        lambda: kernels.recurrent_forward(native, **(forward or forward_arrays(native.cell))),
        lambda: kernels.recurrent_backward(native, **(backward or backward_arrays(native.cell))),
    ]


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_what_fits_is_taken(cell):
    for call in run_all(layer(cell)):
        call()
    kernels.recurrent_forward(
        layer(cell), None, floats(T + 1, B, H), floats(1, B, H if cell == "lstm" else 0)
    )
    kernels.recurrent_forward(token_layer(np.full((T, B), V - 1, np.int32)), **forward_arrays())
    kernels.recurrent_backward(token_layer(), **backward_arrays(dx=floats(V, D)))
    kernels.recurrent_backward(layer(), **backward_arrays(dx=None))
    for call in run_all(layer(mogrifier=mogrifier())):
        call()


BAD_LAYERS = {
    "x of other steps": {"x": floats(T + 1, B, D)},
    "x of another batch": {"x": floats(T, B - 1, D)},
    "x of other features": {"x": floats(T, B, D + 1)},
    "x of two axes": {"x": floats(T, D)},
    "x in float64": {"x": np.zeros((T, B, D))},
    "x in another order": {"x": np.asfortranarray(floats(T, B, D))},
    "x as a list": {"x": [[[0.0] * D] * B] * T},
    "no x": {"x": None},
    "weight_ih of three gates": {"weight_ih": floats(3 * H, D)},
    "weight_ih of other features": {"weight_ih": floats(4 * H, D + 1)},
    "weight_ih without features": {"weight_ih": floats(4 * H, 0), "x": floats(T, B, 0)},
    "weight_ih in another order": {"weight_ih": np.asfortranarray(floats(4 * H, D))},
    "weight_hh of three gates": {"weight_hh": floats(3 * H, H)},
    "weight_hh of other units": {"weight_hh": floats(4 * H, H + 1)},
    "weight_hh of no units": {"weight_hh": floats(0, 0)},
    "weight_hh in float64": {"weight_hh": np.zeros((4 * H, H))},
    "bias too short": {"bias": floats(4 * H - 1)},
    "bias of two axes": {"bias": floats(4, H)},
    "bias in steps": {"bias": floats(8 * H)[::2]},
    "peepholes of two gates": {"peephole": floats(2, H)},
    "peepholes in float64": {"peephole": np.zeros((3, H))},
    "alive too short": {"alive": np.full(T - 1, B, np.int32)},
    "alive above the batch": {"alive": np.full(T, B + 1, np.int32)},
    "alive rises": {"alive": np.array([2, 1, 2, 0], np.int32)},
    "alive below zero": {"alive": np.array([1, 0, 0, -1], np.int32)},
    "alive in 64 bits": {"alive": np.full(T, B, np.int64)},
    "keep of another shape": {"keep": np.ones((T, B + 1), np.uint8)},
    "keep with an axis more": {"keep": np.ones((T, B, 1), np.uint8)},
    "recurrent mask of another batch": {"recurrent_mask": floats(B + 1, H)},
    "recurrent mask in float64": {"recurrent_mask": np.ones((B, H))},
    "zoneout_h of one step": {"zoneout_h": np.ones((1, B, H), np.uint8)},
    "zoneout_c of other units": {"zoneout_c": np.ones((T, B, H + 1), np.uint8)},
    "tokens, and x for each step": {"tokens": np.zeros((T, B), np.int32)},
    "a Mogrifier of other features": {"mogrifier": mogrifier(q=floats(2, D + 1, H))},
    "a Mogrifier of other units": {"mogrifier": mogrifier(r=floats(1, H + 1, D))},
    "a Mogrifier with two even rounds more": {"mogrifier": mogrifier(r=floats(3, H, D))},
    "a Mogrifier without odd rounds": {"mogrifier": mogrifier(q=floats(0, D, H))},
    "a Mogrifier in float64": {"mogrifier": mogrifier(q=np.zeros((2, D, H)))},
    "gates of a round too few": {"mogrifier": mogrifier(gates_x=floats(1, T, B, D))},
    "gates of other steps": {"mogrifier": mogrifier(gates_h=floats(1, T - 1, B, H))},
    "a mogrified input of another batch": {"mogrifier": mogrifier(x=floats(T, B + 1, D))},
    "mogrified states without the last slot": {"mogrifier": mogrifier(h=floats(T, B, H))},
    "an unknown cell": {"cell": "gru"},
    "an unknown activation": {"activation": 17},
    "an activation below zero": {"activation": -1},
}


@pytest.mark.parametrize("target", NATIVE)
@pytest.mark.parametrize("name", BAD_LAYERS)
def test_a_layer_that_does_not_fit_is_refused(name, target):
    set_target(target)
    bad = layer(**BAD_LAYERS[name])
    for call in run_all(bad, forward_arrays(), backward_arrays()):
        with pytest.raises(REFUSED):
            call()


@pytest.mark.parametrize("token", [-1, V, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("place", [(0, 0), (T - 1, B - 1)])
def test_a_token_outside_the_table_is_refused(place, token):
    tokens = np.zeros((T, B), np.int32)
    tokens[place] = token
    backward = backward_arrays(dx=floats(V, D))
    for call in run_all(token_layer(tokens), None, backward):
        with pytest.raises(ValueError, match="tokens"):
            call()


@pytest.mark.parametrize(
    "tokens",
    [
        np.zeros((T, B), np.int64),
        np.zeros((T, B - 1), np.int32),
        np.zeros(T, np.int32),
        np.zeros((T, B), np.float32),
    ],
    ids=["64 bits", "another batch", "one axis", "floats"],
)
def test_tokens_that_do_not_fit_are_refused(tokens):
    for call in run_all(token_layer(tokens), None, backward_arrays(dx=floats(V, D))):
        with pytest.raises(REFUSED):
            call()


@pytest.mark.parametrize(
    "table", [floats(V, D + 1), floats(0, D), np.zeros((V, D))], ids=["wide", "empty", "float64"]
)
def test_a_table_that_does_not_fit_is_refused(table):
    for call in run_all(token_layer()._replace(x=table), None, backward_arrays(dx=floats(V, D))):
        with pytest.raises(REFUSED):
            call()


BAD_FORWARD = {
    "gates of other steps": {"gates": floats(T + 1, B, 4 * H)},
    "gates of another batch": {"gates": floats(T, B + 1, 4 * H)},
    "gates of one": {"gates": floats(T, B, H)},
    "gates in float64": {"gates": np.zeros((T, B, 4 * H))},
    "no gates, and cells of all steps": {"gates": None},
    "h of T slots": {"h_slots": floats(T, B, H)},
    "h of no slots": {"h_slots": floats(0, B, H)},
    "h of another batch": {"h_slots": floats(T + 1, B + 1, H)},
    "h of other units": {"h_slots": floats(T + 1, B, H - 1)},
    "h in another order": {"h_slots": np.asfortranarray(floats(T + 1, B, H))},
    "c of one slot": {"c_slots": floats(1, B, H)},
    "c of no units": {"c_slots": floats(T + 1, B, 0)},
    "c of another batch": {"c_slots": floats(T + 1, B - 1, H)},
}


@pytest.mark.parametrize("name", BAD_FORWARD)
def test_forward_refuses_arrays_that_do_not_fit(name):
    with pytest.raises(REFUSED):
        kernels.recurrent_forward(layer(), **forward_arrays(**BAD_FORWARD[name]))


BAD_BACKWARD = {
    **{name: changes for name, changes in BAD_FORWARD.items() if name != "no gates, and cells of all steps"},
    "no gates": {"gates": None},
    "dy of other steps": {"dy": floats(T - 1, B, H)},
    "dy of all gates": {"dy": floats(T, B, 4 * H)},
    "dy in another order": {"dy": np.asfortranarray(floats(T, B, H))},
    "dh of another batch": {"dh": floats(B + 1, H)},
    "dh of other units": {"dh": floats(B, H + 1)},
    "dc of another batch": {"dc": floats(B + 1, H)},
    "dc of no units": {"dc": floats(B, 0)},
    "dx of other features": {"dx": floats(T, B, D + 1)},
    "dx of a table": {"dx": floats(V, D)},
    "dx in another order": {"dx": np.asfortranarray(floats(T, B, D))},
    "dx in float64": {"dx": np.zeros((T, B, D))},
    "dweight_ih of other features": {"dweight_ih": floats(4 * H, D + 1)},
    "dweight_ih of one gate": {"dweight_ih": floats(H, D)},
    "dweight_hh of other units": {"dweight_hh": floats(4 * H, H + 1)},
    "dbias too short": {"dbias": floats(H)},
    "no dpeephole": {"dpeephole": None},
    "dpeephole of two gates": {"dpeephole": floats(2, H)},
}


@pytest.mark.parametrize("name", BAD_BACKWARD)
def test_backward_refuses_arrays_that_do_not_fit(name):
    with pytest.raises(REFUSED):
        kernels.recurrent_backward(layer(), **backward_arrays(**BAD_BACKWARD[name]))


@pytest.mark.parametrize(
    ("rounds", "changes"),
    [
        ({"dz_x": None}, {}),
        ({"dz_h": None}, {}),
        ({"dz_x": floats(2, T, B, H)}, {}),
        ({"dz_h": floats(1, T, B + 1, H)}, {}),
        ({}, {"dx": None}),
        ({}, {"add_to_dx": True}),
    ],
    ids=["no dz_x", "no dz_h", "wide dz_x", "another batch's dz_h", "no dx", "a dx to add to"],
)
def test_backward_refuses_what_a_mogrifier_cannot_do(rounds, changes):
    with pytest.raises(REFUSED):
        kernels.recurrent_backward(layer(mogrifier=mogrifier(**rounds)), **backward_arrays(**changes))


def test_a_mogrifier_of_tokens_is_refused():
    for call in run_all(token_layer(mogrifier=mogrifier()), None, backward_arrays(dx=floats(V, D))):
        with pytest.raises(REFUSED):
            call()


def test_backward_refuses_a_gradient_of_peepholes_that_are_not():
    with pytest.raises(REFUSED):
        kernels.recurrent_backward(layer(peephole=None), **backward_arrays())


def test_an_array_that_must_not_be_written_is_refused():
    frozen = floats(T + 1, B, H)
    frozen.flags.writeable = False
    with pytest.raises(REFUSED):
        kernels.recurrent_forward(layer(), **forward_arrays(h_slots=frozen))


@pytest.mark.parametrize("steps", [0, 1])
@pytest.mark.parametrize("batch", [0, 1])
def test_no_steps_and_no_rows_do_no_harm(steps, batch):
    native = layer(x=floats(steps, batch, D))
    h = floats(steps + 1, batch, H)
    kernels.recurrent_forward(native, floats(steps, batch, 4 * H), h, floats(steps + 1, batch, H))
    kernels.recurrent_forward(native, None, h, floats(1, batch, H))
    dx, dbias = floats(steps, batch, D), np.zeros(4 * H, np.float32)
    kernels.recurrent_backward(
        native,
        floats(steps, batch, 4 * H),
        h,
        floats(steps + 1, batch, H),
        floats(steps, batch, H),
        floats(batch, H),
        floats(batch, H),
        dx,
        False,
        floats(4 * H, D),
        floats(4 * H, H),
        dbias,
        floats(3, H),
    )
    assert dbias.any() == bool(steps * batch)


def test_a_target_that_is_not_here_is_refused():
    from gatewise.kernels import _native

    with pytest.raises(ValueError, match="avx9"):
        _native.recurrent_forward("avx9", 1, layer(), *forward_arrays().values())
    with pytest.raises(ValueError, match="numpy"):
        _native.choose_token("numpy", floats(3), 0.5, 1.0, 0, 1.0, -1)
