"""Results of a run: rows of similarities, maps for the figures, and the directory that holds both.

    run = results.RunDirectory.open("runs/cnn", settings, flagfile, provenance)
    for unit in results.shard(results.units(draws=3, num_images=256, images_per_unit=64), index=0, count=1):
        if not run.is_done(unit):
            run.write_unit(unit, rows, seconds, maps)
    run.finish()
    rows = results.read_rows(["runs/cnn"])
"""

from sanity_checks.results import maps
from sanity_checks.results import reading
from sanity_checks.results import rows
from sanity_checks.results import runs
from sanity_checks.results import work_units

COLUMNS = rows.COLUMNS
SCHEMA = rows.SCHEMA
FigureMaps = maps.FigureMaps
RunDirectory = runs.RunDirectory
Unit = work_units.Unit
units = work_units.units
shard = work_units.shard
read_run = reading.read_run
read_rows = reading.read_rows
figure_maps = reading.figure_maps
read_maps = maps.read_maps
write_maps = maps.write_maps
