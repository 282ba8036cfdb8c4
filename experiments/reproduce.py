"""Regenerates the paper: every experiment that the data at hand allow, then one report to read.

    python -m experiments.reproduce --flagfile=experiments/flagfiles/reproduce_quick.flags

Experiments run one after the other, each as a command of its own into a folder of --output_dir (logs/ has what they
print). What is finished is not run again, what was killed goes on, and what cannot run here is skipped: the report,
--output_dir/report/index.html, says why. --list prints the experiments and stops. Exit status 1 if one has failed.
"""

import glob
import os

from absl import flags
from absl import logging

from experiments import command
from experiments import commands
from experiments import flag_groups
from experiments import from_flags
from experiments import reproduction
from experiments import reproduction_checks
from sanity_checks import report
from sanity_checks import tables as table_files
from sanity_checks.training import training_run
from sanity_checks.vocabulary import methods as method_records


def define():
    """The flags: `command.FlagSet`."""
    found = command.FlagSet()
    run, small, photographs = "Run", "Small networks", "Photographs"
    found.add(run, flags.DEFINE_string, "output_dir", None, "Folder of all runs and of the report.")
    found.add(run, flags.DEFINE_bool, "list", False, "Print the experiments and what they lack, and stop.")
    found.add(run, flags.DEFINE_enum, "protocol", "released", ["paper", "released"],
              "Settings of the paper's text or released code.")
    found.add(small, flags.DEFINE_list, "models", list(reproduction.SMALL_MODELS), "Networks for the small data sets.")
    found.add(small, flags.DEFINE_list, "datasets", ["mnist", "fashion_mnist"], "Small data sets.")
    found.add(small, flags.DEFINE_string, "data_dir", None, "Folder of the small data sets' files.")
    found.add(photographs, flags.DEFINE_string, "images", None,
              "Photographs, for Inception v3 and AlexNet: a folder, a glob or a CSV.")
    found.add(photographs, flags.DEFINE_string, "inception_weights", None,
              "Weights of Inception v3: as --weights of the other binaries.")
    found.add(photographs, flags.DEFINE_string, "alexnet_weights", None, "Weights of AlexNet.")
    found.add(photographs, flags.DEFINE_string, "preprocess", "inception",
              "How photographs become inputs of Inception v3.")
    found.add(photographs, flags.DEFINE_integer, "sample_photographs", 0,
              "How many photographs that packages bring EfficientNet-Lite0 is tested on; 0: it is not.", lower_bound=0)
    found.add(photographs, flags.DEFINE_integer, "sample_draws", 3, "Random draws of its weights from the top.", lower_bound=1)
    found.add(photographs, flags.DEFINE_multi_string, "sample_flags", [], "A further flag of its tests.")
    found.add(run, flags.DEFINE_list, "methods", [*method_records.PAPER, *reproduction.CONTROLS], "Methods to test.")
    found.add(small, flags.DEFINE_list, "metrics", [], "Metrics on small images; default: the protocol's.")
    found.add(photographs, flags.DEFINE_list, "photograph_metrics", ["spearman_abs", "spearman", "ssim", "hog"],
              "Metrics on photographs.")
    found.add(small, flags.DEFINE_integer, "training_iterations", 20_000,
              "Optimizer steps of the small networks.", lower_bound=1)
    found.add(small, flags.DEFINE_integer, "num_images", 200, "Small images of each test.", lower_bound=1)
    found.add(photographs, flags.DEFINE_integer, "num_photographs", None,
              "Photographs of each test; default: all.", lower_bound=1)
    found.add(small, flags.DEFINE_integer, "draws", 3, "Random draws of the weights of a small network.", lower_bound=1)
    found.add(run, flags.DEFINE_integer, "null_draws", 5,
              "Pairs of random networks, the null of the verdicts.", lower_bound=1)
    found.add(small, flags.DEFINE_integer, "label_draws", 1,
              "Pairs of networks trained on true and permuted labels.", lower_bound=1)
    found.add(run, flags.DEFINE_list, "figure_images", ["0", "1", "2"], "Positions of the images whose maps are drawn.")
    found.add(run, flags.DEFINE_multi_string, "test_flags", [],
              "A further flag of every test: --test_flags=--smoothgrad_samples=10.")
    found.add(small, flags.DEFINE_multi_string, "label_flags", [], "A further flag of the data randomization tests.")
    flag_groups.executor(found)
    return found


def main(found):
    reproduction_checks.check(found.values)
    options = found.values
    steps = reproduction.steps(options)
    reproduction_checks.check_steps(steps, options.output_dir)
    if options.datasets:
        from_flags.warn_of_figures(from_flags.figure_images(options), options.num_images)
    if options.list:
        for step in steps:
            print(f"{step.name:32} {'skipped: ' + step.missing if step.missing else step.binary}")
        return 0
    executor = found.arguments(["executor", *from_flags.CLUSTER]) if options.executor != "local" else []
    failed, possible = {}, [step for step in steps if not step.missing]
    for position, step in enumerate(possible, 1):
        logging.info("experiment %d of %d: %s", position, len(possible), step.name)
        reason = commands.run(step.name, step.binary, step.arguments, options.output_dir, executor)
        if reason:
            failed[step.name] = reason
            logging.error("%s has failed: %s", step.name, reason)
    path = write_report(options.output_dir, steps, failed)
    for step in steps:
        if step.missing or step.name in failed:
            print(f"{step.name}: {'skipped' if step.missing else 'failed'}: {step.missing or failed[step.name]}")
    print(f"report: {path}")
    return 1 if failed else 0


def write_report(output_dir, steps, failed):
    """Writes the report of the experiments that are done; returns its path.

    Args:
        output_dir: str.
        steps: list of `reproduction.Step`.
        failed: dict, name of a step -> why it failed.

    Raises:
        ValueError: no experiment has rows.
    """
    done = [step for step in steps if not step.missing and step.name not in failed]
    runs = [os.path.join(output_dir, step.name) for step in done if step.is_run]
    if not runs:
        raise ValueError("no experiment has run, so there is nothing to report: "
                         + "; ".join(dict.fromkeys(step.missing or failed[step.name] for step in steps)))
    covered = {number for step in done for number in step.figures}
    missing = {number: step.missing or failed[step.name] for step in steps for number in step.figures
               if number not in covered}
    pictures = {number: sorted(glob.glob(os.path.join(output_dir, step.name, pattern)))
                for step in done for number, pattern in step.pictures.items()}
    tables = {step.table[0]: table_files.read_grid(os.path.join(output_dir, step.name, step.table[1]))
              for step in done if step.table}
    return report.write(os.path.join(output_dir, "report"), runs, trainings(output_dir), missing, pictures, tables)


def trainings(output_dir):
    """What is recorded of the trained networks: list of dict."""
    paths = sorted(glob.glob(os.path.join(output_dir, "models", "**", "metrics.json"), recursive=True))
    return [training_run.read_metrics(os.path.dirname(path)) for path in paths]


if __name__ == "__main__":
    command.run(main, define)
