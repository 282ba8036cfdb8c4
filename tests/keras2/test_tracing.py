"""A layer's output, recorded while its model is called."""

import numpy as np
import pytest
import tf_keras

from sanity_checks import keras2

layers = tf_keras.layers


@pytest.fixture
def nested():
    """(model, inner layer): a model within a model."""
    layer = layers.Conv2D(2, 3, name="conv")
    inner = tf_keras.Sequential([layers.InputLayer((5, 5, 1)), layer, layers.ReLU()])
    return tf_keras.Sequential([layers.InputLayer((5, 5, 1)), inner, layers.Flatten(), layers.Dense(2)]), layer


def test_outputs_of_a_nested_layer_are_recorded_call_by_call(nested):
    model, layer = nested
    images = np.random.default_rng(0).random((2, 5, 5, 1), np.float32)
    with keras2.recorded_output(layer.output) as outputs:
        model(images)
        model(2 * images)
    assert len(outputs) == 2 and np.allclose(outputs[1], layer(2 * images))
    model(images)
    assert len(outputs) == 2


@pytest.mark.parametrize("own", [False, True])
def test_the_layer_is_as_before_also_after_an_error(nested, own):
    _, layer = nested
    if own:
        layer.call = layer.call
    before = dict(vars(layer)).get("call")
    with pytest.raises(KeyError), keras2.recorded_output(layer.output):
        raise KeyError
    assert vars(layer).get("call") == before and ("call" in vars(layer)) == own
