"""All maps of the runs, read once: strips for every image, and the paper's figures of maps."""

import dataclasses
import os

import numpy as np

from sanity_checks import figures
from sanity_checks.analysis import aggregation
from sanity_checks.paper import catalogue
from sanity_checks.paper import parts
from sanity_checks.report import drawing
from sanity_checks.report import map_drawing
from sanity_checks.report import map_pages
from sanity_checks.report import strips
from sanity_checks.runs import files
from sanity_checks.runs import reading


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A run directory.

    Attributes:
        path: str.
        key: (model, dataset, test).
        rows: pandas.DataFrame, its rows.
        record: dict, the content of its run.json.
        unfinished: str, what it lacks in words, "3 of 6 units are missing"; "" where it is whole.
    """

    path: str
    key: tuple
    rows: object
    record: dict
    unfinished: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Gallery:
    """What was made of the maps.

    Attributes:
        specimens: list of (run key, list of `strips.Specimen`).
        pictures: dict, (figure id, number of the part) -> list of `pictures.Picture`.
    """

    specimens: list
    pictures: dict


def read_run(path):
    """Opens a run directory: `Run`; ValueError where it has more than one model, data set or test."""
    rows = reading.read_rows([path])
    keys = rows[list(aggregation.RUN_COLUMNS)].drop_duplicates().astype(str)
    if len(keys) != 1:
        found = "; ".join(", ".join(key) for key in keys.itertuples(index=False))
        raise ValueError(f"{path}: expected the rows of one model, data set and test, got {found}")
    return Run(path, tuple(keys.iloc[0]), rows, reading.read_run(path), reading.unfinished(path))


def build(runs, summary, output_dir, skip=()):
    """Reads the maps of all runs, one image at a time.

    Args:
        runs: list of `Run`.
        summary: pandas.DataFrame from `aggregation.aggregate`.
        output_dir: str, the page's folder, gets the figures of maps.
        skip: figure ids that are not drawn.

    Returns:
        `Gallery`.
    """
    cells = [(_images(run), _images(run) and _cells(run)) for run in runs]
    side = strips.side_for(sum(images * each for images, each in cells), sum(each for _, each in cells), map_pages.BUDGET)
    gallery = Gallery([], {})
    for run in runs:
        specimens, values, wanted = [], _values(run), _wanted(run, summary, skip)
        collected = {key: [] for key in wanted}
        for kept, figure_maps in reading.figure_maps([run.path]):
            specimens.append(strips.specimen(figure_maps, values.get(figure_maps.image_id, {}), side))
            for key, part in wanted.items():
                _collect(collected[key], part, map_drawing.Shown(figure_maps, run.key[1], _drawn(run, kept)))
        if specimens:
            gallery.specimens.append((run.key, specimens))
        for (figure_id, number), shown in collected.items():
            if shown:
                part = wanted[figure_id, number]
                gallery.pictures[figure_id, number] = map_drawing.DRAW[type(part)](
                    part, shown, output_dir, f"figure_{figure_id}_{number + 1}")
    return gallery


def _images(run):
    """Number of images that a run kept the maps of."""
    return len(files.listed(os.path.join(run.path, reading.MAPS), ".npz"))


def _cells(run):
    """Number of pictures of an image's maps."""
    return len(strips.MODES) * run.rows["method"].nunique() * run.rows["stage_index"].nunique()


def _values(run):
    """Similarities in draw 0, the maps' own: dict, image id -> dict, (method, metric) -> float64 [stages]."""
    first = run.rows[run.rows["draw"] == 0]
    wide = first.pivot(index=["image_id", "method", "metric"], columns="stage_index", values="value")
    found = {}
    for (image_id, method, metric), values in zip(wide.index, wide.to_numpy(np.float64)):
        found.setdefault(image_id, {})[method, metric] = values
    return found


def _wanted(run, summary, skip):
    """The parts that show maps of a run: dict, (figure id, number) -> one of `parts.OF_MAPS`."""
    model, dataset, test = run.key
    return {
        (figure_id, number): part
        for figure_id, figure in catalogue.FIGURES.items() if figure_id not in skip
        for number, part in drawing.shown_parts(figure, summary)
        if isinstance(part, parts.OF_MAPS) and (part.model, part.test) == (model, test)
        and drawing.chosen(summary, model, part.datasets, test) == dataset
    }


def _drawn(run, kept):
    """How the names of the figures begin that a run drew of the maps of an image: str; "" where they are older than its maps."""
    stem = os.path.join(run.path, figures.FOLDER, f"masks_{kept.name}")
    newest = max(os.path.getmtime(path) for path in files.listed(os.path.join(run.path, reading.MAPS), ".npz"))
    drawn = [f"{stem}_{mode}.png" for mode in map_drawing.MODE_NAMES]
    return stem if all(os.path.exists(path) and os.path.getmtime(path) >= newest for path in drawn) else ""


def _collect(shown, part, one):
    """Adds an image, a `map_drawing.Shown`, to those that a part shows, if there is room; the paper's takes another's place."""
    if not map_drawing.keep(part, one.maps):
        return
    if len(shown) >= part.most:
        if not part.image or part.image not in one.maps.image_id:
            return
        shown.pop()
    shown.append(one)
