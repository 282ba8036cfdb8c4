"""How figures are saved: few colours in a palette, exactly; large figures of photographs small, and the same to the eye."""

from matplotlib import figure as matplotlib_figure
from matplotlib.backends import backend_agg
import numpy as np
from PIL import Image
import pytest
from scipy import ndimage

from sanity_checks import runs
from sanity_checks.figures import grids
from sanity_checks.figures import saving
from sanity_checks.figures import shading
from sanity_checks.vocabulary import names

STAGES = ("original", *(f"block {i}" for i in range(9)))


def make_maps(side):
    """A photograph with all colours, and maps of it: noise, and one as smooth as GradCAM's."""
    generator = np.random.default_rng(0)
    ramp = np.linspace(0, 1, side, dtype=np.float32)
    image = np.stack(np.broadcast_arrays(ramp[:, None], ramp, 1 - ramp[:, None]), axis=-1)
    noise = generator.laplace(size=(len(STAGES), side, side, 3)).astype(np.float32)
    smooth = np.broadcast_to((ramp[:, None] * ramp)[None, ..., None], (len(STAGES), side, side, 1))
    return runs.FigureMaps(image, "0", (0., 1.), -1, STAGES, {"gradient": noise, "smoothgrad": noise[::-1], "guided_backprop": noise,
                                                              "integrated_gradients": noise, "gradcam": smooth,
                                                              "guided_gradcam": noise, "vargrad": noise}, np.zeros(len(STAGES), np.int64))


def saved(figure, tmp_path):
    path, = saving.save(figure, str(tmp_path / "figure"), ("png",))
    return path, Image.open(path)


@pytest.mark.parametrize("mode", list(grids.MODES))
def test_a_large_figure_of_maps_is_small_and_looks_the_same(tmp_path, mode, monkeypatch):
    maps = make_maps(150)
    figure = grids.mask_grid(maps, mode=mode)
    assert saving.pixels(figure) > saving.LARGE
    path, image = saved(figure, tmp_path)
    monkeypatch.setattr(saving, "LARGE", np.inf)
    exact = grids.mask_grid(maps, mode=mode)
    exact.canvas.draw()
    expected = np.asarray(exact.canvas.buffer_rgba())[..., :3].astype(float)
    assert image.mode == "P" and (tmp_path / "figure.png").stat().st_size * 8 < 4.6 * image.width * image.height
    difference = np.asarray(image.convert("RGB")) - expected
    assert np.abs(difference).max() <= 60                                           # a step of noise, or of dithering
    from_afar = np.abs(ndimage.uniform_filter(difference, (6, 6, 0)))
    assert from_afar.max() < 24 and np.percentile(from_afar, 99.5) < 8              # the photograph here has all colours there are
    methods = names.ordered(names.METHODS, maps.maps)
    box = grids.plan_of(maps, methods).cell(methods.index("gradcam"), 3)              # the smooth map: no steps to be seen
    smooth = difference[box.top:box.top + box.height, box.left:box.left + box.width]
    assert np.abs(smooth).max() <= 255 / 2 / (60 if mode == "grey" else 36) + 2


def test_a_small_figure_of_few_colours_is_exact_in_a_palette(tmp_path):
    maps = make_maps(16)
    figure = grids.mask_grid(runs.FigureMaps(maps.image[..., :1], "0", (0., 1.), -1, STAGES, {"gradient": maps.maps["gradient"]},
                                             maps.explained_class))
    figure.canvas.draw()
    expected = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    _, image = saved(figure, tmp_path)
    assert image.mode == "P" and image.info["dpi"] == pytest.approx((saving.DPI, saving.DPI), abs=0.1)
    np.testing.assert_array_equal(np.asarray(image.convert("RGB")), expected)


def test_a_figure_of_many_colours_is_saved_as_it_is(tmp_path):
    figure = matplotlib_figure.Figure(figsize=(2, 2))
    backend_agg.FigureCanvasAgg(figure)
    figure.add_axes((0, 0, 1, 1)).imshow(make_maps(64).image)
    _, image = saved(figure, tmp_path)
    assert image.mode == "RGB" and len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 256


@pytest.mark.parametrize("values, steps", [(np.tile([0., 1.], (9, 8)), 15), (np.linspace(0, 1, 64).reshape(8, 8) * np.ones((8, 8)), 15)])
def test_maps_are_shown_in_steps_that_cannot_be_seen(values, steps):
    rough = np.abs(np.diff(values, axis=1)).mean() > 0.5 / steps
    found = shading.even(values + 0.01, steps, 60)
    np.testing.assert_allclose(found, values + 0.01, atol=0.5 / (steps if rough else 60) + 1e-12)
    np.testing.assert_allclose(found * (steps if rough else 60), np.rint(found * (steps if rough else 60)), atol=1e-9)
