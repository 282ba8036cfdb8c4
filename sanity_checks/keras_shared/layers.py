"""The layers of a Keras model that own its variables: in which order, under which names, and what variables are drawn from.

Most layers of Keras tell the initializers of their variables by name (`kernel` and `kernel_initializer`). For all others a
second layer is made from the layer's configuration and built, and the calls of its `add_weight` are listened to. The model
itself is not touched.
"""

import contextlib
import dataclasses
import inspect
import threading
import warnings

from sanity_checks.keras_shared import description

# Layers of Keras, each of whose variables X has an initializer X_initializer and no other.
TELLING = ("BatchNormalization", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dense",
           "DepthwiseConv1D", "DepthwiseConv2D", "EinsumDense", "Embedding", "GroupNormalization", "LayerNormalization",
           "PReLU", "SeparableConv1D", "SeparableConv2D", "SyncBatchNormalization")
# Keras names these initializers without the "kernel" of the variable.
VARIABLE_OF_INITIALIZER = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel"}
STATISTICS = ("moving_mean", "moving_variance")     # of batch normalization


@dataclasses.dataclass(frozen=True, eq=False)
class Leaf:
    """A layer that owns variables.

    Attributes:
        layer: Keras layer or model.
        variables: list of its own variables; those of layers inside it belong to these.
        names: tuple of str, where it is: the names of the models and layers that hold it, from the outermost inside the
            model, then its own. A layer that only wraps another of its name is left out.
        automatic: tuple of bool, for each of `names` whether Keras made it up.
    """
    layer: object
    variables: list
    names: tuple
    automatic: tuple

    @property
    def path(self):
        """`names` joined: "encoder/dense"."""
        return "/".join(self.names)


def leaves(graph, key, model, reads=None):
    """The layers that own variables, from the input upward.

    In functional and sequential models, nested ones too, the order is that of their graph. Where a subclassed model or layer
    calls others, it is that in which the forward pass first reads their variables. A layer that is called several times
    stands in both where its first call is, nearest the input.

    Args:
        graph: the module that walks the graphs of this Keras, `sanity_checks.keras2.graph` or that of `keras3`.
        key: function of a variable, what stands for it in a dict.
        model: built Keras model.
        reads: dict, key of a variable -> int, its place in the order of first reads; None where the order does not matter.

    Returns:
        list of `Leaf`. Every weight of the model is in exactly one.
    """
    seen, last = set(), len(reads or ())

    def first_read(leaf):
        return min(reads.get(key(variable), last) for variable in leaf.variables)

    def walk(layer, holders):
        found = [leaf for child in graph.children(layer) for leaf in walk(child, (*holders, layer))]
        own = [variable for variable in layer.weights if key(variable) not in seen]
        if own:
            seen.update(key(variable) for variable in own)
            found.append(_leaf(layer, own, (*holders, layer)))
        if reads is not None and not graph.is_functional(layer):
            found.sort(key=first_read)
        return found

    return walk(model, ())


def _leaf(layer, variables, chain):
    """A `Leaf`, given the model and what holds the layer down to the layer itself."""
    distinct = [inner for outer, inner in zip((None, *chain), chain) if outer is None or outer.name != inner.name]
    distinct = distinct[1:] or distinct
    return Leaf(layer, variables, tuple(part.name for part in distinct),
                tuple(description.is_automatic(part) for part in distinct))


def statistics(graph, key, model):
    """The moving statistics of all batch normalizations of a model: set of keys of variables."""
    found = [getattr(layer, name, None) for layer in graph.inside(model) for name in STATISTICS
             if hasattr(layer, f"{name}_initializer")]
    return {key(variable) for variable in found if hasattr(variable, "assign")}


def initializers(package, model):
    """What each variable was first drawn from.

    Args:
        package: module `layers` of `sanity_checks.keras2` or `keras3`.
        model: built Keras model.

    Returns:
        dict, key of a variable -> Keras initializer, or a function of (shape, dtype). Variables whose initializer is not
        known are left out; drawing them with the initializer "original" is then an error.
    """
    found, drawn = {}, package.drawn(model)
    for layer in package.graph.inside(model):
        own = _own(package, layer)
        named = {package.key(variable): initializer for variable, initializer in _named(layer)}
        wanted = {package.key(variable) for variable in own} & drawn
        if _is_telling(package.graph.LIBRARY, layer) and wanted <= named.keys():
            found.update(named)
        else:
            found.update({**named, **(_twins(package, layer, own) if wanted else {})})
    return found


