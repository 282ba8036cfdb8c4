"""A user's own method."""

import numpy as np
import pytest
import tensorflow as tf

from sanity_checks import api
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


def careless(classifier, images, targets, seed):
    images *= 0
    return images


def overwriting(classifier, images, targets, seed):
    targets[:] = 0
    return images


def test_a_method_cannot_write_to_what_it_is_given(cnn, digits):
    images, targets = digits.copy(), np.full(8, 3)
    for method in (careless, overwriting):
        with pytest.raises(ValueError, match="read-only"):
            methods.explain(cnn, images, method, targets=targets)
    assert np.array_equal(images, digits) and (targets == 3).all() and images.flags.writeable


def test_weights_that_a_method_changes_are_put_back(network, digits):
    before = network.model.get_weights()

    def training(classifier, images, targets, seed):
        variable = list(classifier.blocks.values())[1][0]
        variable.assign(variable + 1)
        return images
    with pytest.raises(ValueError, match="methods: training changed weights of the model"):
        methods.explain(network, digits, training)
    assert all(map(np.array_equal, before, network.model.get_weights()))


def noisy(classifier, images, targets, seed):
    return images + np.random.default_rng().normal(size=images.shape)


def seeded(classifier, images, targets, seed):
    return images + np.random.default_rng(seed).normal(size=images.shape)


def test_a_method_must_agree_with_itself_before_a_run(network, digits, tmp_path):
    with pytest.raises(ValueError, match="methods: noisy gave two maps of one image that differ by .*draw its noise from the seed"):
        api.run(network, digits, methods=[noisy], output_dir=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    assert len(api.run(network, digits[:2], methods=[seeded], null_draws=1, progress=False).rows)
