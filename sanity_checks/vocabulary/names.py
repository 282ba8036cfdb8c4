"""Display names: from names of tests, methods, metrics, models and data sets to what figures and tables show.

A name that has no record (a user's own method, metric or model) is shown as it is.
"""

import collections
import hashlib
import re

from sanity_checks.vocabulary import datasets
from sanity_checks.vocabulary import methods
from sanity_checks.vocabulary import metrics
from sanity_checks.vocabulary import models
from sanity_checks.vocabulary import styles as all_styles
from sanity_checks.vocabulary import tests

TESTS, METRICS, DATASETS, METHODS = tests.TESTS, metrics.METRICS, datasets.DATASETS, methods.DRAWN
_LONGEST = 60               # characters of a name in a file's name
_DIGITS = 8                 # of a checksum in a file's name
_CHECKED = re.compile("-[0-9a-f]{8}$")      # a name that looks as if it had one
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
    """Joins names to a file name without suffix: `file_stem("cnn", "mnist")` is "cnn_mnist".

    Different names are different in it: what a file name cannot have becomes "_", with a checksum of the name after it.
    """
    return "_".join(_safe(str(part)) for part in parts)


def file_stems(keys):
    """The file stems of several lists of names, different also where only upper and lower case or the joints differ.

    Args:
        keys: iterable of tuples of str, ("cnn", "mnist", ...).

    Returns:
        dict, key -> str: its `file_stem`, and a checksum of the key after it if another key has the same.
    """
    stems = {tuple(key): file_stem(*key) for key in keys}
    counts = collections.Counter(stem.lower() for stem in stems.values())
    return {key: stem if counts[stem.lower()] == 1 else f"{stem}-{_checksum(repr(key))}" for key, stem in stems.items()}


def _safe(name):
    safe = re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("_")[:_LONGEST].lstrip(".")
    plain = safe and safe == name and not _CHECKED.search(name)
    return safe if plain else f"{safe or 'name'}-{_checksum(name)}"


def _checksum(text):
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
