"""Jobs that compare the maps of weight states: the randomization tests and the data randomization test."""

from collections.abc import Callable
import dataclasses

from sanity_checks import numerics
from sanity_checks.comparison import checks
from sanity_checks.comparison import denoising
from sanity_checks.comparison import explained
from sanity_checks.comparison import identity
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.runs import job as jobs
from sanity_checks.runs import work_units
from sanity_checks.vocabulary import tests as test_records
from sanity_checks.weights import initialization
from sanity_checks.weights import states


@dataclasses.dataclass(frozen=True)
class Units:
    """How a run is cut: draws, images, and images in a unit; None is the default of the image size.

    Attributes:
        draws: int.
        num_images: int, the first so many test images; None for all.
        images_per_unit: int or None.
        figure_images: tuple of int, positions of the images whose maps are kept.
    """
    draws: int = 1
    num_images: int | None = None
    images_per_unit: int | None = None
    figure_images: tuple = ()

    def cut(self, dataset):
        """The units of a run over a data set: tuple of `work_units.Unit`; ValueError if it has fewer images."""
        count = self.count(dataset)
        size = self.images_per_unit or runner.images_per_unit(dataset.image_shape)
        return tuple(work_units.units(self.draws, count, size))

    def count(self, dataset):
        """How many images are used; ValueError if the data set has fewer than were asked for."""
        found = len(dataset.test)
        if self.num_images is not None and self.num_images > found:
            raise ValueError(f"num_images: {dataset.name} has {found} test images, got {self.num_images}")
        return found if self.num_images is None else self.num_images

    def settings(self, dataset):
        """What a run is held to of this: dict."""
        return {"draws": self.draws, "num_images": self.count(dataset), "figure_images": list(self.figure_images),
                "images_per_unit": self.images_per_unit or runner.images_per_unit(dataset.image_shape)}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Builds the function that computes a unit; see `runs.job.Job.build`.

    Attributes:
        classifier, dataset: `sources.Source`.
        protocol: `runner.Protocol`.
        figure_images: tuple of int.
        networks: picklable function (classifier, draw) -> dict, name of a state -> its arrays; None where the states
            are drawn.
        sha256: dict, the checksums that a classifier loaded in another process must have.
    """
    classifier: sources.Source
    dataset: sources.Source
    protocol: runner.Protocol
    figure_images: tuple
    networks: Callable | None
    sha256: dict

    def __call__(self):
        classifier, dataset = self.classifier.get(), self.dataset.get()
        numerics.use(self.protocol.precision)
        if self.networks is None:
            _refuse_changed(classifier, self.sha256)

        def compute(unit, progress):
            sequence = None
            if self.networks is not None:
                sequence = states.trained_states(classifier, self.networks(classifier, unit.draw))
            return runner.run_unit(classifier, dataset, unit, self.protocol, self.figure_images, progress, sequence)
        return compute


def weight_states(classifier, dataset, protocol, units, flagfile="", record=None):
    """The job of a test of `states.TESTS`: a randomization, its null, or another class.

    Args:
        classifier, dataset: `sources.Source` of a `Classifier` and of a `Dataset`.
        protocol: `runner.Protocol`.
        units: `Units`.
        flagfile, record: see `runs.job.Job`.
    """
    loaded = classifier.get()
    held = identity.of_classifier(loaded)
    # names of stages stand in the rows, and Keras numbers layers without a name as it likes
    stages = [state.name for state in states.stages(loaded, protocol.test, protocol.randomization)]
    drawn = {} if states.explains_another(protocol.test) else identity.of_randomization(protocol.randomization)
    draws = {**drawn, "stages": stages}
    if drawn and protocol.test != test_records.NULL:
        checks.warn_of_copies(loaded, dataset.get(), protocol)
    return _job(classifier, dataset, protocol, units, len(stages), held, draws, None, flagfile, record)


def trained_networks(classifier, dataset, protocol, units, networks, num_states, weights_sha256, flagfile="",
                     record=None):
    """The job of a test whose states are networks that were trained apart.

    Args:
        classifier, dataset, protocol, units, flagfile, record: see `weight_states`.
        networks: picklable function (classifier, draw) -> dict, name of a state -> its arrays.
        num_states: int, how many states a draw has.
        weights_sha256: str, checksum of all networks.
    """
    held = {**identity.of_classifier(classifier.get()), "weights": weights_sha256}
    return _job(classifier, dataset, protocol, units, num_states, held, {}, networks, flagfile, record)


def _job(classifier, dataset, protocol, units, num_states, held, draws, networks, flagfile, record):
    loaded, images = classifier.get(), dataset.get()
    check_images(loaded, images)
    protocol = protocol.of_images(images)
    explained.check(loaded, images, units.count(images), protocol, units.draws)
    checks.check_metrics(protocol.metrics, loaded.image_shape)
    cut = units.cut(images)
    checks.check_methods(loaded, images, protocol.methods, protocol.seed, protocol.batch_size)
    of_methods, code = identity.of_methods(protocol.methods)
    settings = {
        "test": protocol.test, "model": loaded.name, "dataset": images.name, "metrics": list(protocol.metrics),
        "seed": protocol.seed, "explained_class": protocol.explained_class, **denoising.settings(protocol), **draws, **of_methods,
        **({} if protocol.precision == numerics.FLOAT32 else {"precision": protocol.precision}), **units.settings(images)}
    shown = tuple(position for position in units.figure_images if position < units.count(images))
    build = Comparison(classifier, dataset, protocol, shown, networks, held)
    batch_size = protocol.batch_size or runner.batch_size(loaded)
    return jobs.Job(
        protocol.test, settings, {**held, **identity.of_images(images, units.count(images)), **code},
        cut, num_states * protocol.passes(loaded.image_shape), build, flagfile=flagfile,
        record={"batch_size": batch_size, **(record or {})})


def check_images(classifier, dataset):
    """ValueError if a data set's images are not what a classifier takes."""
    if tuple(dataset.image_shape) != classifier.image_shape:
        raise ValueError(f"dataset: images of {dataset.name} have shape {dataset.image_shape}, model "
                         f"{classifier.name!r} takes {classifier.image_shape}")


def _refuse_changed(classifier, sha256):
    """ValueError if a classifier that was loaded for a job is not the one that the job was made for."""
    found = initialization.weights_sha256(classifier)
    if found != sha256["weights"]:
        raise ValueError(f"weights: those of model {classifier.name!r} have sha256 {found}, the job was made for "
                         f"{sha256['weights']}; the file has changed")
