"""What a user gives to `sanity_checks.run`: methods and images, made into what the tests take, or refused by name."""

from collections.abc import Mapping
import dataclasses

import numpy as np

from sanity_checks import arguments
from sanity_checks import methods as methods_module
from sanity_checks import pixels
from sanity_checks import registry
from sanity_checks.datasets import base
from sanity_checks.methods import base as methods_base
from sanity_checks.runs import fingerprint


def make_methods(classifier, methods):
    """The methods that a user gave, each under a name of its own: dict, name -> `methods.base.Method`.

    Args:
        classifier: `Classifier` that they must be able to explain.
        methods: see `run`.

    Raises:
        ValueError: no methods, an unknown name, two methods of one name, a function that is called like a registered
            method, or a method that cannot explain the classifier.
    """
    pairs = list(methods.items()) if isinstance(methods, Mapping) else [
        (_name(method), method) for method in arguments.listed(methods, "methods", "methods, or a dict of name -> method")]
    if not pairs:
        raise ValueError("methods: expected at least one, got none")
    made = {}
    for name, method in pairs:
        if not isinstance(name, str) or not name:
            raise ValueError(f"methods: expected names of text, got {arguments.shown(name)}")
        if name in made:
            raise ValueError(f"methods: two are called {name!r}; give them names: a dict of name -> method")
        if not isinstance(method, (str, methods_base.Method)) and name in methods_module.METHODS:
            raise ValueError(f"methods: a function of your own is called {name!r} like a registered method; give it "
                             f"another name: a dict of name -> method")
        made[name] = method if isinstance(method, methods_base.Method) else methods_module.make(method)
        methods_module.check_suitable(classifier, name, made[name])
    return made


def _name(method):
    """The name of a method that was given without one: registered, with what differs from the defaults, or its own."""
    if not isinstance(method, methods_base.Method):
        return methods_module.name_of(method)
    name = next((name for name, kind in methods_module.METHODS.items() if kind is type(method)), type(method).__name__)
    if name not in methods_module.METHODS:
        return name
    changed = [f"{field.name}={fingerprint.json_value(getattr(method, field.name))}"
               for field in dataclasses.fields(method)
               if fingerprint.code(getattr(method, field.name)) != fingerprint.code(field.default)]
    return f"{name}({', '.join(changed)})" if changed else name


def names(values, argument, known):
    """Names in a registry as a list; ValueError if they are no list, none, unknown, or one is named twice."""
    found = arguments.listed(values, argument)
    if not found:
        raise ValueError(f"{argument}: expected at least one of {', '.join(known)}, got none")
    for value in found:
        if not isinstance(value, str):
            raise ValueError(f"{argument}: expected names, got {arguments.shown(value)}")
        registry.lookup(known, value, argument.removesuffix("s"))
        if found.count(value) > 1:
            raise ValueError(f"{argument}: {value!r} is named twice")
    return found


def dataset(classifier, images, labels, image_ids, input_range):
    """The images that a user gave as a `datasets.base.Dataset`; ValueError if they, labels or ids do not fit."""
    images = pixels.as_float32(images)
    if images.ndim != 4 or images.shape[1:] != classifier.image_shape or not len(images):
        raise ValueError(f"images: expected shape [N, {', '.join(map(str, classifier.image_shape))}] with N > 0, "
                         f"got {list(images.shape)}")
    ids = tuple(map(str, range(len(images)) if image_ids is None else arguments.listed(image_ids, "image_ids")))
    for name in ids:
        if name != name.encode("utf-8", "ignore").decode():
            raise ValueError(f"image_ids: {name!r} is not UTF-8 text")
    if len(set(ids)) != len(images):
        raise ValueError(f"image_ids: expected {len(images)} distinct names, got {len(ids)}, {len(set(ids))} distinct")
    labels = None if labels is None else base.class_labels(labels, len(images))
    span = pixels.value_range(images) if input_range is None else _span(input_range)
    return base.Dataset("images", "memory", base.content_sha256(images), None, None,
                        base.ArraySplit(images, labels, ids), images.shape[1:], span)


def _span(input_range):
    """(lowest, highest) as floats; ValueError if they are not two growing finite numbers."""
    try:
        low, high = map(float, input_range)
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"input_range: expected (lowest, highest), two growing numbers, got {arguments.shown(input_range)}")
    return low, high
