"""A checksum of the operations that a model runs, for models whose code cannot be read: those of a SavedModel."""

import hashlib

import tensorflow as tf

# Attributes that say how or where an operation runs, or what it is called.
DROPPED = ("shared_name", "container", "config_proto", "config", "executor_type", "debug_name")


def sha256(model):
    """Checksum of the operations between a model's images and its outputs, whatever TensorFlow calls them: str.

    Args:
        model: tf_keras.Model with one input.
    """
    function = tf.function(lambda images: model(images, training=False), autograph=False)
    spec = tf.TensorSpec(model.input_shape, model.compute_dtype)
    definition = function.get_concrete_function(spec).graph.as_graph_def()
    bodies = {body.signature.name: body for body in definition.library.function}
    return _nodes(definition.node, [], bodies).hex()


def _nodes(nodes, arguments, bodies):
    """Digest of operations in the order of their definition; their inputs are told by position."""
    places = {name: str(place) for place, name in enumerate([*arguments, *(node.name for node in nodes)])}
    digest = hashlib.sha256()
    for node in nodes:
        inputs = [_input(name, places) for name in node.input]
        digest.update(repr((node.op if node.op not in bodies else "call", inputs)).encode())
        for name in sorted(node.attr):
            if not name.startswith("_") and name not in DROPPED:
                digest.update(name.encode() + _attribute(node.attr[name], bodies))
    return digest.digest()


def _input(name, places):
    control = name.startswith("^")
    stem, *rest = name.lstrip("^").split(":")
    return (control, places.get(stem, stem), rest)


def _attribute(value, bodies):
    functions = [value.func] if value.HasField("func") else list(value.list.func)
    if not functions:
        return value.SerializeToString(deterministic=True)
    return b"".join(_body(bodies[function.name], bodies) for function in functions if function.name in bodies)


def _body(body, bodies):
    arguments = [argument.name for argument in body.signature.input_arg]
    places = {name: str(place) for place, name in enumerate([*arguments, *(node.name for node in body.node_def)])}
    outputs = [_input(body.ret[argument.name], places) for argument in body.signature.output_arg]
    return _nodes(body.node_def, arguments, bodies) + repr(outputs).encode()
