"""Models and files of Keras 3."""

import os
import zipfile

import keras
import tensorflow as tf

from sanity_checks import messages
from sanity_checks.keras3 import operations
from sanity_checks.keras_shared import archives
from sanity_checks.keras_shared import code_inside
from sanity_checks.keras_shared import loading
from sanity_checks.keras_shared import stored

# What Keras and h5py raise on files that are damaged or of another kind.
ERRORS = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, AssertionError, NotImplementedError,
          RuntimeError, zipfile.BadZipFile, tf.errors.OpError)
BACKEND = "tensorflow"
LIBRARY = f"Keras {keras.__version__}"


def check_usable(argument="model"):
    """ValueError if Keras 3 runs on another backend than TensorFlow in this process."""
    backend = keras.backend.backend()
    if backend != BACKEND:
        raise ValueError(f"{argument}: Keras 3 runs on {backend} here, expected TensorFlow; set KERAS_BACKEND={BACKEND} in the "
                         f"environment before Keras is imported")


def is_model(model):
    """Whether an object is a model of Keras 3."""
    return isinstance(model, keras.Model)


def load(path, argument="model", trust=False):
    """Reads a model: .keras or .h5.

    Args:
        path: str or path, of something that exists.
        argument: str, the argument that names the file, for messages.
        trust: bool, whether code that the file holds may run.

    Returns:
        keras.Model, not compiled.

    Raises:
        ValueError: the file is not a Keras model, or holds code and is not trusted.
    """
    check_usable(argument)
    path = os.fspath(path)
    try:
        code = code_inside.found(archives.config(path), _is_registered)
    except ERRORS as error:
        raise loading.unreadable(argument, path, LIBRARY, error) from error
    if code and not trust:
        raise loading.untrusted(argument, path, code)
    try:
        with operations.readable(path) as readable:
            model = keras.saving.load_model(readable, compile=False, safe_mode=not trust)
    except ERRORS as error:
        raise loading.unreadable(argument, path, LIBRARY, error, code) from error
    if not is_model(model):
        raise ValueError(f"{argument}: {path} holds a {type(model).__name__}, expected a Keras model")
    return model


def custom_objects(classes):
    """Context in which Keras 3 knows classes and functions by name: `classes` is a dict, name -> class."""
    return keras.saving.custom_object_scope(classes)


def load_weights(model, path):
    """Fills a model from a file of either Keras or a checkpoint; ValueError if that is damaged or does not fit the model as a whole."""
    path = os.fspath(path)
    try:
        stored.load(model, path, model.load_weights, 3)
    except ERRORS as error:
        raise ValueError(f"weights: {path} does not fit model {model.name!r}: {messages.one_line(error)}") from error


def _is_registered(name):
    return keras.saving.get_registered_object(name) is not None
