"""The one loop that runs a job: units -> rows -> a resumable run directory."""

import logging
import os
import sys

import tqdm

from sanity_checks.runs import cluster
from sanity_checks.runs import failures
from sanity_checks.runs import files
from sanity_checks.runs import leases
from sanity_checks.runs import reading
from sanity_checks.runs import results as results_module
from sanity_checks.runs import sharing

logger = logging.getLogger("absl")


def execute(job, output_dir, shard=0, num_shards=1, progress=True, ray=None):
    """Computes a shard's units of a job that its directory does not hold yet, as far as no other process does.

    Any number of processes may do so at once, of one shard or of several; see `sharing`. A unit that is interrupted is lost, all
    finished ones are kept: the same call goes on. The directory is made before the first unit is computed, and is the job's once
    that has been: settings that a run refuses are not recorded.

    Args:
        job: `job.Job`.
        output_dir: str, the run directory.
        shard, num_shards: int; this process computes every num_shards-th unit from the shard-th.
        progress: whether to show a progress bar.
        ray: `actors.Cluster` whose workers compute; None for this process.

    Returns:
        bool, whether all units of the job are done and tables are this process' to draw: False where another process, for which
        this one has waited, has finished the last.

    Raises:
        ValueError: the directory holds a run of another job, and the message names what differs; or units have failed, while all
            others are done, and it names them.
    """
    mine = job.mine(shard, num_shards)

    results = results_module.Results(job, output_dir)
    existing = results.find()
    left = [unit for unit in mine if not (existing and existing.is_done(unit))]
    logger.info("%d units of this shard, %d already done", len(mine), len(mine) - len(left))
    compute = job.build() if left and ray is None else None
    files.check_writable(output_dir)
    with leases.Leases(sharing.folder(output_dir)) as held, _bar(job, left, progress) as bar:
        queue = sharing.Queue(output_dir, left, held, results.find)
        if ray is None:
            while (unit := queue.next()) is not None:
                _compute(results, queue, unit, compute, bar)
        elif left:
            cluster.compute(job, output_dir, queue, results, bar, ray)
    return _close(job, output_dir, results, queue)


def _bar(job, left, progress):
    return tqdm.tqdm(total=job.work(left), unit=job.step_name, unit_scale=True, desc=job.name, file=sys.stderr,
                     disable=not (progress and left), smoothing=0.02, mininterval=0.5)


def _compute(results, queue, unit, compute, bar):
    """Computes a unit into the directory, or records that it cannot be."""
    before = bar.n
    try:
        results.compute(unit, compute, bar.update)
        queue.finish(unit)
    except results_module.Failed as failed:
        bar.update(before - bar.n)
        queue.fail(unit, failures.of(unit.name, failed.error, leases.this_process()), failed.error)


def _close(job, output_dir, results, queue):
    """Brings a directory up to date after this process has seen to all of its units; see `execute`."""
    if queue.errors and not os.path.exists(os.path.join(output_dir, reading.RUN_FILE)):
        raise queue.errors[0]               # nothing has been computed: the settings may be refused
    opened = results.open()
    queue.record()
    opened.finish(len(job.units))
    if queue.failed:
        raise ValueError(sharing.refusal(output_dir, queue.failed, len(job.units))) from (queue.errors or [None])[0]
    missing = sum(not opened.is_done(unit) for unit in job.units)
    if missing:
        logger.info("%d of %d units are left to other shards; tables and figures come with the last", missing,
                    len(job.units))
    elif not queue.is_last:
        logger.info("all %d units are done; tables and figures come from the process that has finished the last", len(job.units))
    return not missing and queue.is_last