def _is_telling(library, layer):
    return type(layer).__name__ in TELLING and type(layer) is getattr(library.layers, type(layer).__name__, None)


def _named(layer):
    """The variables whose initializers stand beside them in the layer's attributes: yields (variable, initializer)."""
    for attribute, initializer in vars(layer).items():
        stem, _, ending = attribute.rpartition("_")
        if ending == "initializer" and callable(initializer):
            for name in (VARIABLE_OF_INITIALIZER.get(stem, stem), "kernel" if stem == "depthwise" else stem):
                variable = getattr(layer, name, None)
                if hasattr(variable, "assign"):
                    yield variable, initializer
                    break


def _own(package, layer):
    """The variables of a layer that no layer inside it holds: list."""
    inner = {package.key(variable) for child in package.graph.children(layer) for variable in child.weights}
    return [variable for variable in layer.weights if package.key(variable) not in inner]


def _twins(package, layer, own):
    """The initializers of a layer's own variables, as a layer made like it uses them: dict, key -> initializer."""
    for make in (_configured, _completed, _bare):
        with package.isolated(0), _listening(package) as records, warnings.catch_warnings():
            warnings.simplefilter("ignore")     # of Keras, about the second layer
            try:
                twin = make(package.graph.LIBRARY, layer)
                if _shapes(_own(package, twin)) != _shapes(own):
                    package.build_like(twin, layer)
                made = _own(package, twin)
            except Exception:       # whatever a user's class does where it is made in another way than hers
                continue
        if _shapes(made) == _shapes(own):
            by_twin = {package.key(variable): initializer for variable, initializer in records}
            pairs = [(package.key(variable), by_twin.get(package.key(other))) for variable, other in zip(own, made)]
            return {variable: initializer for variable, initializer in pairs if initializer is not None}
    return {}


def _configured(library, layer):
    return type(layer).from_config(layer.get_config())


def _completed(library, layer):
    """The same where the configuration is not what the class takes: it has more, or lacks what the layer has as attributes."""
    parameters = inspect.signature(type(layer)).parameters
    config = {name: value for name, value in layer.get_config().items() if name in parameters}
    missing = {name: getattr(layer, name) for name, parameter in parameters.items()
               if parameter.default is parameter.empty and name not in config and hasattr(layer, name)}
    return type(layer).from_config({**config, **missing})


def _bare(library, layer):
    """A layer of the same class and settings, where its class does not say how to make one from a configuration."""
    twin = type(layer).__new__(type(layer))
    (library.Model if isinstance(layer, library.Model) else library.layers.Layer).__init__(twin)
    for name, value in vars(layer).items():
        if not name.startswith("_") and name not in vars(twin) and not description.is_part(value):
            setattr(twin, name, value)
    return twin


def _shapes(variables):
    return [tuple(variable.shape) for variable in variables]


@contextlib.contextmanager
def _listening(package):
    """While layers are made in this thread: yields a list that every `add_weight` adds (variable, initializer) to.

    The variables are zero, so that nothing large is drawn and no code of an initializer runs.
    """
    layer_class, records, thread = package.graph.LIBRARY.layers.Layer, [], threading.get_ident()
    add_weight, place = layer_class.add_weight, package.INITIALIZER_PLACE

    def listening(layer, *arguments, **keywords):
        if threading.get_ident() != thread:
            return add_weight(layer, *arguments, **keywords)
        if len(arguments) > place:
            arguments, given = (*arguments[:place], "zeros", *arguments[place + 1:]), arguments[place]
        else:
            given, keywords = keywords.get("initializer"), {**keywords, "initializer": "zeros"}
        variable = add_weight(layer, *arguments, **keywords)
        records.append((variable, package.graph.LIBRARY.initializers.get("glorot_uniform" if given is None else given)))
        return variable

    layer_class.add_weight = listening
    try:
        yield records
    finally:
        layer_class.add_weight = add_weight
