"""Files that appear in one step: written under a temporary name beside their place, then moved there.

A temporary name begins with a dot, ends in ".tmp" and is unique to host, process and call, so any number of
processes may write one file at once, and what a killed process leaves behind is never taken for a result; the next
that works in the folder removes it (`remove_leftovers`).
"""

import contextlib
import errno
import json
import os
import time
import uuid

from sanity_checks.runs import claims
from sanity_checks.runs import owners

UNKNOWN_AGE = 86_400.       # seconds after which a temporary file is left over whose owner cannot be asked on this host
_MOST_SHOWN = 60            # characters of a value in a message
_MOST_KEPT = 100            # characters of a file's name in its temporary one


def is_temporary(name):
    """Whether `name` (a file's name without its folder) is a temporary name of this module."""
    return name.startswith(".") and name.endswith(".tmp")


@contextlib.contextmanager
def replacing(path):
    """Context that yields a temporary path to write; on success it becomes `path`, on an error it is removed.

    Args:
        path: str, the file to create or replace. Its folder is created where missing.

    Raises:
        OSError: the file cannot be written; its `filename` is `path`, also where the disk is full.
    """
    with beside(path) as temporary:
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
    if os.path.exists(path):
        return False
    with beside(path) as temporary:
        _write(temporary, text)
        _flush(temporary)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:                             # a file system without hard links
            with claims.held(os.path.join(os.path.dirname(temporary), f".{os.path.basename(path)}.claim.tmp")):
                if os.path.exists(path):
                    return False
                os.replace(temporary, path)
    return True


def read_json(path, kind, required=None, optional=None):
    """Reads a JSON object.

    Args:
        path: str.
        kind: str, what the file should be: "the record of a run".
        required: dict, key -> type, or tuple of types, of its value.
        optional: the same of keys that need not be there.

    Returns:
        dict.

    Raises:
        ValueError: the file is something else; one line that names it, what was expected and what was found.
        FileNotFoundError: there is no such file.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: expected {kind}, found no JSON ({' '.join(str(error).split())})") from error
    check_object(found, path, kind, required or {}, optional or {})
    return found


def check_object(found, where, kind, required, optional):
    """ValueError of one line if a value read from JSON is not such an object.

    Args:
        found: JSON value.
        where: str, names the file, and its part where it is one.
        kind, required, optional: see `read_json`.
    """
    if not isinstance(found, dict):
        raise ValueError(f"{where} is damaged: expected {kind}, an object with {', '.join(required) or 'names'}, found "
                         f"{_shown(found)}")
    for key, kinds in {**optional, **required}.items():
        if key not in found and key in required:
            raise ValueError(f"{where} is damaged: expected {kind}, with {key!r}, found {_shown(list(found) or found)}")
        if key in found and not is_a(found[key], kinds):
            raise ValueError(f"{where} is damaged: expected {kind}, with {key!r} of type {_named(kinds)}, "
                             f"found {_shown(found[key])}")


def is_a(value, kinds):
    """Whether a JSON value is of a type or one of several; unlike in Python, true and false are no numbers."""
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    return type(value) in kinds or (float in kinds and type(value) is int)


def remove_leftovers(*folders):
    """Removes the temporary files in these folders that nobody writes any more: of processes of this host that have ended."""
    for folder in folders:
        try:
            names = [name for name in os.listdir(folder) if is_temporary(name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for path in (os.path.join(folder, name) for name in names):
            with contextlib.suppress(OSError):              # another process has removed it, or may alone
                if _left_over(path):
                    os.unlink(path)


def check_writable(folder):
    """Makes a folder where it is missing; OSError that names it if no file can be made in it."""
    path = os.path.join(folder, "written")
    with beside(path) as temporary:
        _write(temporary, "x")
        _flush(temporary)


def listed(folder, suffix):
    """Paths of the files in a folder whose names end in `suffix`, temporary ones aside, in a fixed order: list of str.

    A folder that is not there has none; one that cannot be read is an OSError.
    """
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(suffix) and not name.startswith(".")]


@contextlib.contextmanager
def beside(path):
    """Context that yields a temporary path beside `path`, whose folder is made where missing; the file there is removed at its end."""
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, f".{name[:_MOST_KEPT]}.{owners.name()}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
    except OSError as error:
        if error.filename not in (None, temporary):
            raise
        told = error.strerror or (str(error).splitlines() or [type(error).__name__])[0]
        raise OSError(error.errno or errno.EIO, told, path) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _left_over(path):
    owner = os.path.basename(path).rpartition(".tmp")[0].rpartition(".")[0]
    state = owners.state(owner)
    if state == owners.UNKNOWN and owners.is_of_this_host(owner):
        return time.time() - os.stat(path).st_mtime > UNKNOWN_AGE
    return state == owners.DEAD


def _write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _flush(path):
    """Makes the bytes durable before the name is: a machine that dies must not leave an empty result."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _shown(value):
    text = json.dumps(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _named(kinds):
    names = {dict: "object", list: "list", str: "text", int: "whole number", float: "number", type(None): "null"}
    return " or ".join(names.get(kind, kind.__name__) for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
