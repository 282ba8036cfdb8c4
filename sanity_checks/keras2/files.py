"""Models and files of tf_keras."""

import json
import os
import zipfile

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
import tf_keras
from tf_keras.protobuf import saved_metadata_pb2

from sanity_checks import messages
from sanity_checks import tensorflow_paths
from sanity_checks.keras_shared import archives
from sanity_checks.keras_shared import code_inside
from sanity_checks.keras_shared import loading
from sanity_checks.keras_shared import stored

# What tf_keras and h5py raise on files that are damaged or of another kind.
ERRORS = (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, AssertionError, NotImplementedError,
          RuntimeError, zipfile.BadZipFile, tf.errors.OpError)
LIBRARY = f"tf_keras {tf_keras.__version__}"
GRAPHS, TEXT, METADATA = "saved_model.pb", "saved_model.pbtxt", "keras_metadata.pb"     # files of a SavedModel
OBJECT = "_tf_keras_"           # how the kinds of objects that tf_keras has saved begin
# Attributes of what `model.export` saves, in either Keras.
EXPORTED = {"_misc_assets", "_all_variables"}


def check_usable(argument="model"):
    """Nothing: tf_keras runs on TensorFlow alone."""


def is_model(model):
    """Whether an object is a model of tf_keras."""
    return isinstance(model, tf_keras.Model)


def load(path, argument="model", trust=False):
    """Reads a model: .keras, .h5 or a SavedModel folder.

    Args:
        path: str or path, of something that exists.
        argument: str, the argument that names the file, for messages.
        trust: bool, whether code that the file holds may run.

    Returns:
        tf_keras.Model, not compiled.

    Raises:
        ValueError: the file is not a Keras model, or holds code and is not trusted.
    """
    path = os.fspath(path)
    try:
        code = (_code_in_folder if os.path.isdir(path) else _code_in_file)(path)
    except _NotKeras as error:
        raise ValueError(f"{argument}: {path} {error}") from error
    except ERRORS as error:
        raise loading.unreadable(argument, path, LIBRARY, error) from error
    if code and not trust:
        raise loading.untrusted(argument, path, code)
    try:
        with tensorflow_paths.literal(path) as readable:
            model = tf_keras.models.load_model(readable, compile=False, safe_mode=not trust)
    except ERRORS as error:
        raise loading.unreadable(argument, path, LIBRARY, error, code) from error
    if not is_model(model):
        raise ValueError(f"{argument}: {path} holds a {type(model).__name__}, expected a Keras model")
    return model


def custom_objects(classes):
    """Context in which tf_keras knows classes and functions by name: `classes` is a dict, name -> class."""
    return tf_keras.saving.custom_object_scope(classes)


def load_weights(model, path):
    """Fills a model from a file of either Keras or a checkpoint; ValueError if that is damaged or does not fit the model as a whole."""
    path = os.fspath(path)
    try:
        stored.load(model, path, model.load_weights, 2)
    except ERRORS as error:
        raise ValueError(f"weights: {path} does not fit model {model.name!r}: {messages.one_line(error)}") from error


class _NotKeras(Exception):
    """A SavedModel that tf_keras has not saved."""


def _code_in_file(path):
    return code_inside.found(archives.config(path), _is_registered)


def _code_in_folder(path):
    """What in a SavedModel of tf_keras would run beside the model's arithmetic, see `code_inside.found`."""
    if not os.path.exists(os.path.join(path, GRAPHS)) and os.path.exists(os.path.join(path, TEXT)):
        raise _NotKeras(f"is a SavedModel as text ({TEXT}), expected {GRAPHS}")
    graphs = _parsed(saved_model_pb2.SavedModel(), os.path.join(path, GRAPHS))
    graph = graphs.meta_graphs[0]
    if os.path.exists(os.path.join(path, METADATA)):
        stored_objects = _parsed(saved_metadata_pb2.SavedMetadata(), os.path.join(path, METADATA)).nodes
        configs = [node.metadata for node in stored_objects]
    else:
        configs = [node.user_object.metadata for node in graph.object_graph_def.nodes
                   if node.HasField("user_object") and node.user_object.identifier.startswith(OBJECT)]
    if not configs:
        _refuse(graph)
    code = code_inside.found([json.loads(text) for text in configs if text], _is_registered)
    return code or code_inside.operations(node.op for function in graph.graph_def.library.function for node in function.node_def)


def _refuse(graph):
    """Says what a SavedModel is that holds no model of tf_keras."""
    attributes = {child.local_name for node in graph.object_graph_def.nodes[:1] for child in node.children}
    if attributes >= EXPORTED:
        raise _NotKeras("is an exported model (model.export), whose ReLUs cannot be overridden for Guided Backprop; give the .keras "
                        "file of model.save")
    raise _NotKeras("is a SavedModel of something else than a Keras model; give the .keras file of model.save")


def _parsed(message, path):
    with open(path, "rb") as file:
        content = file.read()
    try:
        message.ParseFromString(content)
    except Exception as error:          # protobuf's own, which is no ValueError
        raise ValueError(f"{os.path.basename(path)} is damaged: {error}") from error
    return message


def _is_registered(name):
    return tf_keras.saving.get_registered_object(name) is not None
