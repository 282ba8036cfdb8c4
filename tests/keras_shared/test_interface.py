"""The interface over each Keras: every name is there and documented, and nothing else knows Keras' private attributes."""

import inspect
import pathlib
import re

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import keras2
from sanity_checks import keras3

ROOT = pathlib.Path(__file__).parents[2]
PRIVATE = re.compile(r"\b(_keras_history|_flatten_layers|_inbound_nodes|_is_graph_network|_build_input_shape|_nodes_by_depth|"
                     r"_build_shapes_dict|_trainable_variables)\b")
PACKAGES = {keras2: tf_keras, keras3: keras}


@pytest.fixture(params=list(PACKAGES), ids=lambda package: package.__name__)
def package(request):
    return request.param


@pytest.fixture
def layers(package):
    return PACKAGES[package].layers


def model_of(package, *arguments):
    return PACKAGES[package].Model(*arguments)


@pytest.mark.parametrize("name", list(keras2._HOME))
def test_every_name_is_documented(package, name):
    assert (inspect.getdoc(getattr(package, name)) or "").strip() and name in keras2.__doc__


def test_both_have_the_same_names():
    assert list(keras3._HOME) == list(keras2._HOME)


def test_another_name_is_an_error(package):
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'layer'"):
        package.layer


def test_nothing_else_reads_private_attributes():
    files = [path for package in ("sanity_checks", "experiments") for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 50
    assert not [path for path in files if path.parent.name not in ("keras2", "keras3") and PRIVATE.search(path.read_text())]


@pytest.fixture
def branched(package, layers):
    inputs = layers.Input((6, 6, 1))
    first = layers.Conv2D(2, (1, 3), padding="same")(inputs)
    second = layers.ReLU()(layers.BatchNormalization()(first))
    return model_of(package, inputs, layers.AveragePooling2D(2)(layers.Concatenate()([first, second])))


def test_a_producer_tells_its_kind_and_inputs(package, branched):
    kinds, tensor = [], branched.output
    for branch in (0, 1, 0, 0):
        found = package.producer(tensor)
        kinds.append(found.kind)
        tensor = found.inputs[branch]
    assert kinds == ["pooling", "concatenation", "activation", "normalization"]
    convolution = package.producer(tensor)
    assert (convolution.kind, convolution.filters, convolution.kernel) == ("convolution", 2, (1, 3))
    assert package.producer(package.producer(branched.output).inputs[0]).inputs[0] is tensor
    assert [found.activation for found in (convolution, package.producer(next(package.outputs(branched, "activation"))))] == [
        "linear", "relu"]


def test_leaf_layers_hold_every_weight_once(package, branched):
    own = [package.key(variable) for _, variables in package.leaf_layers(branched) for variable in variables]
    assert len(own) == len(set(own)) and set(own) == {package.key(variable) for variable in branched.weights}


def test_graphs_are_the_functional_models_inside(package, layers, branched):
    outer = PACKAGES[package].Sequential([layers.InputLayer((6, 6, 1)), branched, layers.Flatten(), layers.Dense(2)])
    assert [graph is model for graph, model in zip(package.graphs(outer), (outer, branched), strict=True)] == [True, True]
    assert package.is_model(outer) and not package.is_model(np.zeros(1))


def test_a_model_is_told_from_one_of_the_other_keras(package, branched):
    assert [other.is_model(branched) for other in PACKAGES] == [other is package for other in PACKAGES]


def test_calls_are_recorded_with_their_path_and_outputs(package, layers):
    import tensorflow as tf
    library = PACKAGES[package]
    conv = layers.Conv2D(2, 3, name="conv")
    body = library.Sequential([layers.Input((5, 5, 1)), conv, layers.ReLU(name="relu")], name="body")
    model = library.Sequential([layers.Input((5, 5, 1)), body, layers.Flatten(name="flat")], name="whole")
    found = []

    @tf.function(autograph=False)
    def traced(images):
        with package.recorded_calls() as calls:
            first = model(images)
            second = model(2 * images)
        found.extend(calls)
        return first, second, [call.outputs[0] for call in calls if call.layer is conv]

    images = np.random.default_rng(0).random((2, 5, 5, 1), np.float32)
    outputs = traced(images)[2]
    assert np.allclose(outputs[0], conv(images), atol=1e-6) and np.allclose(outputs[1], conv(2 * images), atol=1e-6)
    paths = [call.path for call in found if "Input" not in type(call.layer).__name__]
    assert paths == 2 * ["whole/body/conv", "whole/body/relu", "whole/body", "whole/flat", "whole"]
    by_path = {call.path: call for call in found[len(found) // 2:]}
    assert by_path["whole"].first <= by_path["whole/body/conv"].first < by_path["whole/body/conv"].last <= by_path["whole/flat"].first


def test_layers_are_called_as_before_also_after_an_error(package, layers):
    before = layers.Layer.__call__
    with pytest.raises(KeyError), package.recorded_calls():
        raise KeyError
    assert layers.Layer.__call__ is before
