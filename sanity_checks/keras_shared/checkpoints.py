"""Weights from TensorFlow's checkpoints of objects, which restore what they find and are silent about the rest."""

import os
import tempfile

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
# What hangs on a model beside its weights.
BESIDE = ("optimizer", "save_counter", "keras_api", "loss", "_metrics", "_loss_tracker", "_compile_metrics", "_compile_loss",
          "compiled_metrics", "compiled_loss", "signatures", "seed_generator", "_random_generator")


def is_checkpoint(path):
    """Whether a path is the prefix of a checkpoint's files."""
    return os.path.exists(path + ".index")


def load(model, path):
    """Fills a model from a checkpoint of it, or of an object that holds it, such as tf.train.Checkpoint(net=model).

    Args:
        model: Keras model on TensorFlow.
        path: str, prefix of the checkpoint's files.

    Raises:
        ValueError: the checkpoint leaves out variables of the model, holds more, or holds others.
    """
    nodes = _nodes(path)
    if nodes is None:
        raise ValueError("it is a checkpoint of named variables of TensorFlow 1, not of a Keras model")
    expected = _expected(model)
    roots = [(None, 0), *((child.local_name, child.node_id) for child in nodes[0].children if child.local_name not in BESIDE)]
    counts = {name: _count(nodes, root) for name, root in roots}
    fitting = [name for name, count in counts.items() if count == expected]
    if not fitting:
        raise ValueError(f"it holds {counts[None]} variables beside those of an optimizer, the model has {expected}")
    problem = None
    for name in fitting:
        try:
            checkpoint = tf.train.Checkpoint(model) if name is None else tf.train.Checkpoint(**{name: model})
            checkpoint.read(path).expect_partial().assert_existing_objects_matched()
            return
        except (AssertionError, ValueError) as error:
            problem = problem or error
    raise ValueError(f"its objects are others than the model's: {problem}") from problem


def _nodes(path):
    """The objects of a checkpoint, or None if it has names alone."""
    reader = tf.train.load_checkpoint(path)
    if not reader.has_tensor(GRAPH):
        return None
    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(reader.get_tensor(GRAPH))
    return graph.nodes


def _expected(model):
    with tempfile.TemporaryDirectory() as folder:
        nodes = _nodes(tf.train.Checkpoint(model).write(os.path.join(folder, "own")))
    return _count(nodes, 0)


def _count(nodes, root):
    """How many variables hang on an object, each once."""
    seen, waiting = {root}, [root]
    while waiting:
        for child in nodes[waiting.pop()].children:
            if child.node_id not in seen and child.local_name not in BESIDE:
                seen.add(child.node_id)
                waiting.append(child.node_id)
    return sum(bool(nodes[node].attributes) for node in seen)
