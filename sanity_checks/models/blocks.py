"""Finding a model's randomization blocks: one a layer, or as the user names them."""

import collections
import re


def by_layer(keras, model):
    """One block per layer with variables, named after the layer, top to bottom.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2`.
        model: Keras model.

    Returns:
        dict, name -> tuple of variables.
    """
    blocks = {}
    for layer, variables in reversed(keras.leaf_layers(model)):
        name = layer.name if layer.name not in blocks else f"{layer.name}_{len(blocks)}"
        blocks[name] = tuple(variables)
    return blocks


def by_patterns(keras, model, patterns):
    """Blocks named by the user.

    Args:
        keras, model: as of `by_layer`.
        patterns: list of "name=regular expression", top to bottom. A layer belongs to the first block whose
            expression matches its whole name.

    Returns:
        dict, name -> tuple of variables.

    Raises:
        ValueError: a pattern is malformed or matches nothing, or a layer with variables matches none.
    """
    compiled = collections.OrderedDict(_parse(pattern) for pattern in patterns)
    blocks = {name: [] for name in compiled}
    for layer, variables in keras.leaf_layers(model):
        name = next((name for name, expression in compiled.items() if expression.fullmatch(layer.name)), None)
        if name is None:
            raise ValueError(f"blocks: no pattern matches layer {layer.name!r}; add one, for example 'rest=.*'")
        blocks[name] += variables
    for name, variables in blocks.items():
        if not variables:
            raise ValueError(f"blocks: pattern {name}={compiled[name].pattern} matches no layer with variables; "
                             f"layers: {', '.join(layer.name for layer, _ in keras.leaf_layers(model))}")
    return {name: tuple(variables) for name, variables in blocks.items()}


def _parse(pattern):
    name, equals, expression = pattern.partition("=")
    if not (name and equals and expression):
        raise ValueError(f"blocks: expected name=regular expression, found {pattern!r}")
    try:
        return name.strip(), re.compile(expression.strip())
    except re.error as error:
        raise ValueError(f"blocks: {pattern!r} is not a regular expression: {error}") from error
