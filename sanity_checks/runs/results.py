"""Where the units of a job go: its run directory, which is made with the first of them, and what is recorded of where they come from."""

import functools
import importlib.metadata
import platform
import sys
import time

from sanity_checks import version
from sanity_checks.runs import directory as directories

# Whose numbers go into the results.
PACKAGES = ("tensorflow", "tf-keras", "saliency", "scikit-image", "scipy", "numpy", "pandas")

VISIBLE = 90            # seconds after which what a worker has written is to be seen


class Results:
    """The results of a job.

    Args:
        job: `job.Job`.
        output_dir: str, the run directory.
    """

    def __init__(self, job, output_dir):
        self._job, self._path, self._opened = job, output_dir, None

    def find(self):
        """The run directory as it stands: `directory.RunDirectory`, or None; ValueError if it is another job's."""
        self._opened = directories.RunDirectory.find(self._path, self._job.settings, self._job.sha256)
        return self._opened

    def open(self, origin=None):
        """The run directory, made where missing: `directory.RunDirectory`.

        Args:
            origin: dict, what `origin` says where the units are computed; default this process.
        """
        job = self._job
        provenance = {"sha256": job.sha256, **(origin or here()), "command": " ".join(sys.argv), **job.record}
        self._opened = directories.RunDirectory.open(self._path, job.settings, job.flagfile, provenance, len(job.units))
        self._opened.remove_leftovers()
        return self._opened

    def compute(self, unit, compute, progress):
        """Computes a unit and writes it: what is raised of the computation is a `Failed`."""
        started = time.monotonic()
        try:
            rows, maps = compute(unit, progress)
        except Exception as error:
            raise Failed(error) from error
        (self._opened or self.open()).write_unit(unit, rows, time.monotonic() - started, maps)


    def receive(self, unit, origin, content):
        """Takes a unit that a worker has computed.

        Args:
            unit: `work_units.Unit`.
            origin: dict, what `here` says of the worker.
            content: dict, path in the run directory -> bytes, in the order in which they are to be written; None where the worker
                has written the unit itself.
        """
        if content is not None:
            opened = self._opened or self.open(origin)
            opened.write_files(content)
            return
        self._opened = self._opened or self.open(origin)
        for _ in range(VISIBLE):                # a network file system shows what another machine has written after a while
            if self._opened.is_done(unit):
                return
            time.sleep(1.)
        raise ValueError(f"{self._path}: {unit.name}, which a worker has written, is not to be seen here; is the folder one that "
                         f"all machines share? If not: results=driver")


class Failed(Exception):
    """A unit could not be computed; `error` says why. Raised for what may be the unit's fault, unlike a full disk."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def versions():
    """Version of Python, of this library and of each package whose numbers go into the results: dict."""
    return {"python": platform.python_version(), directories.OWN_VERSION: version.VERSION,
            **{name: _version_of(name) for name in PACKAGES}}


@functools.cache
def _version_of(package):
    return importlib.metadata.version(package)         # which reads files


def here():
    """What is recorded of the process that computes: dict with versions, devices and host."""
    return {"versions": versions(), "devices": _devices(), "host": platform.node()}


def _devices():
    """Names of the GPUs that TensorFlow uses in this process, or "CPU": list of str."""
    tensorflow = sys.modules.get("tensorflow")
    found = tensorflow.config.list_logical_devices("GPU") if tensorflow else []
    return [device.name for device in found] or ["CPU"]
