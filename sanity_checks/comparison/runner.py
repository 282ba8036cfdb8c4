"""Runs a randomization test over images: weight states x methods -> maps -> similarity to the original -> rows.

A work unit is one random draw and a slice of the images. Its rows do not depend on the other units, on the batch
size or on which methods run together, so units can be computed in any order, by any number of processes.

What bounds a unit: the model passes of its methods (`methods.passes`), once per weight state. Similarities are
computed in a second thread while the next passes run.
"""

import concurrent.futures
import dataclasses

import numpy as np
import pandas as pd

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import registry
from sanity_checks import runs
from sanity_checks.weights import initialization
from sanity_checks.weights import states

EXPLAINED_CLASSES = ("own", "original", "label")
UNIT_VALUES = 2 ** 21           # image entries in a work unit when the user does not say, between 4 and 64 images
SMALLEST_UNIT, LARGEST_UNIT = 4, 64


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is computed; two runs with equal protocols, models and images have equal rows.

    Attributes:
        test: a name in `sanity_checks.weights.states.TESTS`.
        methods: dict, name -> `sanity_checks.methods.base.Method`.
        metrics: tuple of names in `sanity_checks.metrics.METRICS`.
        seed: int, of weights and noise.
        randomization: how blocks are drawn.
        explained_class: "own" explains each state's own prediction (released code), "original" the prediction of
            the original model throughout, "label" the image's label.
        batch_size: rows of a model pass; None for the default of the image size. Does not change results.
    """
    test: str
    methods: dict
    metrics: tuple
    seed: int = 0
    randomization: initialization.Randomization = initialization.Randomization()
    explained_class: str = "own"
    batch_size: int | None = None

    def __post_init__(self):
        registry.lookup(dict.fromkeys(EXPLAINED_CLASSES), self.explained_class, "explained_class")
        for metric in self.metrics:
            registry.lookup(metrics.METRICS, metric, "metric")

    def passes(self, image_shape):
        """Model passes per image (H, W, C) and weight state, each shared piece of work counted once."""
        return methods.passes(self.methods, image_shape)


def images_per_unit(image_shape):
    """Images in a work unit for images of this shape (H, W, C): 64 of MNIST's, 7 photographs of 299 x 299."""
    return int(np.clip(UNIT_VALUES // np.prod(image_shape), SMALLEST_UNIT, LARGEST_UNIT))


def run_unit(classifier, dataset, unit, protocol, figure_images=(), progress=None, sequence=None):
    """Computes one work unit.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`; its weights are as they were when this returns.
        dataset: `sanity_checks.datasets.Dataset`; the unit's slice of its test images is read.
        unit: `sanity_checks.runs.Unit`.
        protocol: `Protocol`.
        figure_images: positions in the test images whose maps are returned too; only for draw 0.
        progress: function of the number of model passes just done.
        sequence: context manager yielding the weight states; default those of `protocol.test`.

    Returns:
        (rows, maps): DataFrame with `runs.COLUMNS`; list of `runs.FigureMaps`.
    """
    images = dataset.test
    # [n, H, W, C]
    pixels, ids = images[unit.first:unit.last], images.ids[unit.first:unit.last]
    gallery = _Gallery([i - unit.first for i in figure_images if unit.draw == 0 and unit.first <= i < unit.last],
                       _class_names(classifier, dataset))
    comparison, targets, rows = _Comparison(protocol), None, []
    sequence = sequence or states.weight_states(
        classifier, protocol.test, unit.draw, protocol.seed, protocol.randomization)
    with sequence as walk, concurrent.futures.ThreadPoolExecutor(1) as executor:
        for state in walk:
            targets = _explained_classes(classifier, images, unit, pixels, protocol, targets)
            if progress:
                progress(len(pixels))
            gallery.begin(state, targets)
            task = methods.make_task(classifier, pixels, targets, ids, protocol.seed, protocol.batch_size, progress)
            pending = {}
            for name, method in protocol.methods.items():
                maps = method.maps(task)
                gallery.add(name, maps)
                pending[name] = executor.submit(comparison.compare, name, maps)
            common = {"model": classifier.name, "dataset": dataset.name, "test": protocol.test, "draw": unit.draw,
                      "stage_index": state.index, "stage": state.name, "image_id": list(ids),
                      "explained_class": targets.astype(np.int64)}
            rows += [pd.DataFrame({**common, "method": name, "metric": metric, "value": values})
                     for name, future in pending.items() for metric, values in future.result().items()]
    shown = gallery.figure_maps(dataset, unit, pixels, classifier.label_offset)
    return pd.concat(rows, ignore_index=True)[list(runs.COLUMNS)], shown


def _explained_classes(classifier, images, unit, pixels, protocol, previous):
    """The class whose logit is explained on the model's present weights: int32 [n]."""
    if protocol.explained_class == "label":
        return _labelled_classes(classifier, images, unit)
    if protocol.explained_class == "original" and previous is not None:
        return previous
    batch_size = protocol.batch_size or methods.default_batch_size(classifier.image_shape)
    return methods.predict(classifier, pixels, batch_size)


def _labelled_classes(classifier, images, unit):
    """The images' labels as the model counts its classes: int32 [n]."""
    if images.labels is None:
        raise ValueError("--explained_class=label: the images have no labels")
    labels, count = np.asarray(images.labels[unit.first:unit.last]), classifier.num_classes - classifier.label_offset
    for label, image_id in zip(labels, images.ids[unit.first:unit.last]):
        if not 0 <= label < count:
            raise ValueError(f"--explained_class=label: label {label} of image {image_id} is not one of the {count} "
                             f"classes of model {classifier.name!r}")
    return (labels + classifier.label_offset).astype(np.int32)


def _class_names(classifier, dataset):
    """Names of the model's classes, as far as they are known: dict, class -> str.

    A data set's names are the model's where the model has none of its own, and enough classes for them.
    """
    if classifier.class_names:
        return _named(classifier.class_names)
    named = _named(dataset.class_names, classifier.label_offset)
    return named if max(named, default=0) < classifier.num_classes else {}


def _named(names, first=0):
    """dict, class -> name, without those that are but numbers."""
    return {i: name for i, name in enumerate(names or (), first) if not name.isdigit()}


def shown_image(dataset, image):
    """A model input [H, W, C] as figures show it, its channels red, green, blue."""
    return image[..., ::-1] if dataset.bgr else image


class _Comparison:
    """Similarities of each state's maps to the first state's, whose features are kept."""

    def __init__(self, protocol):
        self._metrics = {name: metrics.METRICS[name] for name in protocol.metrics}
        self._references = {}

    def compare(self, method, maps):
        """Returns dict, metric -> float64 [n]."""
        values = {}
        for name, metric in self._metrics.items():
            if (method, name) not in self._references:
                self._references[method, name] = metric.prepare(maps)
            values[name] = metric.compare_maps(self._references[method, name], maps)
        return values


class _Gallery:
    """The maps of the images that figures show."""

    def __init__(self, positions, class_names):
        self._positions, self._class_names = positions, class_names
        self._stages, self._explained, self._maps = [], [], {}

    def begin(self, state, targets):
        self._stages.append(state.name)
        self._explained.append(targets[self._positions])

    def add(self, method, maps):
        if self._positions:
            self._maps.setdefault(method, []).append(maps[self._positions])

    def figure_maps(self, dataset, unit, pixels, label_offset):
        """list of `runs.FigureMaps`, one an image shown."""
        images, shown = dataset.test, []
        for i, position in enumerate(self._positions):
            label = -1 if images.labels is None else int(images.labels[unit.first + position])
            explained = np.array([classes[i] for classes in self._explained])
            shown.append(runs.FigureMaps(
                image=shown_image(dataset, pixels[position]), image_id=images.ids[unit.first + position], input_range=dataset.input_range,
                label=label, stages=tuple(self._stages),
                maps={method: np.stack([maps[i] for maps in stages]) for method, stages in self._maps.items()},
                explained_class=explained,
                class_names={k: self._class_names[k] for k in sorted(set(explained.tolist()) & set(self._class_names))},
                label_name=self._label_name(dataset, label, label_offset)))
        return shown

    def _label_name(self, dataset, label, label_offset):
        """The name of an image's class in the data set, or else in the model; "" where unknown."""
        if label < 0:
            return ""
        return _named(dataset.class_names).get(label) or self._class_names.get(label + label_offset, "")
