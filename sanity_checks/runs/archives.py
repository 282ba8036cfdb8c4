"""Archives of arrays (.npz): written in one step, read whole or refused in a line that names the file."""

import hashlib
import os

import numpy as np

from sanity_checks.runs import files

CHECKSUM = "sha256"         # of an archive's arrays that tells of all others


def write(path, arrays, compressed=False):
    """Writes arrays to one .npz file, in one step.

    Args:
        path: str.
        arrays: dict, name -> array.
        compressed: bool.
    """
    save = np.savez_compressed if compressed else np.savez
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        save(file, **arrays)


def read(path, kind):
    """Reads an .npz file: dict, name -> array.

    Args:
        path: str.
        kind: str, what the file should be: "a file of maps".

    Raises:
        ValueError: the file is damaged or something else; one line.
        OSError: the file is not there or cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except Exception as error:      # of many kinds: zipfile, zlib and numpy each have their own
            if isinstance(error, OSError) and error.errno:
                raise OSError(error.errno, error.strerror, path) from error
            raise refusal(path, kind, error) from error


def refusal(path, kind, why):
    """The ValueError that a file is not what it should be.

    Args:
        path, kind: see `read`.
        why: str or an error.
    """
    text = str(why).splitlines() or [type(why).__name__]
    return ValueError(f"{path} is not {kind} ({os.path.getsize(path)} bytes; {text[0]})")


def with_checksum(arrays):
    """The arrays and, under the name `CHECKSUM`, the checksum of them all: dict."""
    return {**arrays, CHECKSUM: np.array(checksum(arrays))}


def checksum(arrays):
    """Checksum of arrays with their names, types and shapes, except for one called `CHECKSUM`: str."""
    found = hashlib.sha256()
    for name in sorted(set(arrays) - {CHECKSUM}):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        found.update(array.tobytes())
    return found.hexdigest()
