"""Sequences of weight states: the model as trained, then with blocks drawn anew (Adebayo et al. 2018, section 4).

A test is a list of stages, and a stage is what is done to the original weights: blocks are drawn anew, or another network
is loaded. Variables are assigned in place and put back when the context ends, so nothing is cloned, saved or traced
again. What bounds a state is drawing its values, about 30 ns each.
"""

import collections
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import threading

from sanity_checks import arguments
from sanity_checks import registry
from sanity_checks.vocabulary import stages as stage_names
from sanity_checks.weights import actions as actions_module
from sanity_checks.weights import initialization
from sanity_checks.weights import ownership

ORIGINAL = stage_names.ORIGINAL     # name of stage 0


@dataclasses.dataclass(frozen=True)
class WeightState:
    """One state of the model's weights.

    Attributes:
        index: int, 0 for the first.
        name: str, "original" or the block that this stage reached.
        actions: tuple of `actions.Action`, what is done to the original weights, in order.
    """
    index: int
    name: str
    actions: tuple

    @property
    def randomized(self):
        """The blocks that are random now: tuple of str."""
        return tuple(block for action in self.actions for block in action.randomized)


@dataclasses.dataclass(frozen=True)
class Test:
    """A test: where its states come from.

    Attributes:
        stages: function from the names of the blocks, top to bottom, to the (name, tuple of actions) of each stage from
            stage 0; None where the states are networks trained apart, see `trained_states`.
        redraw: a name in `initialization.REDRAWS` where the test does not leave it to the user, else None.
        metrics: tuple of str, names in `sanity_checks.metrics.OF_TESTS`, of a test that measures no similarity.
        explains_another: whether the weights stay as they are, and another class is explained after stage 0.
    """
    stages: Callable | None
    redraw: str | None = None
    metrics: tuple = ()
    explains_another: bool = False

    @property
    def trained(self):
        """Whether the states are trained rather than made from one network's weights."""
        return self.stages is None


def _cascading(blocks):
    """From the top down, cumulative: stage k randomizes the k topmost blocks (paper, section 4.1)."""
    return [_ORIGINAL_STAGE] + [(blocks[k - 1], _redrawn(blocks[:k])) for k in range(1, len(blocks) + 1)]


def _independent(blocks):
    """One block at a time, all others as trained (paper, section 4.2)."""
    return [_ORIGINAL_STAGE] + [(block, _redrawn([block])) for block in blocks]


def _bottom_up(blocks):
    """From the input upward, cumulative (Binder et al., CVPR 2023)."""
    return _cascading(blocks[::-1])


def _random_networks(blocks):
    """A control without the trained weights: one random network, then another. What similarity remains is due to input
    and method."""
    return [(stage_names.RANDOM_NETWORK, _redrawn(blocks)), (stage_names.ANOTHER, _redrawn(blocks))]


def _complexity_change(blocks):
    """The two ends: the original, and all blocks random (efficient MPRT, Hedstrom et al. 2024)."""
    return [_ORIGINAL_STAGE, (stage_names.RANDOM_NETWORK, _redrawn(blocks))]


def _other_class(blocks):
    """Not the weights: another class' logit of the unchanged model is explained (random logit test, Sixt et al. 2020)."""
    return [_ORIGINAL_STAGE, (stage_names.OTHER_CLASS, ())]


def _redrawn(blocks):
    return tuple(actions_module.Redraw(block) for block in blocks)


_ORIGINAL_STAGE = (ORIGINAL, ())

# The tests whose states are made from one network's weights, or are these.
TESTS = {"cascading": Test(_cascading), "independent": Test(_independent), "bottom_up": Test(_bottom_up),
         "random_networks": Test(_random_networks, redraw="fresh"),
         "complexity_change": Test(_complexity_change, metrics=("efficient_mprt",)),
         "other_class": Test(_other_class, explains_another=True)}

TRAINED = {"labels": Test(None)}        # the tests whose states are trained


def explains_another(test):
    """Whether a test leaves the weights as they are and explains another class after stage 0: bool."""
    return test in TESTS and TESTS[test].explains_another


def stages(classifier, test, randomization=initialization.Randomization()):
    """The states of a test in order, from stage 0: list of `WeightState`.

    A block that drawing cannot change is no stage: every variable that would be drawn goes to a constant that it holds.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        test: a name in `TESTS`.
        randomization: `initialization.Randomization`.

    Raises:
        ValueError: unknown test, or one whose states are trained; no block that drawing can change; or weights to be drawn
            from their own initializer where that is not known.
    """
    _check_classifier(classifier)
    arguments.instance(randomization, initialization.Randomization, "randomization", "an initialization.Randomization")
    record = registry.lookup({**TESTS, **TRAINED} if test in TRAINED else TESTS, test, "test")
    if record.trained:
        raise ValueError(f"test {test!r} compares networks that were trained apart, it draws nothing: give their weights "
                         f"to sanity_checks.trained_states, or run experiments.label_randomization")
    blocks = [] if record.explains_another else _changing(classifier, randomization)
    sequence = record.stages(blocks)
    return [WeightState(index, name, actions) for index, (name, actions) in enumerate(sequence)]


def _changing(classifier, randomization):
    """The blocks that drawing can change, from the top: list of str; ValueError if there is none."""
    initialization.check(classifier, randomization)
    blocks = [name for name in classifier.blocks if initialization.changes(classifier, name, randomization)]
    if not blocks:
        raise ValueError(f"model: {classifier.name!r} has no block that drawing its weights anew can change; "
                         f"not drawn: {', '.join(classifier.parts) or 'it has no weights'}")
    return blocks


