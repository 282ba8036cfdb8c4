"""Pictures of the page, each with its files beside it."""

import dataclasses
import os
import shutil

from sanity_checks.figures import saving
from sanity_checks.report import images
from sanity_checks.runs import files

FOLDER = "figures"
WIDE = 600          # CSS pixels from which a picture is not shrunk to a phone, but scrolls in its box
CSS_PIXELS = 0.6    # of the page to a pixel of a figure's file, which has 200 to the inch: a little enlarged


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture in the page.

    Attributes:
        uri: data URI.
        width, height: int, size in the page, CSS pixels, where there is room.
        alt: str, the picture in words.
        note: str, what is shown in it in particular.
        links: dict, format -> path of the file relative to the page.
        covers: frozenset of (model, dataset, metric) whose curves it shows.
    """

    uri: str
    width: int
    height: int
    alt: str
    note: str
    links: dict
    covers: frozenset = frozenset()

    @property
    def wide(self):
        return self.width >= WIDE


def save(figure, output_dir, stem, alt, note, covers=(), formats=saving.FORMATS):
    """Writes a Matplotlib figure as files beside the page and returns its `Picture`."""
    written = saving.save(figure, os.path.join(output_dir, FOLDER, stem), formats)
    return from_files(written, output_dir, alt, note, covers)


def copied(paths, output_dir, stem, alt, note):
    """Copies the files of a figure that was drawn before to the page's folder and returns its `Picture`."""
    copies = []
    for path in paths:
        copies.append(os.path.join(output_dir, FOLDER, stem + os.path.splitext(path)[1]))
        os.makedirs(os.path.dirname(copies[-1]), exist_ok=True)
        with files.replacing(copies[-1]) as temporary:
            shutil.copyfile(path, temporary)
    return from_files(copies, output_dir, alt, note)


def from_files(paths, output_dir, alt, note, covers=()):
    """The `Picture` of files that lie in the report's folder.

    Args:
        paths: list of str, the same picture in several formats; the first that is not a PDF is shown in the
            page.
        output_dir: str, the page's folder.
        alt, note: str.
        covers: iterable of (model, dataset, metric).
    """
    shown = next((path for path in paths if not path.endswith(".pdf")), None)
    if shown is None:
        raise ValueError(f"expected an image file to show in the page, got {', '.join(paths)}")
    uri, size = images.from_file(shown)
    width, height = (round(side * CSS_PIXELS) for side in size)
    links = {os.path.splitext(path)[1][1:].upper(): os.path.relpath(path, output_dir).replace(os.sep, "/")
             for path in sorted(paths, key=lambda path: (path.endswith(".pdf"), path))}
    return Picture(uri, width, height, alt, note, links, frozenset(covers))
