"""Runs a binary's own flags and main in this process."""

import pytest

from experiments import command


def parsed(binary, *arguments):
    """A binary's `command.FlagSet` with these arguments."""
    found = binary.define()
    found.parse(list(arguments))
    return found


def run(binary, *arguments, patches=()):
    """Runs a binary's main; `patches` are (module, name, value) that stand while it runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in patches:
            patch.setattr(module, name, value)
        return binary.main(parsed(binary, *arguments))


def refusal(binary, *arguments, patches=()):
    """The line with which a binary refuses these arguments: what stands after "error: "."""
    found = binary.define()
    with pytest.raises((ValueError, OSError)) as caught:
        found.parse(list(arguments))
        run(binary, *arguments, patches=patches)
    return command.one_line(caught.value, found)
