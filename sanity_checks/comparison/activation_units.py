"""Computes how far a model's large channels survive a randomization: rows of blocks in the place of methods.

At every stage, each hidden block's channels are compared with the original model's, image by image: by rank, and by the
top tenth. Random from the top, a network keeps its lower activations; from the bottom it loses all above the first block.
"""

import dataclasses

import numpy as np

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import registry
from sanity_checks import runs
from sanity_checks.comparison import identity
from sanity_checks.comparison import jobs
from sanity_checks.comparison import sources
from sanity_checks.methods import activations
from sanity_checks.runs import job as run_jobs
from sanity_checks.weights import initialization
from sanity_checks.weights import states

TESTS = {"cascading": "activations_cascading", "bottom_up": "activations_bottom_up"}    # order -> the rows' test
METRICS = ("channel_rank", "top_channels")
NO_CLASS = -1               # no logit is explained


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is computed.

    Attributes:
        order: str, a key of `TESTS`: the order in which blocks are drawn.
        seed: int, of the weights.
        randomization: `initialization.Randomization`.
        batch_size: int, rows of a model pass; None for the default.
    """
    order: str
    seed: int = 0
    randomization: initialization.Randomization = initialization.Randomization()
    batch_size: int | None = None

    def __post_init__(self):
        registry.lookup(TESTS, self.order, "order")


def job(classifier, dataset, settings, units, flagfile=""):
    """The job that follows the channels; arguments as of `jobs.weight_states`, with `Settings` for the protocol.

    Raises:
        ValueError: a model whose only block ends in the logits.
    """
    loaded, images = classifier.get(), dataset.get()
    jobs.check_images(loaded, images)
    if not activations.hidden_blocks(loaded):
        raise ValueError(f"model: {loaded.name!r} has one block, {next(iter(loaded.blocks))}, so there are no hidden activations to follow")
    stages = [state.name for state in states.stages(loaded, settings.order, settings.randomization)]
    held = {"test": TESTS[settings.order], "model": loaded.name, "dataset": images.name, "seed": settings.seed,
            **identity.of_randomization(settings.randomization), "stages": stages, **units.settings(images)}
    sums = {**identity.of_classifier(loaded), **identity.of_images(images, units.count(images))}
    return run_jobs.Job(TESTS[settings.order], held, sums, units.cut(images), len(stages),
                        sources.Computation(classifier, dataset, settings, compare), flagfile=flagfile)


def compare(classifier, dataset, unit, settings, progress=None):
    """Rows of a unit: pandas.DataFrame with `runs.COLUMNS`; the method is the block.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`.
        unit: `runs.Unit`.
        settings: `Settings`.
        progress: function of the number of model passes just done.
    """
    images, ids = dataset.test[unit.first:unit.last], dataset.test.ids[unit.first:unit.last]
    rows, original = runs.Collector(classifier.name, dataset.name, TESTS[settings.order], unit.draw, ids), {}
    with states.weight_states(classifier, settings.order, unit.draw, settings.seed, settings.randomization) as walk:
        for state in walk:
            task = methods.make_task(classifier, images, np.zeros(len(images), int), ids, settings.seed, settings.batch_size, progress)
            for block, profile in task.result(activations.ChannelProfiles()).items():
                # [n, channels] -> maps [n, 1, 1, channels]
                profile = profile[:, np.newaxis, np.newaxis]
                for name in METRICS:
                    metric = metrics.find(name)
                    if state.index == 0:
                        original[block, name] = metric.prepare(profile)
                    rows.add(state.index, state.name, block, name, metric.compare_maps(original[block, name], profile), NO_CLASS)
    return rows.frame()
