"""Run directories: self-describing, resumable, and safe for any number of processes that write at once.

    flags.flags            the flags that re-run it
    run.json               settings, provenance, totals
    similarities/*.parquet one file per finished work unit
    maps/*.npz             maps of the images that figures show
    failed/*.json          units that could not be computed, with the error
"""

import contextlib
import dataclasses
import errno
import json
import logging
import os

from sanity_checks.runs import files
from sanity_checks.runs import leases
from sanity_checks.runs import maps as figure_files
from sanity_checks.runs import reading
from sanity_checks.runs import rows as row_files

OWN_VERSION = "sanity-checks"       # of the provenance's versions, this library's

logger = logging.getLogger("absl")


@dataclasses.dataclass(frozen=True)
class RunDirectory:
    """A run's directory, open for writing; made by `RunDirectory.open`.

    Attributes:
        path: str.
        identity: str, tells the run from all others (`reading.identity`).
    """

    path: str
    identity: str

    @classmethod
    def find(cls, path, settings, sha256):
        """The directory of a run with these settings, as it stands: `RunDirectory`, or None where there is none yet.

        Args:
            path, settings: see `open`.
            sha256: dict, what -> checksum.

        Raises:
            ValueError: the directory holds a run with other settings, or no run but other files.
        """
        _refuse_strange_directory(path)
        if not os.path.exists(os.path.join(path, reading.RUN_FILE)):
            return None
        found = reading.read_run(path)
        _refuse_other_settings(path, found, _as_json(settings), {"sha256": _as_json(sha256)})
        return cls(path, reading.identity(found))

    @classmethod
    def open(cls, path, settings, flagfile, provenance, units_total=None):
        """Creates a run directory, or opens it to go on with the run in it.

        Any number of processes may do so at once: one creates it, the others find it created.

        Args:
            path: str, the directory.
            settings: dict, name of an argument or flag -> JSON value, of everything named that the rows depend on.
            flagfile: str, the flags that re-run the run; becomes `flags.flags`.
            provenance: dict of JSON values: versions, device ... Its entry "sha256" (dict, what -> checksum),
                if any, must be that of the run in the directory; the others are recorded from the first
                process.
            units_total: int, the number of units of the whole run.

        Raises:
            ValueError: the directory holds a run with other settings, which the message names, or no run at
                all but other files.
        """
        _refuse_strange_directory(path)
        settings, provenance = _as_json(settings), _as_json(provenance)
        run = {"settings": settings, "provenance": provenance, "units_total": units_total, "totals": None}
        run_file = os.path.join(path, reading.RUN_FILE)
        if not files.create_text(run_file, _json_text(run)):
            run = reading.read_run(path)
            _refuse_other_settings(path, run, settings, provenance)
            _warn_of_other_version(path, run, provenance)
        files.create_text(os.path.join(path, reading.FLAG_FILE), flagfile)
        return cls(path, reading.identity(run))

    def remove_leftovers(self):
        """Removes what processes that were killed have left half written in the directory."""
        rows = os.path.join(self.path, reading.SIMILARITIES)
        files.remove_leftovers(self.path, rows, os.path.join(self.path, reading.MAPS))
        for lease in leases.listed(rows):
            if os.path.exists(os.path.join(rows, f"{lease.unit}.parquet")):
                leases.remove(rows, lease.unit)

    def is_done(self, unit):
        """Whether the unit's rows (and thus its maps) are in the directory."""
        return os.path.exists(self._rows_file(unit))

    def write_unit(self, unit, rows, seconds, maps=None):
        """Writes a finished unit: its maps first, then its rows, each file in one step.

        Args:
            unit: `Unit`.
            rows: pandas.DataFrame with the columns `runs.COLUMNS`.
            seconds: float, the time it took.
            maps: iterable of `FigureMaps`, those of the unit's images that figures show.
        """
        self._refuse_vanished()
        for figure_maps in maps or ():
            self.write_maps(unit.draw, figure_maps)
        metadata = {**dataclasses.asdict(unit), "run": self.identity, "seconds": float(seconds), "rows": len(rows),
                    "degenerate": row_files.count_degenerate(rows)}
        row_files.write_rows(self._rows_file(unit), rows, metadata)

    def write_files(self, content):
        """Writes the files of a unit that were made elsewhere: dict, path in this directory -> bytes, in this order."""
        self._refuse_vanished()
        for name, data in content.items():
            with files.replacing(os.path.join(self.path, name)) as temporary, open(temporary, "wb") as file:
                file.write(data)

    def write_maps(self, draw, figure_maps):
        """Writes the maps of one image in one draw (`FigureMaps`); returns the file's path."""
        path = os.path.join(self.path, reading.MAPS, figure_files.file_name(draw, figure_maps.image_id))
        figure_files.write_maps(path, figure_maps, self.identity)
        return path

    def finish(self, units_total=None):
        """Brings the totals in `run.json` up to date with all unit files, whichever process wrote them.

        Args:
            units_total: int, the number of units of the whole run, recorded beside the number done; None for what is
                recorded already.

        Returns:
            dict: units_done, units_total, images, seconds, rows, degenerate.
        """
        if units_total is None:
            units_total = reading.read_run(self.path).get("units_total")
        known = {}
        while True:                             # again if another process finished a unit meanwhile
            totals = self._totals(units_total, known)
            run = {**reading.read_run(self.path), "totals": totals}
            files.write_text(os.path.join(self.path, reading.RUN_FILE), _json_text(run))
            if totals == self._totals(units_total, known):
                return totals

    def _refuse_vanished(self):
        if not os.path.exists(os.path.join(self.path, reading.RUN_FILE)):       # and a new folder would be no run
            raise OSError(errno.ENOENT, "the run directory has vanished while units were computed", self.path)

    def _rows_file(self, unit):
        return reading.unit_file(self.path, unit)

    def _totals(self, units_total, known):
        """The totals; `known` are the metadata by file that are read already, and those that have come are added."""
        paths = reading.unit_files(self.path)
        for path in paths:
            if path not in known:
                known[path] = reading.read_unit(path, self.identity)
        done = [known[path] for path in paths]
        spans = {(unit["first"], unit["last"]) for unit in done}
        return {
            "units_done": len(done),
            "units_total": units_total,
            "images": sum(last - first for first, last in spans),
            "seconds": round(sum(unit["seconds"] for unit in done), 3),
            "rows": sum(unit["rows"] for unit in done),
            "degenerate": sum(unit["degenerate"] for unit in done),
        }


