"""What can be told wrong of a reproduction before its first experiment, also of the flags that go to the experiments."""

import glob
import importlib
import os

from experiments import command
from experiments import flag_checks
from experiments import flag_groups
from experiments import from_flags
from experiments import further_flags
from experiments import reproduction
from sanity_checks import datasets
from sanity_checks import methods
from sanity_checks import metrics


def check(options):
    """ValueError if the flags themselves are wrong."""
    if not options.output_dir:
        raise ValueError("output_dir: expected a folder for all runs and the report, got nothing")
    flag_checks.check_folder("output_dir", options.output_dir)
    if not options.methods:
        raise ValueError(f"methods: expected at least one of {', '.join(methods.METHODS)}, got nothing")
    flag_groups.own_methods(options.methods)
    if options.metrics:
        flag_groups.check_names("metrics", options.metrics, metrics.METRICS)
    flag_groups.check_names("photograph_metrics", options.photograph_metrics, metrics.METRICS)
    datasets.find_preprocessing(options.preprocess, 3)
    from_flags.figure_images(options)
    for name, binaries in (("test_flags", reproduction.TESTED), ("label_flags", [reproduction.BINARIES["labels"]]),
                           ("sample_flags", [reproduction.BINARIES["cascading"]])):
        for text in options[name].value:
            further_flags.name_of(text, name, binaries)
    check_photographs(options)


def check_steps(steps, output_dir):
    """ValueError if an experiment's own flags are wrong, so that it is said once, before any has run.

    Args:
        steps: list of `reproduction.Step`.
        output_dir: str.
    """
    for step in steps:
        if not step.missing:
            binary = importlib.import_module(f"experiments.{step.binary}")
            found = binary.define()
            try:
                found.parse([*step.arguments, f"--output_dir={os.path.join(output_dir, step.name)}"])
                binary.check(found)
            except ValueError as error:
                raise ValueError(f"{step.name}: {command.one_line(error, found)}") from error


def check_photographs(options):
    """ValueError if what is given for the experiments on photographs is not there, cannot be read, or is too little."""
    for name in ("inception_weights", "alexnet_weights"):
        path = os.path.expanduser(getattr(options, name) or "")
        if path and path not in ("random", "imagenet") and not os.path.exists(path) and not glob.glob(f"{glob.escape(path)}.*"):
            raise ValueError(f"{name}: no such file: {path}")
    if options.images:
        found = datasets.load("image_folder", images=options.images)
        if options.num_photographs and options.num_photographs > len(found.test):
            raise ValueError(f"num_photographs: there are {len(found.test)} photographs, got {options.num_photographs}")
