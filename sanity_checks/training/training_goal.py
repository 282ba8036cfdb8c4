"""Training until a network knows its training set: the networks of the data randomization test.

The number of epochs that permuted labels need is not known beforehand (Adebayo et al. 2018, section 4.3, trains to a
training accuracy above 95 %). The files are those of `sanity_checks.training.training_run`.
"""

import dataclasses
import time

from sanity_checks.training import chance
from sanity_checks.training import optimization
from sanity_checks.training import training_run
from sanity_checks.weights import initialization

# What metrics.json has beside what every training leaves there.
RECORDED = {"epochs": int, "test_chance": dict, "initial_weights_sha256": str, "weights_sha256": str}
LAG = 0.1       # most by which an epoch's accuracy on its own batches is below the accuracy at the epoch's end


@dataclasses.dataclass(frozen=True)
class Goal:
    """When a training ends, and how it gets there. Both limits are the paper's and its released code's.

    Attributes:
        target_accuracy: float in (0, 1); the accuracy on the whole training set must be above it.
        min_epochs: int, epochs that are trained in any case.
        max_epochs: int, the limit. A training that has failed goes on from there with a higher one.
        learning_rate: float, Adam's.
        l2: whether the network's own L2 term is in the loss (paper's text); the released code leaves it out by default.
    """
    target_accuracy: float = 0.95
    min_epochs: int = 1
    max_epochs: int = 100
    learning_rate: float = optimization.LEARNING_RATE
    l2: bool = True

    def __post_init__(self):
        if not 0 < self.target_accuracy < 1:
            raise ValueError(f"target_accuracy: expected a number between 0 and 1, got {self.target_accuracy}")
        if not 0 < self.min_epochs <= self.max_epochs:
            raise ValueError(f"min_epochs: expected 1 to {self.max_epochs} (max_epochs), got {self.min_epochs}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate: expected a number above 0, got {self.learning_rate}")


def train(name, architecture, dataset, directory, seed, goal, progress=None, held=None):
    """Trains a registered network to a goal, or goes on with, or returns, what the directory holds.

    Args:
        name: str, the network's name.
        architecture: `sanity_checks.models.Architecture`.
        dataset: `sanity_checks.datasets.Dataset` with a training split.
        directory: str, made if missing.
        seed: int, of the initial weights and of the order of the images.
        goal: `Goal`.
        progress: function (iterations done, loss, accuracy on the batches).
        held: dict of JSON values, what else a training in this directory is held to.

    Returns:
        dict, the content of metrics.json: settings, "epochs", the accuracies, "test_chance" (the fields of
        `sanity_checks.training.chance.Chance`), "initial_weights_sha256" and "weights_sha256".

    Raises:
        ValueError: the target is not reached, the directory holds a training with other settings, or the data set
            has no training images.
    """
    recipe = {field: value for field, value in dataclasses.asdict(goal).items() if field != "max_epochs"}
    settings = {"model": name, "dataset": dataset.name, "seed": seed, "data_sha256": dataset.sha256, **recipe,
                **(held or {})}
    with training_run.opened(directory, dataset, settings, RECORDED) as finished:
        return finished or _train(name, architecture, dataset, directory, settings, goal, progress)


def _train(name, architecture, dataset, directory, settings, goal, progress):
    started, seed = time.monotonic(), settings["seed"]
    classifier = training_run.network(name, architecture, dataset, seed)
    initial = initialization.weights_sha256(classifier)
    trainer = optimization.Trainer(classifier.model, dataset.train.pixels, dataset.train.labels, seed,
                               learning_rate=goal.learning_rate, regularized=goal.l2)
    training_run.restore(trainer, directory, progress)
    _reach(goal, trainer, classifier, dataset, directory, progress)
    guessing = chance.compare(dataset.test.labels, optimization.predictions(classifier, dataset.test),
                              classifier.num_classes)
    return training_run.finish(directory, classifier, {
        **settings, "epochs": trainer.iteration // trainer.steps_per_epoch,
        "seconds_this_process": round(time.monotonic() - started, 1),
        **training_run.accuracies(classifier, dataset), "test_chance": dataclasses.asdict(guessing),
        "initial_weights_sha256": initial, "weights_sha256": initialization.weights_sha256(classifier)})


def _reach(goal, trainer, classifier, dataset, directory, progress):
    """Trains whole epochs until the goal is reached; saved states stand at the end of an epoch.

    A pass over the training set costs a quarter of an epoch, so it is made only where the batches of the epoch came
    near the target.
    """
    steps, saved = trainer.steps_per_epoch, trainer.iteration
    while trainer.iteration < goal.max_epochs * steps:
        near = training_run.advance(trainer, steps, progress) > goal.target_accuracy - LAG
        if near and trainer.iteration >= goal.min_epochs * steps and (
                optimization.accuracy(classifier, dataset.train) > goal.target_accuracy):
            return
        if trainer.iteration - saved >= training_run.SAVE_EVERY:
            training_run.save(trainer, directory)
            saved = trainer.iteration
    training_run.save(trainer, directory)
    reached = optimization.accuracy(classifier, dataset.train)
    if not reached > goal.target_accuracy:
        raise ValueError(
            f"{directory}: training accuracy {reached:.4f} after {trainer.iteration // steps} epochs, expected above "
            f"{goal.target_accuracy:g} (target_accuracy); raise max_epochs to go on, now {goal.max_epochs}")
