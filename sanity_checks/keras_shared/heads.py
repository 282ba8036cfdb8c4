"""From which images a model computes what: one input of a fixed size, one output of those that it has.

Each function takes `graph`, the module that walks the graphs of a Keras: `sanity_checks.keras2.graph` or that of `keras3`.
"""

import numbers

from sanity_checks import messages

# What a user's model raises when it is called on what it was not made for.
ERRORS = (ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError, RuntimeError, AssertionError)


def check_size(image_size):
    """ValueError if an image size is neither None nor (height, width)."""
    if image_size is None:
        return
    sides = image_size if isinstance(image_size, (list, tuple)) else ()
    sides = sides if all(isinstance(side, numbers.Real) for side in sides) else ()
    if len(sides) != 2 or not all(int(side) == side and side > 0 for side in sides):
        raise ValueError(f"image_size: expected (height, width) in pixels, found {image_size!r}")


def functional(graph, model, image_size=None):
    """A model as a functional one: itself, or a subclassed model as the only layer of one."""
    if graph.is_functional(model):
        return model
    shapes = graph.built_shapes(model)
    if shapes is None:
        raise ValueError(f"model: {model.name!r} must be built, so that its variables and the shape of its images are known; "
                         f"call it on a batch of images first")
    if len(shapes) > 1:
        _refuse_several_inputs(model, list(shapes))
    (name, shape), = shapes.items()
    if image_size and len(shape) == 4:
        shape = (None, *image_size, shape[3])
    inputs = graph.LIBRARY.Input(shape[1:])
    try:
        outputs = model({name: inputs} if name else inputs, training=False)
    except ERRORS as error:
        raise ValueError(f"model: {model.name!r} cannot be called on images of shape {_listed(shape)}: "
                         f"{messages.one_line(error)}") from error
    return graph.LIBRARY.Model(inputs, outputs, name=model.name)


def single(graph, model, output=None):
    """A functional model from one tensor to one tensor.

    Args:
        model: functional model.
        output: str, the output that is explained: the key of a dict of outputs, or the name of the layer that makes it. None
            where the model has but one.

    Returns:
        Functional model over the same layers; `model` itself where it is already of that form.

    Raises:
        ValueError: the model has several inputs, or several outputs and none is named, or no output has the name.
    """
    inputs, outputs = graph.ends(model)
    if len(model.inputs) > 1:
        _refuse_several_inputs(model, list(inputs) if isinstance(inputs, dict) else _layer_names(graph, model.inputs))
    heads = dict(outputs) if isinstance(outputs, dict) else dict(zip(_layer_names(graph, model.outputs), model.outputs))
    if output is None and len(heads) > 1:
        raise ValueError(f"output: model {model.name!r} has several outputs, expected one of {', '.join(heads)}, found none")
    chosen = _head(graph, heads, output)
    if chosen is None:
        raise ValueError(f"output: model {model.name!r} has no output {output!r}, expected one of {', '.join(heads)}")
    if chosen is outputs and not isinstance(inputs, dict):
        return model
    return graph.LIBRARY.Model(model.inputs[0], chosen, name=model.name)


def image_shape(model, image_size=None):
    """(H, W, C) of the images of a functional model; ValueError if they are none, or image_size is wrong or missing."""
    shape = tuple(model.inputs[0].shape)
    if len(shape) != 4:
        raise ValueError(f"model: {model.name!r} takes inputs of shape {_listed(shape)}, expected images [B, H, W, C]; put a "
                         f"Reshape layer in front")
    if shape[3] is None:
        raise ValueError(f"model: {model.name!r} takes images of shape {_listed(shape)}, expected a fixed number of channels")
    if image_size is None and None in shape[1:3]:
        raise ValueError(f"image_size: model {model.name!r} takes images of any size, {_listed(shape)}; expected a fixed size, "
                         f"(height, width), found none")
    if image_size and any(own not in (None, side) for own, side in zip(shape[1:3], image_size)):
        raise ValueError(f"image_size: model {model.name!r} takes images of {shape[1]} x {shape[2]}, found "
                         f"{image_size[0]} x {image_size[1]}")
    return (*map(int, image_size or shape[1:3]), int(shape[3]))


def _refuse_several_inputs(model, names):
    raise ValueError(f"model: {model.name!r} takes several inputs ({', '.join(names)}), expected one, images [B, H, W, C]")


def _head(graph, heads, name):
    """The output of a name; the only one where none is given; None where there is no such output."""
    if name is None:
        return next(iter(heads.values()))
    by_layer = dict(zip(_layer_names(graph, heads.values()), heads.values()))
    return heads.get(name, by_layer.get(name))


def _layer_names(graph, tensors):
    """The names of the layers that make tensors, made distinct as Keras does it: list of str."""
    names = []
    for tensor in tensors:
        name = plain = graph.producer(tensor).layer.name
        while name in names:
            name = f"{plain}_{sum(other.startswith(plain) for other in names)}"
        names.append(name)
    return names


def _listed(shape):
    return str([None, *shape[1:]]).replace("None", "B", 1)
