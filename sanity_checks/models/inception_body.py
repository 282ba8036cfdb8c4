"""Finds the body of Inception v3 (Szegedy et al. 2015) in a Keras graph by its structure, under any head.

Layer names are ignored, since Keras numbers them. From a concatenation downward, branch by branch, every convolution
must have the kernel size and the number of filters that `MIXED` and `STEM` list. Convolutions have TF-Slim's names;
Keras calls the outputs of Mixed_5b ... Mixed_7c mixed0 ... mixed10.
"""

import dataclasses

from sanity_checks import keras2

POOL = "pool"


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution with BatchNorm and ReLU: name within its branch, number of filters, kernel (height, width)."""
    name: str
    filters: int
    kernel: tuple


def _conv(name, filters, kernel=None):
    """TF-Slim's name ends in the kernel size, for example 1x7; `kernel` overrides it where that name is wrong."""
    height, width = (kernel or name.rpartition("_")[2]).split("x")
    return Convolution(name, filters, (int(height), int(width)))


def _mixed_35(pooled, first="Conv2d_0a_1x1", second="Conv2d_0b_5x5"):
    return ((_conv("Conv2d_0a_1x1", 64),),
            (_conv(first, 48), _conv(second, 64)),
            (_conv("Conv2d_0a_1x1", 64), _conv("Conv2d_0b_3x3", 96), _conv("Conv2d_0c_3x3", 96)),
            (POOL, _conv("Conv2d_0b_1x1", pooled)))


def _mixed_17(width):
    return ((_conv("Conv2d_0a_1x1", 192),),
            (_conv("Conv2d_0a_1x1", width), _conv("Conv2d_0b_1x7", width), _conv("Conv2d_0c_7x1", 192)),
            (_conv("Conv2d_0a_1x1", width), _conv("Conv2d_0b_7x1", width), _conv("Conv2d_0c_1x7", width),
             _conv("Conv2d_0d_7x1", width), _conv("Conv2d_0e_1x7", 192)),
            (POOL, _conv("Conv2d_0b_1x1", 192)))


def _mixed_8(tall):
    return ((_conv("Conv2d_0a_1x1", 320),),
            (_conv("Conv2d_0a_1x1", 384), (_conv("Conv2d_0b_1x3", 384), _conv(tall, 384))),
            (_conv("Conv2d_0a_1x1", 448), _conv("Conv2d_0b_3x3", 384),
             (_conv("Conv2d_0c_1x3", 384), _conv("Conv2d_0d_3x1", 384))),
            (POOL, _conv("Conv2d_0b_1x1", 192)))


# Convolutions and pooling, from the input upward. A step that is a tuple is a fork: its convolutions read the
# same tensor and are concatenated. A mixed block is a tuple of branches, in the order of its concatenation.
STEM = (_conv("Conv2d_1a_3x3", 32), _conv("Conv2d_2a_3x3", 32), _conv("Conv2d_2b_3x3", 64), POOL,
        _conv("Conv2d_3b_1x1", 80), _conv("Conv2d_4a_3x3", 192), POOL)
MIXED = {
    "Mixed_5b": _mixed_35(32),
    "Mixed_5c": _mixed_35(64, "Conv2d_0b_1x1", "Conv_1_0c_5x5"),
    "Mixed_5d": _mixed_35(64),
    "Mixed_6a": ((_conv("Conv2d_1a_1x1", 384, "3x3"),),
                 (_conv("Conv2d_0a_1x1", 64), _conv("Conv2d_0b_3x3", 96), _conv("Conv2d_1a_1x1", 96, "3x3")),
                 (POOL,)),
    "Mixed_6b": _mixed_17(128),
    "Mixed_6c": _mixed_17(160),
    "Mixed_6d": _mixed_17(160),
    "Mixed_6e": _mixed_17(192),
    "Mixed_7a": ((_conv("Conv2d_0a_1x1", 192), _conv("Conv2d_1a_3x3", 320)),
                 (_conv("Conv2d_0a_1x1", 192), _conv("Conv2d_0b_1x7", 192), _conv("Conv2d_0c_7x1", 192),
                  _conv("Conv2d_1a_3x3", 192)),
                 (POOL,)),
    "Mixed_7b": _mixed_8("Conv2d_0b_3x1"),
    "Mixed_7c": _mixed_8("Conv2d_0c_3x1"),
}
BLOCKS = tuple(step.name for step in STEM if step is not POOL) + tuple(MIXED)      # from the input upward


