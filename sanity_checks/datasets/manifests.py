"""The lists that come with this software: the paper's images, ImageNet's class names."""

import importlib.resources
import importlib.util
import pathlib

PACKAGE = "sanity_checks.data"                                      # where they are installed
CHECKOUT = pathlib.Path(__file__).parents[2] / "data"               # where they are in a source checkout


def open_text(name):
    """Opens one of the lists, for example "imagenet_class_names.csv", as text for the module csv.

    Raises:
        FileNotFoundError: there is no such list.
    """
    folder = importlib.resources.files(PACKAGE) if importlib.util.find_spec(PACKAGE) else CHECKOUT
    return (folder / name).open(encoding="utf-8", newline="")
