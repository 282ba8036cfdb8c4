"""Rules of relevance against zennit's (Anders et al. 2021), on the same weights.

SANITY_CHECKS_TEST_ZENNIT may name a Python that has torch and zennit; by default it is this one. Skipped where they are missing.
Images have no zeros, so that no unit has contributions of one sign alone: zennit gives such a unit's alpha times its
relevance, here they are given all of it, once.
"""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import methods
from sanity_checks import models

pytestmark = pytest.mark.slow

PYTHON = os.environ.get("SANITY_CHECKS_TEST_ZENNIT", sys.executable)
PROGRAM = pathlib.Path(__file__).parent / "zennit_maps.py"
LOW, HIGH = -1., 2.         # as in the program
OURS = {
    "epsilon": ("lrp_epsilon", {}), "alpha 1": ("lrp_alpha_beta", {}), "alpha 2": ("lrp_alpha_beta", {"alpha": 2., "beta": 1.}),
    "deep taylor": ("deep_taylor", {"low": LOW, "high": HIGH}), "flat": ("lrp_composite", {}),
    "alpha 2 flat": ("lrp_composite", {"convolution": "alpha_2_beta_1"}), "deconvnet": ("deconvnet", {}), "guided": ("guided_backprop", {})}


def network(k):
    """Convolutions with stride, a normalization, both kinds of pooling, and two dense layers."""
    layers = k.layers
    return k.Sequential([
        layers.Input((12, 12, 3)), layers.Conv2D(8, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2),
        layers.Conv2D(10, 3, strides=2, activation="relu"), layers.AveragePooling2D(2, strides=1), layers.Flatten(),
        layers.Dense(12, activation="relu"), layers.Dense(5)])


@pytest.fixture(scope="module", params=[tf_keras, keras], ids=["tf_keras", "keras"])
def compared(request, tmp_path_factory):
    """(classifier, images, classes of the largest logits, zennit's maps)."""
    if subprocess.run([PYTHON, "-c", "import torch, zennit"], capture_output=True).returncode:
        pytest.skip("no torch and zennit")
    request.param.utils.set_random_seed(3)
    model, generator = network(request.param), np.random.default_rng(0)
    for variable in model.weights:
        if len(variable.shape) == 1:
            positive = "variance" in getattr(variable, "path", variable.name)
            variable.assign(generator.uniform(.3 if positive else -.4, 1.2 if positive else .6, variable.shape))
    images = generator.uniform(LOW, HIGH, (3, 12, 12, 3)).astype(np.float32)
    classes = np.argmax(model(images), axis=1)
    given, found = (tmp_path_factory.mktemp("zennit") / name for name in ("given.npz", "found.npz"))
    np.savez(given, images=images, classes=classes, **{f"weights{i}": array for i, array in enumerate(model.get_weights())})
    subprocess.run([PYTHON, PROGRAM, given, found], check=True)
    return models.load_classifier(model), images, classes, np.load(found)


@pytest.mark.parametrize("name", list(OURS))
def test_maps_equal_zennits(compared, name):
    classifier, images, classes, theirs = compared
    logits = classifier.logits(images).numpy()
    assert np.allclose(logits, theirs["logits"], atol=1e-5) and logits.max(axis=1).min() > 0
    method, options = OURS[name]
    found, expected = methods.explain(classifier, images, method, classes, **options), theirs[name]
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
