"""What computes units on the machines of a cluster: it loads what a job needs once, and is then given one unit at a time."""

import dataclasses
import os
import pickle
import tempfile

from sanity_checks.runs import failures
from sanity_checks.runs import files
from sanity_checks.runs import leases
from sanity_checks.runs import reading
from sanity_checks.runs import results


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a unit; it is returned, not raised, so that what Ray raises is about workers alone.

    Attributes:
        origin: dict, what `results.here` says of the worker.
        files: dict, path in the run directory -> bytes, of a unit that the driver is to write.
        failure: `failures.Failure` of a unit that could not be computed; None where it was.
        refusal: str, what is wrong besides the unit: the folder cannot be written to, the model not be loaded; "" if nothing.
    """
    origin: dict = dataclasses.field(default_factory=dict)
    files: dict = dataclasses.field(default_factory=dict)
    failure: failures.Failure | None = None
    refusal: str = ""


class Worker:
    """Computes units of one job.

    Args:
        job: bytes, a pickled `job.Job`.
        run_dir: str, where units are written; None where their files are returned.
        folder: str, the driver's working directory, which paths may be relative to.
        hides_gpus: bool; Ray leaves all GPUs to a worker that it gives none.
    """

    def __init__(self, job, run_dir, folder, hides_gpus):
        _settle(folder, hides_gpus)
        self._packed, self._run_dir, self._job, self._compute = job, run_dir, None, None

    def ready(self):
        """Loads all that units need: `Outcome`."""
        try:
            self._load()
        except Exception as error:
            return Outcome(refusal=f"{failures.line(error)} ({leases.this_process()})")
        return Outcome(results.here())

    def compute(self, unit):
        """Computes a unit: `Outcome`."""
        try:
            self._load()
            if self._run_dir is not None:
                return self._write(unit, self._run_dir)
            with tempfile.TemporaryDirectory() as folder:
                outcome = self._write(unit, os.path.join(folder, "run"))
                return dataclasses.replace(outcome, files=_content(os.path.join(folder, "run")))
        except results.Failed as failed:
            return Outcome(failure=failures.of(unit.name, failed.error, leases.this_process()))
        except Exception as error:
            return Outcome(refusal=f"{failures.line(error)} ({leases.this_process()})")

    def _load(self):
        if self._compute is None:
            self._job = pickle.loads(self._packed)
            self._compute = self._job.build()

    def _write(self, unit, folder):
        results.Results(self._job, folder).compute(unit, self._compute, lambda steps: None)
        return Outcome(results.here())


def call(packed, folder, hides_gpus):
    """Calls a pickled function; `folder` and `hides_gpus` as of `Worker`."""
    _settle(folder, hides_gpus)
    pickle.loads(packed)()


def _settle(folder, hides_gpus):
    if hides_gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    if os.path.isdir(folder):
        os.chdir(folder)


def _content(folder):
    """The files of a unit in a run directory: dict, path in it -> bytes; maps before rows, as they are to be written."""
    paths = [*files.listed(os.path.join(folder, reading.MAPS), ".npz"), *reading.unit_files(folder)]
    found = {}
    for path in paths:
        with open(path, "rb") as file:
            found[os.path.relpath(path, folder)] = file.read()
    return found
