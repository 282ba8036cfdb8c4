"""What can be told wrong of a command line from its flags alone, before anything is loaded, trained or written."""

import errno
import os

from absl import logging

from experiments import flag_groups
from experiments import from_flags
from experiments import trained_first
from sanity_checks import datasets
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks.runs import directory
from sanity_checks.runs import reading
from sanity_checks.weights import initialization


def check(found, one_run=True):
    """Checks that the values of a run's flags are right and fit together.

    Args:
        found: `command.FlagSet` with the groups of `flag_groups.run` and any others.
        one_run: bool, whether --output_dir is that of one run; else runs lie in it.

    Raises:
        ValueError: they do not; the message names the flag.
    """
    options, names = found.values, found.names()
    (check_run_directory if one_run else check_output_dir)(options.output_dir)
    if options.shard >= options.num_shards:
        raise ValueError(f"shard: expected 0 to {options.num_shards - 1} (--num_shards={options.num_shards}), "
                         f"got {options.shard}")
    if "model" in names and not options.model:
        raise ValueError("model: expected a name, a file or package.module:function, got nothing")
    if "metrics" in names:
        flag_groups.check_names("metrics", options.metrics, metrics.METRICS)
    if "methods" in names and options.methods:
        flag_groups.own_methods(options.methods)
    check_parameters(options)
    if "figure_images" in names:
        from_flags.figure_images(options)
    if "initializer" in names:
        from_flags.randomization(options)
    if "preprocess" in names and options.preprocess is not None:
        datasets.find_preprocessing(options.preprocess)
    from_flags.image_size(options)
    if "train_if_missing" in names:
        _check_trained(options)


def check_parameters(options):
    """ValueError if a flag of a method's parameter has a value that the method refuses, also of methods that are not named."""
    for name in methods.METHODS:
        if any(f"{name}_{parameter.name}" in options for parameter in methods.parameters(name)):
            from_flags.make_method(options, name)


def check_run_directory(path):
    """ValueError if there can be no run in a folder: none is given, it cannot be written to, or it holds other things."""
    check_output_dir(path)
    if not os.path.exists(os.path.join(path, reading.RUN_FILE)):
        directory.RunDirectory.find(path, {}, {})


def check_output_dir(path):
    """ValueError if no folder is given, or it cannot be written to."""
    if not path:
        raise ValueError("output_dir: expected a folder for the run, got nothing")
    check_folder("output_dir", path)


def check_folder(name, path):
    """ValueError if a folder is not there and cannot be made, or cannot be written to; nothing is made.

    Args:
        name: str, the flag that names it.
        path: str.
    """
    existing = os.path.abspath(path)
    while not _exists(name, existing):
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise ValueError(f"{name}: expected a folder, found the file {existing}")
    if not os.access(existing, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise ValueError(f"{name}: the folder {existing} cannot be written to")


def _exists(name, path):
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP):
            raise ValueError(f"{name}: {path} cannot be a folder: {error.strerror}") from error
        return False
    return True


def check_apart(name, path, output_dir):
    """ValueError if what is trained first would lie in the folder of a run that has not begun."""
    inside = os.path.realpath(path) + os.sep
    if inside.startswith(os.path.realpath(output_dir) + os.sep) and not os.path.exists(os.path.join(output_dir, reading.RUN_FILE)):
        raise ValueError(f"{name}: {path} lies in --output_dir={output_dir}, which is for the run alone; choose another folder")


def _check_trained(options):
    """What is wrong with --train_if_missing."""
    if not options.train_if_missing:
        return
    path = trained_first.weights_file(options)
    if not os.path.exists(path):
        folder = os.path.dirname(path) or "."
        check_folder("weights", folder)
        check_apart("weights", folder, options.output_dir)


def warn(found):
    """Warns of flags that were given and cannot act under the other flags."""
    for name, why in _idle(found):
        logging.warning("--%s has no effect: %s", name, why)


def _idle(found):
    """Flags that were given and cannot act: yields (name, reason)."""
    options, names = found.values, found.names()
    conditions = {
        "training_iterations": (lambda: not options.train_if_missing, "it goes with --train_if_missing"),
        "trust_model": (lambda: not os.path.exists(options.model), "--model is no file"),
        "preprocess": (
            lambda: from_flags.dataset_name(options) not in (*from_flags.PHOTOGRAPHS, from_flags.ARRAYS), "it goes with photographs and --images"),
        "skip_unreadable": (lambda: from_flags.dataset_name(options) != from_flags.FOLDER, "it goes with photographs, --images"),
        "initializer_stddev": (lambda: options.initializer not in initialization.WITH_STDDEV,
                               f"it goes with --initializer={' or '.join(initialization.WITH_STDDEV)}"),
        "denoise_noise": (lambda: options.denoise_samples == 1, "it goes with --denoise_samples above 1"),
    }
    if "train_if_missing" in names:
        conditions["training_seed"] = (lambda: not options.train_if_missing, "it goes with --train_if_missing")
    conditions |= {name: (lambda: options.executor == "local", "it goes with --executor=ray") for name in from_flags.CLUSTER}
    for name, (idle, why) in conditions.items():
        if name in names and found.given(name) and idle():
            yield name, why
    if "methods" in names and options.methods:
        for method in methods.METHODS:
            for parameter in methods.parameters(method):
                name = f"{method}_{parameter.name}"
                if method not in options.methods and name in names and found.given(name):
                    yield name, f"--methods does not name {method}"
