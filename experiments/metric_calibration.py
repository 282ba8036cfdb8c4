"""Calibrates the metrics: maps against random masks, masks against masks, beside the paper's table (appendix B).

    python -m experiments.metric_calibration --flagfile=experiments/flagfiles/metric_calibration_quick.flags

Writes rows, tables/calibration (.csv, .md, .tex; compared.csv has all numbers) and figures/calibration to
--output_dir; metrics as the released code computes them go into calibration_released. Killed runs are resumed
by the same command.
"""

import os

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
from sanity_checks import figures
from sanity_checks import runs
from sanity_checks import spreadsheets
from sanity_checks import tables
from sanity_checks.analysis import aggregation
from sanity_checks.figures import agreement
from sanity_checks.figures import saving
from sanity_checks.paper import calibration
from sanity_checks.paper import calibration_units
from sanity_checks.runs import files
from sanity_checks.vocabulary import metrics
from sanity_checks.vocabulary import names


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    flag_groups.model(found, blocks=False)
    flag_groups.data(found)
    flag_groups.parameters(found, calibration_units.METHODS)
    flag_groups.choice_of_metrics(found)
    flag_groups.run(found, "Independent random masks of each image.", figure_images=False)
    return found


def check(found):
    """ValueError if the flags cannot be those of a run."""
    flag_checks.check(found)


def main(found):
    check(found)
    flag_checks.warn(found)
    options = found.values
    made = {name: from_flags.make_method(options, name) for name in calibration_units.METHODS}
    settings = calibration_units.Settings(made, tuple(options.metrics), options.seed, options.batch_size)

    def make(classifier):
        dataset = from_flags.dataset(options, classifier.get())
        return calibration_units.job(classifier, dataset, settings, from_flags.units(options, dataset.get()),
                                     from_flags.flagfile(found))

    if from_flags.finished(trained_first.job(options, make), options):
        draw(options.output_dir)


def draw(output_dir):
    """Writes and prints the table, and draws the figure, of a finished run."""
    summary = aggregation.aggregate(runs.read_rows([output_dir]))
    table = calibration.compared(summary)
    model, dataset = summary["model"].iloc[0], summary["dataset"].iloc[0]
    caption = (f"Calibration of the metrics (appendix B): {names.label(names.MODELS, model)}, "
               f"{names.label(names.DATASETS, dataset)}")
    folder = os.path.join(output_dir, tables.FOLDER)
    files.write_text(os.path.join(folder, "compared.csv"), spreadsheets.frame_csv(table))
    for released, part in table.groupby(table["metric"].map(metrics.is_released)):
        stem = f"{calibration.TEST}_released" if released else calibration.TEST
        grid = calibration.grid(part, caption)
        tables.write_grid(os.path.join(folder, stem), *grid, across="Metric")
        saving.save(agreement.agreement(part), os.path.join(output_dir, figures.FOLDER, stem))
        print(f"\n{tables.markdown(*grid)}")
    print(f"tables and figures in {output_dir}")

if __name__ == "__main__":
    command.run(main, define)
