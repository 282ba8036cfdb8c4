"""Tests of what is drawn from the results of runs, and how it is saved."""

import os
import pathlib

from matplotlib import figure as matplotlib_figure
from matplotlib.backends import backend_agg
import numpy as np
import pandas as pd
from PIL import Image
import pytest

from sanity_checks import figures
from sanity_checks import runs
from sanity_checks.figures import saving

pytestmark = pytest.mark.slow


def make_maps(methods=("gradient",), stages=("original",)):
    maps = {name: np.eye(4, dtype=np.float32)[None, ..., None].repeat(len(stages), 0) for name in methods}
    return runs.FigureMaps(
        np.zeros((4, 4, 1), np.float32), "0", (0, 1), 1, stages, maps, np.zeros(len(stages), np.int64))


def kept(run, image, test="cascading"):
    return runs.Kept(run, test, f"{run}_draw000_{image}")


def stems(written):
    return sorted({os.path.splitext(os.path.basename(path))[0] for path in written})


def test_a_figure_per_test_and_group_of_metrics(make_summary, tmp_path):
    summary = pd.concat([make_summary(metrics=["spearman", "hog", "mine"]),
                         make_summary(test="bottom_up", metrics=["spearman_abs", "spearman"]),
                         make_summary(test="labels", stages=("true labels", "permuted labels"))])
    written = figures.draw_all(summary, [], str(tmp_path))
    assert stems(written) == [
        "label_bars_rank_correlation", "stage_curves_bottom_up_rank_correlation",
        "stage_curves_cascading_mine", "stage_curves_cascading_rank_correlation",
        "stage_curves_cascading_ssim_hog"]


def test_maps_are_drawn_grey_and_diverging(make_summary, tmp_path):
    written = figures.draw_all(make_summary()[:0], [(kept("cnn", 7), make_maps())], str(tmp_path))
    assert stems(written) == ["masks_cnn_draw000_7_diverging", "masks_cnn_draw000_7_grey"]


def drawn(summary, path, maps):
    return stems(figures.draw_all(summary[:0], maps, str(path)))


def test_several_images_or_the_edge_detector_give_an_overview(make_summary, tmp_path):
    masks = ["masks_cnn_draw000_7_diverging", "masks_cnn_draw000_7_grey"]
    two = ("gradient", "gradcam")
    assert drawn(make_summary(), tmp_path, [(kept("cnn", 7), make_maps(two))]) == masks
    assert drawn(make_summary(), tmp_path, [(kept("cnn", 7), make_maps((*two, "edge_detector")))]) == [
        *masks, "overview_cnn"]
    assert drawn(make_summary(), tmp_path, [(kept("cnn", 7), make_maps(two)), (kept("cnn", 9), make_maps(two))]) == [
        *masks, "masks_cnn_draw000_9_diverging", "masks_cnn_draw000_9_grey", "overview_cnn"]


def test_the_only_method_of_several_images_is_drawn_a_row_per_image(make_summary, tmp_path):
    maps = [(kept("cnn", i), make_maps(stages=("original", "fc1"))) for i in range(3)]
    assert drawn(make_summary(), tmp_path, maps) == ["stages_cnn_gradient_diverging", "stages_cnn_gradient_grey"]


@pytest.mark.slow
def test_guided_backprop_of_several_images_is_drawn_a_row_per_image(make_summary, tmp_path):
    shown = make_maps(("gradient", "guided_backprop"), ("original", "fc1", "conv1"))
    found = drawn(make_summary(), tmp_path, [(kept("cnn", 1), shown), (kept("cnn", 2), shown)])
    assert [stem for stem in found if stem.startswith("stages")] == [
        "stages_cnn_guided_backprop_diverging", "stages_cnn_guided_backprop_grey"]


def test_runs_have_rows_of_their_own(make_summary, tmp_path):
    two = make_maps(("gradient", "edge_detector"))
    found = drawn(make_summary(), tmp_path, [(kept("cnn", 1), two), (kept("mlp", 1), two)])
    assert [stem for stem in found if stem.startswith("overview")] == ["overview_cnn", "overview_mlp"]


def test_every_figure_is_there_as_png_and_pdf(make_summary, tmp_path):
    written = figures.draw_all(make_summary(), [], str(tmp_path))
    assert sorted(str(path) for path in (tmp_path / "figures").iterdir()) == sorted(written)
    assert sorted(pathlib.Path(path).read_bytes()[:4] for path in written) == [b"%PDF", b"\x89PNG"]


@pytest.mark.slow
def test_saving_again_gives_the_same_files(make_summary, tmp_path):
    for folder in ("a", "b"):
        figures.draw_all(make_summary(), [(kept("m", 0), make_maps())], str(tmp_path / folder))
    for path in (tmp_path / "a" / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "figures" / path.name).read_bytes()


def test_a_figure_that_cannot_be_saved_leaves_nothing(tmp_path, monkeypatch):
    def full(image, path, *_, **__):
        pathlib.Path(path).write_text("half")
        raise OSError("disk full")
    monkeypatch.setattr(Image.Image, "save", full)
    figure = matplotlib_figure.Figure()
    backend_agg.FigureCanvasAgg(figure)
    with pytest.raises(OSError, match="disk full"):
        saving.save(figure, str(tmp_path / "figure"))
    assert not os.listdir(tmp_path)


def test_a_method_of_any_name_has_its_figures_in_the_folder(make_summary, tmp_path):
    maps = [(kept("cnn", image), make_maps(["../a b"], ("original", "fc1", "fc2"))) for image in (7, 9)]
    for path in figures.draw_all(make_summary()[:0], maps, str(tmp_path / "run")):
        assert os.path.dirname(path) == str(tmp_path / "run" / "figures") and " " not in path
