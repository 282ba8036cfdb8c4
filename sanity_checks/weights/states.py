"""Sequences of weight states: the model as trained, then with blocks drawn anew (Adebayo et al. 2018, section 4).

A test is a list of stages, and a stage is the set of blocks that are random in it; or the stages are networks that were
trained apart. Variables are assigned in place and put back when the context ends, so nothing is cloned, saved or traced
again.
"""

import contextlib
import dataclasses

import numpy as np

from sanity_checks import registry
from sanity_checks.weights import initialization

ORIGINAL = "original"       # name of stage 0
TRAINED = ("labels",)       # tests whose states are trained, not drawn: see `trained_states`


@dataclasses.dataclass(frozen=True)
class WeightState:
    """One state of the model's weights.

    Attributes:
        index: int, 0 for the original weights.
        name: str, "original" or the block that this stage reached.
        randomized: tuple of str, the blocks that are random now.
    """
    index: int
    name: str
    randomized: tuple


def _cascading(blocks):
    """From the top down, cumulative: stage k randomizes the k topmost blocks (paper, section 4.1)."""
    return [_ORIGINAL_STAGE] + [(blocks[k - 1], tuple(blocks[:k])) for k in range(1, len(blocks) + 1)]


def _independent(blocks):
    """One block at a time, all others as trained (paper, section 4.2)."""
    return [_ORIGINAL_STAGE] + [(block, (block,)) for block in blocks]


def _bottom_up(blocks):
    """From the input upward, cumulative (Binder et al., CVPR 2023)."""
    return _cascading(blocks[::-1])


def _random_networks(blocks):
    """A control without the trained weights: one random network, then another. What their maps share, the input and
    the method make."""
    return [("random network", tuple(blocks)), ("another", tuple(blocks))]


_ORIGINAL_STAGE = (ORIGINAL, ())

# Name -> function from the blocks, top to bottom, to the (name, random blocks) of each stage from stage 0.
TESTS = {"cascading": _cascading, "independent": _independent, "bottom_up": _bottom_up,
         "random_networks": _random_networks}


def stages(classifier, test):
    """The states of a test in order, from stage 0: list of `WeightState`.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        test: a name in `TESTS`.
    """
    if test in TRAINED:
        raise ValueError(f"test {test!r} compares networks that were trained apart, it draws nothing: give their weights "
                         f"to sanity_checks.trained_states, or run experiments.label_randomization")
    sequence = registry.lookup(TESTS, test, "test")(list(classifier.blocks))
    return [WeightState(index, name, blocks) for index, (name, blocks) in enumerate(sequence)]


@contextlib.contextmanager
def weight_states(classifier, test, draw=0, seed=0, randomization=initialization.Randomization()):
    """Context that yields an iterator over the weight states of a test; `classifier.model` holds each in turn.

    Stage 0 is the original (but for "random_networks"). After stage k exactly the named blocks' trainable variables differ; all others are
    bit-identical. Every variable is drawn from its own stream, named by (seed, draw, stage, block, position), so
    same-shaped layers get different draws and the result depends on nothing else.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        test: a name in `TESTS`; "random_networks" always draws anew.
        draw: int, number of the random draw.
        seed: int.
        randomization: `sanity_checks.weights.initialization.Randomization`.

    Yields:
        Iterator of `WeightState`. Leaving the context restores every variable bit for bit, also after an error.

    Raises:
        ValueError: unknown test, or one whose states are trained.
    """
    sequence = stages(classifier, test)
    if test == "random_networks":
        randomization = dataclasses.replace(randomization, redraw="fresh")
    with _restored(classifier) as originals:
        yield _walk(classifier, sequence, originals, draw, seed, randomization)


@contextlib.contextmanager
def trained_states(classifier, networks):
    """Context that yields an iterator over networks that were trained apart; `classifier.model` holds each in turn.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier` of the networks' architecture.
        networks: dict, name of the state -> its weights, a list of arrays like `classifier.model.get_weights()`. The
            first is stage 0. For the data randomization test: trained on true labels, then on permuted ones.

    Yields:
        Iterator of `WeightState`. Leaving the context restores every variable bit for bit, also after an error.

    Raises:
        ValueError: weights that do not fit the model.
    """
    expected = [tuple(v.shape) for v in classifier.model.weights]
    for name, weights in networks.items():
        if [np.shape(value) for value in weights] != expected:
            raise ValueError(f"weights of {name!r}: expected arrays of shapes {expected}, "
                             f"got {[np.shape(value) for value in weights]}")
    with _restored(classifier):
        yield _visit(classifier, networks)


def _visit(classifier, networks):
    for index, (name, weights) in enumerate(networks.items()):
        for variable, value in zip(classifier.model.weights, weights):
            variable.assign(value)
        yield WeightState(index, name, ())


@contextlib.contextmanager
def _restored(classifier):
    """Context that yields the present values (dict, `variable.ref()` -> array) and puts them back at its end."""
    originals = {v.ref(): v.numpy() for block in classifier.blocks.values() for v in block}
    try:
        yield originals
    finally:
        for reference, value in originals.items():
            reference.deref().assign(value)


def _walk(classifier, sequence, originals, draw, seed, randomization):
    random_now = ()
    for state in sequence:
        for name in random_now:
            if name not in state.randomized:
                for variable in classifier.blocks[name]:
                    variable.assign(originals[variable.ref()])
        kept = random_now if randomization.redraw == "nested" else ()
        for name in state.randomized:
            if name not in kept:
                stage = 0 if randomization.redraw == "nested" else state.index
                initialization.randomize_block(classifier, name, ("weights", seed, draw, stage), randomization)
        random_now = state.randomized
        yield state
