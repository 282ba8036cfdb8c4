"""The similarity metrics, in display order: the paper's, what its released code computes in their place, and others'."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Metric:
    """What a metric is.

    Attributes:
        label: str.
        short: str, the label where room is scarce.
        figure: str, name of the figure that it shares with others of this name.
        signed: whether it tells signs apart.
        text: str, the metric of the paper's text that it is, or whose released variant it is; "" of others.
        bounded: whether it is a similarity, at most 1.
    """
    label: str
    short: str
    figure: str
    signed: bool
    text: str = ""
    bounded: bool = True


METRICS = {
    "spearman_abs": Metric("Rank Correlation (ABS)", "abs. rank", "rank_correlation", False, "spearman_abs"),
    "spearman": Metric("Rank Correlation (No ABS)", "signed rank", "rank_correlation", True, "spearman"),
    "ssim": Metric("SSIM", "SSIM", "ssim_hog", False, "ssim"),
    "hog": Metric("HOG Similarity", "HOG", "ssim_hog", False, "hog"),
    "spearman_abs_released": Metric("Rank Correlation (ABS, released)", "abs. rank (r)", "rank_correlation_released",
                                    False, "spearman_abs"),
    "spearman_released": Metric("Rank Correlation (No ABS, released)", "signed rank (r)", "rank_correlation_released",
                                True, "spearman"),
    "ssim_released": Metric("SSIM (released)", "SSIM (r)", "ssim_hog_released", False, "ssim"),
    "hog_released": Metric("HOG Similarity (released)", "HOG (r)", "ssim_hog_released", False, "hog"),
    "pearson": Metric("Pearson Correlation", "Pearson", "other_correlation", True),
    "kendall": Metric("Kendall Rank Correlation", "Kendall", "other_correlation", True),
    "ssim_unscaled": Metric("SSIM (not scaled)", "SSIM (ns)", "ssim_unscaled", False),
    "channel_rank": Metric("Rank Correlation of Channels", "channel rank", "channels", True),
    "top_channels": Metric("Top Tenth of Channels Kept", "top channels", "channels", False),
    "efficient_mprt": Metric("Relative Rise of Entropy (eMPRT)", "eMPRT", "efficient_mprt", False, bounded=False),
}

# Metric of the paper's text -> its variant in the released code.
RELEASED = {metric.text: name for name, metric in METRICS.items() if metric.text not in ("", name)}


def is_released(name):
    """Whether a metric is the released code's variant of one of the paper's text."""
    return name in RELEASED.values()


def short(name):
    """A metric's name where room is scarce: str."""
    return METRICS[name].short if name in METRICS else name


def by_figure(present):
    """The metrics that share a figure: dict, name of the figure -> list of the metrics that are present.

    Args:
        present: iterable of str; a user's own metric has a figure of its own.
    """
    present, groups = list(present), {}
    for name, metric in METRICS.items():
        if name in present:
            groups.setdefault(metric.figure, []).append(name)
    return {**groups, **{name: [name] for name in present if name not in METRICS}}
