"""What the figures of similarities share: panels with a model in each column and a metric in each row."""

import textwrap

from matplotlib import figure as matplotlib_figure
from matplotlib.backends import backend_agg

from sanity_checks.figures import saving
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names

FONT_SIZE = 9               # points; figures are made to be shown at their own size
TICK_SIZE = 8
TOP = 1.05                  # of a similarity axis: the similarity of equal maps is 1
_STEPS = (-1.0, -0.6, -0.3, -0.1, 0.0)       # where a similarity axis may begin


def grid_of_panels(metrics, widths, height):
    """Makes a figure with empty panels.

    Args:
        metrics: sequence of str, one row of panels each.
        widths: dict, (model, dataset) -> width of its column of panels in inches.
        height: float, height of a panel in inches.

    Returns:
        (matplotlib Figure, dict from (metric, (model, dataset)) to its Axes).
    """
    figure = matplotlib_figure.Figure(figsize=(sum(widths.values()) + 0.6, height * len(metrics) + 1.5),
                                      dpi=saving.DPI, layout="constrained")
    backend_agg.FigureCanvasAgg(figure)
    axes = figure.subplots(len(metrics), len(widths), sharex="col", sharey="row", squeeze=False,
                           width_ratios=list(widths.values()))
    panels = {}
    for row, metric in enumerate(metrics):
        for column, (model, dataset) in enumerate(widths):
            panel = panels[metric, (model, dataset)] = axes[row, column]
            _dress(panel)
            if row == 0:
                panel.set_title(f"{names.label(names.MODELS, model)}, {names.label(names.DATASETS, dataset)}",
                                fontsize=FONT_SIZE + 1)
            if column == 0:
                panel.set_ylabel(textwrap.fill(names.label(names.METRICS, metric), 26), fontsize=FONT_SIZE)
    return figure, panels


def columns(summary):
    """Yields ((model, dataset), part of the summary) in the summary's order."""
    yield from summary.groupby(["model", "dataset"], sort=False, observed=True)


def set_bottom(panel, metric, lowest):
    """Lets a similarity axis begin at the highest of a few round values that shows all of a row's values; others as they are."""
    if metric in metric_records.METRICS and not metric_records.METRICS[metric].bounded:
        return
    fitting = [step for step in _STEPS if step <= lowest]
    panel.set_ylim(fitting[-1] if fitting else _STEPS[0], TOP)


def select(summary, metrics):
    """Returns the part of a summary that has the metrics.

    Raises:
        ValueError: the summary holds another number of tests than one, or lacks a metric.
    """
    tests = summary["test"].unique()
    if len(tests) != 1:
        raise ValueError(f"expected the summary of one test, got {len(tests)}: {', '.join(tests)}")
    for metric in metrics:
        if metric not in set(summary["metric"]):
            raise ValueError(f"no metric {metric!r} in the summary; "
                             f"it has: {', '.join(summary['metric'].unique())}")
    return summary[summary["metric"].isin(metrics)]


def _dress(panel):
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=TICK_SIZE)
