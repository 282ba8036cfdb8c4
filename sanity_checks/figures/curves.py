"""Similarity against stage: figures 4, 5, 20 and 21 of Adebayo et al. (2018)."""

import numpy as np

from sanity_checks import registry
from sanity_checks.figures import panels
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests

# What the shaded band about a curve shows: the summary's columns of its lower and its upper edge.
BANDS = {
    "sd": lambda points: (points["mean"] - points["sd"], points["mean"] + points["sd"]),
    "interval": lambda points: (points["ci_low"], points["ci_high"]),
}

_HEIGHT = 2.1                       # inches, of a panel
_STAGE_WIDTH = 0.23                 # inches
_LEAST_WIDTH = 2.5                  # inches, of a panel
_LEAST_FIGURE = 3.7                 # inches, of all panels together: two entries of the legend
_MOST_UPRIGHT = 8                   # stages; the labels of more are turned further
_MARGIN = 0.02                      # similarity, below the lowest curve
_LEGEND_WIDTH = 1.75                # inches, of a method's entry


def stage_curves(summary, metrics, band="sd"):
    """Draws the mean similarity to the original maps at each stage, a curve per method.

    Columns are pairs of model and data set, rows are metrics; a dashed line marks where randomization begins.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`, of one test.
        metrics: sequence of str, from top to bottom.
        band: "sd", one standard deviation over images and draws (the paper's), or "interval", the 95 %
            interval of the mean.

    Returns:
        matplotlib Figure.

    Raises:
        ValueError: unknown band or metric, or a summary of several tests.
    """
    edges = registry.lookup(BANDS, band, "band")
    summary = panels.select(summary, metrics)
    stages = {key: part["stage_index"].nunique() for key, part in panels.columns(summary)}
    least = max(_LEAST_WIDTH, _LEAST_FIGURE / len(stages))
    widths = {key: max(least, _STAGE_WIDTH * count) for key, count in stages.items()}
    figure, axes = panels.grid_of_panels(metrics, widths, _HEIGHT)
    styles = names.styles(names.ordered(names.METHODS, summary["method"]))
    for metric in metrics:
        of_metric = summary[summary["metric"] == metric]
        for key, part in panels.columns(of_metric):
            _draw_panel(axes[metric, key], part, styles, edges)
        panels.set_bottom(axes[metric, key], metric, np.fmin(of_metric["mean"], edges(of_metric)[0]).min() - _MARGIN)
    for key, part in panels.columns(summary):
        _label_stages(axes[metrics[-1], key], part)
    figure.align_xlabels()
    _add_legend(figure, list(axes.values()), styles, sum(widths.values()))
    return figure


def _draw_panel(panel, part, styles, edges):
    panel.axvline(0.5, color="0.35", linestyle=(0, (4, 3)), linewidth=0.9, zorder=1)
    for method, points in part.groupby("method", sort=False, observed=True):
        style = styles[method]
        points = points.sort_values("stage_index")
        panel.fill_between(points["stage_index"], *edges(points), color=style.color, alpha=0.12, linewidth=0)
        panel.plot(points["stage_index"], points["mean"], color=style.color, linestyle=style.linestyle,
                   marker=style.marker, markersize=3.5, markeredgewidth=0, linewidth=1.3,
                   label=names.label(names.METHODS, method))


def _label_stages(panel, part):
    stages = dict(sorted(zip(part["stage_index"], part["stage"])))
    many = len(stages) > _MOST_UPRIGHT
    panel.set_xticks(list(stages), list(stages.values()), rotation=90 if many else 40, rotation_mode="anchor",
                     ha="right", va="center" if many else "top")
    panel.set_xlabel(tests.axis(part["test"].iloc[0]), fontsize=panels.FONT_SIZE)


def _add_legend(figure, axes, styles, width):
    """One legend below all panels, methods in canonical order."""
    lines = {line.get_label(): line for panel in axes for line in panel.get_lines()}
    labels = [names.label(names.METHODS, method) for method in styles]
    per_row = max(2, int(width / _LEGEND_WIDTH))
    figure.legend([lines[label] for label in labels], labels, loc="outside lower center", ncols=per_row,
                  fontsize=panels.TICK_SIZE, frameon=False, handlelength=2.6)
