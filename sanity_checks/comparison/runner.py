"""Runs a randomization test over images: weight states x methods -> maps -> similarity to the original -> rows.

A work unit is one random draw and a slice of the images. Its rows do not depend on the other units, on the batch
size or on which methods run together, so units can be computed in any order, by any number of processes.

What bounds a unit: the model passes of its methods (`methods.passes`), once per weight state. Similarities are
computed in a second thread while the next passes run.
"""

import concurrent.futures
import dataclasses

import numpy as np

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import numerics
from sanity_checks import registry
from sanity_checks import runs
from sanity_checks.comparison import denoising
from sanity_checks.comparison import explained
from sanity_checks.comparison import gallery as galleries
from sanity_checks.weights import initialization
from sanity_checks.weights import states

EXPLAINED_CLASSES = explained.CHOICES
UNIT_VALUES = 2 ** 21           # image entries in a work unit when the user does not say, between 4 and 64 images
SMALLEST_UNIT, LARGEST_UNIT = 4, 64


@dataclasses.dataclass(frozen=True)
class Protocol:
    """What is computed; two runs with equal protocols, models and images have equal rows.

    Attributes:
        test: a name in `sanity_checks.weights.states.TESTS`.
        methods: dict, name -> `sanity_checks.methods.base.Method`.
        metrics: tuple of names in `sanity_checks.metrics.METRICS`. A test that has metrics of its own has these instead.
        seed: int, of weights and noise.
        randomization: how blocks are drawn.
        explained_class: "own" explains each state's own prediction (released code), "original" the prediction of
            the original model throughout, "label" the image's label. The test other_class explains another after that.
        batch_size: rows of a model pass; None for the default of the image size. Does not change results.
        denoise_samples: maps are means over so many copies of the image, the first the image itself; 1 is the plain test.
            The class is explained that the clean image has.
        denoise_noise: standard deviation of the copies' noise, as a fraction of the image's max - min.
        precision: a name in `sanity_checks.numerics.PRECISIONS`.
    """
    test: str
    methods: dict
    metrics: tuple
    seed: int = 0
    randomization: initialization.Randomization = initialization.Randomization()
    explained_class: str = "own"
    batch_size: int | None = None
    denoise_samples: int = 1
    denoise_noise: float = 0.1
    precision: str = numerics.FLOAT32

    def __post_init__(self):
        if self.denoise_samples < 1:
            raise ValueError(f"denoise_samples: expected at least 1, got {self.denoise_samples}")
        if not 0 <= self.denoise_noise < np.inf:
            raise ValueError(f"denoise_noise: expected a number from 0 up, got {self.denoise_noise}")
        registry.lookup(dict.fromkeys(EXPLAINED_CLASSES), self.explained_class, "explained_class")
        registry.lookup(numerics.PRECISIONS, self.precision, "precision")
        own = states.TESTS[self.test].metrics if self.test in states.TESTS else ()
        if own:
            object.__setattr__(self, "metrics", own)
            return
        if not self.metrics:
            raise ValueError(f"metrics: expected at least one of {', '.join(metrics.METRICS)}, got none")
        for metric in self.metrics:
            registry.lookup(metrics.METRICS, metric, "metric")
            if self.metrics.count(metric) > 1:
                raise ValueError(f"metrics: {metric!r} is named twice")

    def of_images(self, dataset):
        """The protocol with what its methods' parameters follow from a `sanity_checks.datasets.Dataset` where they were left open."""
        return dataclasses.replace(self, methods=methods.of_images(self.methods, dataset.input_range))

    def passes(self, image_shape):
        """Model passes per image of shape (H, W, C) and weight state, each shared piece of work counted once."""
        return 1 + self.denoise_samples * (methods.passes(self.methods, image_shape) - 1)


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
    images, protocol = dataset.test, protocol.of_images(dataset)
    # [n, H, W, C]
    pixels, ids = images[unit.first:unit.last], images.ids[unit.first:unit.last]
    gallery = galleries.Gallery(classifier, dataset, unit, figure_images)
    comparison, targets = _Comparison(protocol), None
    rows = runs.Collector(classifier.name, dataset.name, protocol.test, unit.draw, ids)
    sequence = sequence or states.weight_states(
        classifier, protocol.test, unit.draw, protocol.seed, protocol.randomization)
    with sequence as walk, concurrent.futures.ThreadPoolExecutor(1) as executor:
        for state in walk:
            targets = explained.classes(classifier, images, unit, pixels, protocol, state, targets)
            if progress:
                progress(len(pixels))
            gallery.begin(state.name, targets)
            pending = {}
            for name, maps in denoising.maps(classifier, pixels, targets, ids, protocol, progress):
                gallery.add(name, maps)
                pending[name] = executor.submit(comparison.compare, name, maps)
            for name, future in pending.items():
                for metric, values in future.result().items():
                    rows.add(state.index, state.name, name, metric, values, targets)
    return rows.frame(), gallery.figure_maps(pixels)


def batch_size(classifier):
    """Rows of a model pass where the user does not say: int."""
    return methods.default_batch_size(classifier.image_shape)


class _Comparison:
    """Similarities of each state's maps to the first state's, whose features are kept."""

    def __init__(self, protocol):
        self._metrics = {name: metrics.find(name) for name in protocol.metrics}
        self._references = {}

    def compare(self, method, maps):
        """Returns dict, metric -> float64 [n]."""
        values = {}
        for name, metric in self._metrics.items():
            if (method, name) not in self._references:
                self._references[method, name] = metric.prepare(maps)
            values[name] = metric.compare_maps(self._references[method, name], maps)
        return values
