"""The body of the randomization binaries: flags -> classifier, images -> work units -> rows -> tables and figures."""

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
from sanity_checks import results
from sanity_checks import runner
from sanity_checks.models import initialization

PACKAGES = ("tensorflow", "tf-keras", "saliency", "scikit-image", "scipy", "numpy", "pandas")


def run(test):
    """Runs one of `sanity_checks.states.TESTS` as the flags say, then draws its tables and figures.

    Finished units of the run directory are kept. With several shards, the process that finishes the last unit
    draws; any process can draw again later with `python -m experiments.aggregate`.
    """
    run_flags.check()
    classifier = model_flags.load_classifier()
    dataset = model_flags.load_dataset(classifier.image_shape)
    protocol = run_flags.protocol(test, classifier)
    _check_dataset(classifier, dataset)
    total = run_flags.number_of_images(dataset)
    size = run_flags.IMAGES_PER_UNIT.value or runner.images_per_unit(dataset.image_shape)
    units = results.units(run_flags.DRAWS.value, total, size)
    directory = results.RunDirectory.open(
        run_flags.OUTPUT_DIR.value, _settings(test, classifier, dataset, protocol, total, size),
        run_flags.flagfile(), _provenance(classifier, dataset))
    _compute(classifier, dataset, protocol, directory, units, total)
    directory.finish(len(units))
    missing = [unit for unit in units if not directory.is_done(unit)]
    if missing:
        logging.info("%d of %d units are left to other shards; tables and figures come with the last",
                     len(missing), len(units))
        return
    aggregate.draw([run_flags.OUTPUT_DIR.value], run_flags.OUTPUT_DIR.value)


def _compute(classifier, dataset, protocol, directory, units, total):
    """Computes this shard's units that are not done, with a progress bar over model passes."""
    mine = results.shard(units, run_flags.SHARD.value, run_flags.NUM_SHARDS.value)
    left = [unit for unit in mine if not directory.is_done(unit)]
    states = len(runner.states.stages(classifier, protocol.test))
    passes = sum(unit.last - unit.first for unit in left) * states * protocol.passes()
    logging.info("%d units of this shard, %d already done", len(mine), len(mine) - len(left))
    with tqdm.tqdm(total=passes, unit="pass", unit_scale=True, desc=protocol.test, file=sys.stderr,
                   disable=not left, smoothing=0.02, mininterval=0.5) as bar:
        for unit in left:
            started = time.monotonic()
            rows, maps = runner.run_unit(classifier, dataset, unit, protocol, _figure_positions(total), bar.update)
            directory.write_unit(unit, rows, time.monotonic() - started, maps)


def _figure_positions(total):
    return [position for position in run_flags.figure_images() if position < total]


def _check_dataset(classifier, dataset):
    if dataset.image_shape != classifier.image_shape:
        raise ValueError(f"--dataset: images of {dataset.name} have shape {dataset.image_shape}, model "
                         f"{classifier.name!r} takes {classifier.image_shape}")


def _settings(test, classifier, dataset, protocol, total, images_per_unit):
    """What a run directory is held to besides the sha256 of weights and images: the flags, by their effect."""
    return {**run_flags.settings(protocol.methods), "test": test, "model": classifier.name, "dataset": dataset.name,
            "num_images": total, "images_per_unit": images_per_unit}


@functools.cache
def versions():
    """Version of Python and of each package whose numbers go into the results: dict."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}


def _provenance(classifier, dataset):
    devices = [device.name for device in tf.config.list_logical_devices("GPU")] or ["CPU"]
    return {"sha256": {"weights": initialization.weights_sha256(classifier), "images": dataset.sha256}, "versions": versions(), "devices": devices, "host": platform.node(), "command": " ".join(sys.argv),
            "batch_size": run_flags.BATCH_SIZE.value or methods.default_batch_size(classifier.image_shape),
            "weights_file": os.path.abspath(model_flags.WEIGHTS.value) if model_flags.WEIGHTS.value else None}
