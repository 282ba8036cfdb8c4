"""Models and files of tf_keras."""

import os
import zipfile

import tensorflow as tf
import tf_keras

from sanity_checks import messages
from sanity_checks import tensorflow_paths

# What tf_keras and h5py raise on files that are damaged or of another kind.
ERRORS = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, AssertionError, NotImplementedError,
          RuntimeError, zipfile.BadZipFile, tf.errors.OpError)


def is_model(model):
    """Whether an object is a model of tf_keras."""
    return isinstance(model, tf_keras.Model)


def load(path, argument="model"):
    """Reads a model: .keras, .h5 or a SavedModel folder.

    Args:
        path: str or path, of something that exists.
        argument: str, the argument that names the file, for messages.

    Returns:
        tf_keras.Model, not compiled.

    Raises:
        ValueError: the file is not a Keras model.
    """
    path = os.fspath(path)
    try:
        with tensorflow_paths.literal(path) as readable:
            model = tf_keras.models.load_model(readable, compile=False)
    except ERRORS as error:
        raise ValueError(f"{argument}: {path} is not a Keras model that tf_keras can load: "
                         f"{messages.one_line(error)}") from error
    if not is_model(model):
        raise ValueError(f"{argument}: {path} holds a {type(model).__name__}, expected a Keras model")
    return model


def load_weights(model, path):
    """Fills a model from a weights file; ValueError if the file is damaged or does not fit."""
    path = os.fspath(path)
    try:
        with tensorflow_paths.literal(path) as readable:
            status = model.load_weights(readable)
        if status is not None:          # TensorFlow's own format, which leaves out what does not fit
            status.assert_existing_objects_matched()
    except ERRORS as error:
        raise ValueError(f"weights: {path} does not fit model {model.name!r}: {messages.one_line(error)}") from error
