"""Rebuilds the tables and figures of one or several runs from their rows and maps, without TensorFlow.

    python -m experiments.aggregate --run_dirs=runs/cnn,runs/mlp --output_dir=runs/both

Runs given together stand side by side in the figures, one column per model and data set. A single run's
tables and figures go into its own directory unless --output_dir names another.
"""

import os

from absl import flags
from absl import logging

from experiments import command
from sanity_checks import figures
from sanity_checks import runs
from sanity_checks import tables
from sanity_checks.analysis import aggregation
from sanity_checks.analysis import degenerate
from sanity_checks.figures import curves


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Tables and figures"
    found.add(group, flags.DEFINE_list, "run_dirs", [], "Run directories, separated by commas.")
    found.add(group, flags.DEFINE_string, "output_dir", None,
              "Where tables/ and figures/ go; default: the one run directory.")
    found.add(group, flags.DEFINE_integer, "bootstrap_samples", 1000, "Resamples behind each 95 % interval.",
              lower_bound=1)
    found.add(group, flags.DEFINE_integer, "seed", 0, "Seed of the resampling.")
    found.add(group, flags.DEFINE_string, "metric", None, "Metric of the printed table; default the first of the results.")
    found.add(group, flags.DEFINE_enum, "figure_band", "sd", list(curves.BANDS),
              "Band about the curves: standard deviation over images and draws (as in the paper), or 95 % interval of "
              "the mean.")
    return found


def draw(run_dirs, output_dir, bootstrap_samples=1000, seed=0, metric=None, band="sd"):
    """Writes tables and figures of runs, and prints the closing summary: a table, and where the files are.

    Args:
        run_dirs: list of str.
        output_dir: str, gets tables/ and figures/.
        bootstrap_samples, seed: int, see `aggregation.aggregate`.
        metric: str, of the printed table; None for the first in the results.
        band: name in `curves.BANDS`.

    Raises:
        ValueError: after all is written, if a finished run has measured nothing: all maps of its model are degenerate.
    """
    rows, lacking = runs.read_rows(run_dirs), unfinished(run_dirs)
    summary = aggregation.aggregate(rows, bootstrap_samples, seed)
    printed = tables.terminal_table(summary, metric or summary["metric"].iloc[0])
    written = tables.write_tables(summary, output_dir, lacking)
    written += figures.draw_all(summary, runs.figure_maps(run_dirs), output_dir, band)
    folders = sorted({os.path.dirname(path) for path in written}, reverse=True)
    print(f"\n{printed}\n\n{len(rows):,} rows in {', '.join(run_dirs)}")
    print("\n".join([f"{len(written)} files in {' and '.join(folders)}", *lacking]))
    if not lacking:
        degenerate.check(rows)


def unfinished(run_dirs):
    """Says which runs are not finished, in the log too: list of str, sentences."""
    lacking = {path: runs.unfinished(path) for path in run_dirs}
    sentences = [f"{path} is not finished: {missing}." for path, missing in lacking.items() if missing]
    for sentence in sentences:
        logging.warning("%s Tables and figures show what is there.", sentence)
    return sentences


def main(found):
    options = found.values
    if not options.run_dirs:
        raise ValueError("run_dirs: expected at least one run directory, got nothing")
    if len(options.run_dirs) != 1 and not options.output_dir:
        raise ValueError(f"output_dir: needed for {len(options.run_dirs)} run directories, got nothing")
    draw(options.run_dirs, options.output_dir or options.run_dirs[0], options.bootstrap_samples, options.seed,
         options.metric, options.figure_band)


if __name__ == "__main__":
    command.run(main, define)
