"""The interface over tf_keras: every name is there and documented, and nothing else knows Keras' private attributes."""

import inspect
import pathlib
import re

import numpy as np
import pytest
import tf_keras

from sanity_checks import keras2

ROOT = pathlib.Path(__file__).parents[2]
PRIVATE = re.compile(r"\b(_keras_history|_flatten_layers|_inbound_nodes|_is_graph_network|_build_input_shape|_nodes_by_depth)\b")
layers = tf_keras.layers


@pytest.mark.parametrize("name", list(keras2._HOME))
def test_every_name_is_documented(name):
    assert inspect.getdoc(getattr(keras2, name)) and name in keras2.__doc__


def test_another_name_is_an_error():
    with pytest.raises(AttributeError, match="'sanity_checks.keras2' has no attribute 'layer'"):
        keras2.layer


def test_nothing_else_reads_private_attributes():
    files = [path for package in ("sanity_checks", "experiments") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 50
    assert not [path for path in files if path.parent.name != "keras2" and PRIVATE.search(path.read_text())]


@pytest.fixture
def branched():
    inputs = layers.Input((6, 6, 1))
    first = layers.Conv2D(2, (1, 3), padding="same")(inputs)
    second = layers.ReLU()(layers.BatchNormalization()(first))
    return tf_keras.Model(inputs, layers.AveragePooling2D()(layers.Concatenate()([first, second])))


def test_a_producer_tells_its_kind_and_inputs(branched):
    kinds, tensor = [], branched.output
    for branch in (0, 1, 0, 0):
        found = keras2.producer(tensor)
        kinds.append(found.kind)
        tensor = found.inputs[branch]
    assert kinds == ["pooling", "concatenation", "activation", "normalization"]
    convolution = keras2.producer(tensor)
    assert (convolution.kind, convolution.filters, convolution.kernel) == ("convolution", 2, (1, 3))
    assert keras2.producer(keras2.producer(branched.output).inputs[0]).inputs[0] is tensor
    assert [found.activation for found in (convolution, keras2.producer(next(keras2.outputs(branched, "activation"))))] == [
        "linear", "relu"]


def test_leaf_layers_hold_every_variable_once(branched):
    own = [keras2.key(variable) for _, variables in keras2.leaf_layers(branched) for variable in variables]
    assert len(own) == len(set(own)) and set(own) == {keras2.key(variable) for variable in branched.variables}


def test_graphs_are_the_functional_models_inside(branched):
    outer = tf_keras.Sequential([layers.InputLayer((6, 6, 1)), branched, layers.Flatten(), layers.Dense(2)])
    assert keras2.graphs(outer) == [outer, branched]
    assert keras2.feature_layer(keras2.feature_map(branched)) is branched.layers[-2], "below the pooling"
    assert keras2.is_model(outer) and not keras2.is_model(np.zeros(1))
