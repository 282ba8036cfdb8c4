"""What the metrics give for maps that have nothing in common (Adebayo et al. 2018, appendix B).

Five pairs, as in the paper's table: the map of a method against a random Gaussian mask, and a random mask
against another. Every pair of every image has masks of its own, so its values are independent over images and
draws.

On photographs, rank correlations are 0. HOG is 0 too, but for two uniform masks: the differences of uniform
values are not isotropic, so all histograms lean alike (0.07; the paper has 0.078). SSIM of maps scaled to [-1, 1],
as the text says, is 0 for uniform masks alone: maps with a few large values are then so flat that the constants of
SSIM count, 0.01 for Gaussian masks, 0.03 for maps. The paper's 0.0002 to 0.0008 fit maps that are not scaled, which
stand beside them as a metric of their own. On small images HOG is
higher throughout: pixels on the border, which have a gradient along one axis only, lean alike in every map.
"""

import dataclasses

import numpy as np

from sanity_checks import randomness
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names

TEST = "calibration"            # of the rows; their method is the pair
STAGE = "random mask"
METRICS = ("spearman", "spearman_abs", "hog", "ssim")       # the paper's columns
UNSCALED = {"ssim": "ssim_unscaled"}        # metric of scaled maps -> the same of maps as they are, computed beside it
COLUMNS = tuple(dict.fromkeys((*METRICS, *UNSCALED.values(), *metric_records.METRICS)))
PAPER_IMAGES = 50               # photographs behind each of the paper's numbers
STANDARD_ERRORS = 3             # of the difference, within which two means agree


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two maps that are compared.

    Attributes:
        label: str, as tables show it.
        method: registered name of the method whose map is one of the two; None where both are masks.
        masks: name in `MASKS`.
        paper: tuple of float, the paper's numbers under `METRICS`.
    """
    label: str
    method: str | None
    masks: str
    paper: tuple


PAIRS = {
    "gradient": Pair("Gradient, Gaussian mask", "gradient", "gaussian", (-0.00049, 0.00032, -0.0016, 0.00027)),
    "integrated_gradients": Pair(
        "Integrated Gradients, Gaussian mask", "integrated_gradients", "gaussian", (0.00084, 0.00059, 0.0048, 0.00018)),
    "input_x_gradient": Pair(
        "Gradient ⊙ Input, Gaussian mask", "input_x_gradient", "gaussian", (0.00081, 0.00099, -0.0024, 0.00023)),
    "uniform_masks": Pair("Two uniform masks", None, "uniform", (0.00016, -0.0015, 0.078, 0.00076)),
    "gaussian_masks": Pair("Two Gaussian masks", None, "scaled_gaussian", (0.00018, 0.00043, -0.0013, 0.00023)),
}


def _scaled_gaussian(generator, shape):
    mask = generator.standard_normal(shape, np.float32)
    return mask / np.abs(mask).max()


MASKS = {
    "gaussian": lambda generator, shape: generator.standard_normal(shape, np.float32),
    "scaled_gaussian": _scaled_gaussian,                                                # to [-1, 1]
    "uniform": lambda generator, shape: generator.uniform(-1, 1, shape).astype(np.float32),
}


def measured(metrics):
    """The metrics that are computed where these are asked for: tuple of str."""
    return tuple(name for metric in metrics for name in (metric, *((UNSCALED[metric],) if metric in UNSCALED else ())))


def masks(pair, side, image_ids, shape, draw=0, seed=0, scaled=True):
    """Random masks, one an image.

    Args:
        pair: name in `PAIRS`.
        side: 0 or 1, the first or the second map of the pair.
        image_ids: sequence of N str, that name the streams.
        shape: (H, W, C) of the maps; two masks have one channel, as a map has that is summed over its
            channels.
        draw, seed: int.
        scaled: whether masks that the paper scales to [-1, 1] are scaled.

    Returns:
        float32 [N, H, W, C], or [N, H, W, 1] where both are masks.
    """
    make = MASKS[PAIRS[pair].masks if scaled else PAIRS[pair].masks.removeprefix("scaled_")]
    shape = shape if PAIRS[pair].method else (*shape[:2], 1)
    return np.stack([make(randomness.generator(TEST, seed, draw, pair, side, image_id), shape)
                     for image_id in image_ids])


def compared(summary):
    """Sets the means beside the paper's.

    The standard error of a mean is its standard deviation over images and draws, divided by the root of their
    number. The paper gives means alone; its values are taken to vary over 50 images as these do. Two means
    agree if they differ by at most three standard errors of their difference. Where all 20 pairs of means are
    of the same thing, one run in twenty has one that does not agree.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate` of the rows of one run.

    Returns:
        pandas.DataFrame with a row per pair and metric, in the order of `PAIRS` and `COLUMNS`: pair, metric,
        mean, standard_error, n, n_degenerate, paper, difference (in standard errors of the difference) and
        agrees (None where n < 2).
    """
    table = summary.rename(columns={"method": "pair"})[["pair", "metric", "mean", "sd", "n", "n_degenerate"]]
    table = table.reset_index(drop=True)
    table["paper"] = [_paper(pair, metric) for pair, metric in zip(table["pair"], table["metric"])]
    table["standard_error"] = table["sd"] / np.sqrt(table["n"])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = table["sd"] * np.sqrt(1 / table["n"] + 1 / PAPER_IMAGES)
        table["difference"] = (table["mean"] - table["paper"]) / error
    table["agrees"] = [bool(abs(value) <= STANDARD_ERRORS) if np.isfinite(value) else None
                       for value in table["difference"]]
    order = table.assign(pair=table["pair"].map(list(PAIRS).index), metric=table["metric"].map(COLUMNS.index))
    order = order.sort_values(["pair", "metric"], kind="stable").index
    columns = ["pair", "metric", "mean", "standard_error", "n", "n_degenerate", "paper", "difference", "agrees"]
    return table.loc[order, columns].reset_index(drop=True)


def _paper(pair, metric):
    """The paper's number; NaN for a metric that it does not have."""
    text = next((name for name, unscaled in UNSCALED.items() if unscaled == metric), metric_records.METRICS[metric].text)
    return PAIRS[pair].paper[METRICS.index(text)] if text else np.nan


def grid(table, caption):
    """A table in the paper's layout: pairs against metrics, beside each metric the paper's numbers.

    Args:
        table: from `compared`.
        caption: str.

    Returns:
        (lines, caption, notes) as `tables.write_grid` takes them.
    """
    metrics = list(dict.fromkeys(table["metric"]))
    cells = {(row.pair, row.metric): [_mean(row), _shown_paper(row)] for row in table.itertuples()}
    lines = [["Pair"] + [text for metric in metrics for text in (names.label(names.METRICS, metric), "paper")]]
    lines += [[PAIRS[pair].label] + [text for metric in metrics for text in cells[pair, metric]]
              for pair in dict.fromkeys(table["pair"])]
    few, many = table["n"].min(), table["n"].max()
    return lines, caption, [
        f"Mean ± standard error over {few if few == many else f'{few} to {many}'} pairs of maps.",
        f"The paper's numbers are means over {PAPER_IMAGES} photographs. * differs from it by more than "
        f"{STANDARD_ERRORS} standard errors of the difference, the paper's values taken to vary as these do.", *_fits(table)]


def _fits(table):
    """Which of the scaled and the unscaled maps the paper's numbers fit: a list of a sentence, or of none."""
    apart = (table["mean"] - table["paper"]).abs().groupby(table["metric"]).mean()
    return [f"{names.label(names.METRICS, scaled)} of maps scaled to [-1, 1], as the paper's text says, is {apart[scaled]:.4f} from the "
            f"paper's numbers on average, of maps as they are {apart[unscaled]:.4f}: the numbers fit maps that are "
            f"{'not ' if apart[unscaled] < apart[scaled] else ''}scaled."
            for scaled, unscaled in UNSCALED.items() if np.isfinite(apart.reindex([scaled, unscaled])).all()]


def _shown_paper(row):
    return "" if np.isnan(row.paper) else f"{row.paper:g}" + (" *" if row.agrees is False else "")


def _mean(row):
    if row.n == 0:
        return "n/a"
    return f"{row.mean:.5f}" + (f" ± {row.standard_error:.5f}" if row.n > 1 else "")
