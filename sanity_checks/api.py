"""The tests from Python: `report = sanity_checks.run(classifier, images, methods=[...], tests=[...])`."""

from collections.abc import Mapping
from collections.abc import Sequence
import functools
import os
import tempfile
import warnings

import matplotlib.figure
import numpy as np
import pandas as pd

from sanity_checks import arguments
from sanity_checks import given
from sanity_checks import methods as methods_module
from sanity_checks import metrics as metrics_module
from sanity_checks import notebook
from sanity_checks import report
from sanity_checks import runs
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import degenerate
from sanity_checks.analysis import verdicts
from sanity_checks.comparison import jobs
from sanity_checks.comparison import packing
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.figures import curves
from sanity_checks.models import classifier as classifiers
from sanity_checks.models import input_range as input_ranges
from sanity_checks.runs import execute
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.weights import initialization
from sanity_checks.weights import ownership
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
    def assessment(self) -> verdicts.Assessment:
        """`analysis.verdicts.Assessment`: verdicts, and the evidence stage by stage."""
        return verdicts.assess(self.rows, summary=self.table)

    @property
    def verdicts(self) -> pd.DataFrame:
        """pandas.DataFrame: whether each method follows the weights, by the rule of `analysis.verdicts`."""
        return self.assessment.verdicts

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
        return notebook.page(self.assessment, self.table, self.directories)


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
        RuntimeError: another thread works with the classifier.
    """
    methods_module.check_classifier(classifier)
    tests, metrics = given.names(tests, "tests", {**states.TESTS, **states.TRAINED}), given.names(metrics, "metrics", metrics_module.METRICS)
    draws, null_draws = (arguments.whole_number(value, name, 1) for name, value in (("draws", draws), ("null_draws", null_draws)))
    seed = arguments.whole_number(seed, "seed")
    batch_size = batch_size if batch_size is None else arguments.whole_number(batch_size, "batch_size", 1)
    output_dir = output_dir if output_dir is None else arguments.path(output_dir, "output_dir")
    made = given.make_methods(classifier, methods)
    data = sources.given(given.dataset(classifier, images, labels, image_ids, input_range))
    mismatch = input_ranges.mismatch(classifier, data.get())
    if mismatch:
        warnings.warn(mismatch, stacklevel=2)
    packed = sources.Source(packing.Packed(classifier), classifier)
    keep = tempfile.TemporaryDirectory() if output_dir is None else None
    folder = keep.name if output_dir is None else output_dir
    directories = {test: os.path.join(folder, test) for test in dict.fromkeys([*tests, NULL])}
    with ownership.changing(classifier):
        work = {}
        for test in directories:        # all jobs are made, with what they refuse, before the first is done
            protocol = runner.Protocol(test, made, tuple(metrics), seed, randomization, explained_class, batch_size,
                                       denoise_samples, denoise_noise)
            units = jobs.Units(null_draws if test == NULL else draws, figure_images=tuple(range(min(SHOWN, len(data.get().test)))))
            work[test] = jobs.weight_states(packed, data, protocol, units)
        for test, job in work.items():
            execute.execute(job, directories[test], progress=progress)
    found = Report(directories, keep)
    for told in filter(None, [degenerate.message(found.rows), *degenerate.warnings(found.rows)]):
        warnings.warn(told, stacklevel=2)
    return found
