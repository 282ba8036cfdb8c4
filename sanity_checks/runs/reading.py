"""Reading run directories, whose layout is described in `sanity_checks.runs.directory`."""

import dataclasses
import glob
import json
import os

from sanity_checks.vocabulary import names
from sanity_checks.runs import maps
from sanity_checks.runs import rows

RUN_FILE = "run.json"
FLAG_FILE = "flags.flags"
SIMILARITIES = "similarities"
MAPS = "maps"


def read_run(path):
    """Returns the content of a run directory's run.json: dict with settings, provenance and
    totals.

    Raises:
        ValueError: `path` is not a run directory, or its run.json is damaged.
    """
    run_file = os.path.join(path, RUN_FILE)
    if not os.path.isfile(run_file):
        raise ValueError(f"{path} is not a run directory: it has no {RUN_FILE}")
    with open(run_file, encoding="utf-8") as file:
        try:
            return json.load(file)
        except ValueError as error:
            raise ValueError(f"{run_file} is damaged: {error}") from error


def read_rows(paths):
    """Reads all rows of one or several run directories.

    Args:
        paths: list of str, run directories.

    Returns:
        pandas.DataFrame with the columns `runs.COLUMNS`, text columns categorical; the order does not
        depend on which process computed what, or when.

    Raises:
        ValueError: no directory given, one is not a run directory, has no rows yet, or holds a damaged file.
    """
    if isinstance(paths, str) or not paths:
        raise ValueError(f"expected a list of run directories, got {paths!r}")
    found = []
    for path in paths:
        read_run(path)
        if not unit_files(path):
            raise ValueError(f"{path} holds no results yet: it has no {SIMILARITIES}/*.parquet")
        found += unit_files(path)
    return rows.read_files(found)


@dataclasses.dataclass(frozen=True)
class Kept:
    """Whose maps a file keeps.

    Attributes:
        run: str, "<model>_<dataset>_<test>", the run as part of a file's name.
        test: str.
        name: str, "<run>_draw000_<image id>", serves as a file's name.
    """
    run: str
    test: str
    name: str


def figure_maps(paths):
    """Reads the maps of run directories one file at a time.

    Args:
        paths: list of str, run directories with rows.

    Yields:
        (`Kept`, `FigureMaps`).
    """
    for path in paths:
        first = rows.read_files(unit_files(path)[:1]).iloc[0]
        run = names.file_stem(first["model"], first["dataset"], first["test"])
        for file in _listed(path, MAPS, ".npz"):
            stem = os.path.splitext(os.path.basename(file))[0]
            yield Kept(run, str(first["test"]), f"{run}_{stem}"), maps.read_maps(file)


def unit_files(path):
    """Returns the paths of the finished units' files in a run directory, in a fixed order."""
    return _listed(path, SIMILARITIES, ".parquet")


def _listed(path, folder, suffix):
    """The folder's files in a fixed order; temporary ones have another suffix."""
    return sorted(glob.glob(os.path.join(glob.escape(path), folder, f"*{suffix}")))
