"""Drawing a block's weights anew: the initializers, and the random streams that they read."""

import dataclasses
import hashlib
import math

import numpy as np

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks import registry

tf = lazy.module("tensorflow")


def _draw_original(variable, initializer, key, stddev):
    """The variable's own initializer (released code). Biases and BatchNorm go back to their constants."""
    if initializer is None:
        raise ValueError(f"variable {variable.name!r} does not tell its initializer; "
                         f"use the initializer truncated_normal or uniform")
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = key % 2**31
    return type(initializer).from_config(config)(variable.shape, dtype=variable.dtype)


def _draw_truncated_normal(variable, initializer, key, stddev):
    """Normal of this standard deviation, redrawn beyond two of them (paper's text, sd 0.01)."""
    return tf.random.stateless_truncated_normal(variable.shape, _pair(key), stddev=stddev, dtype=variable.dtype)


def _draw_uniform(variable, initializer, key, stddev):
    """Uniform about zero with this standard deviation."""
    bound = stddev * math.sqrt(3)
    return tf.random.stateless_uniform(variable.shape, _pair(key), -bound, bound, dtype=variable.dtype)


INITIALIZERS = {"original": _draw_original, "truncated_normal": _draw_truncated_normal, "uniform": _draw_uniform}
REDRAWS = ("fresh", "nested")


def _pair(key):
    return np.array([key & 0x7FFFFFFF, key >> 33], np.int32)


@dataclasses.dataclass(frozen=True)
class Randomization:
    """How blocks are drawn.

    Attributes:
        initializer: a name in `INITIALIZERS`. Default: the released code's.
        stddev: standard deviation of truncated_normal (before truncation) and uniform. Default: the paper's text.
        batch_norm_statistics: whether a block's moving mean and variance go back to 0 and 1 with it; the released
            code keeps them.
        redraw: "fresh" draws all random blocks anew at every stage (released code); "nested" keeps a block's draw
            through all stages.
    """
    initializer: str = "original"
    stddev: float = 0.01
    batch_norm_statistics: bool = False
    redraw: str = "fresh"

    def __post_init__(self):
        registry.lookup(INITIALIZERS, self.initializer, "initializer")
        registry.lookup(dict.fromkeys(REDRAWS), self.redraw, "redraw")
        if not self.stddev > 0:
            raise ValueError(f"Randomization: stddev must be above 0, got {self.stddev}")


def randomize_block(classifier, name, stream, randomization=Randomization()):
    """Draws the trainable variables of a block anew, in place.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        name: str, the block.
        stream: tuple naming the random stream; the block and the variable's position in it are added.
        randomization: `Randomization`.
    """
    draw = INITIALIZERS[randomization.initializer]
    block = list(classifier.blocks).index(name)
    for position, variable in enumerate(classifier.blocks[name]):
        key = randomness.key(*stream, block, position)
        initializer = classifier.initializers.get(classifier.keras.key(variable))
        if variable.trainable:
            variable.assign(draw(variable, initializer, key, randomization.stddev))
        elif randomization.batch_norm_statistics:
            variable.assign(_draw_original(variable, initializer, key, randomization.stddev))


def randomize_all(classifier, seed):
    """Gives every trainable variable its initial value, drawn from its own initializer: an untrained network."""
    for name in classifier.blocks:
        randomize_block(classifier, name, ("initial weights", seed))


def weights_sha256(classifier):
    """sha256 over every variable of the classifier, from the top block to the bottom."""
    digest = hashlib.sha256()
    for variables in classifier.blocks.values():
        for variable in variables:
            digest.update(variable.numpy().tobytes())
    return digest.hexdigest()
