"""Maps of more images than the page has room for: pages beside it, a few images on each."""

import dataclasses
import os

from sanity_checks.runs import files
from sanity_checks.vocabulary import names

FOLDER = "maps"
BUDGET = 3_000_000          # bytes of the maps in the page, about
_BESIDE = 2                 # times as many may be on a page beside it


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """The images of a run.

    Attributes:
        heading: str.
        here: list of `strips.Specimen`, those in the page.
        pages: list of `Page`, where the others are.
    """

    heading: str
    here: list
    pages: list


@dataclasses.dataclass(frozen=True, eq=False)
class Page:
    """A page beside the page: its path relative to it, and its images, a list of `strips.Specimen`."""

    path: str
    found: list


def divide(specimens, heading_of, budget=BUDGET):
    """Divides images among the page and pages beside it: list of `Shown`.

    The first image of every run is in the page, then the second of every run, until the page is full.

    Args:
        specimens: list of (run key, list of `strips.Specimen`), none empty.
        heading_of: function from a run key to its heading.
        budget: int, bytes.
    """
    here, used = [0] * len(specimens), 0
    for image in range(max((len(found) for _, found in specimens), default=0)):
        for run, (_, found) in enumerate(specimens):
            if image < len(found) and here[run] == image and (image == 0 or used + found[image].size <= budget):
                here[run], used = image + 1, used + found[image].size
    return [Shown(heading_of(key), found[:count], _pages(key, found[count:], _BESIDE * budget))
            for (key, found), count in zip(specimens, here)]


def write(shown, output_dir, render):
    """Writes the pages beside the page.

    Args:
        shown: list of `Shown`.
        output_dir: str, the page's folder.
        render: function from (heading, `Page`) to HTML.
    """
    for run in shown:
        for page in run.pages:
            files.write_text(os.path.join(output_dir, page.path), render(run.heading, page))


def _pages(key, found, budget):
    parts, used = [], 0
    for specimen in found:
        if not parts or used + specimen.size > budget:
            parts, used = [*parts, []], 0
        parts[-1].append(specimen)
        used += specimen.size
    return [Page(f"{FOLDER}/{names.file_stem(*key)}_{number}.html", part) for number, part in enumerate(parts, 2)]
