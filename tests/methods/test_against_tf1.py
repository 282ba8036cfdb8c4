"""Gradient, Integrated Gradients, GradCAM and Guided Backprop against `saliency.tf1` on the same weights.

The network is written a second time, in TF1 operations, as the released code had it.
"""

import contextlib

import numpy as np
import pytest
import saliency.tf1 as saliency
import tensorflow as tf

from sanity_checks import methods

pytestmark = pytest.mark.slow

v1 = tf.compat.v1
TARGET = 3


def graph_of_cnn(weights, images):
    """(logits, features) of the paper's CNN in TF1 operations; weights: dict, block -> kernel and bias arrays."""
    kernel, bias = {}, {}
    for name, block in weights.items():
        kernel[name], bias[name] = (v1.Variable(value) for value in block)
    one = tf.nn.relu(tf.nn.conv2d(images, kernel["conv1"], 1, "SAME") + bias["conv1"])
    pooled = tf.nn.max_pool2d(one, 2, 2, "VALID")
    features = tf.nn.relu(tf.nn.conv2d(pooled, kernel["conv2"], 1, "SAME") + bias["conv2"])
    flat = tf.reshape(tf.nn.max_pool2d(features, 2, 2, "VALID"), [-1, 7 * 7 * 64])
    hidden = tf.nn.relu(tf.matmul(flat, kernel["fc1"]) + bias["fc1"])
    return tf.matmul(hidden, kernel["softmax_linear"]) + bias["softmax_linear"], features


def graph_of_mlp(weights, images):
    hidden = tf.reshape(images, [-1, 784])
    for name in ("hidden1", "hidden2", "hidden3", "logits"):
        kernel, bias = (v1.Variable(value) for value in weights[name])
        hidden = tf.matmul(hidden, kernel) + bias
        hidden = hidden if name == "logits" else tf.nn.relu(hidden)
    return hidden, None


@contextlib.contextmanager
def tf1(classifier):
    """(graph, session, logit, images, features) of the network in a TF1 session."""
    build = {"cnn": graph_of_cnn, "mlp": graph_of_mlp}[classifier.name]
    weights = {name: [v.numpy() for v in block] for name, block in classifier.blocks.items()}
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        images = v1.placeholder(tf.float32, [None, 28, 28, 1])
        logits, features = build(weights, images)
        session.run(v1.global_variables_initializer())
        yield graph, session, logits[:, TARGET], images, features


def assert_equal(classifier, images, name, make_mask_of):
    """`make_mask_of(graph, session, logit, x, features)` gives a function from an image to PAIR's mask."""
    with tf1(classifier) as network:
        mask_of = make_mask_of(*network)
        expected = np.stack([mask_of(image) for image in images])
    maps = methods.explain(classifier, images, name, np.full(len(images), TARGET))
    for found, mask in zip(maps, expected):
        assert np.abs(found - mask).max() <= 1e-5 * np.abs(mask).max()


def test_gradient(papers_network, digits):
    def make(graph, session, logit, x, _):
        method = saliency.GradientSaliency(graph, session, logit, x)
        return lambda image: method.GetMask(image, feed_dict={})
    assert_equal(papers_network, digits[:2], "gradient", make)


@pytest.mark.slow
def test_integrated_gradients(papers_network, digits):
    def make(graph, session, logit, x, _):
        method = saliency.IntegratedGradients(graph, session, logit, x)
        return lambda image: method.GetMask(image, feed_dict={}, x_steps=50)
    assert_equal(papers_network, digits[:2], "integrated_gradients", make)


def test_guided_backprop(papers_network, digits, tmp_path):
    def make(graph, session, logit, x, _):
        method = saliency.GuidedBackprop(graph, session, logit, x, tmp_ckpt_path=str(tmp_path / "guided"))
        return lambda image: method.GetMask(image, feed_dict={})
    assert_equal(papers_network, digits[:2], "guided_backprop", make)


def test_gradcam(cnn, digits):
    def make(graph, session, logit, x, features):
        method = saliency.GradCam(graph, session, logit, x, features)
        return lambda image: method.GetMask(image, feed_dict={}, three_dims=False)[..., None]
    assert_equal(cnn, digits[:2], "gradcam", make)


def test_gradcam_is_refused_without_a_convolution(mlp, digits):
    with pytest.raises(ValueError, match="'gradcam' cannot explain model 'mlp': it has no convolutional"):
        methods.explain(mlp, digits, "gradcam")
