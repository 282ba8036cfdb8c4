"""Compares the maps of a model as it is with the output of an edge detector, which knows no model (figures 1 and 37B).

    python -m experiments.edge_comparison --flagfile=experiments/flagfiles/figure_1.flags --images=FOLDER

Writes rows (similarity of each method's map to the image's edges, and to the image times its edges), tables, and
figures/maps_grey and maps_diverging, a row per image of --figure_images, to --output_dir. Killed runs are resumed by
the same command.
"""

import os

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
from sanity_checks import figures
from sanity_checks import runs
from sanity_checks import tables
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import degenerate
from sanity_checks.figures import grids
from sanity_checks.figures import overview
from sanity_checks.figures import saving
from sanity_checks.paper import edge_comparison


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    flag_groups.model(found, blocks=False)
    flag_groups.data(found)
    flag_groups.choice_of_methods(found)
    flag_groups.choice_of_metrics(found)
    flag_groups.run(found, draws="")
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)
    edge_comparison.check_methods(found.values.methods)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values

    def make(classifier):
        dataset = from_flags.dataset(options, classifier.get())
        settings = edge_comparison.Settings(from_flags.make_methods(options, classifier.get()), tuple(options.metrics),
                                            options.seed, options.batch_size)
        return edge_comparison.job(classifier, dataset, settings, from_flags.units(options, dataset.get()),
                                   from_flags.flagfile(found))

    job = trained_first.job(options, make)
    if from_flags.finished(job, options):
        draw(options.output_dir, list(job.build.settings.all_methods()))


def draw(output_dir, shown):
    """Writes tables and figures of a finished run, and prints a table.

    Args:
        output_dir: str, the run directory.
        shown: list of str, methods in the figures, from left to right.
    """
    rows = runs.read_rows([output_dir])
    summary = aggregation.aggregate(rows)
    tables.write_tables(summary, output_dir)
    maps = [of for _, of in runs.figure_maps([output_dir])]
    for mode in grids.MODES if maps else ():
        figure = overview.overview(maps, shown, mode)
        saving.save(figure, os.path.join(output_dir, figures.FOLDER, f"maps_{mode}"))
    print(f"\n{tables.terminal_table(summary, summary['metric'].iloc[0])}\n\ntables and figures in {output_dir}")
    degenerate.check(rows)


if __name__ == "__main__":
    command.run(main, define)
