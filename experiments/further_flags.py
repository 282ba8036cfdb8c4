"""The flags that `experiments.reproduce` passes on to the experiments: --test_flags and --label_flags."""

import difflib
import functools
import importlib


@functools.cache
def known(binary):
    """Names of the flags of a module in `experiments`: list of str."""
    return importlib.import_module(f"experiments.{binary}").define().names()


def name_of(text, argument, binaries):
    """The name of the flag that a text gives a value.

    Args:
        text: str, "--flag=value".
        argument: str, the flag that passes it on.
        binaries: modules in `experiments` of which at least one must have it.

    Raises:
        ValueError: none has.
    """
    names = dict.fromkeys(name for binary in binaries for name in known(binary))
    name = text.strip().lstrip("-").partition("=")[0]
    if name not in names and name.removeprefix("no") in names:
        name = name.removeprefix("no")
    if text.startswith("-") and name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean --{near[0]}" if near and near[0] != name else ""
    raise ValueError(f"{argument}: expected --flag=value, a flag of {' or '.join(binaries)}, got {text!r}{hint}")
