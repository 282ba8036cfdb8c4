"""A user's own method."""

import numpy as np
import pytest
import tensorflow as tf

from sanity_checks import methods


def own_gradient(classifier, images, targets, seed):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = tf.gather(classifier.model(images), targets, axis=1, batch_dims=1)
    return tape.gradient(logits, images)


def test_a_function_is_a_method(network, digits):
    expected = methods.explain(network, digits, "gradient")
    assert np.allclose(methods.explain(network, digits, own_gradient), expected, rtol=1e-4, atol=1e-6)


def test_registered_with_one_line(cnn, digits, monkeypatch):
    monkeypatch.setitem(methods.METHODS, "mine", own_gradient)
    assert np.array_equal(methods.explain(cnn, digits, "mine"), methods.explain(cnn, digits, own_gradient))
    assert methods.parameters("mine") == () and methods.name_of("mine") == "mine"
    assert methods.name_of(own_gradient) == "own_gradient"


def test_flat_maps_are_repeated_over_channels(cnn, digits):
    flat = methods.explain(cnn, digits, lambda classifier, images, targets, seed: images[..., 0])
    assert np.array_equal(flat, digits)


def test_targets_and_seed_are_passed_on(cnn, digits):
    seen = {}

    def look(classifier, images, targets, seed):
        seen.update(targets=targets, seed=seed)
        return images
    methods.explain(cnn, digits, look, targets=np.full(8, 4), seed=11)
    assert list(seen["targets"]) == [4] * 8 and seen["seed"] == 11


def test_maps_of_another_shape_are_refused(cnn, digits):
    with pytest.raises(ValueError, match=r"half gave maps of shape \[8, 14, 28, 1\], expected \[8, 28, 28, 1\]"):
        def half(classifier, images, targets, seed):
            return images[:, :14]
        methods.explain(cnn, digits, half)
