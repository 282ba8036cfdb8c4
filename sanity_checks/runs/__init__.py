"""Results of a run: rows of similarities, maps for the figures, and the directory that holds both.

    run = runs.RunDirectory.open("runs/cnn", settings, flagfile, provenance)
    for unit in runs.shard(runs.units(draws=3, num_images=256, images_per_unit=64), index=0, count=1):
        if not run.is_done(unit):
            run.write_unit(unit, rows, seconds, maps)
    run.finish()
    rows = runs.read_rows(["runs/cnn"])
"""

from sanity_checks.runs import directory
from sanity_checks.runs import maps
from sanity_checks.runs import reading
from sanity_checks.runs import rows
from sanity_checks.runs import work_units

COLUMNS = rows.COLUMNS
Collector = rows.Collector
SCHEMA = rows.SCHEMA
FigureMaps = maps.FigureMaps
RunDirectory = directory.RunDirectory
Unit = work_units.Unit
units = work_units.units
shard = work_units.shard
read_run = reading.read_run
unfinished = reading.unfinished
read_rows = reading.read_rows
figure_maps = reading.figure_maps
Kept = reading.Kept
read_maps = maps.read_maps
write_maps = maps.write_maps
