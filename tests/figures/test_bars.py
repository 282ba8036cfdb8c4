"""Tests of the bars of the data randomization test."""

import numpy as np
import pandas as pd
import pytest

from sanity_checks.figures import bars

METRICS = ["spearman_abs", "spearman"]
LABELS = {"test": "labels", "stages": ("true labels", "permuted labels")}


def test_bars_are_the_means_after_the_original(make_summary):
    summary = make_summary(**LABELS)
    panel = bars.label_bars(summary, METRICS).axes[0]
    points = summary[(summary["metric"] == "spearman_abs") & (summary["stage_index"] == 1)]
    assert [bar.get_height() for bar in panel.patches] == list(points["mean"])


def test_error_bars_are_the_interval(make_summary):
    summary = make_summary(**LABELS)
    panel = bars.label_bars(summary, METRICS).axes[0]
    points = summary[(summary["metric"] == "spearman_abs") & (summary["stage_index"] == 1)]
    segments = np.array(panel.collections[0].get_segments())
    np.testing.assert_allclose(segments[:, :, 1], points[["ci_low", "ci_high"]])


def test_bars_are_named(make_summary):
    panel = bars.label_bars(make_summary(**LABELS), METRICS).axes[-1]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["Gradient", "GradCAM"]


def test_a_column_per_model(make_summary):
    summary = pd.concat([make_summary(**LABELS), make_summary(("gradient",), model="mlp", **LABELS)])
    assert [len(panel.patches) for panel in bars.label_bars(summary, METRICS).axes] == [2, 1, 2, 1]


def test_a_method_without_valid_pairs_says_so(make_summary):
    summary = make_summary(**LABELS)
    gone = summary["method"] == "gradcam"
    summary.loc[gone, ["mean", "ci_low", "ci_high"]] = np.nan
    panel = bars.label_bars(summary, METRICS).axes[0]
    assert [(text.get_text(), text.get_position()[0]) for text in panel.texts] == [("n/a", 1)]


def test_a_metric_that_lacks_a_method_keeps_the_others_in_place(make_summary):
    summary = make_summary(**LABELS)
    summary = summary[(summary["method"] == "gradcam") | (summary["metric"] == "spearman")]
    panel = bars.label_bars(summary, METRICS).axes[0]
    assert np.isnan(panel.patches[0].get_height()) and panel.patches[1].get_height() > 0


def test_several_stages_are_refused(make_summary):
    with pytest.raises(ValueError, match="one stage after the original, got 2: fc1, conv1"):
        bars.label_bars(make_summary(), METRICS)
