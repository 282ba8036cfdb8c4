"""Reading weights into a model, held to account for every array: none left over in the file, none left alone in the model.

Keras' own loaders go by order and by classes of layers, and pass over what a file holds more.
"""

import contextlib
import os
import re
import shutil
import tempfile

import h5py

from sanity_checks import tensorflow_paths
from sanity_checks.keras_shared import archives
from sanity_checks.keras_shared import checkpoints

ENDING = ".weights.h5"


def load(model, path, read, library):
    """Fills a model with weights that fit it as a whole; a model that they do not fit stays as it was.

    Args:
        model: built Keras model.
        path: str, HDF5 file or .keras file of either Keras, or a checkpoint of TensorFlow.
        read: function of a path that calls this Keras' own loader on the model, with errors of its own.
        library: int, 2 or 3, which Keras that is.

    Raises:
        ValueError: the weights do not fit; the message continues "it".
    """
    before = model.get_weights()
    try:
        if checkpoints.is_checkpoint(path):
            with tensorflow_paths.literal(path) as readable:
                checkpoints.load(model, readable)
        elif archives.is_zip(path) or archives.is_hdf5(path):
            _load_arrays(model, path, read, library)
        else:
            read(path)
    except BaseException:
        model.set_weights(before)
        raise


def _load_arrays(model, path, read, library):
    with archives.weights(path) as file:
        group = archives.legacy_group(file)
        if group is not None:
            _check_legacy(model, group)
            _check_order(model, group, library)
        else:
            own = _check(model, file)
    if group is not None:
        with named(path, ".h5") as readable:
            read(readable)
    elif own is None:
        with named(path, ENDING if archives.is_hdf5(path) else ".keras") as readable:
            read(readable)
    else:
        _load_translated(model, path, own, read)


def _check(model, file):
    """Holds a file's arrays to the model's, path by path.

    Returns:
        None if the model's own loader finds them there, else dict, this Keras' path of an array -> its path in the file.
    """
    held = archives.arrays(file)
    with _own_file(model) as own:
        expected = {name: item.shape for name, item in archives.arrays(own).items()}
    named = {archives.common_path(name): name for name in held}
    common = {archives.common_path(name): name for name in expected}
    missing, more = sorted(set(common) - set(named)), sorted(set(named) - set(common))
    if missing:
        raise ValueError(f"it has no {missing[0]}, which the model has ({len(common)} arrays, {len(missing)} of them missing in the file)")
    if more:
        raise ValueError(f"it has {more[0]}, which the model lacks ({len(common)} arrays, {len(more)} more in the file)")
    for name in common:
        if held[named[name]].shape != expected[common[name]]:
            raise ValueError(f"its {name} has shape {held[named[name]].shape}, the model's {expected[common[name]]}")
    return None if held.keys() == expected.keys() else {common[name]: named[name] for name in common}


def _load_translated(model, path, own, read):
    """Reads a file of the other Keras: its arrays under the paths of this one, in a file as this Keras writes it."""
    with tempfile.TemporaryDirectory() as folder:
        translated = os.path.join(folder, "translated" + ENDING)
        model.save_weights(translated)
        with archives.weights(path) as file, h5py.File(translated, "a") as written:
            for name, place in own.items():
                written[name][...] = file[place][()]
        read(translated)


@contextlib.contextmanager
def _own_file(model):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "own" + ENDING)
        model.save_weights(path)
        with h5py.File(path) as file:
            yield file


@contextlib.contextmanager
def named(path, ending):
    """Context of a path with the ending by which Keras chooses its loader: the file's own, or a link to it."""
    other = ending == ".h5" and path.endswith((ENDING, ".keras"))
    if path.endswith((ending, ".hdf5")) and not other:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "linked" + ending)
        try:
            os.symlink(os.path.abspath(path), link)
        except OSError:             # a file system without links
            shutil.copyfile(path, link)
        yield link


def _check_legacy(model, group):
    """Holds layers of a legacy file to the model's, in order: as many, with as many weights of equal shapes and kinds."""
    held = archives.legacy_layers(group)
    layers = [(layer.name, _legacy_weights(layer)) for layer in model.layers if layer.weights]
    if len(held) != len(layers):
        raise ValueError(f"it has {len(held)} layers with weights, the model {len(layers)}")
    for (name, arrays), (own_name, variables) in zip(held, layers):
        shapes, own_shapes = [shape for _, shape in arrays], [tuple(variable.shape) for variable in variables]
        if shapes != own_shapes:
            raise ValueError(f"its layer {name!r} has weights of shapes {shapes}, the model's {own_name!r} {own_shapes}")
        if _reordered([_parts(weight) for weight, _ in arrays], [_parts(getattr(variable, "path", variable.name))
                                                                 for variable in variables]):
            raise ValueError(f"its layer {name!r} holds its weights in another order than the model's {own_name!r}: layers were "
                             f"frozen in one of the two")
    inside = {id(variable) for _, variables in layers for variable in variables}
    loose = [variable for variable in model.weights if id(variable) not in inside]
    if loose and "top_level_model_weights" not in group:
        raise ValueError(f"it has no weights of the model itself, which has {len(loose)} beside those of its layers")


def _check_order(model, group, library):
    """Holds a legacy file of the other Keras to a model whose layers can be told apart: by names, by shapes, or in a single chain."""
    version = group.attrs.get("keras_version", b"2")
    version = version.decode() if isinstance(version, bytes) else version
    if (int(version.partition(".")[0]) >= 3) == (library >= 3):
        return
    held = archives.legacy_layers(group)
    names, own = [name for name, _ in held], [layer.name for layer in model.layers if layer.weights]
    shapes = [tuple(shape for _, shape in arrays) for _, arrays in held]
    if _ranked(names) != _ranked(own) and not _is_chain(model) and len(set(shapes)) < len(shapes):
        different = next(pair for pair in zip(names, own) if pair[0] != pair[1])
        raise ValueError(f"it was saved by the other Keras, and its layers have other names than the model's ({different[0]!r} for "
                         f"{different[1]!r}), so that branches cannot be told apart")


def _ranked(names):
    """Names of layers with Keras' running numbers made to count from 0: conv2d_4, conv2d_7 and conv2d, conv2d_1 are the same."""
    split = [re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups("0") for name in names]
    numbers = {}
    for base, number in split:
        numbers.setdefault(base, set()).add(int(number))
    return [(base, sorted(numbers[base]).index(int(number))) for base, number in split]


def _is_chain(model):
    """Whether every layer reads one tensor that no other layer reads."""
    try:
        read = [id(layer.input) for layer in model.layers[1:]]
        return all(not isinstance(layer.input, (list, tuple, dict)) for layer in model.layers) and len(set(read)) == len(read)
    except (AttributeError, ValueError, RuntimeError):      # called more than once, or not part of a graph
        return False


def _legacy_weights(layer):
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _parts(name):
    """The layer and the kind of a weight: ("conv2d", "kernel") of "body/conv2d/kernel:0"; the layer is "" where the name has none."""
    layer, _, kind = re.sub(r"(:\d+)?$", "", name).rpartition("/")
    return layer.rpartition("/")[2], re.sub(r"_\d+$", "", kind)


def _reordered(held, own):
    """Whether two lists of (layer, kind) name the same weights in different orders."""
    if sorted(held) == sorted(own):
        return held != own
    if not all(layer for layer, _ in (*held, *own)):
        return False
    return _numbered(held) != _numbered(own)


def _numbered(weights):
    """Weights with their layers numbered in the order of appearance."""
    numbers = {}
    return [(numbers.setdefault(layer, len(numbers)), kind) for layer, kind in weights]
