"""Messages about files that do not load."""

import re

from sanity_checks import messages

# How both versions of Keras say that they do not know a class or function.
_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown (?:layer|Layer|object|class|activation function|initializer)"
                      r"|Could not find (?:class|object)|Cannot deserialize object of type):? ['\"`]?([\w>.]+)")
HOW = "bring it in with a function that imports it and returns the model: --model=package.module:function"
TRUST = "load only files that you trust, with --trust_model (trust=True)"


def unreadable(argument, path, library, error, code=None):
    """The ValueError for a file that Keras cannot load.

    Args:
        argument: str, the argument that names the file.
        path: str.
        library: str, the Keras with its version.
        error: what it raised.
        code: `code_inside.Code` that the file holds, or None.
    """
    unknown = _UNKNOWN.search(str(error))
    name = code.name if code and code.name else unknown and unknown[1]
    if name:
        return ValueError(f"{argument}: {path} needs {name!r}, which {library} does not know; {HOW}")
    return ValueError(f"{argument}: {path} is not a Keras model that {library} can load: {messages.one_line(error)}")


def untrusted(argument, path, code):
    """The ValueError for a file that holds code, a `code_inside.Code`."""
    if code.name:
        return ValueError(f"{argument}: {path} names {code.what}; {HOW}; or, if you trust the file, let Keras import that module with "
                          f"--trust_model (trust=True)")
    advice = TRUST if argument == "model" else "if you trust it, give it as the model, with --trust_model (trust=True)"
    return ValueError(f"{argument}: {path} holds {code.what}: loading it runs code that the file's author chose; {advice}")
