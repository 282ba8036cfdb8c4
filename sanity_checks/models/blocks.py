"""Finding a model's randomization blocks: one a layer, or as the user names them."""

import collections
import itertools
import re

from sanity_checks.graphs import variables as graph_variables
from sanity_checks.vocabulary import stages


def first_reads(keras, model, forward):
    """The variables that a model's logits depend on.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2` or `keras3`.
        model: Keras model.
        forward: `sanity_checks.graphs.forward.Forward` of the model.

    Returns:
        dict, `keras.key(variable)` -> int, its place in the order in which the forward pass first reads them.
    """
    places = graph_variables.first_reads(forward)
    found = {keras.key(variable): places.get(id(keras.handle(variable))) for variable in model.weights}
    return {key: place for key, place in found.items() if place is not None}


def by_layer(keras, model, reads=None):
    """One block per layer with variables, named after the layer, top to bottom.

    Layers that share a name are told apart by where they are: "encoder/dense" and "decoder/dense". A layer with the name of
    a stage, such as "original", is called "layer original".

    Args:
        keras, model: as of `first_reads`.
        reads: what `first_reads` returns, for the order in subclassed models; None where the order does not matter.

    Returns:
        dict, name -> tuple of variables.
    """
    leaves = keras.leaves(model, reads)
    return {name: tuple(leaf.variables) for leaf, (name, _) in reversed(list(zip(leaves, _names(leaves))))}


def automatic_names(keras, model):
    """The names of blocks by layer that Keras had a part in: set of str."""
    leaves = keras.leaves(model)
    return {name for leaf, (name, parts) in zip(leaves, _names(leaves)) if any(leaf.automatic[-parts:])}


def by_patterns(keras, model, patterns, reads=None):
    """Blocks named by the user.

    Args:
        keras, model, reads: as of `by_layer`.
        patterns: list of "name=regular expression", top to bottom. A layer belongs to the first block whose
            expression matches the whole of its name or of its path, "encoder/dense".

    Returns:
        dict, name -> tuple of variables. Layers that match none and hold nothing that can be drawn are under their own names.

    Raises:
        ValueError: a pattern is malformed or matches nothing, two have one name or that of a stage, or a layer with
            variables that are drawn matches none.
    """
    compiled = _parsed(patterns)
    blocks, others = {name: [] for name in compiled}, {}
    leaves, drawable = keras.leaves(model, reads), keras.drawn(model)
    for leaf, (own_name, _) in zip(leaves, _names(leaves)):
        name = next((name for name, expression in compiled.items() if any(
            expression.fullmatch(text) for text in (leaf.layer.name, leaf.path, own_name))), None)
        if name is not None:
            blocks[name] += leaf.variables
        elif any(keras.key(variable) in drawable for variable in leaf.variables):
            raise ValueError(f"blocks: no pattern matches layer {leaf.path!r}; add one, for example 'rest=.*'")
        else:
            others[own_name if own_name not in compiled else f"layer {own_name}"] = leaf.variables
    for name, variables in blocks.items():
        if not variables:
            raise ValueError(f"blocks: pattern {name}={compiled[name].pattern} matches no layer with variables; "
                             f"layers: {', '.join(leaf.path for leaf in leaves)}")
    return {name: tuple(variables) for name, variables in {**blocks, **others}.items()}


def divided(keras, blocks, changing):
    """Divides blocks into those that drawing may change and the others.

    Args:
        keras: as of `by_layer`.
        blocks: dict, name -> tuple of variables.
        changing: set of keys of variables.

    Returns:
        (dict, dict) like `blocks`.
    """
    can = {name: any(keras.key(variable) in changing for variable in variables) for name, variables in blocks.items()}
    return tuple({name: variables for name, variables in blocks.items() if can[name] == asked} for asked in (True, False))


def _names(leaves):
    """A name for each layer: list of (name, int, of how many parts of its path it consists), all names distinct."""
    endings = collections.Counter(leaf.names[start:] for leaf in leaves for start in range(len(leaf.names)))
    found = {}
    for leaf in leaves:
        names = leaf.names
        parts = next((n for n in range(1, len(names)) if endings[names[-n:]] == 1), len(names))
        name = "/".join(names[-parts:])
        name = f"layer {name}" if name in stages.RESERVED else name
        numbered = itertools.chain([name], (f"{name}#{number}" for number in itertools.count(2)))
        found[next(name for name in numbered if name not in found)] = parts
    return list(found.items())


def _parsed(patterns):
    """dict, name -> compiled expression."""
    compiled = {}
    for pattern in patterns:
        name, expression = _parse(pattern)
        if name in compiled:
            raise ValueError(f"blocks: {name!r} is named twice; join the expressions: {name}=first|second")
        if name in stages.RESERVED:
            raise ValueError(f"blocks: {name!r} is the name of a stage; give the block another name")
        compiled[name] = expression
    return compiled


def _parse(pattern):
    name, equals, expression = (part.strip() for part in pattern.partition("="))
    if not (name and equals and expression):
        raise ValueError(f"blocks: expected name=regular expression, found {pattern!r}")
    try:
        return name, re.compile(expression)
    except re.error as error:
        raise ValueError(f"blocks: {pattern!r} is not a regular expression: {error}") from error
