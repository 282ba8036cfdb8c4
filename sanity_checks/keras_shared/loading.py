"""Messages about files that do not load."""

import re

from sanity_checks import messages

# How both versions of Keras say that they do not know a class or function.
_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown (?:layer|Layer|object|class|activation function|initializer)"
                      r"|Could not find (?:class|object)):? '?\"?([\w>.]+)")
HOW = "bring it in with a function that imports it and returns the model: --model=package.module:function"
TRUST = "load only files that you trust, with --trust_model (trust=True)"


def unreadable(argument, path, library, error):
    """The ValueError for a file that Keras cannot load; `library` names the Keras."""
    unknown = _UNKNOWN.search(str(error))
    if unknown:
        return ValueError(f"{argument}: {path} needs {unknown[1]!r}, which {library} does not know; {HOW}")
    return ValueError(f"{argument}: {path} is not a Keras model that {library} can load: {messages.one_line(error)}")


def untrusted(argument, path, code):
    """The ValueError for a file that holds code, which `code_inside` found."""
    return ValueError(f"{argument}: {path} holds {code}: loading it runs code that the file's author chose; {TRUST}")
