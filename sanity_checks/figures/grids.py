"""Maps as pictures, methods against stages: figures 2, 3, 10-18 and 26-35 of Adebayo et al. (2018).

The whole grid is composed as one array of pixels, so that every pixel of a small map is a square of exactly
equal size, and every pixel of a large one has its exact share: no moire, and no axes that are not quite where
they should be.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from matplotlib import figure as matplotlib_figure
from matplotlib import patches
from matplotlib.backends import backend_agg

from sanity_checks import names
from sanity_checks import registry
from sanity_checks.figures import layout
from sanity_checks.figures import saving
from sanity_checks.figures import shading


@dataclasses.dataclass(frozen=True)
class Mode:
    """A way to show maps.

    Attributes:
        reduce: function from a map [H, W, C] to the values [H, W] that it shows.
        shade: function from a map [H, W, C] to [H, W] in the range of `colors`.
        colors: function from that to RGB in [0, 1].
    """
    reduce: Callable
    shade: Callable
    colors: Callable


MODES = {
    "grey": Mode(lambda saliency: np.abs(saliency).sum(axis=-1), shading.grey, shading.grey_colors),
    "diverging": Mode(lambda saliency: saliency.sum(axis=-1), shading.diverging, shading.diverging_colors),
}

_FRAME = 0.75                   # grey of the line, one pixel wide, about a cell
_FLAW_FACE, _FLAW_HATCH = "#f2f2f2", "#b0b0b0"
_FLAW_TEXT_BOX = {"facecolor": _FLAW_FACE, "edgecolor": "none", "pad": 1}


def mask_grid(figure_maps, methods=None, mode="grey", cell_pixels=layout.CELL_PIXELS):
    """Draws the maps of one image: a row per method, a column per stage, the image at the left.

    Below each stage stands the class that was explained there. A map that is constant or not finite has
    nothing to show: its cell is hatched and says so.

    Args:
        figure_maps: `results.FigureMaps`.
        methods: sequence of str, from top to bottom; default all of `figure_maps`, in canonical order.
        mode: "grey", absolute maps from black to white; "diverging", signed maps in blue, white and red.
        cell_pixels: int, size of a cell at 200 dpi; maps no larger are enlarged by a whole number, larger
            ones are averaged down.

    Returns:
        matplotlib Figure, to be saved at 200 dpi.

    Raises:
        ValueError: unknown mode, or a method that has no maps.
    """
    shown = registry.lookup(MODES, mode, "mode")
    methods = list(methods or names.ordered(names.METHODS, figure_maps.maps))
    for method in methods:
        registry.lookup(figure_maps.maps, method, "method with maps")
    labels = [names.label(names.METHODS, method) for method in methods]
    plan = layout.plan(figure_maps.image.shape[:2], labels, figure_maps.stages, cell_pixels)
    figure, axes = _blank(plan)
    pixels = np.ones((plan.height, plan.width, 3))
    _paste(pixels, shading.picture(figure_maps.image, figure_maps.input_range), plan.image)
    for row, method in enumerate(methods):
        for column, saliency in enumerate(figure_maps.maps[method]):
            _draw_cell(pixels, axes, saliency, shown, plan.cell(row, column), plan.font_size)
    _show(axes, pixels)
    _write_labels(axes, plan, labels, figure_maps)
    return figure


def _blank(plan):
    size = plan.width / saving.DPI, plan.height / saving.DPI
    figure = matplotlib_figure.Figure(figsize=size, dpi=saving.DPI)
    backend_agg.FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return figure, axes


def _show(axes, pixels):
    height, width = pixels.shape[:2]
    axes.imshow(pixels, extent=(0, width, height, 0), interpolation="nearest", aspect="auto", zorder=0)
    axes.set(xlim=(0, width), ylim=(height, 0))


def _draw_cell(pixels, axes, saliency, mode, box, font_size):
    flaw = shading.flaw(saliency, mode.reduce)
    if flaw is None:
        _paste(pixels, mode.shade(saliency), box, mode.colors)
        return
    axes.add_patch(patches.Rectangle((box.left, box.top), box.width, box.height, facecolor=_FLAW_FACE,
                                     edgecolor=_FLAW_HATCH, hatch="////", linewidth=0))
    axes.text(box.left + box.width / 2, box.top + box.height / 2, flaw, ha="center", va="center",
              color="0.25", fontsize=0.7 * font_size, bbox=_FLAW_TEXT_BOX)


def _paste(pixels, values, box, colors=lambda values: values):
    pixels[box.top - 1:box.top + box.height + 1, box.left - 1:box.left + box.width + 1] = _FRAME
    resized = shading.resized(values, box.height, box.width)
    pixels[box.top:box.top + box.height, box.left:box.left + box.width] = colors(resized)


def _write_labels(axes, plan, labels, figure_maps):
    for row, label in enumerate(labels):
        box = plan.cell(row, 0)
        axes.text(box.left - layout.PAD, box.top + box.height / 2, layout.wrapped(label), ha="right",
                  va="center", fontsize=plan.font_size)
    for column, (stage, explained) in enumerate(zip(figure_maps.stages, figure_maps.explained_class)):
        top, bottom = plan.cell(0, column), plan.cell(len(labels) - 1, column)
        center = top.left + top.width / 2
        axes.text(center, top.top - layout.PAD, stage, fontsize=plan.font_size, va="bottom",
                  ha="left" if plan.turned else "center", rotation=45 if plan.turned else 0,
                  rotation_mode="anchor")
        axes.text(center, bottom.top + bottom.height + layout.PAD, str(explained), ha="center", va="top",
                  fontsize=plan.small_size, color="0.35")
    first = plan.cell(len(labels) - 1, 0)
    axes.text(first.left - layout.PAD, first.top + first.height + layout.PAD, "explained class", ha="right",
              va="top", fontsize=plan.small_size, color="0.35")
    if figure_maps.label >= 0:
        axes.text(plan.image.left + plan.image.width / 2, plan.image.top + plan.image.height + layout.PAD,
                  f"class {figure_maps.label}", ha="center", va="top", fontsize=plan.small_size, color="0.35")