def _check_classifier(classifier):
    if not hasattr(classifier, "parts"):
        raise ValueError(f"classifier: expected what load_classifier returns, got {arguments.shown(classifier)}")


def not_drawn(classifier, randomization=initialization.Randomization()):
    """What no stage of a test changes.

    Args:
        classifier, randomization: as of `stages`.

    Returns:
        dict, name of a block -> int, how many of its variables stay as they are; without blocks that change altogether.
    """
    def staying(name, variables):
        if name not in classifier.blocks or not initialization.changes(classifier, name, randomization):
            return len(variables)
        changing = classifier.drawn | (classifier.statistics if randomization.batch_norm_statistics else frozenset())
        return sum(classifier.keras.key(variable) not in changing for variable in variables)
    found = {name: staying(name, variables) for name, variables in classifier.parts.items()}
    return {name: count for name, count in found.items() if count}


@contextlib.contextmanager
def weight_states(classifier, test: str, draw: int = 0, seed: int = 0,
                  randomization: initialization.Randomization = initialization.Randomization()) -> Iterator:
    """Context that yields an iterator over the weight states of a test; `classifier.model` holds each in turn.

    Stage 0 is the original, except in "random_networks". After stage k exactly the variables in `classifier.drawn` of the
    blocks in `state.randomized` differ; all others are bit-identical. Every variable is drawn from its own stream, named by
    (seed, draw, stage, block, position), so same-shaped layers get different draws and the result depends on nothing
    else.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        test: a name in `TESTS`; its `redraw` goes before that of `randomization`.
        draw: int, number of the random draw.
        seed: int.
        randomization: `sanity_checks.weights.initialization.Randomization`.

    Yields:
        Iterator of `WeightState`. Leaving the context restores every variable bit for bit, also after an error; the
        iterator then raises RuntimeError.

    Raises:
        ValueError: see `stages`.
        RuntimeError: another thread explains with the model's weights, or walks through states of them.
    """
    draw, seed = arguments.whole_number(draw, "draw", 0), arguments.whole_number(seed, "seed")
    sequence, redraw = stages(classifier, test, randomization), TESTS[test].redraw
    if redraw:
        randomization = dataclasses.replace(randomization, redraw=redraw)
    with _walking(classifier, sequence, ("weights", seed, draw), randomization) as walk:
        yield walk


@contextlib.contextmanager
def trained_states(classifier, networks: Mapping[str, Sequence]) -> Iterator:
    """Context that yields an iterator over networks that were trained apart; `classifier.model` holds each in turn.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier` of the networks' architecture.
        networks: dict, name of the state -> its weights, a list of arrays like `classifier.model.get_weights()`. The
            first is stage 0. For the data randomization test: trained on true labels, then on permuted ones.

    Yields:
        Iterator of `WeightState`. Leaving the context restores every variable bit for bit, also after an error; the
        iterator then raises RuntimeError.

    Raises:
        ValueError: weights that do not fit the model.
    """
    _check_classifier(classifier)
    if not isinstance(networks, Mapping) or not networks:
        raise ValueError(f"networks: expected a dict, name of a state -> its weights, got {arguments.shown(networks)}")
    sequence = []
    for index, (name, weights) in enumerate(networks.items()):
        load = actions_module.Load(weights)
        load.check(classifier, name)
        sequence.append(WeightState(index, name, (load,)))
    with _walking(classifier, sequence, (), initialization.Randomization()) as walk:
        yield walk


@contextlib.contextmanager
def _walking(classifier, sequence, stream, randomization):
    """Context that yields the iterator over a sequence of states, and at its end puts back the present values."""
    with ownership.changing(classifier):
        originals = {name: [variable.numpy() for variable in block] for name, block in classifier.parts.items()}
        walk = _Walk(_walk(classifier, sequence, originals, stream, randomization))
        try:
            yield walk
        finally:
            walk.ended = True
            _restore(classifier, originals, originals)


class _Walk:
    """An iterator that is of no use in another thread, nor once its context has ended."""

    def __init__(self, states):
        self._states, self.ended, self._thread = states, False, threading.get_ident()

    def __iter__(self):
        return self

    def __next__(self):
        if self.ended:
            raise RuntimeError("weight states: the with block has ended and the original weights are back; iterate inside it")
        if threading.get_ident() != self._thread:
            raise RuntimeError("weight states: another thread has begun the with block; iterate in that one")
        return next(self._states)


def _restore(classifier, originals, blocks):
    parts = classifier.parts
    for name in blocks:
        for variable, value in zip(parts[name], originals[name]):
            variable.assign(value)


def _walk(classifier, sequence, originals, stream, randomization):
    nested, done = randomization.redraw == "nested", ()
    for state in sequence:
        kept = _kept(classifier, done, state.actions) if nested else ()
        _restore(classifier, originals, dict.fromkeys(
            name for action in done if action not in kept for name in action.touched(classifier)))
        for action in state.actions:
            if action not in kept:
                action.apply(classifier, (*stream, 0 if nested else state.index), randomization)
        done = state.actions
        yield state


def _kept(classifier, done, asked):
    """The actions that are done and asked for again, and whose blocks no other of them touches: set.

    Nested draws do not depend on the stage, so doing these again would give the same values.
    """
    touching = collections.Counter(
        name for action in dict.fromkeys((*done, *asked)) for name in action.touched(classifier))
    return {action for action in set(done) & set(asked) if all(touching[name] == 1 for name in action.touched(classifier))}
