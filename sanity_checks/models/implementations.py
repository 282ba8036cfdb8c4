"""Which package knows the inside of a model: one for each Keras."""

import json
import os
import re
import zipfile

import h5py

from sanity_checks import keras2
from sanity_checks import keras3

ENDINGS = (".keras", ".h5", ".hdf5")
KERAS_3 = re.compile(r"[3-9]\.")     # versions whose files tf_keras cannot read


def implementation_of(model, argument="model"):
    """The package for a model: a module with the interface of `sanity_checks.keras2`.

    Args:
        model: a Keras model, or the path (str or path) of one or of weights.
        argument: str, the argument that gave it, for messages.

    Raises:
        ValueError: not a Keras model.
    """
    if isinstance(model, (str, os.PathLike)):
        version = saved_by(model)
        return keras3 if version and KERAS_3.match(version) else keras2
    for package in (keras2, keras3):
        if package.is_model(model):
            return package
    kind = type(model)
    raise ValueError(f"{argument}: expected a model of Keras 3 or tf_keras, got {kind.__module__}.{kind.__name__}")


def saved_by(path):
    """The version of Keras that wrote a file, for example "3.15.1": str, or None where the file does not tell."""
    path = os.fspath(path)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return str(json.loads(archive.read("metadata.json"))["keras_version"])
        if os.path.isfile(path) and h5py.is_hdf5(path):
            with h5py.File(path) as file:
                version = file.attrs.get("keras_version")
                return version.decode() if isinstance(version, bytes) else version
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile):
        pass                # a damaged file: loading it says what is wrong
    return None
