"""Maps of several images, a row each: methods side by side (figure 1), and one method through all stages (figures 8
and 9 of Adebayo et al. 2018)."""

from sanity_checks import registry
from sanity_checks.figures import canvas as canvas_module
from sanity_checks.figures import grids
from sanity_checks.figures import layout
from sanity_checks.vocabulary import names

IMAGE = "Image"             # heading of the column of images
CELL_PIXELS = 300           # of `overview`: photographs of 299 x 299 are shown pixel by pixel


def overview(figure_maps, methods=None, mode="grey", cell_pixels=CELL_PIXELS):
    """Draws the maps of images on the original weights: a column per method, beside the image.

    Args:
        figure_maps: sequence of `runs.FigureMaps`, from top to bottom, of images of one size.
        methods: sequence of str, from left to right; default all of the first image, in canonical order, in which
            the edge detector follows the paper's methods.
        mode, cell_pixels: see `grids.mask_grid`.

    Returns:
        matplotlib Figure, to be saved at 200 dpi.

    Raises:
        ValueError: no images, images of several sizes, unknown mode, or a method that has no maps.
    """
    _check(figure_maps)
    methods = list(methods or names.ordered(names.METHODS, figure_maps[0].maps))
    cells = [[_maps(shown, method)[0] for method in methods] for shown in figure_maps]
    return _rows(figure_maps, [names.label(names.METHODS, method) for method in methods], cells, mode, cell_pixels,
                 wide_gaps=(0,))


def stages_of_one_method(figure_maps, method, mode="grey", cell_pixels=layout.CELL_PIXELS):
    """Draws one method's maps of images: a column per stage, beside the image.

    Args:
        figure_maps: sequence of `runs.FigureMaps`, from top to bottom, of images of one size at the same stages.
        method: str.
        mode, cell_pixels: see `grids.mask_grid`.

    Returns:
        matplotlib Figure, to be saved at 200 dpi.

    Raises:
        ValueError: no images, images of several sizes or at other stages, unknown mode, or a method that has no maps.
    """
    _check(figure_maps)
    stages = figure_maps[0].stages
    for shown in figure_maps:
        if shown.stages != stages:
            raise ValueError(f"image {shown.image_id}: expected the stages {', '.join(stages)}, "
                             f"got {', '.join(shown.stages)}")
    cells = [_maps(shown, method) for shown in figure_maps]
    return _rows(figure_maps, stages, cells, mode, cell_pixels, wide_gaps=(0, 1))


def _check(figure_maps):
    if not figure_maps:
        raise ValueError("expected the maps of at least one image, got none")
    expected = figure_maps[0].image.shape
    for shown in figure_maps:
        if shown.image.shape != expected:
            raise ValueError(f"image {shown.image_id}: expected shape {expected}, got {shown.image.shape}")


def _maps(shown, method):
    return registry.lookup(shown.maps, method, "method with maps")


def _rows(figure_maps, headings, cells, mode, cell_pixels, wide_gaps):
    """A row per image: its class, the image, and `cells` (a list of maps per image) under their headings."""
    shown = registry.lookup(grids.MODES, mode, "mode")
    plan = layout.plan(figure_maps[0].image.shape[:2], [grids.class_of(maps) for maps in figure_maps],
                       [IMAGE, *headings], cell_pixels, image=False, wide_gaps=wide_gaps)
    canvas = canvas_module.Canvas(plan.width, plan.height)
    for row, maps in enumerate(figure_maps):
        canvas.picture(maps.image, maps.input_range, plan.cell(row, 0))
        for column, saliency in enumerate(cells[row], 1):
            canvas.saliency(saliency, shown, plan.cell(row, column), plan.font_size)
    canvas.labels(plan)
    return canvas.figure()
