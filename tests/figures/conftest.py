"""A summary to draw."""

import itertools

import numpy as np
import pandas as pd
import pytest

from sanity_checks.analysis import aggregation


@pytest.fixture
def make_summary():
    """Function that makes the summary of one run: pandas.DataFrame like that of `aggregation.aggregate`."""
    def make(methods=("gradient", "gradcam"), metrics=("spearman_abs", "spearman"),
             stages=("original", "fc1", "conv1"), **columns):
        points = [{"metric": metric, "method": method, "stage_index": i, "stage": stage}
                  for metric, method, (i, stage) in itertools.product(metrics, methods, enumerate(stages))]
        mean = np.random.default_rng(0).uniform(0.2, 0.9, len(points))
        fixed = {"model": "cnn", "dataset": "mnist", "test": "cascading", "mean": mean, "sd": 0.05, "n": 20,
                 "n_degenerate": 0, "ci_low": mean - 0.02, "ci_high": mean + 0.01, **columns}
        return pd.DataFrame(points).assign(**fixed)[list(aggregation.KEY_COLUMNS + aggregation.STATISTICS)]
    return make
