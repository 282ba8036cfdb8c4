"""The workers of a Ray cluster: how it is reached, and how its actors of the class `Worker` begin and end.

Ray is imported by these functions alone.
"""

import contextlib
import dataclasses
import importlib
import logging
import math
import os
import signal
import sys

from sanity_checks.runs import failures
from sanity_checks.runs import worker

SHARED, DRIVER = "shared", "driver"
LOCAL = "local"
REPEATS = 2                 # of a call whose worker has died
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

logger = logging.getLogger("absl")


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Which workers compute, and who writes.

    Attributes:
        address: str, of a running cluster; "" for that in RAY_ADDRESS, or else one on this machine for this run alone.
        workers: int; None for as many as the cluster has room for.
        gpus_per_worker: float, also a part of one; None for 1 where the cluster has GPUs, else 0.
        cpus_per_worker: float, also how many threads a worker's passes use.
        results: "shared", workers write into the run directory, which all machines see; "driver", they send each unit's files.
    """
    address: str = ""
    workers: int | None = None
    gpus_per_worker: float | None = None
    cpus_per_worker: float = 1.
    results: str = SHARED


def imported():
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise ValueError("executor: expected local, or ray with Ray installed: pip install 'sanity-checks[cluster]'") from error


@contextlib.contextmanager
def connected(ray, cluster):
    """Context in which this process is one of a cluster's; signals stay this process' own."""
    if ray.is_initialized():
        yield
        return
    address = cluster.address or os.environ.get("RAY_ADDRESS") or LOCAL
    options = {}
    if address == LOCAL:
        needed = math.ceil((cluster.workers or 1) * cluster.cpus_per_worker)
        options = {"include_dashboard": False, "num_cpus": max(os.cpu_count() or 1, needed)}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **options)
    except Exception as error:
        raise ValueError(f"ray_address: no cluster at {address!r}: {failures.line(error)}") from error
    try:
        with contextlib.suppress(ValueError):           # not the main thread
            for number, handler in handlers.items():
                signal.signal(number, handler)
        yield
    finally:
        ray.shutdown()


@contextlib.contextmanager
def started(ray, job, output_dir, cluster, units):
    """Context in which workers run: list of actors; they end with it."""
    gpus = _gpus(ray, cluster)
    count = cluster.workers or room(ray.cluster_resources(), gpus, cluster.cpus_per_worker)
    count = max(1, min(count, units))
    kind = ray.remote(max_restarts=-1, max_task_retries=0, num_cpus=cluster.cpus_per_worker, num_gpus=gpus)(_with_retries(ray))
    record = {**job.record, "command": " ".join(sys.argv), "workers": count, "gpus_per_worker": gpus}
    packed = ray.cloudpickle.dumps(dataclasses.replace(job, record=record))     # in the object store it could be lost with a node
    run_dir = os.path.abspath(output_dir) if cluster.results == SHARED else None
    made = [kind.options(runtime_env={"env_vars": environment(cluster)}).remote(packed, run_dir, os.getcwd(), gpus == 0)
            for _ in range(count)]
    logger.info("%d workers of %g CPUs and %g GPUs", count, cluster.cpus_per_worker, gpus)
    try:
        yield made
    finally:
        for actor in made:
            ray.kill(actor)


def call_all(cluster, calls):
    """Has functions without arguments called on a cluster, at once as far as it has room; a call whose worker dies is repeated.

    Args:
        cluster: `Cluster`.
        calls: list of functions that can be pickled; what they return is lost.

    Raises:
        ValueError: one has raised an error, which the message has.
    """
    if not calls:
        return
    ray = imported()
    with connected(ray, cluster):
        gpus = _gpus(ray, cluster)
        task = ray.remote(max_retries=REPEATS, num_cpus=cluster.cpus_per_worker, num_gpus=gpus)(worker.call)
        task = task.options(runtime_env={"env_vars": environment(cluster)})
        waited = [task.remote(ray.cloudpickle.dumps(call), os.getcwd(), gpus == 0) for call in calls]
        try:
            ray.get(waited)
        except ray.exceptions.RayTaskError as error:
            raise ValueError(failures.line(error.cause)) from error
        except ray.exceptions.RayError as error:
            raise ValueError(f"a worker has died {REPEATS + 1} times: {failures.line(error)}") from error
        finally:
            for reference in ray.wait(waited, num_returns=len(waited), timeout=0)[1]:       # others' end is an error of Ray's
                ray.cancel(reference)


def _gpus(ray, cluster):
    """GPUs of a worker: float."""
    have = ray.cluster_resources().get("GPU", 0)
    gpus = cluster.gpus_per_worker if cluster.gpus_per_worker is not None else float(have >= 1)
    if gpus > have:
        logger.warning("a worker wants %g GPUs, the cluster has %g: waiting for it to grow", gpus, have)
    return gpus


def room(have, gpus, cpus):
    """How many workers of so many GPUs and CPUs a cluster's resources (dict) are enough for: int, at least 1."""
    rooms = [have.get(kind, 0) // wanted for kind, wanted in (("GPU", gpus), ("CPU", cpus)) if wanted]
    return max(1, int(min(rooms, default=1)))


def _with_retries(ray):
    """The actors' class, `Worker`, whose `ready` Ray repeats after a restart; units it does not repeat."""
    ready = ray.method(max_task_retries=-1)(lambda self: worker.Worker.ready(self))
    return type("Worker", (worker.Worker,), {"ready": ready})


def environment(cluster):
    """Environment variables of a worker; a GPU's memory is taken as it is needed, from the first use on."""
    path = [ROOT, os.getcwd(), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    threads = str(max(1, int(cluster.cpus_per_worker)))
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(path)), "TF_FORCE_GPU_ALLOW_GROWTH": "true", "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads}
