"""What a file would run as Python while Keras loads it, read from the model's configuration before anything is loaded.

A layer Lambda holds Python bytecode, or the name of a function; other entries name a module to import. Keras itself refuses the first
in .keras files alone.
"""
import dataclasses

# Modules whose classes make up models. Functions are taken from fewer.
OWN = ("keras", "tf_keras", "keras_hub", "keras_cv", "keras_nlp")
# Parts of Keras that no model is made of: they read and write files, load other models, change settings.
NO_MODELING = ("utils", "saving", "models", "config", "preprocessing", "datasets", "applications", "export", "backend", "callbacks",
               "tree", "legacy", "src")
# Where TensorFlow's mathematical functions are defined, as activations are named.
TENSORFLOW_OPS = tuple(f"tensorflow.python.ops.{name}" for name in (
    "nn_ops", "nn_impl", "nn", "math_ops", "array_ops", "gen_nn_ops", "gen_math_ops", "gen_array_ops", "special_math_ops"))
# Layers that run a program of their own, with the reason.
PROGRAMS = {
    "Lambda": "a layer Lambda", "__lambda__": "a Python lambda", "TFSMLayer": "a layer that loads a SavedModel",
    "TorchModuleWrapper": "a layer that unpickles", "JaxLayer": "a layer that runs JAX", "FlaxLayer": "a layer that runs JAX"}
# Parts of names of TensorFlow functions that do more than compute.
EFFECTS = ("io", "raw_ops", "py_function", "py_func", "numpy_function", "load_library", "load_op_library", "saved_model", "train",
           "summary", "data", "config", "profiler", "print", "Print", "keras", "gfile", "distribute", "experimental", "feature_column")
# The same in graphs.
OPERATIONS = ("WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless", "PrintV2", "LoadDataset", "SaveDataset", "DeleteFile")


@dataclasses.dataclass(frozen=True)
class Code:
    """Code in a file.

    Attributes:
        what: str that continues "it holds ...", for example "a layer Lambda ('scale')".
        name: str, the class or function that would be imported; None for code that the file itself holds.
    """
    what: str
    name: str | None = None


def found(config, is_registered):
    """What in a model's configuration is code, or asks for code to be imported.

    Args:
        config: JSON value: a model's configuration with all that is nested in it.
        is_registered: function of a name -> bool, whether the user's program has registered a class or function under it.

    Returns:
        `Code`, the first that is found; None if there is none.
    """
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            code = _code(value, is_registered)
            if code:
                return code
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value
    return None


def operations(names):
    """The first of the operations in a graph that does more than compute: `Code` or None."""
    return next((Code(f"an operation {name}") for name in names if name in OPERATIONS), None)


def _code(entry, is_registered):
    kind = entry.get("class_name")
    kind = kind if isinstance(kind, str) else None
    if kind and kind.rpartition(">")[2] in PROGRAMS:
        return Code(PROGRAMS[kind.rpartition(">")[2]] + _named(entry))
    if any(str(key).endswith("_type") and value == "lambda" for key, value in entry.items()):
        return Code("a Python lambda" + _named(entry))
    if kind in ("TFOpLambda", "ClassMethod", "TensorFlowOpLayer"):
        return _operation(kind, entry)
    module = entry.get("module")
    if kind and isinstance(module, str) and not _is_own(kind, module, entry):
        name = entry.get("config") if kind == "function" else kind
        if not any(is_registered(known) for known in (entry.get("registered_name"), name, kind) if isinstance(known, str)):
            return Code(f"{name!r} of the module {module!r}, which is not Keras' own and not registered", str(name))
    return None


def _is_own(kind, module, entry):
    """Whether what an entry names is a part of models: of Keras, or a mathematical function of TensorFlow."""
    first, _, rest = module.partition(".")
    if kind == "function":
        if module == "builtins" or module in TENSORFLOW_OPS:
            return True
        return first in OWN and not _parts(rest) & set(NO_MODELING) - ({"src"} if _is_activation(rest) else set())
    if kind == "__typespec__":
        return first == "tensorflow"
    return first in OWN or module == "builtins"


def _is_activation(rest):
    return rest.startswith("src.") and bool(_parts(rest) & {"activations", "initializers", "losses", "metrics", "regularizers", "ops"})


def _parts(name):
    return set(name.split("."))


def _operation(kind, entry):
    """A layer that stands for a TensorFlow function, or None if that only computes."""
    config = entry.get("config")
    if not isinstance(config, dict):
        return None
    name = str(config.get("function") or config.get("cls_symbol") or config.get("node_def"))
    acts = any(effect in name for effect in OPERATIONS) if kind == "TensorFlowOpLayer" else _parts(name) & set(EFFECTS)
    return Code(f"a call of {name[:60]!r}") if acts else None


def _named(entry):
    config = entry.get("config")
    name = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    return f" ({name!r})" if isinstance(name, str) else ""
