"""A user's own code: methods and models by name, right and wrong ones."""

import numpy as np


def signed(classifier, images, targets, seed):
    """A method: the image about its mean."""
    return images - images.mean(axis=(1, 2, 3), keepdims=True)


def gradient(classifier, images, targets, seed):
    """Called like a registered method."""
    return images


def noisy(classifier, images, targets, seed):
    """Gives other maps each time."""
    return np.random.default_rng().random(images.shape)


def failing(classifier, images, targets, seed):
    raise KeyError("lost")


def of_another_shape(classifier, images, targets, seed):
    return np.zeros(3)


def texts(classifier, images, targets, seed):
    return [["a"]]


def writing(classifier, images, targets, seed):
    images *= 0
    return images


def training(classifier, images, targets, seed):
    """Changes weights."""
    for variable in classifier.model.weights:
        variable.assign(0 * variable)
    return images


def ending(classifier, images, targets, seed):
    raise SystemExit(0)


def no_model():
    return 3


def failing_model():
    raise RuntimeError("no such network")


NUMBER = 3
