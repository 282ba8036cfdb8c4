"""The masks of the calibration and its table: distributions, streams, expectations, and answers known by analysis."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from skimage.metrics import structural_similarity

from sanity_checks import metrics
from sanity_checks.paper import calibration
from sanity_checks.vocabulary import metrics as metric_records

IDS = [f"image {i}" for i in range(40)]
SHAPE = (28, 28, 1)
MASK_PAIRS = ("uniform_masks", "gaussian_masks")


def values_of(pair, metric, ids=IDS, shape=SHAPE):
    return metrics.similarity(*(calibration.masks(pair, side, ids, shape) for side in (0, 1)), metric)


def z(values):
    """The mean in standard errors."""
    return values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))


def make_summary(**columns):
    """A summary of one pair and metric, like that of `aggregation.aggregate`."""
    point = {"model": "cnn", "dataset": "mnist", "method": "uniform_masks", "metric": "hog", "mean": 0.078, "sd": 0.1,
             "n": 50, "n_degenerate": 0, **columns}
    return pd.DataFrame([point])


def test_gaussian_masks_are_standard_normal():
    masks = calibration.masks("gradient", 1, IDS, SHAPE)
    assert masks.shape == (40, 28, 28, 1) and masks.dtype == np.float32
    assert stats.kstest(masks.ravel(), "norm").pvalue > 1e-3


def test_uniform_masks_are_uniform_from_minus_one_to_one():
    masks = calibration.masks("uniform_masks", 0, IDS, SHAPE)
    assert stats.kstest(masks.ravel(), stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_pairs_of_gaussian_masks_are_scaled_to_one_each():
    masks = calibration.masks("gaussian_masks", 0, IDS, SHAPE)
    assert np.array_equal(np.abs(masks).max(axis=(1, 2, 3)), np.ones(40, np.float32))
    assert stats.kstest((masks / masks.std(axis=(1, 2, 3), keepdims=True)).ravel(), "norm").pvalue > 1e-3


@pytest.mark.parametrize("other", [("gaussian_masks", 1, "a", 0, 0), ("gaussian_masks", 0, "b", 0, 0),
                                   ("gaussian_masks", 0, "a", 1, 0), ("gaussian_masks", 0, "a", 0, 1),
                                   ("gradient", 0, "a", 0, 0)])
def test_each_side_image_draw_seed_and_pair_has_a_mask_of_its_own(other):
    pair, side, image_id, draw, seed = other
    a = calibration.masks("gaussian_masks", 0, ["a"], (64, 64, 1))
    b = calibration.masks(pair, side, [image_id], (64, 64, 1), draw, seed)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / 64


def test_a_mask_does_not_depend_on_the_images_beside_it():
    whole, part = (calibration.masks("uniform_masks", 1, ids, SHAPE) for ids in (IDS, IDS[7:9]))
    assert np.array_equal(whole[7:9], part)


@pytest.mark.parametrize("metric", ["spearman", "spearman_abs"])
@pytest.mark.parametrize("pair", MASK_PAIRS)
def test_rank_correlations_of_masks_are_zero_within_their_error(pair, metric):
    values = values_of(pair, metric)
    assert abs(z(values)) < 4
    # of independent ranks of P pixels it is 1 / sqrt(P - 1)
    assert np.isclose(values.std(ddof=1), 1 / np.sqrt(783), rtol=0.5)


def test_a_mask_is_as_far_from_any_map_as_from_another_mask():
    ramp = np.broadcast_to(np.linspace(-1, 2, 784).reshape(SHAPE), (40, *SHAPE))
    values = metrics.similarity(ramp, calibration.masks("gradient", 1, IDS, SHAPE), "spearman")
    assert abs(z(values)) < 4


def test_hog_leans_for_uniform_masks_but_not_for_gaussian_ones():
    """Differences of Gaussian pixels are isotropic, those of uniform pixels are not."""
    uniform, gaussian = (values_of(pair, "hog", IDS, (192, 192, 1)) for pair in MASK_PAIRS)
    assert z(uniform) > 5 and uniform.mean() > 2 * abs(gaussian.mean())


def test_two_masks_have_one_channel_and_a_mask_beside_a_map_has_the_maps():
    assert calibration.masks("uniform_masks", 0, IDS[:2], (8, 9, 3)).shape == (2, 8, 9, 1)
    assert calibration.masks("gradient", 1, IDS[:2], (8, 9, 3)).shape == (2, 8, 9, 3)


def test_a_mean_equal_to_the_papers_agrees():
    row = calibration.compared(make_summary()).iloc[0]
    assert row.paper == 0.078 and row.difference == 0 and row.agrees
    assert np.isclose(row.standard_error, 0.1 / np.sqrt(50))


def test_the_difference_counts_both_errors():
    """The error of a difference of two means of 50 values of standard deviation 0.1 is 0.02."""
    summary = pd.concat([make_summary(mean=0.078 + 0.059), make_summary(mean=0.078 - 0.061, method="gaussian_masks")])
    summary["mean"] += [0, -0.0013 - 0.078]
    table = calibration.compared(summary)
    assert np.allclose(table.difference, [2.95, -3.05]) and list(table.agrees) == [True, False]


def test_a_released_metric_is_set_beside_the_papers_number_too():
    assert calibration.compared(make_summary(metric="hog_released")).paper.iloc[0] == 0.078


def test_one_value_neither_agrees_nor_disagrees():
    row = calibration.compared(make_summary(n=1, sd=np.nan)).iloc[0]
    assert row.agrees is None and not np.isfinite(row.difference)


def test_scaled_ssim_of_gaussian_masks_is_high_and_unscaled_has_the_papers_size():
    """Scaled to [-1, 1], most of a Gaussian mask is so flat that the constants of SSIM count; as it is, none of it is."""
    ids, shape = IDS[:12], (160, 160, 1)
    scaled = values_of("gaussian_masks", "ssim", ids, shape)
    raw = [calibration.masks("gaussian_masks", side, ids, shape, scaled=False) for side in (0, 1)]
    assert all(3 < np.abs(mask).max() < 7 and 0.9 < mask.std() < 1.1 for side in raw for mask in side)
    unscaled = metrics.find("ssim_unscaled").similarity(*raw)
    assert scaled.mean() > 0.004 > 0.0012 > abs(unscaled.mean()), "the paper has 0.00023"
    expected = [structural_similarity(*(mask[..., 0].astype(float) for mask in pair), win_size=5, data_range=2) for pair in zip(*raw)]
    np.testing.assert_allclose(unscaled, expected, atol=1e-9)


def test_the_papers_numbers_stand_beside_both_and_a_sentence_says_which_they_fit():
    summary = pd.concat([make_summary(metric="ssim", mean=0.028, sd=0.01), make_summary(metric="ssim_unscaled", mean=0.0005, sd=0.01)])
    table = calibration.compared(summary)
    assert list(table.metric) == ["ssim", "ssim_unscaled"] and list(table.agrees) == [False, True] and set(table.paper) == {0.00076}
    lines, _, notes = calibration.grid(table, "")
    assert lines[0] == ["Pair", "SSIM", "paper", "SSIM (not scaled)", "paper"] and lines[1][2:5:2] == ["0.00076 *", "0.00076"]
    assert notes[-1] == ("SSIM of maps scaled to [-1, 1], as the paper's text says, is 0.0272 from the paper's numbers on average, of "
                         "maps as they are 0.0003: the numbers fit maps that are not scaled.")
    table["mean"] = table["mean"].to_numpy()[::-1]
    assert calibration.grid(table, "")[2][-1].endswith("the numbers fit maps that are scaled.")


def test_ssim_is_measured_both_ways():
    assert calibration.measured(("hog", "ssim", "pearson")) == ("hog", "ssim", "ssim_unscaled", "pearson")


@pytest.mark.parametrize("metric", [name for name in metrics.METRICS if not metric_records.METRICS[name].text])
def test_a_metric_that_the_paper_does_not_have_has_no_number_of_its(metric):
    table = calibration.compared(make_summary(metric=metric))
    assert table.agrees.iloc[0] is None and calibration.grid(table, "")[0][1] == ["Two uniform masks", "0.07800 ± 0.01414", ""]


def test_rows_come_in_the_papers_order():
    summary = pd.concat([make_summary(method=pair, metric=metric) for metric in ("ssim", "spearman")
                         for pair in ("gaussian_masks", "gradient")])
    table = calibration.compared(summary)
    assert list(zip(table.pair, table.metric)) == [(pair, metric) for pair in ("gradient", "gaussian_masks")
                                                   for metric in ("spearman", "ssim")]


def test_the_grid_shows_means_errors_and_what_does_not_agree():
    summary = pd.concat([make_summary(), make_summary(method="gaussian_masks", mean=0.5)])
    lines, caption, notes = calibration.grid(calibration.compared(summary), "Calibration")
    assert caption == "Calibration" and len(notes) == 2
    assert lines == [["Pair", "HOG Similarity", "paper"],
                     ["Two uniform masks", "0.07800 ± 0.01414", "0.078"],
                     ["Two Gaussian masks", "0.50000 ± 0.01414", "-0.0013 *"]]


def test_the_grid_has_no_number_where_every_pair_is_degenerate():
    summary = make_summary(n=0, mean=np.nan, sd=np.nan, n_degenerate=50)
    assert calibration.grid(calibration.compared(summary), "")[0][1] == ["Two uniform masks", "n/a", "0.078"]
