"""Sanity checks for saliency maps (Adebayo et al. 2018, arXiv 1810.03292v3), in TensorFlow.

    classifier = sanity_checks.load_classifier("cnn", weights="weights.h5")
    maps = sanity_checks.explain(classifier, images, method="smoothgrad")
    with sanity_checks.weight_states(classifier, test="cascading") as states:
        for state in states:
            ...
    values = sanity_checks.similarity(maps_a, maps_b, metric="spearman_abs")
    report = sanity_checks.run(classifier, images, methods=["gradient"], tests=["cascading"])

Names are loaded on first use, so that tables and figures can be made where TensorFlow is not installed.
"""

import importlib

from sanity_checks import version

__version__ = version.VERSION

_HOME = {
    "load_classifier": "sanity_checks.models",
    "explain": "sanity_checks.methods",
    "standard_errors": "sanity_checks.methods",
    "similarity": "sanity_checks.metrics",
    "weight_states": "sanity_checks.weights.states",
    "trained_states": "sanity_checks.weights.states",
    "run": "sanity_checks.api",
    "plan": "sanity_checks.analysis.verdicts",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'sanity_checks' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)
