"""Tests of the figures with a row per image, read off their pixels and texts."""

import dataclasses

import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.figures import grids
from sanity_checks.figures import layout
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.figures import shading

STAGES = ("original", "fc1", "conv1")
METHODS = ("edge_detector", "gradient", "integrated_gradients_smoothgrad")


def make_maps(seed, label_name="", methods=METHODS, stages=STAGES, shape=(28, 28, 1)):
    generator = np.random.default_rng(seed)
    return runs.FigureMaps(
        image=generator.random(shape, np.float32), image_id=str(seed), input_range=(0.0, 1.0), label=-1,
        stages=stages, label_name=label_name,
        maps={name: generator.normal(size=(len(stages), *shape)).astype(np.float32) for name in methods},
        explained_class=np.zeros(len(stages), np.int64))


def render(figure):
    """The figure's pixels: uint8 [height, width, 3]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def cells(figure, cell_pixels, rows, columns, wide_gaps, headings):
    """The figure's cells as float64 [rows, columns, h, w, 3] in [0, 1]."""
    plan = layout.plan((28, 28), rows, headings, cell_pixels, image=False, wide_gaps=wide_gaps)
    pixels = render(figure)
    boxes = [[plan.cell(row, column) for column in range(columns)] for row in range(len(rows))]
    return np.array([[pixels[box.top:box.top + box.height, box.left:box.left + box.width] for box in line]
                     for line in boxes]) / 255


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def enlarged(values, factor):
    return values.repeat(factor, 0).repeat(factor, 1)


def test_overview_shows_each_image_and_the_methods_on_the_original_weights():
    maps = [make_maps(0), make_maps(1)]
    figure = overview.overview(maps)
    headings = ["Image", "Gradient", "Integrated Gradients-SG", "Edge Detector"]
    found = cells(figure, overview.CELL_PIXELS, ["", ""], 4, (0,), headings)
    for row, shown in enumerate(maps):
        expected = [shading.picture(shown.image, (0, 1))] + [
            shading.grey_colors(shading.grey(shown.maps[name][0]))
            for name in ("gradient", "integrated_gradients_smoothgrad", "edge_detector")]
        for column, values in enumerate(expected):
            np.testing.assert_allclose(found[row, column], enlarged(values, 10), atol=0.005)


def test_overview_names_methods_and_images():
    figure = overview.overview([make_maps(0, "junco"), make_maps(1, "Maltese_dog"), make_maps(2)])
    assert {"Image", "Gradient", "Integrated\nGradients-SG", "Edge Detector", "junco", "Maltese dog"} <= set(texts(figure))


def test_overview_of_chosen_methods():
    shown = texts(overview.overview([make_maps(0)], methods=["gradient"]))
    assert "Gradient" in shown and "Edge Detector" not in shown


@pytest.mark.parametrize("mode", list(grids.MODES))
def test_one_method_at_all_stages(mode):
    maps = [make_maps(0), make_maps(1)]
    figure = overview.stages_of_one_method(maps, "gradient", mode)
    found = cells(figure, layout.CELL_PIXELS, ["", ""], 4, (0, 1), ["Image", *STAGES])
    shown = grids.MODES[mode]
    for row, of_image in enumerate(maps):
        for column, saliency in enumerate(of_image.maps["gradient"], 1):
            expected = enlarged(shown.colors(shown.shade(saliency)), 5)
            np.testing.assert_allclose(found[row, column], expected, atol=0.005)


def test_stages_are_named():
    assert {"Image", *STAGES} <= set(texts(overview.stages_of_one_method([make_maps(0)], "gradient")))


@pytest.mark.parametrize("make", [overview.overview, lambda maps: overview.stages_of_one_method(maps, "gradient")])
@pytest.mark.parametrize("stages", [STAGES, ("original", *[f"Conv2d_{i}a_3x3" for i in range(17)])])
def test_all_text_is_inside_the_figure(make, stages):
    methods = [*METHODS, "input_x_gradient", "guided_backprop", "a_method_of_my_own_with_a_long_name"]
    figure = make([make_maps(0, "Staffordshire bullterrier", methods, stages), make_maps(1, "", methods, stages)])
    height, width = render(figure).shape[:2]
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text


def test_photographs_in_an_overview_are_shown_pixel_by_pixel():
    maps = make_maps(0, methods=("gradient",), stages=("original",), shape=(299, 299, 3))
    figure = overview.overview([maps])
    width = figure.get_size_inches()[0] * saving.DPI
    assert 2 * 299 < width < 2 * 299 + 60


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="expected the maps of at least one image, got none"):
        overview.overview([])


def test_images_of_several_sizes_are_refused():
    with pytest.raises(ValueError, match=r"image 1: expected shape \(28, 28, 1\), got \(14, 14, 1\)"):
        overview.overview([make_maps(0), make_maps(1, shape=(14, 14, 1))])


def test_images_at_other_stages_are_refused():
    other = dataclasses.replace(make_maps(1), stages=("original", "fc1", "fc2"))
    with pytest.raises(ValueError, match="image 1: expected the stages original, fc1, conv1, got original, fc1, fc2"):
        overview.stages_of_one_method([make_maps(0), other], "gradient")


@pytest.mark.parametrize("make", [lambda maps: overview.overview(maps, ["xrai"]),
                                  lambda maps: overview.stages_of_one_method(maps, "xrai")])
def test_a_method_without_maps_is_refused(make):
    with pytest.raises(ValueError, match="unknown method with maps 'xrai'"):
        make([make_maps(0)])
