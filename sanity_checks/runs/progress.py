"""How far a run is: what is done, who computes what since when, what has failed, and what is missing."""

import dataclasses
import os
import time

from sanity_checks.runs import failures
from sanity_checks.runs import files
from sanity_checks.runs import leases
from sanity_checks.runs import reading
from sanity_checks.runs import sharing
from sanity_checks.runs import work_units

RECENT = 50                 # finished units that the rate is told from
_CUT = ("draws", "num_images", "images_per_unit")       # settings that say how a run is cut into units


@dataclasses.dataclass(frozen=True)
class Progress:
    """Attributes:
        path: str, the run directory.
        total: int, units of the run; 0 where that is not recorded yet.
        done: int, units that are done.
        running: tuple of `leases.Lease`, of owners who live.
        failed: tuple of `failures.Failure`, of units that nobody computes now.
        missing: tuple of int, positions of the units that are neither done nor running; None where they cannot be told.
        now: float, the file system's time.
        rate: float, units done in a second, of late; None where fewer than two are.
    """
    path: str
    total: int
    done: int
    running: tuple
    failed: tuple
    missing: tuple | None
    now: float
    rate: float | None

    @property
    def left(self):
        """Units that are not done: int."""
        return max(0, self.total - self.done)

    @property
    def seconds_left(self):
        """Seconds until all is done at the present rate: float; None where that cannot be told."""
        return self.left / self.rate if self.rate and self.running else None


def of(path):
    """How far the run in a directory is: `Progress`.

    Raises:
        ValueError: there is no run, or its record is damaged.
    """
    folder = sharing.folder(path)
    found, now = leases.listed(folder), _now(folder)
    if not (found and not os.path.exists(os.path.join(path, reading.RUN_FILE))):         # else its first unit is being computed
        record = reading.read_run(path)
    else:
        record = {"settings": {}}
    written = reading.unit_files(path)
    done = {os.path.splitext(os.path.basename(file))[0] for file in written}
    running = tuple(lease for lease in found if lease.unit not in done and not lease.is_dead(now))
    taken = done | {lease.unit for lease in running}
    names = _names(record)
    missing = None if names is None else tuple(i for i, name in enumerate(names) if name not in taken)
    failed = tuple(failure for name, failure in failures.read(path).items() if name not in taken)
    return Progress(path, reading.units_total(record), len(done), running, failed, missing, now, _rate(written))


def runs_in(path):
    """The run directories that a path means: itself, or those in it: list of str."""
    def is_run(folder):
        return os.path.exists(os.path.join(folder, reading.RUN_FILE)) or bool(leases.listed(sharing.folder(folder)))
    if is_run(path) or not os.path.isdir(path):
        return [path]
    return [entry for entry in files.listed(path, "") if is_run(entry)] or [path]


def ranges(positions):
    """Positions as SLURM writes them: (0, 1, 2, 5) -> "0-2,5"."""
    spans = []
    for position in positions:
        if spans and spans[-1][1] == position - 1:
            spans[-1][1] = position
        else:
            spans.append([position, position])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def _names(record):
    """Names of a run's units in order: list of str; None where its record does not say how it is cut."""
    cut = [record["settings"].get(name) for name in _CUT]
    if not all(files.is_a(value, int) for value in cut):
        return None
    names = [unit.name for unit in work_units.units(*cut)]
    return names if len(names) == reading.units_total(record) else None


def _rate(written):
    """Units done in a second, told from the times of the last files."""
    times = sorted(filter(None, map(_time, written)))[-RECENT:]
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else None


def _time(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def _now(folder):
    try:
        return leases.now(folder) if os.path.isdir(folder) else time.time()
    except OSError:                     # it may be only read
        return time.time()
