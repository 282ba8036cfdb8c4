"""Figures in the paper's layouts, from summaries and maps: no TensorFlow, no display, no global state of
Matplotlib.

    figures.draw_all(aggregation.aggregate(results.read_rows(runs)), results.figure_maps(runs), "output")
"""

import os

from sanity_checks import names
from sanity_checks.figures import bars
from sanity_checks.figures import curves
from sanity_checks.figures import grids
from sanity_checks.figures import saving

FOLDER = "figures"

# Metrics that share a figure, from top to bottom; any other has a figure of its own.
_TOGETHER = {
    "rank_correlation": ("spearman_abs", "spearman"),
    "ssim_hog": ("ssim", "hog"),
    "rank_correlation_released": ("spearman_abs_released", "spearman_released"),
    "ssim_hog_released": ("ssim_released", "hog_released"),
}


def draw_all(summary, maps, output_dir, band="sd"):
    """Writes `figures/` in a directory: all figures that the results allow, each as PNG and PDF.

    stage_curves_<test>_<metrics> (label_bars_<metrics> for the data randomization test) shows all models and
    data sets of a test side by side; masks_<name>_grey and masks_<name>_diverging show the maps of one image.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        maps: iterable of (name, `results.FigureMaps`), for example `results.figure_maps(run_dirs)`; read one
            by one.
        output_dir: str, for example a run directory.
        band: what the band about a curve shows, a name in `curves.BANDS`.

    Returns:
        list of str, the files written.
    """
    folder = os.path.join(output_dir, FOLDER)
    written = []
    for test, part in summary.groupby("test", sort=False, observed=True):
        for name, metrics in _metric_groups(part["metric"].unique()).items():
            if test == "labels":
                stem, figure = f"label_bars_{name}", bars.label_bars(part, metrics)
            else:
                stem = names.file_stem("stage_curves", test, name)
                figure = curves.stage_curves(part, metrics, band)
            written += saving.save(figure, os.path.join(folder, stem))
    for name, figure_maps in maps:
        for mode in grids.MODES:
            figure = grids.mask_grid(figure_maps, mode=mode)
            written += saving.save(figure, os.path.join(folder, f"masks_{name}_{mode}"))
    return written


def _metric_groups(present):
    groups = {name: [metric for metric in metrics if metric in present]
              for name, metrics in _TOGETHER.items()}
    together = {metric for metrics in _TOGETHER.values() for metric in metrics}
    groups.update({names.file_stem(metric): [metric] for metric in present if metric not in together})
    return {name: metrics for name, metrics in groups.items() if metrics}
