"""The body of the randomization binaries: flags -> classifier, images -> work units -> rows -> tables and figures."""

from collections.abc import Callable
import dataclasses
import functools
import importlib.metadata
import os
import platform
import sys
import time

from absl import logging
import tensorflow as tf
import tqdm

from experiments import aggregate
from experiments import model_flags
from experiments import run_flags
from sanity_checks import methods
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.weights import initialization
from sanity_checks.weights import states

PACKAGES = ("tensorflow", "tf-keras", "saliency", "scikit-image", "scipy", "numpy", "pandas")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What a run compares.

    Attributes:
        test: a name in `sanity_checks.vocabulary.names.TESTS`.
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`, whose test images are explained.
        num_states: int, weight states of a unit.
        weights_sha256: str, checksum of the weights that the states start from.
        states_of: function from the draw to a context manager that yields the weight states; None where the runner
            draws them.
        provenance: dict of JSON values to record besides those of every run.
        unused: names of flags that have no effect on this test.
    """
    test: str
    classifier: object
    dataset: object
    num_states: int
    weights_sha256: str
    states_of: Callable | None = None
    provenance: dict = dataclasses.field(default_factory=dict)
    unused: tuple = ()


def run(test):
    """Runs one of `sanity_checks.weights.states.TESTS` as the flags say, then draws its tables and figures."""
    run_flags.check()
    classifier = model_flags.load_classifier()
    dataset = model_flags.load_dataset(classifier.image_shape)
    path = os.path.abspath(model_flags.WEIGHTS.value) if model_flags.WEIGHTS.value else None
    compare(Experiment(test, classifier, dataset, len(states.stages(classifier, test)),
                       initialization.weights_sha256(classifier), provenance={"weights_file": path}))


def compare(experiment):
    """Compares the maps of an experiment's weight states as the flags say, then draws its tables and figures.

    Finished units of the run directory are kept. With several shards, the process that finishes the last unit
    draws; any process can draw again later with `python -m experiments.aggregate`.
    """
    protocol = run_flags.protocol(experiment.test, experiment.classifier)
    _check_dataset(experiment.classifier, experiment.dataset)
    total = run_flags.number_of_images(experiment.dataset)
    size = run_flags.IMAGES_PER_UNIT.value or runner.images_per_unit(experiment.dataset.image_shape)
    units = runs.units(run_flags.DRAWS.value, total, size)
    directory = runs.RunDirectory.open(
        run_flags.OUTPUT_DIR.value, _settings(experiment, protocol, total, size), run_flags.flagfile(),
        _provenance(experiment))
    _compute(experiment, protocol, directory, units, total)
    directory.finish(len(units))
    missing = [unit for unit in units if not directory.is_done(unit)]
    if missing:
        logging.info("%d of %d units are left to other shards; tables and figures come with the last",
                     len(missing), len(units))
        return
    aggregate.draw([run_flags.OUTPUT_DIR.value], run_flags.OUTPUT_DIR.value)


def _compute(experiment, protocol, directory, units, total):
    """Computes this shard's units that are not done, with a progress bar over model passes."""
    mine = runs.shard(units, run_flags.SHARD.value, run_flags.NUM_SHARDS.value)
    left = [unit for unit in mine if not directory.is_done(unit)]
    passes = sum(unit.last - unit.first for unit in left) * experiment.num_states * protocol.passes(experiment.classifier.image_shape)
    logging.info("%d units of this shard, %d already done", len(mine), len(mine) - len(left))
    with tqdm.tqdm(total=passes, unit="pass", unit_scale=True, desc=protocol.test, file=sys.stderr,
                   disable=not left, smoothing=0.02, mininterval=0.5) as bar:
        for unit in left:
            started = time.monotonic()
            sequence = experiment.states_of(unit.draw) if experiment.states_of else None
            rows, maps = runner.run_unit(experiment.classifier, experiment.dataset, unit, protocol,
                                         _figure_positions(total), bar.update, sequence)
            directory.write_unit(unit, rows, time.monotonic() - started, maps)


def _figure_positions(total):
    return [position for position in run_flags.figure_images() if position < total]


def _check_dataset(classifier, dataset):
    if dataset.image_shape != classifier.image_shape:
        raise ValueError(f"--dataset: images of {dataset.name} have shape {dataset.image_shape}, model "
                         f"{classifier.name!r} takes {classifier.image_shape}")


def _settings(experiment, protocol, total, images_per_unit):
    """What a run directory is held to besides the sha256 of weights and images: the flags, by their effect."""
    held = {name: value for name, value in run_flags.settings(protocol.methods).items() if name not in experiment.unused}
    return {**held, "test": experiment.test, "model": experiment.classifier.name, "dataset": experiment.dataset.name,
            "num_images": total, "images_per_unit": images_per_unit}


@functools.cache
def versions():
    """Version of Python and of each package whose numbers go into the results: dict."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}


def _provenance(experiment):
    devices = [device.name for device in tf.config.list_logical_devices("GPU")] or ["CPU"]
    batch_size = run_flags.BATCH_SIZE.value or methods.default_batch_size(experiment.classifier.image_shape)
    return {"sha256": {"weights": experiment.weights_sha256, "images": experiment.dataset.sha256},
            "versions": versions(), "devices": devices, "host": platform.node(), "command": " ".join(sys.argv),
            "batch_size": batch_size, **experiment.provenance}
