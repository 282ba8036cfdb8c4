"""Similarity of the maps of two models, or of two classes, a bar per method: figures 6 and 22-25 of Adebayo et al. (2018)."""

import numpy as np

from sanity_checks.figures import panels
from sanity_checks.vocabulary import names

STEMS = {"labels": "label"}     # test -> what the names of its figures begin with, where it is not the test's name
_HEIGHT = 1.8               # inches, of a panel
_BAR_WIDTH = 0.32           # inches, with the space about it
_LEAST_WIDTH = 2.2          # inches, of a panel


def label_bars(summary, metrics):
    """Draws the mean similarity between the maps of a test's two stages, such as true and permuted labels, and its 95 % interval.

    Columns are pairs of model and data set, rows are metrics. A method without any valid pair has an "n/a"
    for a bar.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`, of one test with one stage after the original.
        metrics: sequence of str, from top to bottom.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: unknown metric, or a summary of several tests or stages.
    """
    summary = panels.select(summary, metrics)
    summary = summary[summary["stage_index"] > 0]
    stages = summary["stage"].unique()
    if len(stages) != 1:
        raise ValueError(f"expected one stage after the original, got {len(stages)}: {', '.join(stages)}")
    methods = {key: names.ordered(names.METHODS, part["method"]) for key, part in panels.columns(summary)}
    widths = {key: max(_LEAST_WIDTH, _BAR_WIDTH * len(listed)) for key, listed in methods.items()}
    figure, axes = panels.grid_of_panels(metrics, widths, _HEIGHT)
    styles = names.styles(names.ordered(names.METHODS, summary["method"]))
    for metric in metrics:
        of_metric = summary[summary["metric"] == metric]
        for key, part in panels.columns(of_metric):
            points = part.set_index("method").reindex(methods[key])
            _draw_panel(axes[metric, key], points, styles, widths[key] / _BAR_WIDTH)
        panels.set_bottom(axes[metric, key], metric, np.fmin(0, of_metric[["mean", "ci_low"]].min().min()))
    return figure


def _draw_panel(panel, points, styles, room):
    """Draws the bars of `points`, indexed by method, in a panel with room for `room` bars."""
    mean = points["mean"].to_numpy()
    positions = np.arange(len(points))
    errors = np.nan_to_num([mean - points["ci_low"], points["ci_high"] - mean])
    panel.bar(positions, mean, width=0.7, color=[(styles[method].color, 0.75) for method in points.index],
              yerr=np.maximum(errors, 0), error_kw={"elinewidth": 0.9, "capsize": 2.5, "ecolor": "0"})
    for position in positions[~np.isfinite(mean)]:
        panel.text(position, 0.02, "n/a", ha="center", va="bottom", fontsize=panels.TICK_SIZE, color="0.4")
    middle = (len(points) - 1) / 2
    panel.set_xlim(middle - room / 2, middle + room / 2)
    panel.axhline(0, color="0.15", linewidth=0.8)
    panel.set_xticks(positions, [names.label(names.METHODS, method) for method in points.index],
                     rotation=45, rotation_mode="anchor", ha="right", va="top")
