"""What tests that go over the registries share: small settings of every method, small networks, fresh copies.

A method that is registered without small settings fails `tests/test_registry.py`; with them it is in every contract test.
"""

import inspect

import keras
import pytest
import tf_keras

from sanity_checks import methods
from sanity_checks import models

# Few passes an image: no contract depends on the number of steps or samples. A method that is not here has its defaults.
SETTINGS = {
    "smoothgrad": {"samples": 3},
    "vargrad": {"samples": 4},
    "integrated_gradients": {"steps": 4},
    "integrated_gradients_smoothgrad": {"samples": 2, "steps": 3},
    "xrai": {"steps": 2, "algorithm": "fast"},
    "blur_ig": {"steps": 3},
    "guided_ig": {"steps": 3},
    "occlusion": {"size": 27},
    "perturbation_mask": {"iterations": 2},
    "deep_taylor": {"low": 0., "high": 1.},
}

# Maps of these may be constant on an untrained network, where the class's gradient leaves no positive part, or its logit is
# negative.
MAY_BE_DEGENERATE = ("gradcam", "guided_gradcam", "xrai", "deep_taylor", "lrp_composite")


def make(name):
    """A registered method with its small settings."""
    return methods.make(name, **SETTINGS.get(name, {}))


def is_stochastic(name):
    """Whether a registered method draws noise: its `GetMask` takes the key of the stream."""
    return "noise_key" in inspect.signature(make(name).GetMask).parameters


def is_suitable(classifier, name):
    return not make(name).unsuitable(classifier)


def suitable(classifier, name):
    """The method with its small settings; skips the test where it cannot explain the classifier."""
    if not is_suitable(classifier, name):
        pytest.skip(f"{classifier.name} has no {name}")
    return make(name)


def suitable_methods(classifier, names=tuple(methods.METHODS)):
    """dict, name -> method with its small settings, of the methods that can explain a classifier."""
    return {name: make(name) for name in names if is_suitable(classifier, name)}


def _small_cnn(library=tf_keras, name="small_cnn"):
    """The paper's CNN with 4, 6 and 16 units in the place of 32, 64 and 1024."""
    layers = library.layers
    return library.Sequential([
        layers.InputLayer((28, 28, 1)), layers.Conv2D(4, 5, padding="same", activation="relu", name="conv1"),
        layers.MaxPooling2D(2), layers.Conv2D(6, 5, padding="same", activation="relu", name="conv2"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(16, activation="relu", name="fc1"), layers.Dense(10, name="softmax_linear"),
    ], name=name)


def _small_cnn_of_keras_3():
    return _small_cnn(keras, "small_cnn_of_keras_3")


def _small_mlp():
    """The paper's MLP with 25, 20 and 15 units in the place of 2500, 1500 and 500."""
    layers = tf_keras.layers
    hidden = [layers.Dense(width, activation="relu", name=f"hidden{i}") for i, width in enumerate((25, 20, 15), 1)]
    return tf_keras.Sequential([layers.InputLayer((28, 28, 1)), layers.Flatten(), *hidden,
                                layers.Dense(10, name="logits")], name="small_mlp")


# Untrained networks that every contract runs on: a feature map for GradCAM, and none; tf_keras, and Keras 3. Blocks are named
# as the paper's.
NETWORKS = {"small_cnn": _small_cnn, "small_mlp": _small_mlp, "small_cnn_of_keras_3": _small_cnn_of_keras_3}


def classifier(name, seed=1):
    """A classifier of `NETWORKS` of its own, whose passes have not been traced."""
    return models.load_classifier(NETWORKS[name](), weights="random", seed=seed)


def copy(original):
    """A classifier of the same network, one of `NETWORKS`, that holds the present weights and has not been traced."""
    made = classifier(original.name)
    made.model.set_weights(original.model.get_weights())
    return made
