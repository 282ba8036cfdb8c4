"""Rows of synthetic methods whose answer is known."""

import numpy as np
import pandas as pd

from sanity_checks import runs

STAGES = ("original", "logits", "hidden2", "hidden1")
IMAGES = 40


def rows_of(values, test, method, metric="spearman", stages=STAGES):
    """Rows of a method: values float [draws, stages, images] -> DataFrame."""
    values = np.asarray(values, float)
    draws, count, images = values.shape
    draw, stage, image = (index.ravel() for index in np.indices(values.shape))
    return pd.DataFrame(
        {
            "model": "net",
            "dataset": "data",
            "test": test,
            "draw": draw,
            "stage_index": stage,
            "stage": np.array(stages[:count])[stage],
            "method": method,
            "metric": metric,
            "image_id": [f"{i:03d}" for i in image],
            "explained_class": 0,
            "value": values.ravel(),
        }
    )[list(runs.COLUMNS)]


def curve(levels, draws=3, images=IMAGES, spread=0.1, seed=0, draw_spread=0.0):
    """Similarities about the levels of stages 1, 2 ..., after stage 0: float [draws, stages, images]."""
    generator = np.random.default_rng(seed)
    shape = (draws, len(levels), images)
    values = np.asarray(levels)[None, :, None] + spread * generator.standard_normal(shape)
    values += draw_spread * generator.standard_normal(shape[:2] + (1,))
    return np.concatenate([np.ones((draws, 1, images)), values], axis=1)


def with_null(levels, null, method="m", test="cascading", metric="spearman", seed=0, **options):
    """A method's rows under a test, and those of its null."""
    nulls = curve([null], seed=seed + 1000, **options)
    return pd.concat([rows_of(curve(levels, seed=seed, **options), test, method, metric),
                      rows_of(nulls, "random_networks", method, metric, ("random network", "another"))])
