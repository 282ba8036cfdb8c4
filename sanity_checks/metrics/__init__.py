"""Similarity of saliency maps, pair by pair, as the paper measures it.

`METRICS` holds the metrics by name. The plain names are the paper's text; the names that end in `_released`
are what the paper's released code computes; `pearson` and `kendall` are other libraries'. All equal SciPy's and scikit-image's functions (the tests hold
them to that) but take whole batches.

    values = similarity(maps_a, maps_b, metric="spearman_abs")        # float64 [N]

For one set of maps against many others, prepare it once:

    metric = registry.lookup(METRICS, "ssim", "metric")
    reference = metric.prepare(original_maps)
    values = metric.compare_maps(reference, maps)

A pair in which a map is degenerate (non-finite, or constant as far as the metric can see) has the value NaN.
"""

import numpy as np

from sanity_checks import registry
from sanity_checks.metrics import base
from sanity_checks.metrics import channels
from sanity_checks.metrics import complexity
from sanity_checks.metrics import correlation
from sanity_checks.metrics import hog
from sanity_checks.metrics import kendall
from sanity_checks.metrics import ranks
from sanity_checks.metrics import ssim

METRICS = {
    "spearman": base.Metric("Spearman rank correlation of the values", ranks.signed, correlation.correlate),
    "spearman_abs": base.Metric(
        "Spearman rank correlation of the absolute values", ranks.absolute, correlation.correlate
    ),
    "ssim": base.Metric(
        "structural similarity of maps in [-1, 1], 5 x 5 window",
        ssim.PAPER.features,
        ssim.PAPER.score,
        ssim.PAPER.score_maps,
        smallest_side=ssim.PAPER.window.side,
        piece_values=ssim.PIECE_VALUES,
    ),
    "hog": base.Metric(
        "Pearson correlation of the histograms of oriented gradients of maps in [-1, 1]",
        hog.centred,
        correlation.correlate,
        smallest_side=hog.SMALLEST_SIDE,
        piece_values=hog.PIECE_VALUES,
    ),
    "spearman_released": base.Metric(
        "Spearman rank correlation of PAIR's diverging images", ranks.signed_released, correlation.correlate
    ),
    "spearman_abs_released": base.Metric(
        "Spearman rank correlation of PAIR's greyscale images", ranks.absolute_released, correlation.correlate
    ),
    "ssim_released": base.Metric(
        "structural similarity of maps in [0, 1], Gaussian window",
        ssim.RELEASED.features,
        ssim.RELEASED.score,
        ssim.RELEASED.score_maps,
        smallest_side=ssim.RELEASED.window.side,
        piece_values=ssim.PIECE_VALUES,
    ),
    "hog_released": base.Metric(
        "Spearman rank correlation of the histograms of oriented gradients of maps in [0, 1]",
        hog.ranked,
        correlation.correlate,
        smallest_side=hog.SMALLEST_SIDE,
        piece_values=hog.PIECE_VALUES,
    ),
    "pearson": base.Metric("Pearson correlation of the values", correlation.values, correlation.correlate),
    "kendall": base.Metric("Kendall rank correlation, tau-b, of the values", kendall.ranked, kendall.correlate),
}


# What particular tests compute: comparisons that are no similarities of maps, or that depend on their scale.
OF_TESTS = {
    "efficient_mprt": base.Metric("relative rise of the entropy of the values", complexity.entropies, complexity.rise),
    "channel_rank": base.Metric("Spearman rank correlation of channels", ranks.signed, correlation.correlate),
    "ssim_unscaled": base.Metric(
        "structural similarity of maps as they are, 5 x 5 window",
        ssim.UNSCALED.features,
        ssim.UNSCALED.score,
        ssim.UNSCALED.score_maps,
        smallest_side=ssim.UNSCALED.window.side,
        piece_values=ssim.PIECE_VALUES,
    ),
    "top_channels": base.Metric("share of the top tenth of channels", channels.top, channels.shared),
}


def find(name):
    """Returns the `base.Metric` of a name in `METRICS` or `OF_TESTS`."""
    return registry.lookup({**METRICS, **OF_TESTS}, name, "metric")


def similarity(maps_a: np.ndarray, maps_b: np.ndarray, metric: str = "spearman_abs") -> np.ndarray:
    """Returns the similarity of each map to the map at the same place of the other batch.

    Args:
        maps_a: saliency maps, float [N, H, W, C], of any scale and sign.
        maps_b: maps of the same shape.
        metric: str, a name in `METRICS`.

    Returns:
        float64 [N] in [-1, 1], exactly 1 for equal maps; NaN where either map is degenerate.

    Raises:
        ValueError: an unknown metric, different shapes, or maps too small for the metric.
    """
    return registry.lookup(METRICS, metric, "metric").similarity(maps_a, maps_b)
