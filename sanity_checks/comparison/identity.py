"""What a run is held to: settings by name, and checksums of the model, the images and the methods' own code."""

import dataclasses

from sanity_checks import datasets
from sanity_checks import lazy
from sanity_checks import methods
from sanity_checks.runs import fingerprint
from sanity_checks.weights import initialization

models = lazy.module("sanity_checks.models")


def of_classifier(classifier):
    """Checksums of a classifier, its weights and all that computes with them: dict, what -> sha256."""
    return {"weights": initialization.weights_sha256(classifier), "model": models.structure_sha256(classifier)}


def of_images(dataset, count):
    """Checksum of the first images that a data set's test split holds, their ids, order and labels: dict."""
    return {"images": datasets.sha256(dataset.test, count)}


def of_methods(made):
    """Settings and checksums of methods.

    Args:
        made: dict, name -> `methods.base.Method`.

    Returns:
        (dict, setting -> JSON value: "methods", and "NAME_PARAMETER" for each parameter; dict, what -> sha256, of the
        methods that are a user's own).
    """
    settings, sums = {"methods": list(made)}, {}
    for name, method in made.items():
        if methods.METHODS.get(name) is not type(method):
            settings[f"{name}_class"] = f"{type(method).__module__}.{type(method).__qualname__}"
        if _is_users(method):
            sums[f"method {name}"] = fingerprint.code(method)
        else:
            settings.update({f"{name}_{field.name}": fingerprint.json_value(getattr(method, field.name))
                             for field in dataclasses.fields(method)})
    return settings, sums


def of_randomization(randomization):
    """Settings of how blocks are drawn, under the names of their flags: dict."""
    names = {"initializer": "initializer", "stddev": "initializer_stddev",
             "batch_norm_statistics": "randomize_batch_norm_statistics", "redraw": "redraw"}
    return {names.get(field.name, field.name): fingerprint.json_value(getattr(randomization, field.name))
            for field in dataclasses.fields(randomization)}


def _is_users(method):
    """Whether a method is, or calls, code that is not this library's."""
    return type(method).__module__.partition(".")[0] != fingerprint.OWN_PACKAGE or hasattr(method, "function")
