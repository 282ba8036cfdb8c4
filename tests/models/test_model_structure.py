"""The structure of a classifier: equal where the function of the weights is equal, different where it is not."""

import dataclasses
import json

import numpy as np
import pytest
import tf_keras

from sanity_checks import models

pytestmark = pytest.mark.slow

layers = tf_keras.layers


def network(activation="relu", strides=1, head=(), kind=layers.Conv2D):
    return tf_keras.Sequential([
        layers.InputLayer((6, 6, 1)), kind(3, 3, activation=activation, strides=strides, padding="same"),
        layers.Conv2D(3, 3, padding="same", name="last"), layers.MaxPool2D(2), *head, layers.GlobalAveragePooling2D(),
        layers.Dense(2)])


def sha256(model, **options):
    return models.structure_sha256(models.load_classifier(model, **options))


@pytest.fixture(scope="module")
def reference():
    return sha256(network())


def test_it_is_json(reference):
    structure = models.structure(models.load_classifier(network()))
    assert json.loads(json.dumps(structure)) == structure


def test_building_again_and_other_weights_leave_it(reference):
    model = network()
    for variable in model.variables:
        variable.assign(np.ones(variable.shape))
    assert sha256(model) == reference == sha256(network())


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "saved"])
def test_reading_from_a_file_leaves_it(tmp_path, name, reference):
    network().save(tmp_path / name)
    assert sha256(tmp_path / name) == reference


def with_calls(swapped):
    inputs = layers.Input((6, 6, 1))
    first = layers.Conv2D(2, 3)(inputs)
    second = layers.ReLU()(first)
    merged = layers.Subtract()([second, first] if swapped else [first, second])
    return tf_keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(merged)))


def with_operation(factor):
    inputs = layers.Input((6, 6, 1))
    return tf_keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs * factor)))


def double(values):
    return 2 * values


def triple(values):
    return 3 * values


class Scale(layers.Layer):
    """A layer that keeps its setting to itself."""

    def __init__(self, factor, **options):
        super().__init__(**options)
        self._factor = factor

    def call(self, values):
        return self._factor * values


def body(call):
    """A subclassed model around a function of the logits."""
    class Net(tf_keras.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.top = layers.Flatten(), layers.Dense(2)

    def run(self, images):
        return call(self.top(self.flatten(images)))

    def negated(self, images):
        return -call(self.top(self.flatten(images)))

    Net.call = negated if call is triple else run
    model = Net()
    model(np.zeros((1, 6, 6, 1), np.float32))
    return model


class Holder(tf_keras.Model):
    """A subclassed model that is told what to do at its end."""

    def __init__(self, end):
        super().__init__()
        self.flatten, self.top, self.end = layers.Flatten(), layers.Dense(2), end

    def call(self, images):
        return self.end(self.top(self.flatten(images)))


def held(end):
    model = Holder(end)
    model(np.zeros((1, 6, 6, 1), np.float32))
    return model


def factor_of(factor):
    return lambda values: factor * values


PAIRS = {
    "activation": (lambda: network(), lambda: network("elu")),
    "strides": (lambda: network(), lambda: network(strides=2)),
    "layer": (lambda: network(), lambda: network(head=[layers.ReLU()])),
    "layer type": (lambda: network(head=[layers.ReLU()]), lambda: network(head=[layers.ELU()])),
    "own activation": (lambda: network(double), lambda: network(triple)),
    "activation's constant": (lambda: network(factor_of(2)), lambda: network(factor_of(3))),
    "Lambda": (lambda: network(head=[layers.Lambda(lambda x: 2 * x)]), lambda: network(head=[layers.Lambda(lambda x: 3 * x)])),
    "Lambda's constant": (lambda: network(head=[layers.Lambda(factor_of(2))]),
                          lambda: network(head=[layers.Lambda(factor_of(3))])),
    "own layer's attribute": (lambda: network(head=[Scale(2)]), lambda: network(head=[Scale(3)])),
    "connections": (lambda: with_calls(False), lambda: with_calls(True)),
    "operation's constant": (lambda: with_operation(2.), lambda: with_operation(3.)),
    "own layer's body": (lambda: network(head=[own(double)]), lambda: network(head=[own(triple)])),
    "subclassed body": (lambda: body(double), lambda: body(triple)),
    "subclassed attribute": (lambda: held(tf_keras.activations.linear), lambda: held(tf_keras.activations.relu)),
    "nested": (lambda: tf_keras.Sequential([layers.InputLayer((6, 6, 1)), network()]),
               lambda: tf_keras.Sequential([layers.InputLayer((6, 6, 1)), network("elu")])),
}


@pytest.mark.parametrize("pair", list(PAIRS))
def test_what_the_function_depends_on_changes_it(pair):
    one, other = PAIRS[pair]
    assert sha256(one()) == sha256(one()), "the same model built twice"
    assert sha256(one()) != sha256(other())


@pytest.mark.parametrize("options", [
    {"gradcam_layer": "last"}, {"gradcam_layer": "last", "blocks": ["all=.*"]}, {"blocks": ["all=.*"]},
    {"blocks": ["rest=.*"]}, {"blocks": ["last=last", "rest=.*"]}, {}])
def test_blocks_and_the_feature_layer_are_part_of_it(options):
    settings = [{}, {"blocks": ["all=.*"]}, {"blocks": ["rest=.*"]}, {"blocks": ["last=last", "rest=.*"]},
                {"gradcam_layer": "max_pooling2d"}]
    model = network()
    model.layers[2]._name = "max_pooling2d"
    found = [sha256(model, **other) for other in settings]
    assert len(set(found)) == len(found)
    own = sha256(model, **options)
    same = {key: value for key, value in options.items() if key != "gradcam_layer"}
    assert own == sha256(model, **same), "naming the layer that is found by default is no change"


def own(function):
    """A layer of a class of the user's, with nothing in its configuration."""
    class Own(layers.Layer):
        def call(self, values):
            return function(values)
    return Own()


def test_what_an_own_layer_computes_counts_also_in_a_saved_model(tmp_path):
    for name, function in (("double", double), ("triple", triple)):
        network(head=[own(function)]).save(tmp_path / name)
    found = [sha256(tmp_path / name) for name in ("double", "triple")]
    assert found[0] == sha256(tmp_path / "double") != found[1]


def test_a_mixed_policy_changes_it(reference):
    tf_keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = network()
    finally:
        tf_keras.mixed_precision.set_global_policy("float32")
    assert sha256(model) != reference


def test_the_name_of_a_model_does_not_count_how_many_were_built():
    probabilities = tf_keras.Sequential([layers.InputLayer((6, 6, 1)), network(), layers.Softmax()])
    built = [network(), probabilities, with_calls(False), with_calls(True), held(double), tf_keras.Sequential(
        [layers.InputLayer((6, 6, 1)), *network().layers], name="net_2")]
    names = [models.load_classifier(model).name for model in built]
    assert names == ["sequential", "sequential", "model", "model", "holder", "net_2"]


def test_the_label_offset_is_part_of_it():
    classifier = models.load_classifier(network())
    assert models.structure_sha256(dataclasses.replace(classifier, label_offset=1)) != models.structure_sha256(classifier)


def test_the_papers_networks_are_told_apart(cnn, mlp):
    again = models.load_classifier("cnn", weights="random", seed=5)
    assert models.structure_sha256(again) == models.structure_sha256(cnn) != models.structure_sha256(mlp)
