"""Claims: of several processes that would do the same work, one does and the others wait.

A claim is a locked file. The system frees it when its process ends, however that ends, on this host and on file systems
that several hosts share. Where files cannot be locked nobody waits: every writer of this library is safe beside
another, so that the work is done twice and nothing worse.
"""

import contextlib
import logging
import os

from sanity_checks.runs import owners

try:
    import fcntl
except ImportError:             # not on this system
    fcntl = None

_MOST_READ = 1000               # bytes of a claim: the name of its owner

logger = logging.getLogger("absl")


@contextlib.contextmanager
def held(path):
    """Context that one process, and one thread of it, is in at a time; others wait before it, and say for whom.

    Args:
        path: str, the file that is locked; it is there while somebody is in the context, and after a kill.
    """
    with contextlib.ExitStack() as opened:
        file = _locked(path, opened)
        if file is not None:
            opened.callback(_remove, path)          # while it is locked: whoever waits for it looks for a new one
            os.ftruncate(file, 0)
            os.write(file, owners.name().encode())
        yield


def _locked(path, opened):
    """Descriptor of the file at `path`, made where missing and locked; None where there are no locks."""
    while fcntl is not None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        opened.callback(os.close, file)
        try:
            _lock(file, path)
        except OSError:
            return None
        if _is_at(file, path):
            return file
    return None


def _lock(file, path):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(file, _MOST_READ).decode("ascii", "replace") or "another process"
        logger.info("waiting for %s, which works in %s", owner, os.path.dirname(path) or ".")
        fcntl.flock(file, fcntl.LOCK_EX)
        os.lseek(file, 0, os.SEEK_SET)


def _is_at(file, path):
    """Whether an open file is still the one at a path, and not one that its holder has removed."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
