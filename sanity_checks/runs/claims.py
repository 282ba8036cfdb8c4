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
            file.truncate(0)
            file.write(owners.name().encode())
        yield


def _locked(path, opened):
    """The file at `path`, made where missing and locked; None where there are no locks. `opened` closes it."""
    while fcntl is not None:
        file = opened.enter_context(open(path, "ab+", buffering=0))
        try:
            _lock(file, path)
        except OSError:
            return None
        if _is_at(file, path):
            return file
    return None


def _remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _lock(file, path):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().decode("ascii", "replace") or "another process"
        logger.info("waiting for %s, which works in %s", owner, os.path.dirname(path) or ".")
        fcntl.flock(file, fcntl.LOCK_EX)


def _is_at(file, path):
    """Whether an open file is still the one at a path, and not one that its holder has removed."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
