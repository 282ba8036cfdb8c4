"""Names of ImageNet's classes, from the list that comes with this software."""

import csv

from sanity_checks.datasets import manifests

FILE = "imagenet_class_names.csv"       # columns index, wnid, name
CLASSES = 1000
BACKGROUND = "background"


def of_imagenet(outputs):
    """The names of a network's outputs, if their number is that of ImageNet's classes.

    Args:
        outputs: int. 1000 outputs are ImageNet's classes; of 1001 the first is the background.

    Returns:
        tuple of `outputs` str; a class that the file does not name is called by its number. None for another
        number of outputs.
    """
    if outputs not in (CLASSES, CLASSES + 1):
        return None
    with manifests.open_text(FILE) as stream:
        found = {int(row["index"]): row["name"] for row in csv.DictReader(stream)}
    names = tuple(found.get(index, str(index)) for index in range(CLASSES))
    return names if outputs == CLASSES else (BACKGROUND,) + names
