"""Fingerprints of code and values: what a run directory is held to where a name does not say what was computed.

A function's fingerprint covers its module, name and source (its bytecode where there is no source), its defaults, the
values that it has closed over, and the data and code of its module that it uses. Two processes that run
the same files find the same fingerprint. Classes of this library are known by name alone: a run records the library's
version and warns when that has changed.
"""

import functools
import hashlib
import inspect
import pickle
import textwrap
import types

import numpy as np

OWN_PACKAGE = __name__.partition(".")[0]
PLAIN = (type(None), bool, int, float, complex, str, bytes)


def code(value):
    """The fingerprint of a function, a class, an instance or a plain value: str, 64 hexadecimal digits."""
    return hashlib.sha256(_described(value, ()).encode()).hexdigest()


def json_value(value):
    """A setting as JSON keeps it: plain finite values as they are, sequences as lists, all else by fingerprint or repr."""
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        value = value.item()
    if isinstance(value, (list, tuple)):
        return [json_value(part) for part in value]
    if isinstance(value, dict):
        return {str(key): json_value(part) for key, part in value.items()}
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)          # NaN is not equal to itself, so such a run could not be resumed
    if isinstance(value, (type(None), bool, int, float, str)):
        return value
    return f"{type(value).__name__} {code(value)}"


def _described(value, seen):
    """What a value is, as text; `seen` are the objects that contain it."""
    if any(value is other for other in seen):
        return "<itself>"
    seen = (*seen, value)
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.ascontiguousarray(value)
        return f"array {array.dtype} {array.shape} {hashlib.sha256(array.tobytes()).hexdigest()}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_described(part, seen) for part in value)}]"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(_described(part, seen) for part in value))}}}"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_described(k, seen)}: {_described(v, seen)}' for k, v in value.items())}}}"
    if isinstance(value, types.FunctionType):
        return _function(value, seen)
    if isinstance(value, types.MethodType):
        return f"method {_described(value.__func__, seen)} of {_described(value.__self__, seen)}"
    if isinstance(value, functools.partial):
        return f"partial {_described([value.func, value.args, value.keywords], seen)}"
    if isinstance(value, types.CodeType):
        return _bytecode(value, seen)
    if isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
        return _named(value)
    if _foreign(value):
        return f"{_named(type(value))} {_content_of(value, seen)}"
    return f"instance of {_named(type(value))} with {_described(_state(value), seen)}"


def _function(function, seen):
    source = _source(function)
    cells = [_content(cell) for cell in function.__closure__ or ()]
    used = {name: function.__globals__[name] for name in sorted(_global_names(function.__code__))
            if _belongs(function.__globals__.get(name), function)}
    parts = [source or _bytecode(function.__code__, seen), function.__defaults__, function.__kwdefaults__, cells, used]
    return f"function {function.__module__}.{function.__qualname__} {_described(parts, seen)}"


def _named(value):
    """A class, module or built-in: by name, and with its source where it is a user's own class."""
    name = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', value))}"
    if not isinstance(value, type) or _packaged(value.__module__):
        return name
    return f"{name} {_source(value) or ''}"


def _packaged(module):
    """Whether a module is this library's or an installed framework's, known by its name and recorded version."""
    return module.partition(".")[0] in (OWN_PACKAGE, "builtins", "tensorflow", "tf_keras", "keras", "numpy", "saliency")


def _foreign(value):
    """Whether a value is an object of a framework: a tensor, a variable, a model ..."""
    module = type(value).__module__
    return _packaged(module) and module.partition(".")[0] not in (OWN_PACKAGE, "builtins")


def _content_of(value, seen):
    """What an object of a framework holds: its array, its weights and configuration, or else its pickle."""
    if callable(getattr(value, "numpy", None)):
        return _described(np.asarray(value.numpy()), seen)
    if callable(getattr(value, "get_weights", None)):
        return _described([value.get_config(), value.get_weights()], seen)
    try:
        return hashlib.sha256(pickle.dumps(value)).hexdigest()
    except Exception as error:          # of many kinds: pickle runs the object's own code
        raise ValueError(f"a method uses a {type(value).__module__}.{type(value).__qualname__}, whose content cannot be "
                         f"told; give it as an array, or make it inside the method") from error


def _state(value):
    slots = {name: getattr(value, name) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())
             if hasattr(value, name)}
    return {**slots, **getattr(value, "__dict__", {})}


def _source(value):
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        return None


def _bytecode(found, seen):
    return f"code {found.co_code.hex()} {found.co_names} {_described(found.co_consts, seen)}"


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:              # not filled yet
        return None


def _global_names(found):
    names = set(found.co_names)
    for constant in found.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _global_names(constant)
    return names


def _belongs(value, function):
    """Whether a global value is part of what a function does: data, tensors, and code of its own module."""
    if isinstance(value, (types.FunctionType, type)):
        return value.__module__ == function.__module__
    held = any(callable(getattr(value, name, None)) for name in ("numpy", "get_weights"))
    return value is not None and (held or isinstance(value, (*PLAIN, np.ndarray, list, tuple, dict)))
