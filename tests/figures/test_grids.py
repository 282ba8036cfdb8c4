"""Tests of the mask grids, read off their pixels."""

from matplotlib import patches
import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.figures import grids
from sanity_checks.figures import layout
from sanity_checks.figures import saving

pytestmark = pytest.mark.slow

STAGES = ("original", "fc1", "conv1")
BLOCKS = ("original", *[f"Conv2d_{i}a_3x3" for i in range(17)])


def make_maps(shape=(28, 28, 1), methods=("gradcam", "gradient"), stages=STAGES, **names):
    generator = np.random.default_rng(0)
    return runs.FigureMaps(
        image=generator.random(shape, np.float32), image_id="0", input_range=(0.0, 1.0), label=7,
        stages=stages,
        maps={name: generator.normal(size=(len(stages), *shape)).astype(np.float32) for name in methods},
        explained_class=np.arange(len(stages)) + 40, **names)


def render(figure):
    """The figure's pixels: uint8 [height, width, 3]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def plan_of(maps, methods=("gradient", "gradcam")):
    return grids.plan_of(maps, methods)


def cell(pixels, box):
    return pixels[box.top:box.top + box.height, box.left:box.left + box.width]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("mode", list(grids.MODES))
@pytest.mark.parametrize("row, method, column", [(0, "gradient", 0), (1, "gradcam", 2)])
def test_every_pixel_of_a_small_map_is_a_square_of_its_colour(mode, row, method, column):
    maps = make_maps()
    pixels = render(grids.mask_grid(maps, mode=mode))
    shown = grids.MODES[mode]
    colors = shown.colors(shown.shade(maps.maps[method][column]))
    found = cell(pixels, plan_of(maps).cell(row, column))
    assert found.shape == (140, 140, 3)
    np.testing.assert_allclose(found, 255 * colors.repeat(5, 0).repeat(5, 1), atol=1)


def test_the_image_is_shown_in_its_range():
    maps = make_maps()
    found = cell(render(grids.mask_grid(maps)), plan_of(maps).image)
    expected = np.repeat(255 * maps.image, 3, axis=-1).repeat(10, 0).repeat(10, 1)
    np.testing.assert_allclose(found, expected, atol=1)


def test_photographs_are_made_smaller():
    maps = make_maps((299, 299, 3), ["gradient"])
    box = plan_of(maps, ["gradient"]).cell(0, 0)
    assert (box.height, box.width) == (layout.CELL_PIXELS, layout.CELL_PIXELS)


def test_cells_keep_the_shape_of_the_maps():
    box = plan_of(make_maps((20, 40, 1)), ["gradient"]).cell(0, 0)
    assert box.width == 2 * box.height


def test_cells_do_not_touch():
    plan = plan_of(make_maps())
    first, right, below = plan.cell(0, 1), plan.cell(0, 2), plan.cell(1, 1)
    assert right.left > first.left + first.width + 2 and below.top > first.top + first.height + 2


LONG_NAMES = {40: "Staffordshire_bullterrier of no particular colour", 41: "great white shark", 57: "electric ray"}


@pytest.mark.parametrize("class_names", [{}, LONG_NAMES])
@pytest.mark.parametrize("stages", [STAGES, BLOCKS])
def test_all_text_is_inside_the_figure(stages, class_names):
    methods = ["integrated_gradients_smoothgrad", "gradient"]
    figure = grids.mask_grid(make_maps(stages=stages, methods=methods, class_names=class_names))
    pixels = render(figure)
    height, width = pixels.shape[:2]
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height, text


@pytest.mark.parametrize("class_names", [{}, LONG_NAMES])
def test_no_text_lies_on_the_cells(class_names):
    maps = make_maps(stages=BLOCKS[:7], class_names=class_names)
    figure = grids.mask_grid(maps)
    height = render(figure).shape[0]
    plan = plan_of(maps)
    first, last = plan.cell(0, 0), plan.cell(1, 6)
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        top, bottom = height - box.y1, height - box.y0
        apart = (box.x1 <= first.left or box.x0 >= last.left + last.width
                 or bottom <= first.top or top >= last.top + last.height)
        assert apart, text


def test_labels_are_the_papers():
    shown = texts(grids.mask_grid(make_maps(methods=["guided_backprop", "mine"])))
    assert {"Guided\nBackProp", "mine", *STAGES, "40", "41", "42", "class 7"} <= set(shown)


def test_classes_are_shown_by_name_where_they_have_one():
    shown = texts(grids.mask_grid(make_maps(class_names={41: "sea_lion"}, label_name="Maltese_dog")))
    assert {"40", "sea lion", "42", "Maltese dog"} <= set(shown) and "class 7" not in shown


def test_a_name_of_several_words_is_put_over_several_lines():
    assert "Old English\nsheepdog" in texts(grids.mask_grid(make_maps(class_names={41: "Old English sheepdog"})))


def test_a_name_that_does_not_fit_is_slanted_and_shortened():
    figure = grids.mask_grid(make_maps(stages=BLOCKS, class_names=LONG_NAMES))
    rotations = {text.get_text(): text.get_rotation() for text in figure.axes[0].texts}
    assert rotations["Staffordshire bullterrier o…"] == rotations["42"] == 45


def test_an_unknown_label_is_not_shown():
    maps = make_maps()
    unlabelled = runs.FigureMaps(maps.image, "0", (0, 1), -1, maps.stages, maps.maps, maps.explained_class)
    assert not any(text.startswith("class") for text in texts(grids.mask_grid(unlabelled)))


@pytest.mark.parametrize("fill, mode, flaw", [
    (0.0, "grey", "constant"), (2.0, "diverging", "constant"), (np.nan, "grey", "not finite"),
    (np.inf, "diverging", "not finite")])
def test_a_degenerate_map_is_hatched_and_named(fill, mode, flaw):
    maps = make_maps()
    maps.maps["gradcam"][1] = fill
    axes = grids.mask_grid(maps, mode=mode).axes[0]
    box = plan_of(maps).cell(1, 1)
    hatched, = [patch for patch in axes.patches if isinstance(patch, patches.Rectangle)]
    assert hatched.get_hatch() and hatched.get_bbox().bounds == (box.left, box.top, box.width, box.height)
    assert flaw in [text.get_text() for text in axes.texts]


def test_a_map_of_constant_size_is_degenerate_where_only_size_is_shown():
    maps = make_maps(methods=["gradient"])
    maps.maps["gradient"][1] = np.sign(maps.maps["gradient"][1])
    assert "constant" in texts(grids.mask_grid(maps, mode="grey"))
    assert "constant" not in texts(grids.mask_grid(maps, mode="diverging"))


def test_methods_can_be_chosen():
    shown = texts(grids.mask_grid(make_maps(), methods=["gradcam"]))
    assert "GradCAM" in shown and "Gradient" not in shown


def test_a_method_without_maps_is_refused():
    with pytest.raises(ValueError, match="unknown method with maps 'xrai'.*Known: gradcam, gradient"):
        grids.mask_grid(make_maps(), methods=["xrai"])


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Known: grey, diverging"):
        grids.mask_grid(make_maps(), mode="rainbow")


def test_the_figure_has_the_planned_size():
    maps = make_maps()
    plan = plan_of(maps)
    pixels = grids.mask_grid(maps).get_size_inches() * saving.DPI
    assert tuple(pixels) == pytest.approx((plan.width, plan.height))
