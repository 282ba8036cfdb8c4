"""Parameters of saliency methods: how their dataclass fields are described, checked, and made hashable.

    @dataclasses.dataclass(frozen=True)
    class SmoothGrad(base.Method):
        samples: int = fields.parameter(50, "noisy copies of each image")
"""

import dataclasses
import hashlib
import types
import typing

import numpy as np

from sanity_checks import arguments

FLAG_TYPES = (bool, int, float, str)
LARGEST = float(np.finfo(np.float32).max)       # what pixels can be


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter that a flag can set.

    Attributes:
        name: str.
        type: bool, int, float or str.
        default: the default; None where the parameter may be left open.
        choices: tuple of the values that it takes, or None.
        description: str.
    """
    name: str
    type: type
    default: object
    choices: tuple | None
    description: str


def parameter(default, description, choices=None):
    """A dataclass field that is a method's parameter.

    Args:
        default: its default value.
        description: str, what it is, with its unit.
        choices: the values that it takes, or None.
    """
    return dataclasses.field(default=default, metadata={
        "description": description, "choices": None if choices is None else tuple(choices)})


def describe(method):
    """The parameters of a method's class that a flag can set: tuple of `Parameter`.

    These are annotated bool, int, float or str, or with a union that has one of them: `float | np.ndarray` has a flag
    for the float, `int | None` one for the int. Parameters of other types are set from Python alone.
    """
    if not dataclasses.is_dataclass(method):
        return ()
    hints = typing.get_type_hints(method)
    found = []
    for field in dataclasses.fields(method):
        kinds = [kind for kind in _members(hints[field.name]) if kind in FLAG_TYPES]
        if kinds and field.init:
            default = None if field.default is dataclasses.MISSING else field.default
            found.append(Parameter(field.name, kinds[0], default, field.metadata.get("choices"),
                                   field.metadata.get("description", "")))
    return tuple(found)


def _members(annotation):
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return typing.get_args(annotation) if union else (annotation,)


def check_at_least(method, name, least):
    """ValueError if a method's parameter is below `least` or not a number."""
    value = getattr(method, name)
    if not value >= least:
        raise ValueError(f"{type(method).__name__}: {name} must be at least {least}, got {value}")


def check_even(method, name):
    """ValueError if a method's parameter is an odd number."""
    value = getattr(method, name)
    if value % 2:
        raise ValueError(f"{type(method).__name__}: {name} must be even, for pairs of noise z and -z, got {value}")


def check_fraction(method, name):
    """ValueError if a method's parameter is not above 0 and at most 1."""
    value = getattr(method, name)
    if not 0 < value <= 1:
        raise ValueError(f"{type(method).__name__}: {name} must be above 0 and at most 1, got {value}")


def check_numbers(method):
    """ValueError if a parameter that is a number is given as another thing, or is not finite as float32."""
    if not dataclasses.is_dataclass(method):
        return
    for parameter in describe(type(method)):
        value = getattr(method, parameter.name)
        if parameter.type not in (int, float) or value is parameter.default or (_is_array(value) and parameter.name in _arrays(method)):
            continue
        is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not is_number or not abs(value) <= LARGEST or (parameter.type is int and value != int(value)):
            kind = "a whole number" if parameter.type is int else "a finite number"
            kind += ", or an array" if parameter.name in _arrays(method) else ""
            raise ValueError(f"{type(method).__name__}: {parameter.name} must be {kind}, got {arguments.shown(value)}")


def _arrays(method):
    """Names of the parameters that may be arrays: list of str."""
    return [name for name, hint in typing.get_type_hints(type(method)).items() if Array in _members(hint)]


def _is_array(value):
    return isinstance(value, (Array, np.ndarray, list, tuple)) and np.size(np.asarray(value, object)) > 0


def check_choices(method):
    """ValueError if a parameter with choices has another value."""
    for field in dataclasses.fields(method):
        choices, value = field.metadata.get("choices"), getattr(method, field.name)
        if choices is not None and value not in choices:
            raise ValueError(f"{type(method).__name__}: {field.name} must be one of {', '.join(map(str, choices))}, "
                             f"got {value!r}")


class Array:
    """An array as a parameter: read-only float32, compared and hashed by content, its repr a checksum."""

    def __init__(self, values):
        self._values = np.array(values, np.float32)
        self._values.setflags(write=False)

    @property
    def shape(self):
        return self._values.shape

    def __array__(self, dtype=None, copy=None):
        return np.array(self._values, dtype) if copy else np.asarray(self._values, dtype)

    def __eq__(self, other):
        return isinstance(other, Array) and self.shape == other.shape and (
            self._values.tobytes() == other._values.tobytes())

    def __hash__(self):
        return hash((self.shape, self._values.tobytes()))

    def __repr__(self):
        digest = hashlib.sha256(self._values.tobytes()).hexdigest()
        return f"Array(shape={self.shape}, sha256={digest})"


def hold_array(method, name):
    """Makes an array that was given for a parameter an `Array`; a number stays what it is."""
    value = getattr(method, name)
    if isinstance(value, Array) or not _is_array(value):
        return
    try:
        made = Array(value)
        if not np.isfinite(np.asarray(made)).all():
            raise ValueError("not finite")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{type(method).__name__}: {name} must be a finite number, or an array of finite numbers, got "
                         f"{arguments.shown(value)}") from error
    object.__setattr__(method, name, made)
