"""Units that could not be computed: a record of each, with the error, until it has been computed after all.

    failed/draw000_images000000-000064.json         {"error": "ValueError: ...", "who": ..., "attempts": 1, "traceback": ...}
"""

import contextlib
import dataclasses
import json
import os
import traceback

from sanity_checks.runs import files

FOLDER = "failed"
_KIND = "the record of a unit that has failed"
_MOST_TOLD = 300            # characters of an error's line


@dataclasses.dataclass(frozen=True)
class Failure:
    """Attributes:
        unit: str, its name.
        error: str, one line.
        who: str, who tried, in words.
        attempts: int.
        details: str, the traceback.
        stamp: int, tells the record's file from an earlier one of the same unit; 0 for a record that is not in a file.
    """
    unit: str
    error: str
    who: str
    attempts: int = 1
    details: str = ""
    stamp: int = 0


def of(unit, error, who, attempts=1):
    """The `Failure` of a unit (str, its name) of which an exception came."""
    return Failure(unit, line(error), who, attempts, "".join(traceback.format_exception(error)))


def line(error):
    """An exception in one line: str."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:_MOST_TOLD] if text else type(error).__name__


def write(run_dir, failure):
    """Writes a record, in the place of an earlier one."""
    record = {"error": failure.error, "who": failure.who, "attempts": failure.attempts, "traceback": failure.details}
    files.write_text(_path(run_dir, failure.unit), json.dumps(record, indent=2) + "\n")


def read(run_dir):
    """The records in a run directory: dict, name of a unit -> `Failure`."""
    paths = files.listed(os.path.join(run_dir, FOLDER), ".json")
    names = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    found = {name: read_one(run_dir, name) for name in names}
    return {name: failure for name, failure in found.items() if failure is not None}


def read_one(run_dir, unit):
    """The record of a unit: `Failure`; None where there is none (any more)."""
    path = _path(run_dir, unit)
    try:
        record = files.read_json(path, _KIND, {"error": str, "who": str, "attempts": int}, {"traceback": str})
    except FileNotFoundError:
        return None
    return Failure(unit, record["error"], record["who"], record["attempts"], record.get("traceback", ""), stamp(run_dir, unit))


def stamp(run_dir, unit):
    """What tells a unit's record from an earlier one: int, 0 where there is none."""
    try:
        return os.stat(_path(run_dir, unit)).st_mtime_ns
    except OSError:
        return 0


def remove(run_dir, unit):
    """Removes the record of a unit that is computed, if there is one."""
    with contextlib.suppress(OSError):
        os.unlink(_path(run_dir, unit))
        os.rmdir(os.path.join(run_dir, FOLDER))                 # the last one


def _path(run_dir, unit):
    return os.path.join(run_dir, FOLDER, f"{unit}.json")
