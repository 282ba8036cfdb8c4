"""The networks of the data randomization test: one on true labels, one on permuted labels (Adebayo et al. 2018, 4.3).

Both have the same architecture, the same initial weights and the same order of images; a seed gives all three and the
permutation. They lie in one folder for each seed:

    seed000/true_labels/    weights.h5, metrics.json ... (`sanity_checks.training.training_run`)
    seed000/random_labels/
"""

import os

from sanity_checks import keras2
from sanity_checks.training import label_permutation
from sanity_checks.training import training_goal
from sanity_checks.training import training_run
from sanity_checks.vocabulary import stages
from sanity_checks.weights import initialization

KINDS = stages.LABEL_STAGES
MOST_Z = 5.         # standard errors that the test accuracy on permuted labels may be above chance


def directory_of(training_dir, seed, kind):
    """Folder of one network: str."""
    return os.path.join(training_dir, f"seed{seed:03d}", kind.replace(" ", "_"))


def is_trained(training_dir, seed, kind):
    """Whether a network is there."""
    return training_run.is_finished(directory_of(training_dir, seed, kind))


def train(name, architecture, dataset, training_dir, seed, kind, goal, progress=None):
    """Trains one of the networks, or goes on with, or returns, what its folder holds.

    Args:
        name: str, the network's name.
        architecture: `sanity_checks.models.Architecture`.
        dataset: `sanity_checks.datasets.Dataset` with true labels.
        training_dir: str, folder of all seeds.
        seed: int, of the initial weights, the order of the images and the permutation.
        kind: str in `KINDS`.
        goal: `training_goal.Goal`.
        progress: function (iterations done, loss, accuracy on the batches).

    Returns:
        dict, the content of metrics.json (`training_goal.train`); "labels_sha256" is the checksum of the labels in the
        order of the training images.

    Raises:
        ValueError: as of `training_goal.train`, or the network on permuted labels does better on the test set than
            chance: more than `MOST_Z` standard errors (`sanity_checks.training.chance`).
    """
    if kind == stages.RANDOM_LABELS and dataset.train is not None:
        dataset = label_permutation.permute(dataset, seed)
    directory = directory_of(training_dir, seed, kind)
    labels = None if dataset.train is None else label_permutation.sha256(dataset.train.labels)
    metrics = training_goal.train(name, architecture, dataset, directory, seed, goal, progress,
                                  held={"labels": kind, "labels_sha256": labels})
    guessing = metrics["test_chance"]
    if kind == stages.RANDOM_LABELS and guessing["z"] > MOST_Z:
        raise ValueError(
            f"{directory}: trained on permuted labels, test accuracy {guessing['accuracy']:.4f} is "
            f"{guessing['z']:.1f} standard errors above chance, {guessing['expected']:.4f} +- "
            f"{guessing['standard_error']:.4f}; expected at most {MOST_Z:g}")
    return metrics


def load(classifier, training_dir, seed):
    """The weights of both networks: dict, kind -> list of arrays like `classifier.model.get_weights()`.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier` of the networks' architecture; left as it was.

    Raises:
        ValueError: a file does not fit, or its weights are not those that were trained there.
    """
    own, networks = classifier.model.get_weights(), {}
    try:
        for kind in KINDS:
            directory = directory_of(training_dir, seed, kind)
            keras2.load_weights(classifier.model, os.path.join(directory, training_run.WEIGHTS))
            expected = training_run.read_metrics(directory, training_goal.RECORDED)["weights_sha256"]
            found = initialization.weights_sha256(classifier)
            if found != expected:
                raise ValueError(f"{directory}: the weights are not those that were trained there: expected sha256 "
                                 f"{expected}, found {found}; remove the folder to train again")
            networks[kind] = classifier.model.get_weights()
    finally:
        classifier.model.set_weights(own)
    return networks