def _refuse_strange_directory(path):
    run_file = os.path.join(path, reading.RUN_FILE)
    if not os.path.isdir(path) or os.path.exists(run_file):
        return
    strange = sorted(name for name in os.listdir(path) if not files.is_temporary(name) and not _is_begun(path, name))
    if strange and not os.path.exists(run_file):            # another process may have made the run just now
        raise ValueError(f"{path} is not empty and holds no run (it has {strange[0]!r}, but no "
                         f"{reading.RUN_FILE}); choose another output_dir")


def _is_begun(path, name):
    """Whether that is the folder of a run's rows in which units are taken and none is done: its run is recorded with the first."""
    if name != reading.SIMILARITIES:
        return False
    with contextlib.suppress(OSError):
        return all(leases.is_lease(found) or files.is_temporary(found) for found in os.listdir(os.path.join(path, name)))
    return False


def _refuse_other_settings(path, run, settings, provenance):
    old = run["settings"]
    differing = [f"{name}: the run has {_shown(old, name)}, got {_shown(settings, name)}"
                 for name in sorted({*old, *settings}) if old.get(name) != settings.get(name)]
    old_sums, new_sums = run["provenance"].get("sha256") or {}, provenance.get("sha256") or {}
    differing += [f"sha256 of the {name}: the run has {_shown(old_sums, name)}, got {_shown(new_sums, name)}"
                  for name in sorted({*old_sums, *new_sums}) if old_sums.get(name) != new_sums.get(name)]
    if differing:
        raise ValueError(f"{path} holds a run with other settings: {'; '.join(differing)}. "
                         "Choose another output_dir, or the run's settings")


def _warn_of_other_version(path, run, provenance):
    """Rows of two versions of this library may differ; they may also be meant to stand together."""
    old, new = (found.get("versions", {}).get(OWN_VERSION) for found in (run["provenance"], provenance))
    if old and new and old != new:
        logger.warning("%s was begun with version %s of this library, this is version %s", path, old, new)


def _shown(settings, name):
    value = settings.get(name)
    if value is None:
        return "nothing"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _as_json(value):
    """The value as it will be read back, so that a tuple equals the list it was saved as."""
    return json.loads(json.dumps(value))


def _json_text(value):
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
