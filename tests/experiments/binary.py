"""Runs a binary's own flags and main in this process."""

from PIL import Image
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


def assert_drawn(path):
    """A figure or table that a binary wrote shows something: a picture of many shades, a whole PDF, a table with lines."""
    suffix = path.suffix
    if suffix == ".png":
        with Image.open(path) as image:
            assert min(image.size) > 100 and len(image.convert("RGB").getcolors(image.width * image.height)) > 20, path
    elif suffix == ".pdf":
        content = path.read_bytes()
        assert content.startswith(b"%PDF") and content.rstrip().endswith(b"%%EOF"), path
    elif suffix == ".tex":
        text = path.read_text(encoding="utf-8")
        assert r"\toprule" in text and text.count(r"\\") > 1 and r"\end{tabular}" in text, path
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) > 1 and all(lines[:1]), path
