"""Maps of a model as it is beside the output of an edge detector, which knows no model (figures 1 and 37B)."""

import dataclasses

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import runs
from sanity_checks.comparison import checks
from sanity_checks.comparison import gallery as galleries
from sanity_checks.comparison import identity
from sanity_checks.comparison import jobs
from sanity_checks.comparison import sources
from sanity_checks.runs import job as run_jobs
from sanity_checks.vocabulary import stages

TEST = "edge_comparison"
EDGES = {"edges": "edge_detector", "edges x input": "input_x_edges"}    # stage of the rows -> what maps are compared with


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is compared.

    Attributes:
        methods: dict, name -> `methods.base.Method`.
        metrics: tuple of names in `metrics.METRICS`.
        seed: int, of the noise of stochastic methods.
        batch_size: int, rows of a model pass; None for the default.
    """
    methods: dict
    metrics: tuple
    seed: int = 0
    batch_size: int | None = None

    def __post_init__(self):
        check_methods(self.methods)

    def all_methods(self):
        """The methods and the edges that they are compared with: dict, name -> method."""
        return {**self.methods, **{name: methods.make(name) for name in EDGES.values()}}


def check_methods(names):
    """ValueError if a method that maps are compared with is among those that are compared."""
    for name in EDGES.values():
        if name in names:
            raise ValueError(f"methods: maps are compared with {name} here; name other methods")


@dataclasses.dataclass(frozen=True)
class Computation:
    """Builds the function that computes a unit; see `runs.job.Job.build`."""
    classifier: sources.Source
    dataset: sources.Source
    settings: Settings
    figure_images: tuple

    def __call__(self):
        classifier, dataset = self.classifier.get(), self.dataset.get()

        def compute(unit, progress):
            return compare(classifier, dataset, unit, self.settings, self.figure_images, progress)
        return compute


def job(classifier, dataset, settings, units, flagfile=""):
    """The job that compares maps with edges.

    Args:
        classifier, dataset: `sources.Source`.
        settings: `Settings`.
        units: `jobs.Units`.
        flagfile: str.
    """
    loaded, images = classifier.get(), dataset.get()
    jobs.check_images(loaded, images)
    settings = dataclasses.replace(settings, methods=methods.of_images(settings.methods, images.input_range))
    checks.check_metrics(settings.metrics, loaded.image_shape)
    cut = units.cut(images)
    checks.check_methods(loaded, images, settings.methods, settings.seed, settings.batch_size)
    of_methods, code = identity.of_methods(settings.methods)
    held = {"test": TEST, "model": loaded.name, "dataset": images.name, "metrics": list(settings.metrics),
            "seed": settings.seed, **of_methods, **units.settings(images)}
    sums = {**identity.of_classifier(loaded), **identity.of_images(images, units.count(images)), **code}
    return run_jobs.Job(TEST, held, sums, cut, methods.passes(settings.all_methods(), loaded.image_shape),
                        Computation(classifier, dataset, settings, units.figure_images), flagfile=flagfile)


def compare(classifier, dataset, unit, settings, figure_images=(), progress=None):
    """Rows of a unit, and the maps of its images that are shown.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        settings: `Settings`.
        figure_images: positions in the test images.
        progress: function of the number of model passes just done.

    Returns:
        (pandas.DataFrame with `runs.COLUMNS`, list of `runs.FigureMaps`).
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    task = methods.make_task(classifier, images, None, ids, settings.seed, settings.batch_size, progress)
    gallery = galleries.Gallery(classifier, dataset, unit, figure_images)
    gallery.begin(stages.ORIGINAL, task.targets)
    maps = {name: method.maps(task) for name, method in settings.all_methods().items()}
    for name, of_method in maps.items():
        gallery.add(name, of_method)
    rows = runs.Collector(classifier.name, dataset.name, TEST, unit.draw, ids)
    for index, (stage, edges) in enumerate(EDGES.items(), 1):
        for name in maps:
            for metric in settings.metrics if name not in EDGES.values() else ():
                rows.add(index, stage, name, metric, metrics.similarity(maps[name], maps[edges], metric), task.targets)
    return rows.frame(), gallery.figure_maps(images)
