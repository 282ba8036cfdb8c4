"""Means with their errors beside the paper's: a panel per metric, a line per pair of maps (appendix B)."""

from matplotlib import figure as matplotlib_figure
from matplotlib.backends import backend_agg

from sanity_checks.figures import panels
from sanity_checks.figures import saving
from sanity_checks.paper import calibration
from sanity_checks.vocabulary import names

_WIDTH, _LABELS, _LINE = 2.3, 2.4, 0.34         # inches: of a panel, of the pairs' names, of a line
_OURS, _PAPER = "#0072B2", "#D55E00"


def agreement(table):
    """Draws the means of `calibration.compared` with bars of three standard errors, and the paper's means.

    Args:
        table: pandas.DataFrame from `calibration.compared`.

    Returns:
        matplotlib Figure.
    """
    metrics, pairs = (list(dict.fromkeys(table[column])) for column in ("metric", "pair"))
    size = _LABELS + _WIDTH * len(metrics), _LINE * len(pairs) + 1.1
    figure = matplotlib_figure.Figure(figsize=size, dpi=saving.DPI, layout="constrained")
    backend_agg.FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for panel, metric in zip(axes, metrics):
        part = table[table["metric"] == metric].set_index("pair").reindex(pairs)
        _draw_panel(panel, part)
        panel.set_title(names.label(names.METRICS, metric), fontsize=panels.FONT_SIZE)
    axes[0].set_yticks(range(len(pairs)), [calibration.PAIRS[pair].label for pair in pairs])
    axes[0].set_ylim(len(pairs) - 0.5, -0.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False,
                  fontsize=panels.TICK_SIZE)
    return figure


def _draw_panel(panel, part):
    places = range(len(part))
    panel.axvline(0, color="0.6", linewidth=0.8)
    panel.errorbar(part["mean"], places, xerr=calibration.STANDARD_ERRORS * part["standard_error"], fmt="o",
                   color=_OURS, markersize=4, capsize=2.5, linewidth=1.1,
                   label=f"this run, ± {calibration.STANDARD_ERRORS} standard errors")
    panel.plot(part["paper"], places, "D", color=_PAPER, markersize=4, fillstyle="none", label="paper")
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", color="0.92", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.tick_params(labelsize=panels.TICK_SIZE)
    panel.locator_params(axis="x", nbins=4)
