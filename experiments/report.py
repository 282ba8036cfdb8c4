"""Writes the report of run directories: verdicts, figures, maps and numbers on one page.

    python -m experiments.report --run_dirs=runs/mine/cascading,runs/mine/random_networks --output_dir=runs/mine/report

Runs of random_networks are the null that the verdicts of the others are held against. It needs no TensorFlow.
"""

from absl import flags

from experiments import command
from sanity_checks import report


def define():
    """The flags: `command.FlagSet`."""
    found, group = command.FlagSet(), "Report"
    found.add(group, flags.DEFINE_list, "run_dirs", [], "Run directories, separated by commas.")
    found.add(group, flags.DEFINE_string, "output_dir", None, "Folder of the report: index.html, figures/ and tables/.")
    found.add(group, flags.DEFINE_string, "title", report.TITLE, "Title of the page.")
    found.add(group, flags.DEFINE_integer, "bootstrap_samples", 1000, "Resamples behind each 95 % interval.", lower_bound=1)
    found.add(group, flags.DEFINE_integer, "seed", 0, "Seed of the resampling.", lower_bound=0)
    return found


def main(found):
    options = found.values
    if not options.run_dirs:
        raise ValueError("run_dirs: expected at least one run directory, got nothing")
    if not options.output_dir:
        raise ValueError("output_dir: expected a folder for the report, got nothing")
    path = report.write(options.output_dir, options.run_dirs, title=options.title, bootstrap_samples=options.bootstrap_samples,
                        seed=options.seed)
    print(f"report: {path}")


if __name__ == "__main__":
    command.run(main, define)
