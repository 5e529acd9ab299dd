"""Stacks whose layers let input and state gate each other first: names, equations, streams, refusals."""

import pickle
from copy import deepcopy

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.kernels import set_target, targets
from gatewise.nn import LSTM, Embedding, Linear, TokenStream
from gatewise.nn.stack.weights import weights_of
from gatewise.ops import mogrify
from tests.nn.problems import assert_same, make_problem, narrowed, run

T, B, D, H = 5, 3, 2, 4
LENGTHS = np.array([2, 5, 4])
ANY_TARGET = pytest.mark.parametrize("target", targets())
RANK = pytest.mark.parametrize("rank", [None, 2], ids=["whole", "low rank"])


@pytest.fixture(autouse=True)
def free_choice():
    yield
    set_target(None)


def make(hidden_size=H, rounds=5, **options):
    layer = LSTM(D, hidden_size, **{"mogrifier_rounds": rounds, "dtype": np.float64} | options)
    return make_problem(layer, T, B, np.random.default_rng(1))


def gating(layer):
    return {name: shape for name, shape in layer.parameters.shapes.items() if name.startswith("mogrifier")}


def test_odd_rounds_gate_the_input_and_even_ones_the_state():
    assert gating(LSTM(D, (4, 6), mogrifier_rounds=3)) == {
        "mogrifier_q1_l0": (D, 4),
        "mogrifier_r2_l0": (4, D),
        "mogrifier_q3_l0": (D, 4),
        "mogrifier_q1_l1": (4, 6),
        "mogrifier_r2_l1": (6, 4),
        "mogrifier_q3_l1": (4, 6),
    }
    assert gating(LSTM(D, 4, mogrifier_rounds=2, mogrifier_rank=3, bidirectional=True)) == {
        f"mogrifier_{name}_l0{way}": shape
        for way in ("", "_reverse")
        for name, shape in {
            "q1_left": (D, 3),
            "q1_right": (3, 4),
            "r2_left": (4, 3),
            "r2_right": (3, D),
        }.items()
    }


def test_without_rounds_a_stack_has_the_names_and_the_numbers_that_it_had():
    none, plain = LSTM(D, (4, 3), mogrifier_rounds=0, seed=2), LSTM(D, (4, 3), seed=2)
    assert none.parameters.shapes == plain.parameters.shapes
    assert np.array_equal(none.parameters.vector, plain.parameters.vector)
    assert (plain.mogrifier_rounds, plain.mogrifier_rank) == (0, None)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_weights_of_zero_make_it_the_lstm_that_it_was(bidirectional):
    gated, x, dy, state, dstate = make((4, 3), bidirectional=bidirectional, skip_connections=True)
    plain = LSTM(D, (4, 3), bidirectional=bidirectional, skip_connections=True, dtype=np.float64)
    plain.parameters.assign({name: gated.parameters[name] for name in plain.parameters})
    for name in gating(gated):
        gated.parameters[name][...] = 0
    y, last = gated(x, state, LENGTHS)
    expected, expected_last = plain(x, state, LENGTHS)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    np.testing.assert_allclose(last.c, expected_last.c, atol=1e-13)
    dx, _ = gated.backward(dy, gated.forward(x, state, LENGTHS)[2], dstate)
    assert np.abs(gated.gradients["mogrifier_q1_l0"]).max() > 1e-3
    for name in plain.parameters:
        plain.gradients[name][...] = gated.gradients[name]
    found = plain.gradients.vector.copy()
    plain.zero_gradients()
    plain.backward(dy, plain.forward(x, state, LENGTHS)[2], dstate)
    np.testing.assert_allclose(found, plain.gradients.vector, atol=1e-12)
    assert np.isfinite(dx).all()


@RANK
def test_a_layer_takes_step_after_step_with_gated_input_and_state(rank):
    layer, x, _, state, _ = make(mogrifier_rank=rank)
    weights = weights_of(layer.parameters, "_l0")
    (h,), (c,) = state
    y, last = layer(x, state)
    for t in range(T):
        gated_x, gated_h, _ = mogrify(x[t], h, weights.mogrifier)
        z = gated_x @ weights.weight_ih.T + gated_h @ weights.weight_hh.T + weights.bias
        h, c = layer.cell.forward(z, c)
        np.testing.assert_allclose(y[t], h, atol=1e-13)
    np.testing.assert_allclose(last.c[0], c, atol=1e-13)


def test_the_rounds_read_the_thinned_state_under_recurrent_dropout():
    layer, x, _, state, _ = make(recurrent_dropout=0.5)
    _, _, cache = layer.forward(x, state, rng=np.random.default_rng(3))
    kept = cache.layers[0][0]
    mask = kept.masks.recurrent
    assert (mask == 0).any()
    thin = kept.h_prev * mask
    for t in range(T):
        gated_x, gated_h, _ = mogrify(x[t], thin[t], kept.weights.mogrifier)
        z = gated_x @ kept.weights.weight_ih.T + gated_h @ kept.weights.weight_hh.T + kept.weights.bias
        np.testing.assert_allclose(kept.o[t], 1 / (1 + np.exp(-z[:, 3 * H :])), rtol=1e-10)


