"""The photographs that a folder, a file or a glob stands for. A folder that cannot be read is an error, not empty."""

import glob
import os
import stat

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")


def photographs(images):
    """Paths of images, sorted: list of str.

    Args:
        images: str: a folder (its images and those of its direct sub-folders), a file, or a glob (`**` for any depth).

    Raises:
        ValueError: no images.
        FileNotFoundError: `images` does not exist.
        OSError: a folder that cannot be read; the message names it.
    """
    if os.path.isdir(images):
        found = entries(images)
        found += [path for folder in found if os.path.isdir(folder) for path in entries(folder)]
    elif os.path.isfile(images):
        found = [images]
    else:
        pattern = _literal_folder(images)
        _check_folders(pattern)
        found = glob.glob(pattern, recursive=True)
        if not found and not glob.has_magic(images):
            raise FileNotFoundError(f"images: no such file or folder: {images}")
    paths = sorted(path for path in found if path.lower().endswith(ENDINGS) and is_file(path))
    if not paths:
        raise ValueError(f"images: no images ({', '.join(ENDINGS)}) in {images}")
    return paths


def entries(folder, argument="images"):
    """Paths of what a folder holds, without hidden names, sorted: list of str.

    Raises:
        OSError: it cannot be read; the message begins with `argument` and names the folder.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(entry.path for entry in found if not entry.name.startswith("."))
    except OSError as error:
        raise _unreadable(folder, error, argument) from error


def is_file(path, argument="images"):
    """Whether a path is a file; False where there is nothing.

    Raises:
        PermissionError: its folder may not be searched.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError as error:
        raise _unreadable(os.path.dirname(path) or ".", error, argument) from error
    except (OSError, ValueError):
        return False


def _unreadable(folder, error, argument):
    return type(error)(f"{argument}: folder {folder} cannot be read: {error.strerror or error}")


def _literal_folder(pattern):
    """A glob whose leading folders are taken as they stand where they exist: "photos [1]/*.png"."""
    folder, rest = os.path.split(pattern)
    while folder and not os.path.isdir(folder):
        folder, last = os.path.split(folder)
        rest = os.path.join(last, rest)
        if not last:
            return pattern
    return os.path.join(glob.escape(folder), rest)


def _check_folders(pattern):
    """OSError if a folder that a glob looks into cannot be read; the module glob passes it over."""
    folder = pattern if os.path.basename(pattern) == "**" else os.path.dirname(pattern)
    while True:
        for found in glob.glob(folder or ".", recursive=True):
            if os.path.isdir(found):
                entries(found)
        if not glob.has_magic(folder):
            return
        folder = os.path.dirname(folder)
