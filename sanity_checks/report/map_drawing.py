"""Draws the paper's figures of maps, from the images that a run kept the maps of."""

import dataclasses
import os

from sanity_checks.figures import grids
from sanity_checks.figures import label_grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.paper import parts
from sanity_checks.report import drawing
from sanity_checks.report import pictures
from sanity_checks.vocabulary import names

MODE_NAMES = {"grey": "absolute values", "diverging": "signed values"}


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """An image that a figure shows.

    Attributes:
        maps: `runs.FigureMaps`.
        dataset: str, the data set of its run.
        drawn: str, how the names of the figures begin that its run drew of all its maps ("<path>_grey.png"), or "".
    """

    maps: object
    dataset: str
    drawn: str = ""


def draw_masks(part, shown, output_dir, stem):
    """Draws a `parts.Masks`.

    Args:
        part: `parts.Masks`.
        shown: list of `Shown`.
        output_dir: str, the page's folder.
        stem: str, how the files' names begin.

    Returns:
        list of `pictures.Picture`.
    """
    found = []
    for number, one in enumerate(shown, 1):
        for mode in part.modes:
            methods, name = _methods(part, one.maps), f"{stem}_{number}_{mode}"
            note = _note(part, [one], MODE_NAMES[mode])
            alt, drawn = _alt(part, one.maps, note), f"{one.drawn}_{mode}.png"
            if one.drawn and len(methods) == len(one.maps.maps) and os.path.exists(drawn):
                found.append(pictures.copied([drawn], output_dir, name, alt, note))
            else:
                found.append(_saved(grids.mask_grid(one.maps, methods, mode), output_dir, name, alt, note))
    return found


def draw_label_masks(part, shown, output_dir, stem):
    """Draws a `parts.LabelMasks`; arguments and result as those of `draw_masks`."""
    found = []
    for number, one in enumerate(shown, 1):
        note = _note(part, [one], "absolute and signed values")
        figure = label_grids.label_grid(one.maps, _methods(part, one.maps))
        found.append(_saved(figure, output_dir, f"{stem}_{number}", _alt(part, one.maps, note), note))
    return found


def draw_overview(part, shown, output_dir, stem):
    """Draws a `parts.Overview`; arguments and result as those of `draw_masks`."""
    maps = [one.maps for one in shown]
    note = _note(part, shown, "absolute values")
    figure = overview.overview(maps, _methods(part, maps[0]))
    return [_saved(figure, output_dir, stem, _alt(part, maps[0], note), note)]


def draw_followed(part, shown, output_dir, stem):
    """Draws a `parts.Followed`; arguments and result as those of `draw_masks`."""
    maps = [one.maps for one in shown]
    note = _note(part, shown, MODE_NAMES[part.mode])
    figure = overview.stages_of_one_method(maps, _methods(part, maps[0])[0], part.mode)
    return [_saved(figure, output_dir, stem, _alt(part, maps[0], note), note)]


def _saved(figure, output_dir, stem, alt, note):
    """Writes a figure of maps and returns its `pictures.Picture`; a PDF of a large one would be the same pixels again."""
    formats = ("png",) if saving.pixels(figure) > saving.LARGE else saving.FORMATS
    return pictures.save(figure, output_dir, stem, alt, note, formats=formats)


def keep(part, figure_maps):
    """Whether a run's maps can be shown in a part: they hold one of its methods, and as it shows them."""
    return bool(_methods(part, figure_maps))


def absent_maps(part, summary):
    """What results a part of `parts.OF_MAPS` lacks: list of str."""
    if drawing.chosen(summary, part.model, part.datasets, part.test):
        return []
    return [drawing.absent(part.model, part.datasets, part.test)]


def _methods(part, figure_maps):
    """Names of the methods that a part shows of an image's maps, in order."""
    wanted = part.methods or names.ordered(names.METHODS, figure_maps.maps)
    return [method for method in wanted if method in figure_maps.maps]


def _note(part, shown, mode):
    images = ", ".join(one.maps.image_id for one in shown)
    other = " The paper shows another image." if part.image and part.image not in images else ""
    return (f"{drawing.pair_label(part.model, shown[0].dataset)}, {names.label(names.TESTS, part.test)}, "
            f"image{'s' if len(shown) > 1 else ''} {images}, {mode}.{other}")


def _alt(part, figure_maps, note):
    methods = ", ".join(names.label(names.METHODS, method) for method in _methods(part, figure_maps))
    return f"Maps by {methods} at {', '.join(figure_maps.stages)}. {note}"


DRAW = {
    parts.Masks: draw_masks,
    parts.LabelMasks: draw_label_masks,
    parts.Overview: draw_overview,
    parts.Followed: draw_followed,
}
