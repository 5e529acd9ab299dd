"""Parameters are named views into one flat vector: whoever writes to either writes to both."""

import copy
import pickle

import numpy as np
import pytest

from gatewise.errors import ArgumentError
from gatewise.nn import LSTM, Parameters

SHAPES = {"weight": (2, 3), "bias": (2,), "scale": ()}


def test_views_lie_in_the_vector_in_the_order_of_their_names():
    parameters = Parameters(SHAPES)
    parameters.vector[...] = np.arange(9)
    assert list(parameters) == ["weight", "bias", "scale"]
    assert parameters["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert parameters["bias"].tolist() == [6, 7]
    assert parameters["scale"] == 8
    parameters["bias"][1] = -1
    assert parameters.vector[7] == -1


def test_a_given_vector_is_looked_at_and_not_copied():
    vector = np.arange(9, dtype=np.float64)
    parameters = Parameters(SHAPES, vector=vector)
    parameters["weight"][...] = 0
    assert not vector[:6].any()


def test_assign_copies_by_name_in_any_order():
    parameters = Parameters(SHAPES)
    values = {"scale": np.array(5.0), "bias": np.array([1.0, 2.0]), "weight": np.ones((2, 3))}
    parameters.assign(values)
    values["bias"][...] = 99
    assert parameters.vector.tolist() == [1, 1, 1, 1, 1, 1, 1, 2, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bias": None}, "parameter 'bias' is missing from the values; expected exactly weight, bias, scale"),
        ({"other": np.zeros(2)}, "parameter 'other' is not one of this model's parameters; expected exactly"),
        ({"bias": np.zeros(3)}, r"parameter 'bias' has shape \(3,\); expected \(2,\)"),
    ],
    ids=["missing", "unknown", "shape"],
)
def test_an_assignment_that_does_not_fit_is_refused_as_a_whole(change, message):
    parameters = Parameters(SHAPES)
    values = {name: np.ones(shape) for name, shape in SHAPES.items()} | change
    values = {name: value for name, value in values.items() if value is not None}
    with pytest.raises(ArgumentError, match=message):
        parameters.assign(values)
    assert not parameters.vector.any()


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="no parameter 'wieght'; there are weight, bias, scale"):
        Parameters(SHAPES)["wieght"]


def test_they_print_with_names_shapes_and_size():
    assert repr(Parameters(SHAPES)).splitlines() == [
        "Parameters of 9 float32 values:",
        "  weight: (2, 3)",
        "  bias: (2,)",
        "  scale: ()",
    ]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))], ids=["deepcopy", "pickle"]
)
def test_a_copied_layer_still_lives_in_one_vector_of_its_own(duplicate):
    layer = LSTM(2, 3)
    twin = duplicate(layer)
    assert np.array_equal(twin.parameters.vector, layer.parameters.vector)
    twin.parameters.vector[...] = 7
    assert all((view == 7).all() for view in twin.parameters.values())
    assert not (layer.parameters.vector == 7).any()
