"""What a Keras file says of itself before it is loaded: its configuration, the version that wrote it, its arrays by name."""

import contextlib
import io
import json
import os
import re
import zipfile

import h5py

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"      # members of a .keras file
MODEL_CONFIG, MODEL_WEIGHTS = "model_config", "model_weights"                       # attribute and group of a .h5 file
LAYER_NAMES = "layer_names"                                                         # attribute of legacy weights
# Written by Keras 3 alone: its dtype policies are objects of the module keras.
OF_KERAS_3 = re.compile(r'"module":\s*"keras",\s*"class_name":\s*"DTypePolicy"')
# Arrays that a file holds beside the model's weights.
BESIDE = ("optimizer", "metrics", "_metrics", "compile_metrics", "_compile_metrics", "_loss_tracker")
SEEDS = "seed_generator"


def is_zip(path):
    return os.path.isfile(path) and zipfile.is_zipfile(path)


def is_hdf5(path):
    return os.path.isfile(path) and h5py.is_hdf5(path)


def config(path):
    """The configuration of a .keras or .h5 model, without that of its training: JSON value; None if the file has none.

    Raises:
        OSError, KeyError, ValueError, zipfile.BadZipFile: a damaged file.
    """
    text = config_text(path)
    if text is None:
        return None
    value = json.loads(text)
    return {**value, "compile_config": None} if isinstance(value, dict) else value


def config_text(path):
    """The configuration as it stands in the file: str or None."""
    if is_zip(path):
        with zipfile.ZipFile(path) as archive:
            return archive.read(CONFIG).decode() if CONFIG in archive.namelist() else None
    if is_hdf5(path):
        with h5py.File(path) as file:
            return _text(file.attrs.get(MODEL_CONFIG))
    return None


def version(path):
    """The version of Keras that wrote a file, for example "3.15.1", or "3" or "2" where only its form tells; None if nothing does.

    Raises:
        OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile: a damaged file.
    """
    told = None
    if is_zip(path):
        with zipfile.ZipFile(path) as archive:
            if METADATA in archive.namelist():
                told = json.loads(archive.read(METADATA)).get("keras_version")
    elif is_hdf5(path):
        with h5py.File(path) as file:
            told = _text(file.attrs.get("keras_version"))
            if told is None and MODEL_WEIGHTS in file:
                told = _text(file[MODEL_WEIGHTS].attrs.get("keras_version"))
    text = None if told else config_text(path)
    if text:
        told = "3" if OF_KERAS_3.search(text) else "2"
    return told and str(told)


@contextlib.contextmanager
def weights(path):
    """Context of the open HDF5 file of a model's weights: a .h5 file, or the one inside a .keras file."""
    if is_zip(path):
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
            yield file
    else:
        with h5py.File(path) as file:
            yield file


def legacy_group(file):
    """The group of an open file that holds weights in Keras 1's format, layer by layer; None for another format."""
    if LAYER_NAMES in file.attrs or f"{LAYER_NAMES}0" in file.attrs:
        return file
    return file.get(MODEL_WEIGHTS)


def legacy_layers(group):
    """Layers with weights in a legacy group: list of (layer's name, list of (weight's name, array's shape)), as Keras orders them."""
    listed = []
    for layer in _names(group, LAYER_NAMES):
        held = [(name, group[layer][name].shape) for name in _names(group[layer], "weight_names")]
        if held:
            listed.append((layer, held))
    return listed


def arrays(file):
    """Arrays of a model in a file of the format of Keras 3 (.weights.h5, .keras): dict, path -> h5py.Dataset."""
    held = {}
    file.visititems(lambda name, item: held.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return {name: item for name, item in held.items() if name.split("/")[0] not in BESIDE and SEEDS not in name.split("/")}


def common_path(name):
    """An array's path as both versions of Keras would write it: tf_keras puts underscores before some attributes."""
    return "/".join(part.lstrip("_") for part in name.split("/"))


def _names(group, attribute):
    """A list attribute, which HDF5 may have in pieces."""
    if attribute in group.attrs:
        return [_text(name) for name in group.attrs[attribute]]
    names, piece = [], 0
    while f"{attribute}{piece}" in group.attrs:
        names += [_text(name) for name in group.attrs[f"{attribute}{piece}"]]
        piece += 1
    return names


def _text(value):
    return value.decode() if isinstance(value, bytes) else value
