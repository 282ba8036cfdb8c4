"""flags.flags of a folder that was moved or copied: it runs where it lies.

The file says --output_dir, which after a move is not the folder that the file is in. Its line is answered by one right
after the flagfile, so that the order of absl holds: what stands later on the command line wins.
"""

import os

from sanity_checks.runs import reading

DIRECTIVES = ("--flagfile", "-flagfile")
RECORDS = (reading.RUN_FILE, "training.json")       # what a folder that flags.flags belongs to has beside it
_COMMENTS = ("#", "//")


def relocated(arguments):
    """Command line arguments with `--output_dir=FOLDER` after each flagfile FOLDER/flags.flags that was moved.

    Args:
        arguments: list of str, without the program's name.

    Returns:
        list of str; the same where no flagfile lies in another run or training than its --output_dir.
    """
    found, left = [], list(arguments)
    while left:
        taken = _take(left)
        found += taken
        if taken == ["--"]:
            return found + left
        folder = _moved(taken)
        found += [] if folder is None else [f"--output_dir={folder}"]
    return found


def _take(left):
    """Removes from the arguments the first, with its value where that is a word of its own."""
    words = 1
    if "=" not in left[0] and left[0].startswith("-") and left[0] != "--" and len(left) > 1:
        words += left[0] in DIRECTIVES or not left[1].startswith("-")
    taken = left[:words]
    del left[:words]
    return taken


def _moved(taken):
    """The folder of a flagfile of a run or training whose --output_dir is another; None for any other argument."""
    name, equals, value = taken[0].partition("=")
    if name not in DIRECTIVES or not (equals or len(taken) > 1):
        return None
    path = os.path.expanduser(value.strip() if equals else taken[1])
    folder = os.path.dirname(path) or "."
    if os.path.basename(path) != reading.FLAG_FILE or not any(
            os.path.exists(os.path.join(folder, record)) for record in RECORDS):
        return None
    stated = _output_dir(path)
    return folder if stated and os.path.realpath(os.path.expanduser(stated)) != os.path.realpath(folder) else None


def _output_dir(path):
    """The last --output_dir of a flagfile: str, or None. A file that cannot be read has none; parsing it will tell."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError):
        return None
    stated = [line.partition("=") for line in lines if not line.startswith(_COMMENTS)]
    return next((value for name, _, value in reversed(stated) if name.lstrip("-") == "output_dir"), None)
