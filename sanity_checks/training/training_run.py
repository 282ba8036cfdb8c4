"""A training in a directory: resumable, and described by what it leaves there.

    weights.h5           the trained weights, Keras' format
    metrics.json         settings, data's sha256, iterations, accuracies, seconds
    training.json        the settings, from the start: another training does not begin here
    training_state.npz   while it runs: where to go on after a kill
    training.claim       while it runs: whoever wants the same training waits for it
"""

import contextlib
import hashlib
import json
import os
import time

from sanity_checks import lazy
from sanity_checks.runs import claims
from sanity_checks.runs import files
from sanity_checks.runs import reading
from sanity_checks.training import optimization
from sanity_checks.weights import initialization

classification = lazy.module("sanity_checks.models.classification")

WEIGHTS, METRICS, STATE, SETTINGS = "weights.h5", "metrics.json", "training_state.npz", "training.json"
CLAIM = "training.claim"
ACCURACIES = ("train_accuracy", "validation_accuracy", "test_accuracy")
_KIND = "what is recorded of a training"
_RECORDED = {"model": str, "dataset": str, "seed": int, "data_sha256": str}
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
    settings = _settings(name, dataset, iterations, seed)
    with opened(directory, dataset, settings) as finished:
        return finished or _train(name, architecture, dataset, directory, settings, progress)


def _train(name, architecture, dataset, directory, settings, progress):
    started, iterations, seed = time.monotonic(), settings["iterations"], settings["seed"]
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
    return all(os.path.exists(os.path.join(directory, name)) for name in (METRICS, WEIGHTS))


def read_metrics(directory, required=None):
    """What a finished training has left in metrics.json: dict.

    Args:
        directory: str.
        required: dict, key -> type, what it must have beside what every training has.

    Raises:
        ValueError: the file is damaged or something else.
    """
    return files.read_json(os.path.join(directory, METRICS), _KIND, {
        **_RECORDED, **dict.fromkeys(ACCURACIES, float), **(required or {})})


def check_reusable(path, model, dataset, iterations, seed):
    """ValueError if a file of weights has a record beside it, and that is of another training than is asked for.

    A file that was not trained here has no record, and may be used as it is.

    Args:
        path: str, the file.
        model: str, the network's name.
        dataset: `sanity_checks.datasets.Dataset` to train on.
        iterations, seed: int, see `train`.
    """
    beside = [os.path.join(os.path.dirname(path), name) for name in (SETTINGS, METRICS)]
    record = next(filter(os.path.exists, beside), None)
    if os.path.basename(path) != WEIGHTS or not record:
        return
    found, wanted = files.read_json(record, _KIND, _RECORDED), _settings(model, dataset, iterations, seed)
    differing = [f"{name} {found.get(name)}, asked for {wanted[name]}" for name in wanted if found.get(name) != wanted[name]]
    if "target_accuracy" in found:
        differing = ["to an accuracy, asked for a number of iterations"]
    if differing:
        raise ValueError(f"weights: {path} was trained otherwise: {'; '.join(differing)}. Name another file, or ask for the "
                         f"training that this one has had")


def _settings(model, dataset, iterations, seed):
    return {"model": model, "dataset": dataset.name, "iterations": iterations, "seed": seed, "data_sha256": dataset.sha256}


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


@contextlib.contextmanager
def opened(directory, dataset, settings, required=None):
    """Context in which the directory of a training, made where it is missing, is this process's alone.

    Who comes while another trains there with these settings waits, and finds the training finished, or goes on with it.

    Args:
        directory: str.
        dataset: `sanity_checks.datasets.Dataset`.
        settings: dict of JSON values.
        required: see `read_metrics`.

    Yields:
        The metrics of a finished training, else None.

    Raises:
        ValueError: the directory holds a training with other settings, or a run, or the data set has no training images.
    """
    if dataset.train is None:
        raise ValueError(f"dataset: {dataset.name} has no training images")
    if os.path.exists(os.path.join(directory, reading.RUN_FILE)):
        raise ValueError(f"output_dir: {directory} holds a run ({reading.RUN_FILE}); train into a folder of its own")
    _check_settings(os.path.join(directory, SETTINGS), settings)
    files.remove_leftovers(directory)
    if is_finished(directory):
        yield _finished(directory, settings, required)
        return
    with claims.held(os.path.join(directory, CLAIM)):
        yield _finished(directory, settings, required) if is_finished(directory) else None


def _finished(directory, settings, required):
    """The metrics of a finished training; ValueError if they are of another than the directory's settings say."""
    found = read_metrics(directory, required)
    for name, value in settings.items():
        if found.get(name) != value:
            raise ValueError(f"{os.path.join(directory, METRICS)} is of another training: {name} {found.get(name)!r}, expected "
                             f"{value!r}; remove it to train again")
    return found


def restore(trainer, directory, progress=None):
    """Goes on where the directory's saved state stands, if it has one, and reports it."""
    path = os.path.join(directory, STATE)
    if os.path.exists(path):
        trainer.restore(optimization.load_state(path, _training(directory)))
    if progress:
        progress(trainer.iteration, float("nan"), float("nan"))


def save(trainer, directory):
    """Saves where the training stands."""
    optimization.save_state(os.path.join(directory, STATE), trainer.state(), _training(directory))


def _training(directory):
    """Checksum of a training's settings: str."""
    settings = files.read_json(os.path.join(directory, SETTINGS), _KIND, _RECORDED)
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


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
    files.write_text(os.path.join(directory, METRICS), _json_text(metrics))
    with contextlib.suppress(FileNotFoundError):
        os.remove(os.path.join(directory, STATE))
    return metrics


def _check_settings(path, settings):
    """Writes the settings of a new directory, in one step; refuses a directory with others."""
    if files.create_text(path, _json_text(settings)):
        return
    found = files.read_json(path, _KIND, _RECORDED)
    for name in dict.fromkeys([*found, *settings]):
        if settings.get(name) != found.get(name):
            raise ValueError(f"{name}: {os.path.dirname(path)} holds a training with {found.get(name)!r}, "
                             f"this one has {settings.get(name)!r}; use another directory")


def _json_text(content):
    return json.dumps(content, indent=1) + "\n"
