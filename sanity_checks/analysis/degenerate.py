"""Degenerate maps: a method, or a whole model, none of whose maps can be compared.

A map is degenerate where it is constant or not finite: of a dead network, say, or of a layer that the output does not
depend on. A pair with such a map has no similarity, and where there is no other pair, a finished run has found nothing.
"""

import logging

import numpy as np

from sanity_checks.analysis import aggregation
from sanity_checks.vocabulary import methods as method_records

logger = logging.getLogger("absl")


def message(rows):
    """What is to be said of a model all of whose maps are degenerate, in a line; "" where no model is like that.

    Methods that do not look at the model (edges, random maps) do not speak for it.

    Args:
        rows: pandas.DataFrame with the columns `runs.COLUMNS`, of finished runs.
    """
    found = [f"{model} on {dataset}, {test}: every map of {', '.join(methods)} is degenerate, constant or not finite "
             f"({pairs} pairs)" for (model, dataset, test), methods, pairs, left in _degenerate(rows) if not left]
    return f"nothing was measured: {'; '.join(found)}" if found else ""


def warnings(rows):
    """What is to be said of single methods all of whose maps are degenerate: list of str, a line for each run."""
    return [f"{model} on {dataset}, {test}: every map of {', '.join(methods)} is degenerate, constant or not finite "
            f"({pairs} pairs)" for (model, dataset, test), methods, pairs, left in _degenerate(rows) if left]


def check(rows):
    """Warns of methods, and raises a ValueError of a model, all of whose maps are degenerate."""
    for warning in warnings(rows):
        logger.warning("%s", warning)
    if told := message(rows):
        raise ValueError(told)


def _degenerate(rows):
    """Runs with methods without a valid value: yields (run, those methods, their number of pairs, methods left)."""
    for run, part in rows.groupby(list(aggregation.RUN_COLUMNS), observed=True, sort=False):
        part = part[~part["method"].isin([*method_records.CONTROLS, method_records.CHANCE])]
        valid = part.assign(valid=np.isfinite(part["value"].to_numpy(np.float64))).groupby(
            "method", observed=True, sort=False)["valid"].agg(["any", "size"])
        dead = valid[~valid["any"].astype(bool)]
        if len(dead):
            yield run, list(dead.index), int(dead["size"].sum()), len(valid) - len(dead)
