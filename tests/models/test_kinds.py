"""Every kind of model of `tests/models/kinds.py`, with both Kerases: right by an oracle, or refused in one line."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from tests.models import kinds
from tests.models import measuring

LIBRARIES = {"tf_keras": tf_keras, "keras": keras}


@pytest.fixture(params=list(LIBRARIES))
def library(request):
    return LIBRARIES[request.param]


def refusal_of(function, *arguments):
    with pytest.raises(ValueError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 1000, message
    return message


def assert_maps(kind, library, model, logits, images, chosen):
    classifier = measuring.load(kind, model)
    assert np.allclose(np.asarray(tf.cast(kind.end(classifier.logits(images)), tf.float32)),
                       np.asarray(tf.cast(model(tf.cast(images, kind.dtype), training=False), tf.float32))
                       if not isinstance(model.outputs if hasattr(model, "outputs") else None, dict) and kind.options.get("output") is None
                       else np.asarray(kind.end(classifier.logits(images))), atol=10 * kind.tolerance, rtol=10 * kind.tolerance)
    assert measuring.gradient(classifier, logits, images, chosen) < kind.tolerance
    if kind.no_guided:
        message = refusal_of(methods.explain, classifier, images, "guided_backprop")
        assert re.search(kind.no_guided, message), message
    else:
        assert measuring.guided(library, classifier, logits, images, chosen) < kind.tolerance
    if kind.no_gradcam:
        message = refusal_of(methods.explain, classifier, images, "gradcam")
        assert re.search(kind.no_gradcam, message), message
    elif kind.layer:
        assert measuring.gradcam_of_layer(kind, classifier, logits, images, chosen) < kind.tolerance
    return classifier


@pytest.mark.parametrize("name", list(kinds.KINDS))
def test_a_model_is_right_or_refused(library, name):
    kind = kinds.KINDS[name]
    if kind.refusal(library):
        message = refusal_of(measuring.load, kind, kind.build(library))
        assert re.search(kind.refusal(library), message), message
        return
    model, logits, images, chosen = measuring.prepared(kind, library)
    before = measuring.bits(model)
    classifier = assert_maps(kind, library, model, logits, images, chosen)
    similarities, exact = measuring.cascade(model, classifier, images, chosen)
    assert exact and similarities[0] == 1 and similarities[-1] < 1
    assert measuring.restored(model, classifier) and measuring.bits(model) == before


def test_a_fault_is_seen(monkeypatch):
    """The oracles tell a wrong map: GradCAM of a layer below the last, the plain gradient in the place of the guided one."""
    kind = kinds.KINDS["functional"]
    model, logits, images, chosen = measuring.prepared(kind, tf_keras)
    below = next(layer.name for layer in model.layers if isinstance(layer, tf_keras.layers.Conv2D))
    with pytest.raises(AssertionError, match="a map of"):
        measuring.gradcam_of_layer(kind, models.load_classifier(model, gradcam_layer=below), logits, images, chosen)
    plain = methods.explain(models.load_classifier(model), images, "gradient", chosen)
    monkeypatch.setattr(measuring.methods, "explain", lambda *arguments: plain)
    assert measuring.guided(tf_keras, models.load_classifier(model), logits, images, chosen) > .01
