"""Runs whose maps are all degenerate: who is told, and of whom."""

import logging

import numpy as np
import pandas as pd
import pytest

from sanity_checks import runs
from sanity_checks.analysis import degenerate


def rows_of(values, model="cnn"):
    """Rows of 3 images at 2 stages; `values` is a dict, method -> its similarities [6]."""
    parts = [pd.DataFrame({"value": value, "image_id": list("abcabc"), "stage_index": [0] * 3 + [1] * 3}).assign(method=method)
             for method, value in values.items()]
    return pd.concat(parts).assign(model=model, dataset="mnist", test="cascading", draw=0, stage="s", metric="ssim",
                                   explained_class=1)[list(runs.COLUMNS)].astype({"method": "category", "model": "category"})


DEAD, ONE = [np.nan] * 6, [np.nan] * 5 + [0.5]


def test_a_model_all_of_whose_maps_are_degenerate_is_an_error():
    rows = rows_of({"gradient": DEAD, "mine": [np.inf] * 6})
    with pytest.raises(ValueError) as caught:
        degenerate.check(rows)
    assert str(caught.value) == ("nothing was measured: cnn on mnist, cascading: every map of gradient, mine is degenerate, "
                                 "constant or not finite (12 pairs)")


def test_edges_and_random_maps_do_not_speak_for_the_model():
    assert degenerate.message(rows_of({"gradient": DEAD, "edge_detector": [1.] * 6, "random_map": [0.] * 6}))
    assert not degenerate.message(rows_of({"edge_detector": DEAD}))


def test_a_single_method_is_warned_about(caplog):
    rows = rows_of({"gradient": DEAD, "gradcam": [0.5] * 6})
    with caplog.at_level(logging.WARNING, logger="absl"):
        degenerate.check(rows)
    assert caplog.messages == ["cnn on mnist, cascading: every map of gradient is degenerate, constant or not finite (6 pairs)"]
    assert degenerate.message(rows) == ""


def test_one_valid_pair_is_enough(caplog):
    degenerate.check(rows_of({"gradient": ONE, "gradcam": [0.5] * 6}))
    assert not caplog.messages


def test_of_several_runs_the_dead_are_told():
    both = pd.concat([rows_of({"gradient": [0.5] * 6}), rows_of({"gradient": DEAD}, "mlp")])
    assert "mlp on mnist" in degenerate.message(both) and "cnn" not in degenerate.message(both)
