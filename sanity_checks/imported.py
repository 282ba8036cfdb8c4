"""A user's function by its name, "package.module:function": how models and methods of one's own come to the command line.

Importing a module runs its code. The current folder is searched last.
"""

import difflib
import importlib
import os
import re
import sys

FORM = "package.module:function"
_REFERENCE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_reference(text):
    """Whether a str has the form "package.module:function" and is no file."""
    return isinstance(text, str) and bool(_REFERENCE.fullmatch(text)) and not os.path.exists(text)


def function(reference, argument):
    """Imports the module that a reference names and returns its function.

    Args:
        reference: str, "package.module:function".
        argument: str, the argument that gave it, for messages.

    Raises:
        ValueError: there is no such module, importing it fails, or it has no such function.
    """
    module_name, _, name = reference.partition(":")
    module = _module(module_name, reference, argument)
    if not hasattr(module, name):
        near = difflib.get_close_matches(name, [known for known in vars(module) if callable(getattr(module, known))], 1)
        advice = f"; did you mean {near[0]!r}" if near else ""
        raise ValueError(f"{argument}: {reference}: module {module_name!r} has no function {name!r}{advice}")
    found = getattr(module, name)
    if not callable(found):
        raise ValueError(f"{argument}: {reference} is a {type(found).__name__}, expected a function")
    return found


def call(called, reference, argument):
    """What a function returns that is called without arguments; a ValueError names what it raised."""
    try:
        return called()
    except (Exception, SystemExit) as error:
        raise ValueError(f"{argument}: {reference} raised {_told(error)}") from error


def _module(name, reference, argument):
    folder = os.getcwd()
    if folder not in sys.path and "" not in sys.path:
        sys.path.append(folder)         # as with python -m; it stays, for what the module imports later
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise ValueError(f"{argument}: {reference}: no module {error.name!r} in {folder} or among those installed; "
                             f"expected {FORM}") from error
        raise ValueError(f"{argument}: importing {name!r} raised {_told(error)}") from error
    except (Exception, SystemExit) as error:
        raise ValueError(f"{argument}: importing {name!r} raised {_told(error)}") from error


def _told(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
