"""The tests from Python: `report = sanity_checks.run(classifier, images, methods=[...], tests=[...])`."""

import functools
import os
import sys
import tempfile
import time

import numpy as np
import tqdm

from sanity_checks import methods as methods_module
from sanity_checks import report
from sanity_checks import runs
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import verdicts
from sanity_checks.comparison import runner
from sanity_checks.datasets import base
from sanity_checks.figures import curves
from sanity_checks.methods import base as methods_base
from sanity_checks.weights import initialization
from sanity_checks.weights import states

NULL = "random_networks"


class Report:
    """What `run` found.

    Attributes:
        directories: dict, test -> its run directory.
        rows: pandas.DataFrame, one similarity each, with the columns `runs.COLUMNS`.
    """

    def __init__(self, directories, keep):
        self.directories = directories
        self._keep = keep               # a temporary directory lives as long as the report
        self.rows = runs.read_rows(list(directories.values()))

    @functools.cached_property
    def table(self):
        """pandas.DataFrame: mean, sd, n, n_degenerate and 95 % interval by test, stage, method and metric."""
        return aggregation.aggregate(self.rows)

    @functools.cached_property
    def verdicts(self):
        """pandas.DataFrame: whether each method follows the weights, by the rule of `sanity_checks.analysis.verdicts`."""
        return verdicts.verdicts(self.rows)

    def plot(self, test=None, band="sd"):
        """Curves of similarity against stage.

        Args:
            test: str, one of the tests run; default the first.
            band: "sd" or "interval".

        Returns:
            matplotlib.figure.Figure.
        """
        test = test or next(iter(self.directories))
        summary = self.table[self.table["test"] == test]
        if summary.empty:
            raise ValueError(f"test: expected one of {', '.join(self.directories)}, got {test!r}")
        return curves.stage_curves(summary, list(dict.fromkeys(summary["metric"])), band)

    def to_html(self, directory):
        """Writes the page that `sanity_checks.report` makes of the runs, figures and tables beside it.

        Args:
            directory: str, folder of the page; made if missing.

        Returns:
            str, path of its index.html.
        """
        return report.write(directory, runs=list(self.directories.values()))

    def _repr_html_(self):
        return self.verdicts.to_html(index=False)


def run(classifier, images, methods=("gradient", "smoothgrad", "guided_backprop"), tests=("cascading",),
        metrics=("spearman_abs", "spearman"), draws=1, labels=None, image_ids=None, seed=0,
        randomization=initialization.Randomization(), explained_class="own", batch_size=None, output_dir=None,
        input_range=None, progress=True):
    """Runs randomization tests on a classifier, and the null that their verdicts are held against.

    Args:
        classifier: from `load_classifier`; its weights are as they were afterwards.
        images: float32 [N, H, W, C].
        methods: names in `sanity_checks.methods.METHODS`, instances of their classes, or functions
            (classifier, images, targets, seed) -> maps of your own; or a dict of name -> any of these.
        tests: names in `sanity_checks.weights.states.TESTS`.
        metrics: names in `sanity_checks.metrics.METRICS`.
        draws: int, independent random draws of the weights.
        labels: int [N], or None.
        image_ids: N str; default "0", "1" ...
        seed, randomization, explained_class, batch_size: see `sanity_checks.comparison.runner.Protocol`.
        output_dir: folder that keeps one run directory a test; a killed run with the same arguments goes on there.
            Default: a temporary folder that goes with the report.
        input_range: (lowest, highest) value of an image, for figures; default that of `images`.
        progress: whether to show a progress bar.

    Returns:
        `Report`.

    Raises:
        ValueError: an unknown name, or images, labels or methods that do not fit the classifier.
    """
    made = _make_methods(classifier, methods)
    data = _dataset(classifier, images, labels, image_ids, input_range)
    keep = None if output_dir else tempfile.TemporaryDirectory()
    folder = output_dir or keep.name
    directories = {}
    for test in dict.fromkeys([*tests, NULL]):
        own = runner.Protocol(test, made, tuple(metrics), seed, randomization, explained_class, batch_size)
        directories[test] = os.path.join(folder, test)
        _run_test(classifier, data, own, draws, directories[test], progress)
    return Report(directories, keep)


def _make_methods(classifier, methods):
    named = methods.items() if isinstance(methods, dict) else (
        (type(m).__name__.lower() if isinstance(m, methods_base.Method) else methods_module.name_of(m), m)
        for m in methods)
    made = {name: m if isinstance(m, methods_base.Method) else methods_module.make(m) for name, m in named}
    if not made:
        raise ValueError("methods: expected at least one")
    for name, method in made.items():
        methods_module.check_suitable(classifier, name, method)
    return made


def _dataset(classifier, images, labels, image_ids, input_range):
    images = np.ascontiguousarray(images, np.float32)
    if images.ndim != 4 or images.shape[1:] != classifier.image_shape or not len(images):
        raise ValueError(f"images: expected shape [N, {', '.join(map(str, classifier.image_shape))}] with N > 0, "
                         f"got {list(images.shape)}")
    ids = tuple(map(str, range(len(images)) if image_ids is None else image_ids))
    if len(set(ids)) != len(images) or labels is not None and len(labels) != len(images):
        raise ValueError(f"expected {len(images)} distinct image_ids and as many labels, one an image")
    labels = None if labels is None else np.asarray(labels, np.int64)
    span = input_range or (float(images.min()), float(images.max()))
    return base.Dataset("images", "memory", base.content_sha256(images), None, None,
                        base.ArraySplit(images, labels, ids), images.shape[1:], span)


def _run_test(classifier, data, protocol, draws, directory, progress):
    settings = {"test": protocol.test, "methods": {name: repr(method) for name, method in protocol.methods.items()},
                "metrics": protocol.metrics, "seed": protocol.seed, "randomization": repr(protocol.randomization),
                "explained_class": protocol.explained_class, "draws": draws}
    sums = {"weights": initialization.weights_sha256(classifier), "images": data.sha256}
    opened = runs.RunDirectory.open(directory, settings, "", {"sha256": sums})
    units = runs.units(draws, len(data.test), runner.images_per_unit(data.image_shape))
    left = [unit for unit in units if not opened.is_done(unit)]
    total = sum(unit.last - unit.first for unit in left) * len(states.stages(classifier, protocol.test))
    with tqdm.tqdm(total=total * protocol.passes(data.image_shape), unit="pass", unit_scale=True, desc=protocol.test,
                   file=sys.stderr, disable=not (progress and left)) as bar:
        for unit in left:
            started = time.monotonic()
            rows, maps = runner.run_unit(classifier, data, unit, protocol, range(min(3, len(data.test))), bar.update)
            opened.write_unit(unit, rows, time.monotonic() - started, maps)
    opened.finish(len(units))
