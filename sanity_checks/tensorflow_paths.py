"""Paths for TensorFlow, which takes the names of checkpoints and of SavedModels for patterns."""

import contextlib
import glob
import os
import tempfile


@contextlib.contextmanager
def literal(path):
    """Context that yields a path that TensorFlow reads as it stands, where the user's has a character like [ or *.

    Args:
        path: str, of a folder, a file, or the prefix of a checkpoint's files. Files are read literally as it is.

    Yields:
        `path` itself where it has no such character, else a link to it that is removed at the end.
    """
    if not glob.has_magic(path) or os.path.isfile(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "linked")
        if os.path.isdir(path):
            os.symlink(os.path.abspath(path), link)
        for part in glob.glob(glob.escape(path) + ".*"):
            os.symlink(os.path.abspath(part), link + part[len(path):])
        yield link
