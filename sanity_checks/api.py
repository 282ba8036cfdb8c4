"""The tests from Python: `report = sanity_checks.run(classifier, images, methods=[...], tests=[...])`."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import os
import tempfile
import warnings

import matplotlib.figure
import numpy as np
import pandas as pd

from sanity_checks import datasets
from sanity_checks import methods as methods_module
from sanity_checks import pixels
from sanity_checks import report
from sanity_checks import runs
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import verdicts
from sanity_checks.comparison import jobs
from sanity_checks.comparison import packing
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.datasets import base
from sanity_checks.figures import curves
from sanity_checks.methods import base as methods_base
from sanity_checks.models import classifier as classifiers
from sanity_checks.models import input_range as input_ranges
from sanity_checks.runs import execute
from sanity_checks.runs import fingerprint
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.weights import initialization
from sanity_checks.weights import states

NULL = test_records.NULL
NULL_DRAWS = 5              # of the null when the user does not say: it decides every stage, and is cheap
SHOWN = 3                   # images whose maps the report shows


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
    def table(self) -> pd.DataFrame:
        """pandas.DataFrame: mean, sd, n, n_degenerate and 95 % interval by test, stage, method and metric."""
        return aggregation.aggregate(self.rows)

    @functools.cached_property
    def verdicts(self) -> pd.DataFrame:
        """pandas.DataFrame: whether each method follows the weights, by the rule of `analysis.verdicts`."""
        return verdicts.verdicts(self.rows)

    def plot(self, test: str | None = None, band: str = "sd") -> matplotlib.figure.Figure:
        """Curves of similarity against stage.

        Args:
            test: one of the tests run; default the first.
            band: "sd" or "interval".
        """
        test = test or next(iter(self.directories))
        summary = self.table[self.table["test"] == test]
        if summary.empty:
            raise ValueError(f"test: expected one of {', '.join(self.directories)}, got {test!r}")
        return curves.stage_curves(summary, list(dict.fromkeys(summary["metric"])), band)

    def to_html(self, directory: str | os.PathLike) -> str:
        """Writes the page that `sanity_checks.report` makes of the runs, figures and tables beside it.

        Args:
            directory: folder of the page; made if missing.

        Returns:
            Path of its index.html.
        """
        return report.write(os.fspath(directory), runs=list(self.directories.values()))

    def _repr_html_(self):
        return self.verdicts.to_html(index=False)


def run(classifier: classifiers.Classifier, images: np.ndarray,
        methods: Sequence | Mapping = ("gradient", "smoothgrad", "guided_backprop"),
        tests: Sequence[str] = ("cascading",), metrics: Sequence[str] = ("spearman_abs", "spearman"), draws: int = 1,
        labels: Sequence | None = None, image_ids: Sequence | None = None, seed: int = 0,
        randomization: initialization.Randomization = initialization.Randomization(), explained_class: str = "own",
        batch_size: int | None = None, output_dir: str | os.PathLike | None = None,
        input_range: tuple[float, float] | None = None, progress: bool = True, null_draws: int = NULL_DRAWS,
        denoise_samples: int = 1, denoise_noise: float = 0.1) -> Report:
    """Runs randomization tests on a classifier, and the null that their verdicts are held against.

    Args:
        classifier: from `load_classifier`; its weights are as they were afterwards.
        images: float32 [N, H, W, C].
        methods: names in `sanity_checks.methods.METHODS`, instances of their classes, or functions
            (classifier, images, targets, seed) -> maps of your own; or a dict of name -> any of these.
        tests: names in `sanity_checks.weights.states.TESTS`.
        metrics: names in `sanity_checks.metrics.METRICS`.
        draws: independent random draws of the weights.
        labels: int [N], or None.
        image_ids: N distinct names; default "0", "1" ...
        seed, randomization, explained_class, batch_size, denoise_samples, denoise_noise: see
            `sanity_checks.comparison.runner.Protocol`.
        output_dir: folder that keeps one run directory a test; a killed run with the same arguments goes on there.
            Default: a temporary folder that goes with the report.
        input_range: (lowest, highest) value that an image can have, for figures, and for the warning that the model
            rescales images of another range inside; default that of `images`.
        progress: whether to show a progress bar.
        null_draws: pairs of random networks behind the null.

    Raises:
        ValueError: an unknown name, or images, labels or methods that do not fit the classifier; or the folder holds
            a run of something else (images, weights, model, code of a method, settings), which the message names.
    """
    made = make_methods(classifier, methods)
    data = sources.given(_dataset(classifier, images, labels, image_ids, input_range))
    mismatch = input_ranges.mismatch(classifier, data.get())
    if mismatch:
        warnings.warn(mismatch, stacklevel=2)
    for test in tests:
        states.stages(classifier, test, randomization)      # an unknown test is refused before any has run
    packed = sources.Source(packing.Packed(classifier), classifier)
    keep = None if output_dir else tempfile.TemporaryDirectory()
    folder = os.fspath(output_dir) if output_dir else keep.name
    directories = {test: os.path.join(folder, test) for test in dict.fromkeys([*tests, NULL])}
    work = {}
    for test in directories:
        protocol = runner.Protocol(test, made, tuple(metrics), seed, randomization, explained_class, batch_size,
                                   denoise_samples, denoise_noise)
        units = jobs.Units(null_draws if test == NULL else draws, figure_images=tuple(range(min(SHOWN, len(images)))))
        work[test] = jobs.weight_states(packed, data, protocol, units)
    for test, job in work.items():
        execute.execute(job, directories[test], progress=progress)
    return Report(directories, keep)


def make_methods(classifier, methods):
    """The methods that a user gave, each under a name of its own: dict, name -> `methods.base.Method`.

    Args:
        classifier: `Classifier` that they must be able to explain.
        methods: see `run`.

    Raises:
        ValueError: no methods, an unknown name, two methods of one name, a function that is called like a registered
            method, or a method that cannot explain the classifier.
    """
    given = list(methods.items() if isinstance(methods, Mapping) else ((_name(method), method) for method in methods))
    if not given:
        raise ValueError("methods: expected at least one, got none")
    made = {}
    for name, method in given:
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


def _dataset(classifier, images, labels, image_ids, input_range):
    images = pixels.as_float32(images)
    if images.ndim != 4 or images.shape[1:] != classifier.image_shape or not len(images):
        raise ValueError(f"images: expected shape [N, {', '.join(map(str, classifier.image_shape))}] with N > 0, "
                         f"got {list(images.shape)}")
    ids = tuple(map(str, range(len(images)) if image_ids is None else image_ids))
    if len(set(ids)) != len(images):
        raise ValueError(f"image_ids: expected {len(images)} distinct names, got {len(ids)}, {len(set(ids))} distinct")
    labels = None if labels is None else datasets.base.class_labels(labels, len(images))
    span = input_range or pixels.value_range(images)
    return base.Dataset("images", "memory", base.content_sha256(images), None, None,
                        base.ArraySplit(images, labels, ids), images.shape[1:], span)