@ANY_TARGET
@RANK
def test_it_runs_natively_but_for_its_streams_and_says_so(target, rank):
    set_target(target)
    options = {"bidirectional": True, "layer_norm": True, "dropout": 0.3, "weight_dropout": 0.3}
    wide = make((4, 3), mogrifier_rank=rank, **options)
    narrow = narrowed(wide, LSTM(D, (4, 3), mogrifier_rounds=5, mogrifier_rank=rank, **options))
    assert narrow.layer.why_not_native() == ("the target is numpy" if target == "numpy" else None)
    plain = LSTM(D, 3, mogrifier_rounds=1)
    assert plain.why_not_native(streaming=True) == "there is no native stream with Mogrifier gating"
    for problem in (wide, narrow):
        problem.layer._rng = np.random.default_rng(4)
    # Normalised outputs of three units stretch what float32 rounds away.
    assert_same(run(narrow, LENGTHS), run(wide, LENGTHS), tolerance=2e-4)


@ANY_TARGET
def test_a_stream_equals_the_whole(target):
    set_target(target)
    layer = LSTM(D, (4, 3), mogrifier_rounds=4, mogrifier_rank=2, seed=5)
    x = np.random.default_rng(6).normal(size=(T, B, D)).astype(np.float32)
    expected, last = layer(x)
    stream = layer.stream(B)
    np.testing.assert_allclose([stream.step(x_t).copy() for x_t in x], expected, atol=1e-6)
    np.testing.assert_allclose(stream.state.c, last.c, atol=1e-6)


@ANY_TARGET
def test_tokens_may_be_the_input_of_sequences_and_streams(target):
    set_target(target)
    embedding, layer, head = (
        Embedding(7, D, seed=7),
        LSTM(D, (4, 3), mogrifier_rounds=3),
        Linear(3, 7, seed=8),
    )
    tokens = np.random.default_rng(9).integers(0, 7, (T, B))
    y, _, cache = layer.forward(embedding.input(tokens), lengths=LENGTHS)
    expected, _, plain = layer.forward(embedding(tokens), lengths=LENGTHS)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    dtable, _ = layer.backward(np.ones_like(y), cache)
    dx, _ = layer.backward(np.ones_like(y), plain)
    table = np.zeros_like(dtable)
    np.add.at(table, tokens, dx)
    np.testing.assert_allclose(dtable, table, atol=1e-5)
    logits = head(layer(embedding.input(tokens))[0])
    stream = TokenStream(embedding, layer, head, B)
    np.testing.assert_allclose([stream.step(each).copy() for each in tokens], logits, atol=1e-6)


def test_a_first_draw_leaves_input_and_state_nearly_as_they_are():
    layer = LSTM(60, 50, mogrifier_rounds=5, mogrifier_rank=10, seed=10)
    _, _, cache = layer.look(np.random.default_rng(11).normal(size=(T, B, 60)).astype(np.float32))
    gates = cache.layers[0][0].mogrified.gates
    assert [gate.shape[-1] for gate in gates] == [60, 50, 60, 50, 60]
    assert all(np.abs(gate - 1).max() < 0.5 for gate in gates)
    assert np.abs(gates[1] - 1).max() > 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mogrifier_rounds": -1}, "LSTM: mogrifier_rounds=-1; expected a whole number, 0 for none"),
        ({"mogrifier_rounds": 2.0}, "LSTM: mogrifier_rounds=2.0; expected a whole number"),
        ({"mogrifier_rounds": True}, "LSTM: mogrifier_rounds=True; expected a whole number"),
        (
            {"mogrifier_rounds": 5, "mogrifier_rank": 0},
            "LSTM: mogrifier_rank=0; expected a whole number of at",
        ),
        (
            {"mogrifier_rank": 40},
            "LSTM: mogrifier_rank=40 with mogrifier_rounds=0; expected at least one round",
        ),
    ],
)
def test_rounds_and_ranks_that_cannot_be_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        LSTM(D, H, **options)


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "assign"])
def test_a_copy_of_a_stack_of_all_options_computes_the_same(way):
    options = {"mogrifier_rank": 2, "layer_norm": True, "bidirectional": True, "weight_dropout": 0.2}
    problem = make((4, 3), **options)
    if way == "assign":
        twin = LSTM(D, (4, 3), mogrifier_rounds=5, dtype=np.float64, **options)
        twin.parameters.assign(dict(problem.layer.parameters))
    else:
        twin = deepcopy(problem.layer) if way == "deepcopy" else pickle.loads(pickle.dumps(problem.layer))
    assert_same(run(problem._replace(layer=twin), LENGTHS), run(problem, LENGTHS), tolerance=0)
