"""Modules that are imported when they are first used, so that naming methods and tests does not wait for TensorFlow.

    tf = lazy.module("tensorflow")      # costs nothing
    tf.constant(1)                      # imports tensorflow
"""

import contextlib
import importlib

around_import = contextlib.nullcontext      # context manager within which modules are imported; a program may set another


class _Module:
    """Stands for a module and resolves on the first attribute; an attribute then costs well under a microsecond more."""

    def __init__(self, name):
        self._name, self._found = name, None

    def __getattr__(self, attribute):
        if self._found is None:
            with around_import():
                self._found = importlib.import_module(self._name)
        return getattr(self._found, attribute)

    def __repr__(self):
        return f"<lazy module {self._name!r}>"


def module(name):
    """A stand-in for the module of this full name; its attributes are the module's.

    Args:
        name: str, "tensorflow" or "sanity_checks.keras2.tracing".
    """
    return _Module(name)
