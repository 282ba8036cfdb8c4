"""Which package knows the inside of a model: one for each Keras."""

import os
import re
import zipfile

from sanity_checks import keras2
from sanity_checks import keras3
from sanity_checks import messages
from sanity_checks.keras_shared import archives

ENDINGS = (".keras", ".h5", ".hdf5")
KERAS_3 = re.compile(r"[3-9]\b|\d\d")     # versions whose files tf_keras cannot read


def implementation_of(model, argument="model"):
    """The package for a model: a module with the interface of `sanity_checks.keras2`.

    Args:
        model: a Keras model, or the path (str or path) of one or of weights.
        argument: str, the argument that gave it, for messages.

    Raises:
        ValueError: not a Keras model, or Keras 3 on another backend than TensorFlow.
    """
    if isinstance(model, (str, os.PathLike)):
        version = saved_by(model)
        return _usable(keras3, argument) if version and KERAS_3.match(version) else keras2
    if keras2.is_model(model):
        return keras2
    if _usable(keras3, argument).is_model(model):
        return keras3
    kind = type(model)
    raise ValueError(f"{argument}: expected a model of Keras 3 or tf_keras, got {kind.__module__}.{kind.__name__}")


def saved_by(path):
    """The version of Keras that wrote a file, for example "3.15.1": str, or None where the file does not tell."""
    try:
        return archives.version(os.fspath(path))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile):
        return None             # a damaged file: loading it says what is wrong


def holds_weights_alone(path):
    """Whether a file is one of weights: str."""
    try:
        return archives.is_hdf5(path) and archives.config_text(path) is None
    except (OSError, KeyError, ValueError):
        return False            # a damaged file: loading it says what is wrong


def _usable(package, argument):
    try:
        package.check_usable(argument)
    except ImportError as error:        # the package of another backend
        raise ValueError(f"{argument}: Keras 3 cannot be imported: {messages.one_line(error)}") from error
    return package
