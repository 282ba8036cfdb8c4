"""Leases: which process computes which unit, told by a file that is made in one step and touched while its owner lives.

A lease lies beside the file that its unit will have. It holds the owner and since when; its time of change is its heartbeat. All
times are the file system's, so that the clocks of hosts do not matter. A lease is dead, and may be taken over, when its process
has ended on this host, or has not touched it for a minute. Two owners of one unit compute the same file twice, nothing worse.
"""

import contextlib
import dataclasses
import json
import os
import threading
import uuid

from sanity_checks.runs import files
from sanity_checks.runs import owners

HEARTBEAT = 10.             # seconds from one touch of a lease to the next
LIFETIME = 60.              # seconds without a touch after which a lease is dead
SUFFIX = ".lease"
_MOST_READ = 4000           # bytes of a lease


@dataclasses.dataclass(frozen=True)
class Lease:
    """What a lease's file says.

    Attributes:
        unit: str, name of the unit.
        owner: str, `owners.name` of the process; "" while it is being written.
        who: str, the owner in words: host and process, or the worker that it has handed the unit to.
        since: float, when it was made, and
        touched: float, when it was last touched, by the file system's clock.
        token: str, tells it from all others.
    """
    unit: str
    owner: str
    who: str
    since: float
    touched: float
    token: str

    def is_dead(self, now):
        """Whether nobody computes the unit any more; `now` is the file system's time."""
        return owners.state(f".{self.owner}") == owners.DEAD or now - self.touched > LIFETIME


class Leases:
    """The leases of one process in one folder; a context that touches them meanwhile and gives back those left at its end.

    Args:
        folder: str, that of the units' files; made where missing when a unit is taken.
    """

    def __init__(self, folder):
        self._folder, self._mine, self._ended = folder, {}, threading.Event()
        self._thread = threading.Thread(target=self._touch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        for unit in list(self._mine):
            self.give_back(unit)
        with contextlib.suppress(OSError):          # it is not empty, as a rule
            os.rmdir(self._folder)

    def take(self, unit, who=""):
        """Takes a unit (str, its name) that nobody computes: whether this process has it now."""
        path = _path(self._folder, unit)
        found = _read(path, unit)
        if found is not None and not (found.is_dead(now(self._folder)) and _put_away(path, found)):
            return False
        token = uuid.uuid4().hex
        if not _create(path, {"owner": owners.name(), "who": who or this_process(), "token": token}):
            return False
        self._mine[unit] = token
        return True

    def give_back(self, unit):
        """Gives a unit back, computed or not."""
        token, path = self._mine.pop(unit), _path(self._folder, unit)
        with contextlib.suppress(OSError):
            found = _read(path, unit)
            if found is not None and found.token == token:      # and not another's, who has taken it over
                os.unlink(path)

    def _touch(self):
        while not self._ended.wait(HEARTBEAT):
            for unit in list(self._mine):
                with contextlib.suppress(OSError):
                    os.utime(_path(self._folder, unit))         # to the file system's present


def this_process():
    """This process in words: str, "process 17 on host"."""
    host, process, _ = owners.name().rsplit(".", 2)
    return f"process {process} on {host}"


def listed(folder):
    """The leases in a folder, the dead ones too: list of `Lease`."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(".") and name.endswith(SUFFIX))
    except FileNotFoundError:
        return []
    found = (_read(os.path.join(folder, name), name[1:-len(SUFFIX)]) for name in names)
    return [lease for lease in found if lease is not None]


def holder(folder, unit):
    """The lease of a unit: `Lease`, or None."""
    return _read(_path(folder, unit), unit)


def now(folder):
    """The present time by the clock of a folder's file system: float."""
    with files.beside(os.path.join(folder, "clock")) as path:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        return os.stat(path).st_mtime


def is_lease(name):
    """Whether a file's name is that of a lease."""
    return name.startswith(".") and name.endswith(SUFFIX)


def remove(folder, unit):
    """Removes the lease of a unit that is done, whoever's it was."""
    with contextlib.suppress(OSError):
        os.unlink(_path(folder, unit))


def _path(folder, unit):
    return os.path.join(folder, f".{unit}{SUFFIX}")


def _create(path, content):
    """Makes a lease's file; False if another process has just done so."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(file, json.dumps({**content, "since": os.fstat(file).st_mtime}).encode())
        return True
    except OSError as error:
        os.unlink(path)
        raise OSError(error.errno, error.strerror, path) from error
    finally:
        os.close(file)


def _read(path, unit):
    """A lease as its file says; None where there is none. Opened, so that a network file system asks for its present time."""
    try:
        with open(path, "rb") as file:
            text, touched = file.read(_MOST_READ), os.fstat(file.fileno()).st_mtime
    except FileNotFoundError:
        return None
    try:
        found = json.loads(text)
        return Lease(unit, str(found["owner"]), str(found["who"]), float(found["since"]), touched, str(found["token"]))
    except (ValueError, KeyError, TypeError):               # it is being written, or its owner was killed at that
        return Lease(unit, "", "an unknown process", touched, touched, "")


def _put_away(path, dead):
    """Removes a dead lease; False if it is another one by now, which another process has put in its place."""
    aside = f"{path}.{owners.name()}.{uuid.uuid4().hex[:8]}.tmp"        # a temporary file, see `files`
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return True
    found = _read(aside, dead.unit)
    mistaken = found is not None and found.token != dead.token
    with contextlib.suppress(OSError):
        if mistaken:
            os.link(aside, path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(aside)
    return not mistaken
