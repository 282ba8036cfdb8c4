"""A training in a directory: resumable, and described by what it leaves there.

    weights.h5           the trained weights, Keras' format
    metrics.json         settings, data's sha256, iterations, accuracies, seconds
    training_state.npz   while it runs: where to go on after a kill
"""

import json
import os
import time

from sanity_checks import lazy
from sanity_checks.runs import files
from sanity_checks.training import optimization
from sanity_checks.weights import initialization

classification = lazy.module("sanity_checks.models.classification")

WEIGHTS, METRICS, STATE, SETTINGS = "weights.h5", "metrics.json", "training_state.npz", "training.json"
SAVE_EVERY = 1000           # iterations between saved states
REPORT_EVERY = 100          # iterations between progress reports


def train(name, architecture, dataset, directory, iterations, seed, progress=None):
    """Trains a registered network, or goes on with, or returns, what the directory holds.

    Args:
        name: str, the network's name.
        architecture: `sanity_checks.models.Architecture`.
        dataset: `sanity_checks.datasets.Dataset` with a training split.
        directory: str, made if missing.
        iterations: int, optimizer steps in all.
        seed: int, of the initial weights and of the order of the images.
        progress: function (iterations done, loss, accuracy on the batches).

    Returns:
        dict, the content of metrics.json: "test_accuracy", "validation_accuracy", "train_accuracy" and settings.

    Raises:
        ValueError: the directory holds a training with other settings, or the data set has no training images.
    """
    settings = {"model": name, "dataset": dataset.name, "iterations": iterations, "seed": seed,
                "data_sha256": dataset.sha256}
    finished = open_directory(directory, dataset, settings)
    if finished:
        return finished
    started = time.monotonic()
    classifier = network(name, architecture, dataset, seed)
    trainer = optimization.Trainer(classifier.model, dataset.train.pixels, dataset.train.labels, seed)
    restore(trainer, directory, progress)
    while trainer.iteration < iterations:
        advance(trainer, min(SAVE_EVERY - trainer.iteration % SAVE_EVERY, iterations - trainer.iteration), progress)
        if trainer.iteration < iterations:
            save(trainer, directory)
    return finish(directory, classifier, {
        **settings, "seconds_this_process": round(time.monotonic() - started, 1), **accuracies(classifier, dataset)})


def is_finished(directory):
    """Whether a directory holds a finished training."""
    return os.path.exists(os.path.join(directory, METRICS))


def read_metrics(directory):
    """What a finished training has left in metrics.json: dict."""
    return _read_json(os.path.join(directory, METRICS))


def accuracies(classifier, dataset):
    """Accuracy on every split of a data set: dict, "train_accuracy" ... -> fraction."""
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {f"{name}_accuracy": optimization.accuracy(classifier, split) for name, split in splits.items() if split}


def network(name, architecture, dataset, seed):
    """The untrained network for a data set's images and classes: `sanity_checks.models.classifier.Classifier`."""
    classes = int(dataset.train.labels.max()) + 1
    classifier = classification.classify(architecture.build(dataset.image_shape, classes), name)
    initialization.randomize_all(classifier, seed)
    return classifier


def open_directory(directory, dataset, settings):
    """Makes the directory of a training, or checks that it holds one with these settings.

    Args:
        directory: str.
        dataset: `sanity_checks.datasets.Dataset`.
        settings: dict of JSON values.

    Returns:
        The metrics of a finished training, else None.

    Raises:
        ValueError: the directory holds a training with other settings, or the data set has no training images.
    """
    if dataset.train is None:
        raise ValueError(f"dataset: {dataset.name} has no training images")
    os.makedirs(directory, exist_ok=True)
    _check_settings(os.path.join(directory, SETTINGS), settings)
    return read_metrics(directory) if is_finished(directory) else None


def restore(trainer, directory, progress=None):
    """Goes on where the directory's saved state stands, if it has one, and reports it."""
    path = os.path.join(directory, STATE)
    if os.path.exists(path):
        trainer.restore(optimization.load_state(path))
    if progress:
        progress(trainer.iteration, float("nan"), float("nan"))


def save(trainer, directory):
    """Saves where the training stands."""
    optimization.save_state(os.path.join(directory, STATE), trainer.state())


def advance(trainer, iterations, progress=None):
    """Trains by so many iterations with reports of progress; returns the mean accuracy on their batches."""
    end, right = trainer.iteration + iterations, 0.
    while trainer.iteration < end:
        count = min(REPORT_EVERY - trainer.iteration % REPORT_EVERY, end - trainer.iteration)
        loss, accuracy = trainer.run(count)
        right += accuracy * count
        if progress:
            progress(trainer.iteration, loss, accuracy)
    return right / iterations


def finish(directory, classifier, metrics):
    """Leaves the trained weights and the metrics in the directory, and no state; returns the metrics."""
    with files.replacing(os.path.join(directory, WEIGHTS)) as temporary:
        classifier.model.save_weights(temporary, save_format="h5")
    _write_json(os.path.join(directory, METRICS), metrics)
    if os.path.exists(os.path.join(directory, STATE)):
        os.remove(os.path.join(directory, STATE))
    return metrics


def _check_settings(path, settings):
    """Writes the settings of a new directory; refuses a directory with others."""
    if not os.path.exists(path):
        _write_json(path, settings)
        return
    for name, found in _read_json(path).items():
        if settings.get(name) != found:
            raise ValueError(f"{name}: {os.path.dirname(path)} holds a training with {found!r}, "
                             f"this one has {settings.get(name)!r}; use another directory")


def _read_json(path):
    try:
        with open(path) as stream:
            return json.load(stream)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error


def _write_json(path, content):
    files.write_text(path, json.dumps(content, indent=1) + "\n")
