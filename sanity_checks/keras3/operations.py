"""What Keras 3 writes to .h5 files and does not read back: functions of `keras.ops`, which it takes for layers, and axes.

It writes them by bare names. An entry that names its module, as in a .keras file, is read as it stands.
"""

import contextlib
import functools
import importlib
import json
import os
import pkgutil
import shutil
import tempfile

import h5py
import keras

from sanity_checks.keras_shared import archives
from sanity_checks.keras_shared import stored

HOME = "keras.src.ops"
INPUT = "InputLayer"            # the layer that, like an operation, has no "trainable"


@functools.cache
def known():
    """The classes of operations by name: dict, name -> class."""
    modules = [f"{HOME}.{found.name}" for found in pkgutil.iter_modules(importlib.import_module(HOME).__path__)
               if not found.name.endswith("_test")]
    return {name: kind for module in modules for name, kind in vars(importlib.import_module(module)).items()
            if isinstance(kind, type) and issubclass(kind, keras.Operation) and not issubclass(kind, keras.layers.Layer)}


@contextlib.contextmanager
def readable(path):
    """Context of a path of the same model that Keras can read.

    Args:
        path: str, a .keras file or a .h5 model of Keras 3.
    """
    if archives.is_zip(path):
        with stored.named(path, ".keras") as same:
            yield same
        return
    config = json.loads(archives.config_text(path) or "null")
    if not _name_modules(config):
        with stored.named(path, ".h5") as same:
            yield same
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "named.h5")
        shutil.copyfile(path, copy)
        with h5py.File(copy, "a") as file:
            file.attrs[archives.MODEL_CONFIG] = json.dumps(config)
        yield copy


def _name_modules(config):
    """Names the modules of operations, and of layers over several axes, at any depth; returns whether there are any."""
    found = False
    if isinstance(config, dict):
        module = _module(config)
        if module:
            config.update(module=module, registered_name=None)
            found = True
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            found |= _name_modules(value)
    return found


def _module(entry):
    """The module that a layer's or operation's entry lacks; None where Keras reads it without."""
    config, name = entry.get("config"), entry.get("class_name")
    if "inbound_nodes" not in entry or "module" in entry or not isinstance(config, dict) or not isinstance(name, str):
        return None
    is_operation = "trainable" not in config and "layers" not in config and name != INPUT
    if is_operation and name in known():
        return known()[name].__module__
    axis = config.get("axis")
    return "keras.layers" if isinstance(axis, list) and len(axis) > 1 and hasattr(keras.layers, name) else None
