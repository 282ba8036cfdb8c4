"""The figure of means beside the paper's, read off its axes."""

import numpy as np
import pandas as pd

from sanity_checks.figures import agreement
from sanity_checks.paper import calibration


def make_table(metrics=("spearman", "hog"), pairs=tuple(calibration.PAIRS)):
    points = [{"method": pair, "metric": metric, "mean": 0.01 * i, "sd": 0.1, "n": 25, "n_degenerate": 0}
              for i, (metric, pair) in enumerate((metric, pair) for metric in metrics for pair in pairs)]
    return calibration.compared(pd.DataFrame(points).assign(model="cnn", dataset="mnist"))


def test_there_is_a_panel_a_metric_and_a_line_a_pair():
    figure = agreement.agreement(make_table())
    assert [panel.get_title() for panel in figure.axes] == ["Rank Correlation (No ABS)", "HOG Similarity"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [pair.label for pair in calibration.PAIRS.values()]


def test_bars_reach_three_standard_errors():
    panel = agreement.agreement(make_table()).axes[0]
    ends = panel.collections[0].get_segments()[1]
    assert np.allclose(ends[:, 0], [0.01 - 0.06, 0.01 + 0.06])


def test_the_papers_numbers_stand_beside():
    panel = agreement.agreement(make_table()).axes[1]
    paper = next(line for line in panel.get_lines() if line.get_label() == "paper")
    assert list(paper.get_xdata()) == [pair.paper[2] for pair in calibration.PAIRS.values()]


def test_a_pair_that_a_metric_lacks_leaves_its_line_empty():
    table = make_table()
    table = table[~((table.metric == "hog") & (table.pair == "gradient"))]
    assert np.isnan(agreement.agreement(table).axes[1].get_lines()[1].get_xdata()[0])
