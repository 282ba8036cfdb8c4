"""Models and files of Keras 3."""

import os
import zipfile

import keras
import tensorflow as tf

from sanity_checks import messages

# What Keras and h5py raise on files that are damaged or of another kind.
ERRORS = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, AssertionError, NotImplementedError,
          RuntimeError, zipfile.BadZipFile, tf.errors.OpError)


def is_model(model):
    """Whether an object is a model of Keras 3."""
    return isinstance(model, keras.Model)


def load(path, argument="model"):
    """Reads a model: .keras or .h5.

    Args:
        path: str or path, of something that exists.
        argument: str, the argument that names the file, for messages.

    Returns:
        keras.Model, not compiled.

    Raises:
        ValueError: the file is not a Keras model.
    """
    path = os.fspath(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except ERRORS as error:
        raise ValueError(f"{argument}: {path} is not a Keras model that Keras {keras.__version__} can load: "
                         f"{messages.one_line(error)}") from error
    if not is_model(model):
        raise ValueError(f"{argument}: {path} holds a {type(model).__name__}, expected a Keras model")
    return model


def load_weights(model, path):
    """Fills a model from a weights file; ValueError if the file is damaged or does not fit."""
    path = os.fspath(path)
    try:
        model.load_weights(path)
    except ERRORS as error:
        raise ValueError(f"weights: {path} does not fit model {model.name!r}: {messages.one_line(error)}") from error
