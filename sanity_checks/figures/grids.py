"""Maps as pictures, methods against stages: figures 2, 3, 10-18 and 26-35 of Adebayo et al. (2018)."""

from collections.abc import Callable
import dataclasses

import numpy as np

from sanity_checks import registry
from sanity_checks.figures import canvas as canvas_module
from sanity_checks.figures import layout
from sanity_checks.figures import shading
from sanity_checks.vocabulary import names

EXPLAINED = "explained class"


@dataclasses.dataclass(frozen=True)
class Mode:
    """A way to show maps.

    Attributes:
        reduce: function from a map [H, W, C] to the values [H, W] that it shows.
        shade: function from a map [H, W, C] to [H, W] in the range of `colors`.
        colors: function from that to RGB in [0, 1].
        steps: (coarse, fine), steps from 0 to 1 in which large maps are shown, see `shading.even`.
    """
    reduce: Callable
    shade: Callable
    colors: Callable
    steps: tuple


MODES = {
    "grey": Mode(lambda saliency: np.abs(saliency).sum(axis=-1), shading.grey, shading.grey_colors, (15, 60)),
    "diverging": Mode(lambda saliency: saliency.sum(axis=-1), shading.diverging, shading.diverging_colors, (12, 36)),
}


def mask_grid(figure_maps, methods=None, mode="grey", cell_pixels=layout.CELL_PIXELS):
    """Draws the maps of one image: a row per method, a column per stage, the image at the left.

    Below each stage stands the class that was explained there, by name where it has one. A map that is constant or
    not finite has nothing to show: its cell is hatched and says so.

    Args:
        figure_maps: `runs.FigureMaps`.
        methods: sequence of str, from top to bottom; default all of `figure_maps`, in canonical order.
        mode: "grey", absolute maps from black to white; "diverging", signed maps in blue, white and red.
        cell_pixels: int, the most a cell has at 200 dpi; maps are enlarged, or averaged down, by a whole number.

    Returns:
        matplotlib Figure, to be saved at 200 dpi.

    Raises:
        ValueError: unknown mode, or a method that has no maps.
    """
    shown = registry.lookup(MODES, mode, "mode")
    methods = list(methods or names.ordered(names.METHODS, figure_maps.maps))
    for method in methods:
        registry.lookup(figure_maps.maps, method, "method with maps")
    plan = plan_of(figure_maps, methods, cell_pixels)
    canvas = canvas_module.Canvas(plan.width, plan.height)
    canvas.picture(figure_maps.image, figure_maps.input_range, plan.image)
    for row, method in enumerate(methods):
        for column, saliency in enumerate(figure_maps.maps[method]):
            canvas.saliency(saliency, shown, plan.cell(row, column), plan.font_size)
    canvas.labels(plan, EXPLAINED)
    write_class(canvas, plan, class_of(figure_maps))
    return canvas.figure()


def plan_of(figure_maps, methods, cell_pixels=layout.CELL_PIXELS):
    """The `layout.Plan` of `mask_grid`."""
    explained = [figure_maps.class_names.get(k, str(k)) for k in figure_maps.explained_class.tolist()]
    return layout.plan(figure_maps.image.shape[:2], [names.label(names.METHODS, method) for method in methods],
                       figure_maps.stages, cell_pixels, captions=explained, title=EXPLAINED)


def class_of(figure_maps):
    """The class of the image in words: str, "" where it is unknown."""
    if figure_maps.label_name:
        return figure_maps.label_name.replace("_", " ")
    return f"class {figure_maps.label}" if figure_maps.label >= 0 else ""


def write_class(canvas, plan, text):
    """Writes the class of the image below it."""
    box, size = plan.image, plan.captions.size
    canvas.text(box.left + box.width / 2, box.top + box.height + layout.PAD,
                layout.fitted(text, box.width, size) or layout.shortened(text), size, canvas_module.SMALL_COLOR)
