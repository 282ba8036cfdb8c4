"""Every method runs the model in inference mode: maps repeat, and no variable of the user's model changes."""

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from tests import registry


def network(library):
    """A network whose training would be random and would move statistics; its layers hold state beside the weights."""
    layers = library.layers
    return library.Sequential([
        layers.Input((28, 28, 1)), layers.RandomFlip(), layers.GaussianNoise(.5), layers.Conv2D(4, 5, strides=2),
        layers.BatchNormalization(), layers.ReLU(), layers.Dropout(.5), layers.Flatten(), layers.Dense(5, activation="softmax")])


@pytest.fixture(scope="module", params=[tf_keras, keras], ids=["tf_keras", "keras"])
def classifier(request):
    model = network(request.param)
    for variable in model.weights:          # statistics that a step of training would move
        variable.assign(variable.numpy() + .1 * np.random.default_rng(0).random(variable.shape))
    return models.load_classifier(model)


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_maps_repeat_and_nothing_of_the_model_changes(classifier, digits, name):
    method = registry.suitable(classifier, name)
    before = [np.array(variable.numpy()) for variable in classifier.model.variables]
    one, two = (method.maps(methods.make_task(classifier, digits[:2], [1, 2])) for _ in range(2))
    assert np.array_equal(one, two) and one.any()
    after = [variable.numpy() for variable in classifier.model.variables]
    assert len(after) >= 8 and all(map(np.array_equal, before, after))
