"""Files that appear in one step: written under a temporary name beside their place, then moved there.

A temporary name begins with a dot, ends in ".tmp" and is unique to host, process and call, so any number of
processes may write one file at once, and what a killed process leaves behind is never taken for a result.
"""

import contextlib
import os
import socket
import uuid


def is_temporary(name):
    """Whether `name` (a file's name without its folder) is a temporary name of this module."""
    return name.startswith(".") and name.endswith(".tmp")


@contextlib.contextmanager
def replacing(path):
    """Context that yields a temporary path to write; on success it becomes `path`, on an error it is removed.

    Args:
        path: str, the file to create or replace. Its folder is created where missing.
    """
    with _temporary(path) as temporary:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)


def write_text(path, text):
    """Writes `text` to `path` as UTF-8, replacing what was there."""
    with replacing(path) as temporary:
        _write(temporary, text)


def create_text(path, text):
    """Writes `text` to `path` as UTF-8 unless the file exists; of several processes exactly one does.

    Returns:
        bool, whether this call created the file.
    """
    with _temporary(path) as temporary:
        _write(temporary, text)
        _flush(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:                             # a file system without hard links
            if os.path.exists(path):
                return False
            os.replace(temporary, path)
    return True


@contextlib.contextmanager
def _temporary(path):
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    unique = f"{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}"
    temporary = os.path.join(folder, f".{name}.{unique}.tmp")
    try:
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _flush(path):
    """Makes the bytes durable before the name is: a machine that dies must not leave an empty result."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
