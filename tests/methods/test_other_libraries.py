"""Explainers of other libraries as methods of a user's own, and those that keep a copy of the model."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import sanity_checks

SHAPE = (12, 12, 1)
COPY = "are the same, to the last bit, when all weights are drawn anew"


def small(library):
    layers = library.layers
    return library.Sequential([layers.Input(SHAPE) if library is keras else layers.InputLayer(SHAPE), layers.Conv2D(4, 3, activation="relu"),
                               layers.Flatten(), layers.Dense(3)])


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, *SHAPE), np.float32)


@pytest.fixture
def warned(monkeypatch):
    """What is logged as a warning: list of str."""
    found = []
    monkeypatch.setattr(logging.getLogger("absl"), "warning", lambda text, *values: found.append(text % values))
    return found


def gradient_of(model):
    def own(classifier, images, targets, seed):
        images = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = tf.gather((model or classifier.model)(images, training=False), targets, axis=1, batch_dims=1)
        return tape.gradient(logits, images)
    return own


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["tf_keras", "keras"])
def test_an_explainer_of_a_copy_is_noticed(library, images, warned):
    model = small(library)
    copy = library.models.clone_model(model)
    copy.set_weights(model.get_weights())
    classifier = sanity_checks.load_classifier(model)
    weight = float(np.sum(model.get_weights()[0]))
    methods = {"live": gradient_of(None), "held": gradient_of(model), "copy": gradient_of(copy),
               "frozen": lambda classifier, images, targets, seed: weight * images}
    sanity_checks.run(classifier, images, methods=methods, progress=False, null_draws=1)
    told = [line.partition(" the maps of ")[2].split()[0] for line in warned if COPY in line]
    assert told == ["copy", "frozen"]


def test_an_explainer_of_tf_keras_vis(images, warned):
    saliency = pytest.importorskip("tf_keras_vis.saliency")
    scores = pytest.importorskip("tf_keras_vis.utils.scores")
    classifier = sanity_checks.load_classifier(small(keras))

    def vanilla(classifier, images, targets, seed):
        return saliency.Saliency(classifier.model, clone=False)(scores.CategoricalScore(targets.tolist()), images, normalize_map=False)

    targets = np.array([0, 2, 1])
    expected = np.abs(sanity_checks.explain(classifier, images, "gradient", targets))
    assert np.allclose(sanity_checks.explain(classifier, images, vanilla, targets), expected, atol=1e-6) and expected.max() > 0
    report = sanity_checks.run(classifier, images, methods=[vanilla, "gradient"], metrics=["spearman_abs"], progress=False, null_draws=1)
    values = report.rows.pivot_table(index=["test", "stage_index", "image_id"], columns="method", values="value", observed=True)
    assert np.allclose(values["vanilla"], values["gradient"], atol=1e-4) and values["vanilla"].min() < .9
    assert not [line for line in warned if COPY in line]
