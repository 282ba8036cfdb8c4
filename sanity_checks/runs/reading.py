"""Reading run directories, whose layout is described in `sanity_checks.runs.directory`."""

import dataclasses
import hashlib
import json
import os

from sanity_checks.runs import files
from sanity_checks.runs import maps
from sanity_checks.runs import rows
from sanity_checks.runs import work_units
from sanity_checks.vocabulary import names

RUN_FILE = "run.json"
FLAG_FILE = "flags.flags"
SIMILARITIES = "similarities"
MAPS = "maps"
_KIND = "the record of a run"
_NOTHING = type(None)


def read_run(path):
    """Returns the content of a run directory's run.json: dict with settings, provenance and
    totals.

    Raises:
        ValueError: `path` is not a run directory, or its run.json is damaged.
        OSError: the directory cannot be read.
    """
    run_file = os.path.join(path, RUN_FILE)
    try:
        found = files.read_json(run_file, _KIND, {"settings": dict, "provenance": dict},
                                {"totals": (dict, _NOTHING), "units_total": (int, _NOTHING)})
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ValueError(f"{path} is not a run directory: it has no {RUN_FILE}") from error
    files.check_object(found["provenance"], f"{run_file}: provenance", _KIND, {},
                       {"sha256": (dict, _NOTHING), "versions": (dict, _NOTHING), "devices": (list, _NOTHING)})
    if found.get("totals"):
        files.check_object(found["totals"], f"{run_file}: totals", _KIND, {},
                           {"seconds": (float, _NOTHING), "units_total": (int, _NOTHING)})
    return found


def identity(record):
    """What tells a run from all others, of the content of its run.json: str, a checksum of what its rows depend on."""
    held = [record["settings"], record["provenance"].get("sha256") or {}]
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def units_total(record):
    """How many units a run has, of the content of its run.json: int; 0 where it is not recorded."""
    return record.get("units_total") or (record.get("totals") or {}).get("units_total") or 0


def units_missing(path):
    """(units that a run directory lacks, units that the run has): two int; (0, 0) where it is not recorded how many."""
    total = units_total(read_run(path))
    return max(0, total - len(unit_files(path))), total


def unfinished(path):
    """What a run directory lacks, in words: "3 of 6 units are missing"; "" where it is whole."""
    missing, total = units_missing(path)
    return f"{missing} of {total} units {'is' if missing == 1 else 'are'} missing" if missing else ""


def read_rows(paths):
    """Reads all rows of one or several run directories.

    Args:
        paths: list of str, run directories.

    Returns:
        pandas.DataFrame with the columns `runs.COLUMNS`, text columns categorical; the order does not
        depend on which process computed what, or when.

    Raises:
        ValueError: no directory given, one is not a run directory, has no rows yet, or holds a damaged file or one
            of another run.
    """
    if isinstance(paths, str) or not paths:
        raise ValueError(f"expected a list of run directories, got {paths!r}")
    runs_of = {}
    for path in paths:
        run = identity(read_run(path))
        if not unit_files(path):
            lacking = unfinished(path)
            raise ValueError(f"{path} holds no results yet: it has no {SIMILARITIES}/*.parquet"
                             + (f", {lacking}" if lacking else ""))
        runs_of |= dict.fromkeys(unit_files(path), run)
    return rows.read_files(list(runs_of), lambda file, metadata: _check_unit(file, metadata, runs_of[file]))


def read_unit(path, run):
    """What a unit's file says of it: dict, see `directory.RunDirectory.write_unit`.

    Args:
        path: str, the file.
        run: str, `identity` of the run that it should be of.

    Raises:
        ValueError: the file is damaged, or a unit of another run, or another unit than its name says.
    """
    found = rows.read_metadata(path)
    _check_unit(path, found, run)
    return found


def _check_unit(path, found, run):
    if found.get("run", run) != run:
        raise ValueError(f"{path} is a unit of another run; remove it, and run again to compute it anew")
    unit = work_units.Unit(found["draw"], found["first"], found["last"]).name
    if os.path.basename(path) != f"{unit}.parquet":
        raise ValueError(f"{path} holds the unit {unit}; expected a file of that name, once")


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
    firsts = {path: rows.read_files(unit_files(path)[:1]).iloc[0] for path in paths}
    keys = {path: tuple(str(first[name]) for name in ("model", "dataset", "test")) for path, first in firsts.items()}
    stems = names.file_stems(keys.values())
    for path, key in keys.items():
        run = identity(read_run(path))
        for file in files.listed(os.path.join(path, MAPS), ".npz"):
            stem = os.path.splitext(os.path.basename(file))[0]
            yield Kept(stems[key], key[-1], f"{stems[key]}_{stem}"), maps.read_maps(file, run)


def unit_file(path, unit):
    """Where the rows of a unit (`work_units.Unit`) are, once it is done: str."""
    return os.path.join(path, SIMILARITIES, f"{unit.name}.parquet")


def unit_files(path):
    """Returns the paths of the finished units' files in a run directory, in a fixed order."""
    return files.listed(os.path.join(path, SIMILARITIES), ".parquet")
