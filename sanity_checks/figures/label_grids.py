"""Maps of one image under true and under random labels: the left half of figures 6 and 22-25 of Adebayo et al. (2018)."""

from sanity_checks import registry
from sanity_checks.figures import canvas as canvas_module
from sanity_checks.figures import grids
from sanity_checks.figures import layout
from sanity_checks.vocabulary import names

CELL_PIXELS = 280           # 10 pixels for one of MNIST's, room for the methods' names
MODE_LABELS = {"grey": "Absolute", "diverging": "Diverging"}


def label_grid(figure_maps, methods=None, cell_pixels=CELL_PIXELS):
    """Draws the maps of one image: a column per method, the networks below each other, absolute and then diverging.

    Beside each row stands the class that the network's maps explain.

    Args:
        figure_maps: `runs.FigureMaps`, whose stages are the networks.
        methods, cell_pixels: see `grids.mask_grid`.

    Returns:
        matplotlib Figure, to be saved at 200 dpi.

    Raises:
        ValueError: a method that has no maps.
    """
    methods = list(methods or names.ordered(names.METHODS, figure_maps.maps))
    maps = [registry.lookup(figure_maps.maps, method, "method with maps") for method in methods]
    rows = [(mode, stage) for mode in grids.MODES for stage in range(len(figure_maps.stages))]
    plan = layout.plan(figure_maps.image.shape[:2], [_label(figure_maps, mode, stage) for mode, stage in rows],
                       [names.label(names.METHODS, method) for method in methods], cell_pixels, wide_gaps=())
    canvas = canvas_module.Canvas(plan.width, plan.height)
    canvas.picture(figure_maps.image, figure_maps.input_range, plan.image)
    for row, (mode, stage) in enumerate(rows):
        for column, of_method in enumerate(maps):
            canvas.saliency(of_method[stage], grids.MODES[mode], plan.cell(row, column), plan.font_size)
    canvas.labels(plan)
    grids.write_class(canvas, plan, grids.class_of(figure_maps))
    return canvas.figure()


def _label(figure_maps, mode, stage):
    explained = int(figure_maps.explained_class[stage])
    named = figure_maps.class_names.get(explained, f"class {explained}")
    return f"{MODE_LABELS[mode]}, {figure_maps.stages[stage]} ({layout.shortened(named)})"
