"""A classifier in memory, sent to another process."""

import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import models
from sanity_checks.comparison import packing

SHAPE = (6, 6, 1)
MODULE = """
import keras, tf_keras

class Own(keras.layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="glorot_uniform" if False else "ones", name="scale")
    def call(self, inputs):
        return 3 * inputs * self.scale

class Net(keras.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.flatten, self.top = keras.layers.Flatten(), keras.layers.Dense(2)
    def call(self, inputs):
        return self.top(self.flatten(inputs))

class Unsavable(keras.Model):
    def __init__(self, function):
        super().__init__()
        self.function, self.flatten, self.top = function, keras.layers.Flatten(), keras.layers.Dense(2)
    def call(self, inputs):
        return self.top(self.flatten(self.function(inputs)))
    def get_config(self):
        raise NotImplementedError("this model\\nhas no config")

def custom():
    return keras.Sequential([keras.layers.Input((6, 6, 1)), Own(), keras.layers.Flatten(), keras.layers.Dense(2)])

def subclassed():
    model = Net()
    model(keras.ops.zeros((1, 6, 6, 1)))
    return model

def unsavable():
    model = Unsavable(lambda x: x)
    model(keras.ops.zeros((1, 6, 6, 1)))
    return model
"""


def small(library, *inside):
    layers = library.layers
    return library.Sequential([layers.Input(SHAPE), layers.Conv2D(2, 3, name="conv"), *inside, layers.Flatten(),
                               layers.Dense(3, activation="softmax", name="top")])


MODELS = {
    "keras3": lambda: small(keras), "tf_keras": lambda: small(tf_keras),
    "Lambda of Keras 3": lambda: small(keras, keras.layers.Lambda(lambda x: 2 * x)),
    "Lambda of tf_keras": lambda: small(tf_keras, tf_keras.layers.Lambda(lambda x: 2 * x)),
}


@pytest.mark.parametrize("kind", list(MODELS))
def test_a_classifier_comes_back(kind):
    classifier = models.load_classifier(MODELS[kind](), blocks=["head=top", "body=.*"], gradcam_layer="conv")
    back = pickle.loads(pickle.dumps(packing.Packed(classifier)))()
    images = np.random.default_rng(0).random((2, *SHAPE), np.float32)
    assert back.model is not classifier.model and back.keras is classifier.keras
    assert np.allclose(back.logits(images), classifier.logits(images), atol=1e-6)
    assert [(name, len(block)) for name, block in back.blocks.items()] == [("head", 2), ("body", 2)]
    assert (back.name, back.inspected.gradcam_layer) == (classifier.name, "conv")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The current folder, with the user's module."""
    (tmp_path / "own_nets.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("own_nets", None)


def test_classes_of_the_user_are_imported_by_the_other_process(own):
    images = np.random.default_rng(0).random((2, *SHAPE), np.float32)
    expected = []
    for name in ("custom", "subclassed"):
        classifier = models.load_classifier(f"own_nets:{name}")
        (own / f"{name}.pickle").write_bytes(pickle.dumps(packing.Packed(classifier)))
        expected.append(classifier.logits(images).numpy())
    np.save(own / "images.npy", images)
    program = ("import pickle, numpy as np\nimages = np.load('images.npy')\nfor name in ('custom', 'subclassed'):\n"
               "    np.save(name, pickle.load(open(name + '.pickle', 'rb'))().logits(images))\n")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    subprocess.run([sys.executable, "-c", program], check=True, cwd=own, env={**os.environ, "PYTHONPATH": root}, capture_output=True)
    for name, logits in zip(("custom", "subclassed"), expected):
        assert np.allclose(np.load(own / f"{name}.npy"), logits, atol=1e-6)


def test_a_model_that_keras_cannot_save_is_refused_by_name(own):
    classifier = models.load_classifier("own_nets:unsavable")
    with pytest.raises(ValueError, match="^model: 'unsavable' cannot be sent to another process, since Keras cannot save it: this model "
                                         "has no config$"):
        pickle.dumps(packing.Packed(classifier))
