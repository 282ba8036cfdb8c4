"""Display names: from names of tests, methods, metrics, models and data sets to what figures and tables show.

A name that has no record (a user's own method, metric or model) is shown as it is.
"""

import re

from sanity_checks.vocabulary import datasets
from sanity_checks.vocabulary import methods
from sanity_checks.vocabulary import metrics
from sanity_checks.vocabulary import models
from sanity_checks.vocabulary import styles as all_styles
from sanity_checks.vocabulary import tests

TESTS, METRICS, DATASETS, METHODS = tests.TESTS, metrics.METRICS, datasets.DATASETS, methods.DRAWN
MODELS = {**models.MODELS, models.NO_MODEL: models.Model("No model")}


def label(records, name):
    """Returns the display name: that of its record, or `name` itself where it has none.

    Args:
        records: one of this module's dicts, `METHODS`, `METRICS` ...
        name: str, a registry name or a user's own.
    """
    return records[name].label if name in records else name


def ordered(records, present):
    """Returns the distinct names in `present` as a list: those of the dict `records` first, in its order."""
    distinct = list(dict.fromkeys(present))
    return [name for name in records if name in distinct] + [name for name in distinct if name not in records]


def styles(present):
    """Returns a dict from each of these methods to its `styles.Style`: fixed where known, else taken in turn."""
    others = [method for method in present if method not in METHODS]
    spare = {method: all_styles.SPARE[i % len(all_styles.SPARE)] for i, method in enumerate(others)}
    return {method: METHODS[method].style if method in METHODS else spare[method] for method in present}


def file_stem(*parts):
    """Joins names to a file name without suffix: `file_stem("cnn", "my data")` is "cnn_my_data"."""
    return "_".join(re.sub(r"[^A-Za-z0-9.-]+", "_", str(part)).strip("_") for part in parts)
