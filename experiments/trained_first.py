"""A network that --train_if_missing trains: what would be refused of the run is refused before the training."""

import contextlib
import os

from absl import logging

from experiments import from_flags
from sanity_checks import lazy
from sanity_checks.runs import directory
from sanity_checks.runs import reading
from sanity_checks.training import training_run
from sanity_checks.vocabulary import models as model_records

models = lazy.module("sanity_checks.models")


def weights_file(options):
    """The file --weights that --train_if_missing writes where it is missing: str; ValueError if it names none."""
    trainable = [name for name, record in model_records.MODELS.items() if record.trained_here]
    if options.model not in trainable:
        raise ValueError(f"train_if_missing: --model must be one of {', '.join(trainable)}, got {options.model!r}")
    path = options.weights or None
    if not (path and os.path.basename(path) == training_run.WEIGHTS):
        raise ValueError(f"train_if_missing: --weights must name the file to write, FOLDER/{training_run.WEIGHTS}, "
                         f"got {path!r}")
    return path


def job(options, make):
    """The job of the classifier that the flags name, trained first where --train_if_missing says so.

    Before a network is trained, the job is made of the untrained one, so that what `make` refuses is refused first.

    Args:
        options: the flags.
        make: function of a classifier's `sources.Source` that makes the `runs.job.Job`, with all that it checks.
    """
    if options.train_if_missing:
        path = weights_file(options)
        if not os.path.exists(path):
            with silence():
                trial = make(from_flags.classifier(options, models.RANDOM))
            check_run(trial, options.output_dir)
            data = trial.build.dataset.get()
            if data.train is None:
                raise ValueError(f"train_if_missing: data set {data.name} has no training images")
            from_flags.train(options.model, data, os.path.dirname(path) or ".", options.training_iterations,
                  options.training_seed)
        else:
            training_run.check_reusable(path, options.model, from_flags.dataset(options).get(),
                                        options.training_iterations, options.training_seed)
    return make(from_flags.classifier(options, options.weights or None))


def check_run(trial, output_dir):
    """ValueError if the run in a folder has other settings than a job, whose networks have yet to be trained.

    Args:
        trial: `runs.job.Job`, of untrained networks.
        output_dir: str.
    """
    if os.path.exists(os.path.join(output_dir, reading.RUN_FILE)):
        recorded = reading.read_run(output_dir)["provenance"].get("sha256") or {}
        directory.RunDirectory.find(output_dir, trial.settings, {**trial.sha256, "weights": recorded.get("weights")})


@contextlib.contextmanager
def silence():
    """Logs nothing meanwhile: what is tried first will be said when it is done."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.FATAL)
    try:
        yield
    finally:
        logging.set_verbosity(level)
