"""Names of ImageNet's classes, from data/imagenet_class_names.csv."""

import csv
import pathlib

FILE = pathlib.Path(__file__).parents[2] / "data" / "imagenet_class_names.csv"     # columns index, wnid, name
CLASSES = 1000
BACKGROUND = "background"


def of_imagenet(outputs, path=FILE):
    """The names of a network's outputs, if their number is that of ImageNet's classes.

    Args:
        outputs: int. 1000 outputs are ImageNet's classes; of 1001 the first is the background.
        path: the CSV file.

    Returns:
        tuple of `outputs` str; a class that the file does not name is called by its number. None for another
        number of outputs, or where there is no such file.
    """
    if outputs not in (CLASSES, CLASSES + 1) or not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as stream:
        found = {int(row["index"]): row["name"] for row in csv.DictReader(stream)}
    names = tuple(found.get(index, str(index)) for index in range(CLASSES))
    return names if outputs == CLASSES else (BACKGROUND,) + names
