"""Computes the calibration of the metrics: maps against random masks, and masks against masks (appendix B)."""

import dataclasses

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import runs
from sanity_checks.comparison import checks
from sanity_checks.comparison import identity
from sanity_checks.comparison import jobs
from sanity_checks.comparison import sources
from sanity_checks.paper import calibration
from sanity_checks.runs import job as run_jobs

METHODS = tuple(pair.method for pair in calibration.PAIRS.values() if pair.method)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        methods: dict, name -> method, those of `METHODS`.
        metrics: tuple of names in `metrics.METRICS`; see `calibration.measured`.
        seed: int, of the masks.
        batch_size: int, rows of a model pass; None for the default.
    """
    methods: dict
    metrics: tuple
    seed: int = 0
    batch_size: int | None = None


def job(classifier, dataset, settings, units, flagfile=""):
    """The job that calibrates the metrics; arguments as of `edge_comparison.job`."""
    loaded, images = classifier.get(), dataset.get()
    jobs.check_images(loaded, images)
    checks.check_metrics(settings.metrics, loaded.image_shape)
    of_methods, code = identity.of_methods(settings.methods)
    held = {"test": calibration.TEST, "model": loaded.name, "dataset": images.name,
            "metrics": list(calibration.measured(settings.metrics)), "seed": settings.seed, **of_methods, **units.settings(images)}
    sums = {**identity.of_classifier(loaded), **identity.of_images(images, units.count(images)), **code}
    steps = methods.passes(settings.methods, loaded.image_shape) + len(calibration.PAIRS)
    return run_jobs.Job(calibration.TEST, held, sums, units.cut(images), steps,
                        sources.Computation(classifier, dataset, settings, compare), "step", flagfile)


def compare(classifier, dataset, unit, settings, progress=lambda steps: None):
    """Rows of a unit: pandas.DataFrame with `runs.COLUMNS`; the method is the pair.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        settings: `Settings`.
        progress: function of the number of steps just done: model passes, and a step for each pair of maps.
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    task = methods.make_task(classifier, images, None, ids, settings.seed, settings.batch_size, progress)
    rows = runs.Collector(classifier.name, dataset.name, calibration.TEST, unit.draw, ids)
    for name, pair in calibration.PAIRS.items():
        compared = {scaled: [calibration.masks(name, side, ids, classifier.image_shape, unit.draw, settings.seed, scaled)
                             for side in (0, 1)] for scaled in (True, False)}
        if pair.method:
            compared[True][0] = compared[False][0] = settings.methods[pair.method].maps(task)
        for metric in calibration.measured(settings.metrics):
            maps = compared[metric not in calibration.UNSCALED.values()]
            rows.add(1, calibration.STAGE, name, metric, metrics.find(metric).similarity(*maps), task.targets)
        progress(len(ids))
    return rows.frame()