@dataclasses.dataclass(frozen=True, eq=False)
class Body:
    """An Inception v3 body found in a model.

    Attributes:
        layers: dict, scope such as "Mixed_5b/Branch_0/Conv2d_0a_1x1" -> (Conv2D, BatchNormalization):
            94 of them, block by block from the input upward.
        features: symbolic tensor, the output of Mixed_7c.
    """
    layers: dict
    features: object


def find(model, keras=keras2):
    """The Inception v3 body of a model, in the model itself or in a model nested in it at any depth.

    Args:
        model: Keras model.
        keras: the package that knows its inside, `sanity_checks.keras2` or `keras3`.

    Returns:
        `Body`, or None if there is none.
    """
    for graph in keras.graphs(model):
        for output in keras.outputs(graph, "concatenation"):
            try:
                return _match(keras, output)
            except _Mismatch:
                continue
    return None


class _Mismatch(Exception):
    """The graph is not that of Inception v3."""


def _match(keras, output):
    layers, tensor = {}, output
    for block, branches in reversed(MIXED.items()):
        prefixes = [f"{block}/Branch_{i}/" for i in range(len(branches))]
        tensor = _concatenation(keras, tensor, branches, prefixes, layers)
    _branch(keras, tensor, STEM, "", layers)
    return Body({scope: layers[scope] for scope in scopes()}, output)


def scopes():
    """The names of the 94 convolutions, block by block from the input upward: list of str."""
    names = [step.name for step in STEM if step is not POOL]
    for block, branches in MIXED.items():
        for i, branch in enumerate(branches):
            for step in branch:
                fork = () if step is POOL else step if isinstance(step, tuple) else (step,)
                names += [f"{block}/Branch_{i}/{convolution.name}" for convolution in fork]
    return names


def _concatenation(keras, tensor, branches, prefixes, layers):
    """Adds what is found of these branches to `layers`; returns the tensor that all of them read."""
    tops = _below(keras, tensor, "concatenation").inputs
    if len(tops) != len(branches):
        raise _Mismatch
    starts = [_branch(keras, top, branch, prefix, layers) for top, branch, prefix in zip(tops, branches, prefixes)]
    if len({id(start) for start in starts}) != 1:
        raise _Mismatch
    return starts[0]


def _branch(keras, tensor, steps, prefix, layers):
    for step in reversed(steps):
        if step is POOL:
            tensor = _only_input(_below(keras, tensor, "pooling"))
        elif isinstance(step, tuple):
            fork = [(convolution,) for convolution in step]
            tensor = _concatenation(keras, tensor, fork, [prefix] * len(fork), layers)
        else:
            relu = _below(keras, tensor, "activation")
            norm = _below(keras, _only_input(relu), "normalization")
            convolution = _below(keras, _only_input(norm), "convolution")
            found = convolution.filters, convolution.kernel, relu.activation
            if found != (step.filters, step.kernel, "relu"):
                raise _Mismatch
            layers[prefix + step.name] = convolution.layer, norm.layer
            tensor = _only_input(convolution)
    return tensor


def _below(keras, tensor, kind):
    """The `Producer` of a tensor, which must be of this kind."""
    found = keras.producer(tensor)
    if found.kind != kind:
        raise _Mismatch
    return found


def _only_input(producer):
    if len(producer.inputs) != 1:
        raise _Mismatch
    return producer.inputs[0]
