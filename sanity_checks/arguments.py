"""Arguments of public functions: what is of the wrong kind is refused in one line that names it."""

from collections.abc import Iterable
from collections.abc import Mapping
import operator
import os

MOST_SHOWN = 80         # characters of a value in a message


def whole_number(value, argument, least=None, most=None):
    """A whole number as int.

    Args:
        value: int, also NumPy's; no bool, no float.
        argument: str, what it is called.
        least, most: int, or None.

    Raises:
        ValueError: another thing, or a number out of range.
    """
    bounds = "" if least is None else f" of at least {least}" if most is None else f" from {least} to {most}"
    try:
        found = None if type(value).__name__.startswith("bool") else operator.index(value)
    except TypeError:
        found = None
    if found is None or (least is not None and found < least) or (most is not None and found > most):
        raise ValueError(f"{argument}: expected a whole number{bounds}, got {shown(value)}")
    return found


def listed(values, argument, of="names"):
    """Several things as a list; ValueError for a single str, for None and for what cannot be gone through."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise ValueError(f"{argument}: expected a list of {of}, got {shown(values)}")
    return list(values)


def path(value, argument):
    """A path as str; ValueError for another thing."""
    try:
        found = os.fspath(value)
    except TypeError:
        found = None
    if not isinstance(found, str) or not found or "\0" in found:
        raise ValueError(f"{argument}: expected a path, got {shown(value)}")
    return found


def instance(value, kind, argument, expected):
    """ValueError if a value is not of a class; `expected` says what it should be."""
    if not isinstance(value, kind):
        raise ValueError(f"{argument}: expected {expected}, got {shown(value)}")


def shown(value):
    """A value in a message: its repr where that is short, else its type."""
    if isinstance(value, (str, int, float, bool, type(None))) and len(repr(value)) <= MOST_SHOWN:
        return repr(value)
    kind = type(value)
    shape = getattr(value, "shape", None)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    return f"{name} of shape {list(shape)}" if isinstance(shape, tuple) else f"a {name}"
