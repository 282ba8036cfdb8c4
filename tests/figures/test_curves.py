"""Tests of the curves: they show the summary's numbers, in the paper's layout."""

import numpy as np
import pandas as pd
import pytest

from sanity_checks.figures import curves

METRICS = ["spearman_abs", "spearman"]


@pytest.fixture
def two_models(make_summary):
    stages = ("original", "logits", "hidden3", "hidden2")
    return pd.concat([make_summary(), make_summary(("gradient", "mine"), stages=stages, model="mlp")])


def line(panel, label):
    return next(line for line in panel.get_lines() if line.get_label() == label)


def test_a_column_per_model_and_a_row_per_metric(two_models):
    figure = curves.stage_curves(two_models, METRICS)
    assert [panel.get_title() for panel in figure.axes] == ["CNN, MNIST", "MLP, MNIST", "", ""]
    assert [panel.get_ylabel() for panel in figure.axes] == [
        "Rank Correlation (ABS)", "", "Rank Correlation (No ABS)", ""]


def test_curves_are_the_means(make_summary):
    summary = make_summary()
    panel = curves.stage_curves(summary, METRICS).axes[1]
    points = summary[(summary["metric"] == "spearman") & (summary["method"] == "gradcam")]
    np.testing.assert_array_equal(line(panel, "GradCAM").get_xydata(), points[["stage_index", "mean"]])


@pytest.mark.parametrize("band, below, above", [("sd", 0.05, 0.05), ("interval", 0.02, 0.01)])
def test_bands(make_summary, band, below, above):
    summary = make_summary(["gradient"], ["hog"])
    panel = curves.stage_curves(summary, ["hog"], band).axes[0]
    corners = panel.collections[0].get_paths()[0].vertices
    for stage, mean in zip(summary["stage_index"], summary["mean"]):
        heights = corners[corners[:, 0] == stage, 1]
        assert (heights.min(), heights.max()) == pytest.approx((mean - below, mean + above))


def test_a_dashed_line_stands_between_the_original_and_the_first_random_stage(two_models):
    for panel in curves.stage_curves(two_models, METRICS).axes:
        dashed = [line for line in panel.get_lines() if list(line.get_xdata()) == [0.5, 0.5]]
        assert len(dashed) == 1 and dashed[0].is_dashed()


def test_stages_are_named_in_order_below_the_last_row(two_models):
    figure = curves.stage_curves(two_models, METRICS)
    assert [text.get_text() for text in figure.axes[3].get_xticklabels()] == [
        "original", "logits", "hidden3", "hidden2"]


def test_one_legend_has_every_method_once(two_models):
    figure = curves.stage_curves(two_models, METRICS)
    legend, = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Gradient", "GradCAM", "mine"]


def test_a_method_looks_the_same_in_every_panel(two_models):
    figure = curves.stage_curves(two_models, METRICS)
    lines = [line(panel, "Gradient") for panel in figure.axes]
    assert len({(drawn.get_color(), drawn.get_linestyle(), drawn.get_marker()) for drawn in lines}) == 1


@pytest.mark.parametrize("mean, bottom", [(0.5, 0.0), (-0.01, -0.1), (-0.2, -0.3), (-0.9, -1.0)])
def test_the_axis_begins_where_it_shows_all(make_summary, mean, bottom):
    panel = curves.stage_curves(make_summary(mean=mean, sd=0.0), METRICS).axes[0]
    assert panel.get_ylim() == (bottom, 1.05)


def test_legend_stage_names_and_axis_label_do_not_overlap(make_summary):
    stages = ("original", *[f"Conv2d_{i}a_3x3" for i in range(17)])
    figure = curves.stage_curves(make_summary(stages=stages), METRICS)
    figure.canvas.draw()
    panel, legend = figure.axes[-1], figure.legends[0].get_window_extent()
    label = panel.xaxis.label.get_window_extent()
    ticks = [text.get_window_extent().y0 for text in panel.get_xticklabels()]
    assert legend.y0 >= 0 and legend.y1 < label.y0 and label.y1 < min(ticks)


def test_one_image_has_a_curve_without_a_band(make_summary):
    figure = curves.stage_curves(make_summary(sd=np.nan, n=1), METRICS)
    assert figure.axes[0].get_ylim()[0] == 0


def test_drawing_again_gives_the_same_pixels(make_summary):
    first, second = (curves.stage_curves(make_summary(), METRICS) for _ in range(2))
    for figure in (first, second):
        figure.canvas.draw()
    np.testing.assert_array_equal(first.canvas.buffer_rgba(), second.canvas.buffer_rgba())


@pytest.mark.parametrize("metrics, band, message", [
    (["ssim"], "sd", "no metric 'ssim' in the summary; it has: spearman_abs, spearman"),
    (METRICS, "iqr", "unknown band 'iqr'")])
def test_what_is_not_there_is_refused(make_summary, metrics, band, message):
    with pytest.raises(ValueError, match=message):
        curves.stage_curves(make_summary(), metrics, band)


def test_several_tests_are_refused(make_summary):
    both = pd.concat([make_summary(), make_summary(test="independent")])
    with pytest.raises(ValueError, match="the summary of one test, got 2: cascading, independent"):
        curves.stage_curves(both, METRICS)
