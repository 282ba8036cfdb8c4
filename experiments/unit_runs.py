"""The body of binaries whose rows do not come from weight states: work units -> rows -> a resumable run directory."""

from collections.abc import Callable
import dataclasses
import platform
import sys
import time

from absl import logging
import tensorflow as tf
import tqdm

from experiments import randomization
from experiments import run_flags
from sanity_checks import runs
from sanity_checks.comparison import runner

# Flags of the randomization tests: how weights are drawn, which methods are compared, and whose maps are drawn.
UNUSED = ("initializer", "initializer_stddev", "randomize_batch_norm_statistics", "redraw", "explained_class",
          "methods", "figure_images")


@dataclasses.dataclass(frozen=True)
class Computation:
    """What a run computes.

    Attributes:
        test: str, the test's name in the rows.
        model: str, the model's name in the rows.
        dataset: `sanity_checks.datasets.Dataset`.
        compute: function (unit, progress) -> (rows, list of `runs.FigureMaps`).
        steps: int, how far `progress` counts for an image.
        methods: dict, name -> method, whose parameters the run is held to.
        sha256: dict, what -> checksum, that the run is held to besides that of the images.
        images_per_unit: int, where --images_per_unit does not say; None for `runner.images_per_unit`.
        unused: names of flags without effect.
    """
    test: str
    model: str
    dataset: object
    compute: Callable
    steps: int
    methods: dict = dataclasses.field(default_factory=dict)
    sha256: dict = dataclasses.field(default_factory=dict)
    images_per_unit: int | None = None
    unused: tuple = UNUSED


def run(computation):
    """Computes this shard's units that are not done; returns whether all units of the run are done now."""
    dataset = computation.dataset
    total = run_flags.number_of_images(dataset)
    size = (run_flags.IMAGES_PER_UNIT.value or computation.images_per_unit
            or runner.images_per_unit(dataset.image_shape))
    units = runs.units(run_flags.DRAWS.value, total, size)
    directory = runs.RunDirectory.open(
        run_flags.OUTPUT_DIR.value, _settings(computation, total, size), run_flags.flagfile(),
        {"sha256": {**computation.sha256, "images": dataset.sha256}, "versions": randomization.versions(),
         "devices": [device.name for device in tf.config.list_logical_devices("GPU")] or ["CPU"],
         "host": platform.node(), "command": " ".join(sys.argv)})
    mine = runs.shard(units, run_flags.SHARD.value, run_flags.NUM_SHARDS.value)
    left = [unit for unit in mine if not directory.is_done(unit)]
    logging.info("%d units of this shard, %d already done", len(mine), len(mine) - len(left))
    steps = sum(unit.last - unit.first for unit in left) * computation.steps
    with tqdm.tqdm(total=steps, unit="step", unit_scale=True, desc=computation.test, file=sys.stderr,
                   disable=not left, smoothing=0.02, mininterval=0.5) as bar:
        for unit in left:
            started = time.monotonic()
            rows, maps = computation.compute(unit, bar.update)
            directory.write_unit(unit, rows, time.monotonic() - started, maps)
    directory.finish(len(units))
    missing = sum(not directory.is_done(unit) for unit in units)
    if missing:
        logging.info("%d of %d units are left to other shards; tables and figures come with the last", missing,
                     len(units))
    return not missing


def _settings(computation, total, images_per_unit):
    held = {name: value for name, value in run_flags.settings(computation.methods).items()
            if name not in computation.unused}
    held |= {} if "model" in computation.unused else {"model": computation.model}
    return {**held, "test": computation.test, "dataset": computation.dataset.name, "num_images": total,
            "images_per_unit": images_per_unit}
