"""The paper's 200 ImageNet validation images: which they are, and which of them a folder holds.

They are known by name alone: no checksums of them are published, and no images come with this software.
"""

import collections
import csv
import dataclasses
import os
import re

from sanity_checks.datasets import manifests
from sanity_checks.runs import files

MANIFEST = "paper_imagenet_ids.csv"
# ImageNet's own name, ILSVRC2012_val_00000204.JPEG, or with the class appended, as some mirrors have it.
FILE_NAME = re.compile(r"(ILSVRC2012_val_\d{8})(_n\d{8})?\.(jpe?g|png)", re.IGNORECASE)
CSV_COLUMNS = ("file", "label", "class_name")


@dataclasses.dataclass(frozen=True)
class PaperImage:
    """One line of the manifest.

    Attributes:
        image_id: str, ILSVRC2012_val_ and eight digits.
        class_index: int in 0..999.
        class_name: str.
    """
    image_id: str
    class_index: int
    class_name: str


def manifest():
    """The paper's images, a tuple of 200 `PaperImage`, class after class as in the released code."""
    with manifests.open_text(MANIFEST) as stream:
        return tuple(PaperImage(row["image_id"], int(row["class_index"]), row["class_name"])
                     for row in csv.DictReader(stream))


def find(folder, images):
    """Looks for images in a folder and all its sub-folders.

    Args:
        folder: str.
        images: tuple of `PaperImage`.

    Returns:
        dict, image id -> path of the image, for those that are there; of several copies the first in order.

    Raises:
        FileNotFoundError: there is no such folder.
        OSError: it, or a folder in it, cannot be read.
    """
    folder = os.path.expanduser(folder)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"images: no such folder: {folder}")
    wanted, found = {image.image_id for image in images}, {}
    for parent, folders, listed in os.walk(folder, onerror=_refuse):
        folders.sort()
        for name in sorted(listed):
            match = FILE_NAME.fullmatch(name)
            if match and match[1] in wanted:
                found.setdefault(match[1], os.path.join(parent, name))
    return found


def _refuse(error):
    """Ends a walk at a folder that cannot be read, which os.walk would pass over."""
    raise type(error)(f"images: folder {error.filename} cannot be read: {error.strerror or error}") from error


def describe(images, found):
    """Text: a line per class, how many of its images were found and which are missing; then the total."""
    classes = collections.defaultdict(list)
    for image in images:
        classes[image.class_index, image.class_name].append(image.image_id)
    width = max(len(name) for _, name in classes)
    lines = []
    for (index, name), ids in classes.items():
        missing = [image_id for image_id in ids if image_id not in found]
        which = "all" if len(missing) == len(ids) else ", ".join(missing) or "none"
        lines.append(f"{index:>3} {name:{width}} {len(ids) - len(missing):>3} of {len(ids)}, missing: {which}")
    lines.append(f"{len(found)} of {len(images)} images found")
    return "\n".join(lines)


def write_csv(path, images, found):
    """Writes the images that were found, with their labels, as a CSV that `image_folder` reads.

    Paths are relative to the CSV's folder, so that both can be moved together.
    """
    folder = os.path.dirname(os.path.abspath(path))
    with files.replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for image in images:
            if image.image_id in found:
                file = os.path.relpath(os.path.abspath(found[image.image_id]), folder)
                writer.writerow((file, image.class_index, image.class_name))
