"""The one loop that runs a job: units -> rows -> a resumable run directory."""

import importlib.metadata
import logging
import platform
import sys
import time

import tqdm

from sanity_checks import version
from sanity_checks.runs import directory as directories
from sanity_checks.runs import files

# Whose numbers go into the results.
PACKAGES = ("tensorflow", "tf-keras", "saliency", "scikit-image", "scipy", "numpy", "pandas")

logger = logging.getLogger("absl")


def execute(job, output_dir, shard=0, num_shards=1, progress=True):
    """Computes a shard's units of a job that its directory does not hold yet.

    A unit that is interrupted is lost, all finished ones are kept: the same call goes on. The directory is made before
    the first unit is computed, and is the job's once that has been: settings that a run refuses are not recorded.

    Args:
        job: `job.Job`.
        output_dir: str, the run directory.
        shard, num_shards: int; this process computes every num_shards-th unit from the shard-th.
        progress: whether to show a progress bar.

    Returns:
        bool, whether all units of the job are done now, whoever computed them.

    Raises:
        ValueError: the directory holds a run of another job; the message names what differs.
    """
    mine = job.mine(shard, num_shards)
    existing = directories.RunDirectory.find(output_dir, job.settings, job.sha256)
    left = [unit for unit in mine if not (existing and existing.is_done(unit))]
    logger.info("%d units of this shard, %d already done", len(mine), len(mine) - len(left))
    compute = job.build() if left else None
    files.check_writable(output_dir)
    opened = None
    with tqdm.tqdm(total=job.work(left), unit=job.step_name, unit_scale=True, desc=job.name, file=sys.stderr,
                   disable=not (progress and left), smoothing=0.02, mininterval=0.5) as bar:
        for unit in left:
            started = time.monotonic()
            rows, maps = compute(unit, bar.update)
            opened = opened or _open(job, output_dir)
            opened.write_unit(unit, rows, time.monotonic() - started, maps)
    opened = opened or _open(job, output_dir)
    opened.finish(len(job.units))
    missing = sum(not opened.is_done(unit) for unit in job.units)
    if missing:
        logger.info("%d of %d units are left to other shards; tables and figures come with the last", missing,
                    len(job.units))
    return not missing


def _open(job, output_dir):
    opened = directories.RunDirectory.open(output_dir, job.settings, job.flagfile, _provenance(job), len(job.units))
    opened.remove_leftovers()
    return opened


def versions():
    """Version of Python, of this library and of each package whose numbers go into the results: dict."""
    return {"python": platform.python_version(), directories.OWN_VERSION: version.VERSION,
            **{name: importlib.metadata.version(name) for name in PACKAGES}}


def _provenance(job):
    return {"sha256": job.sha256, "versions": versions(), "devices": _devices(), "host": platform.node(),
            "command": " ".join(sys.argv), **job.record}


def _devices():
    """Names of the GPUs that TensorFlow uses in this process, or "CPU": list of str."""
    tensorflow = sys.modules.get("tensorflow")
    found = tensorflow.config.list_logical_devices("GPU") if tensorflow else []
    return [device.name for device in found] or ["CPU"]
