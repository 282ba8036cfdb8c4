"""Drawing a block's weights anew: the initializers, and the random streams that they read."""

import dataclasses
import hashlib
import math

import numpy as np

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks import registry

tf = lazy.module("tensorflow")

ORIGINAL = "original"
SEEDS = 2 ** 31         # what initializers take
LARGEST_STDDEV = 1e18   # squares of the weights stay finite in float32


def _draw_original(keras, variable, initializer, key, stddev):
    """The variable's own initializer (released code). Biases and BatchNorm go back to their constants."""
    return keras.initial_values(initializer, tuple(variable.shape), variable.dtype, key % SEEDS)


def _draw_truncated_normal(keras, variable, initializer, key, stddev):
    """Normal of this standard deviation, redrawn beyond two of them (paper's text, sd 0.01)."""
    return tf.random.stateless_truncated_normal(tuple(variable.shape), _pair(key), stddev=stddev, dtype=variable.dtype)


def _draw_uniform(keras, variable, initializer, key, stddev):
    """Uniform about zero with this standard deviation."""
    bound = stddev * math.sqrt(3)
    return tf.random.stateless_uniform(tuple(variable.shape), _pair(key), -bound, bound, dtype=variable.dtype)


def _draw_permutation(keras, variable, initializer, key, stddev):
    """The variable's present values, each kernel's or bias' all among themselves, in a random order."""
    values = variable.numpy()
    return values.ravel().take(_random_order(key, values.size)).reshape(values.shape)


def _random_order(key, size):
    """A random permutation of 0 to size - 1, int64: their order by random numbers, which sorts faster than it shuffles."""
    bits = np.uint64(max(1, size - 1).bit_length())
    numbers = randomness.generator(key).integers(0, 2 ** 64, size, np.uint64)
    numbers >>= bits            # the lower bits are the position, so that no two are equal
    numbers <<= bits
    numbers |= np.arange(size, dtype=np.uint64)
    numbers.sort()
    numbers &= (np.uint64(1) << bits) - np.uint64(1)
    return numbers.view(np.int64)


def _draw_matched_normal(keras, variable, initializer, key, stddev):
    """Normal of the mean and standard deviation of the variable's present values."""
    present = variable.numpy()
    dtype = np.float64 if present.dtype == np.float64 else np.float32
    values = randomness.generator(key).standard_normal(present.shape, dtype)
    wide = present.astype(np.float64)
    values *= wide.std()
    values += wide.mean()
    return values.astype(present.dtype)


INITIALIZERS = {ORIGINAL: _draw_original, "truncated_normal": _draw_truncated_normal, "uniform": _draw_uniform,
                "permutation": _draw_permutation, "matched_normal": _draw_matched_normal}
WITH_STDDEV = ("truncated_normal", "uniform")
KEEP_SCALE = ("permutation", "matched_normal")      # made from the values that are drawn anew; of a constant, the same constant
REDRAWS = ("fresh", "nested")


def _pair(key):
    return np.array([key & 0x7FFFFFFF, key >> 33], np.int32)


@dataclasses.dataclass(frozen=True)
class Randomization:
    """How blocks are drawn.

    Attributes:
        initializer: a name in `INITIALIZERS`. Default: the released code's. Those of `KEEP_SCALE` read the weights of the
            original model, at every stage: biases and BatchNorm's gamma and beta are permuted too, or drawn with their own
            mean and standard deviation.
        stddev: standard deviation of `WITH_STDDEV`, of truncated_normal before truncation. Default: the paper's text.
        batch_norm_statistics: whether a block's moving mean and variance go back to 0 and 1 with it; the released
            code keeps them.
        redraw: "fresh" draws all random blocks anew at every stage (released code); "nested" keeps a block's draw
            through all stages.
    """
    initializer: str = ORIGINAL
    stddev: float = 0.01
    batch_norm_statistics: bool = False
    redraw: str = "fresh"

    def __post_init__(self):
        registry.lookup(INITIALIZERS, self.initializer, "initializer")
        registry.lookup(dict.fromkeys(REDRAWS), self.redraw, "redraw")
        if not (isinstance(self.stddev, (int, float, np.number)) and 0 < self.stddev <= LARGEST_STDDEV):
            limit = f" and at most {LARGEST_STDDEV:g}" if isinstance(self.stddev, (int, float)) and self.stddev > 0 else ""
            raise ValueError(f"Randomization: stddev must be above 0{limit}, got {self.stddev!r}")


def randomize_block(classifier, name, stream, randomization=Randomization()):
    """Draws the variables of a block anew that are in `classifier.drawn`, in place.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`; its block holds the original weights.
        name: str, the block.
        stream: tuple naming the random stream; the block and the variable's position in it are added.
        randomization: `Randomization`.
    """
    for variable, draw, position in _draws(classifier, name, randomization):
        variable.assign(draw(randomness.key(*stream, *position)))


def _draws(classifier, name, randomization):
    """What drawing a block does: yields (variable, function of a key -> new value, (block, position in it) as int)."""
    block, keras = list(classifier.blocks).index(name), classifier.keras
    for position, variable in enumerate(classifier.blocks[name]):
        own = keras.key(variable)
        if own in classifier.drawn:
            draw = INITIALIZERS[randomization.initializer]
        elif own in classifier.statistics and randomization.batch_norm_statistics:
            draw = _draw_original
        else:
            continue
        initializer = classifier.initializers.get(own)
        yield variable, _drawing(draw, keras, variable, initializer, randomization.stddev), (block, position)


def _drawing(draw, keras, variable, initializer, stddev):
    return lambda key: draw(keras, variable, initializer, key, stddev)


def changes(classifier, name, randomization=Randomization()):
    """Whether drawing a block anew can change it: bool.

    It cannot if every variable that is drawn goes to a constant that it holds already.

    Args:
        classifier, name, randomization: as of `randomize_block`.

    Raises:
        ValueError: an initializer that is a function cannot be called.
    """
    return any(_can_change(classifier, variable, draw, randomization)
               for variable, draw, _ in _draws(classifier, name, randomization))


def _can_change(classifier, variable, draw, randomization):
    own = classifier.keras.key(variable)
    if randomization.initializer in KEEP_SCALE and own in classifier.drawn:
        values = variable.numpy()
        return bool(np.any(values != values.flat[0])) if values.size else False
    if randomization.initializer != ORIGINAL and own in classifier.drawn or classifier.keras.has_seed(
            classifier.initializers.get(own)):
        return True
    try:
        values = [np.asarray(draw(key)) for key in (0, 1)]
    except Exception as error:      # whatever a user's function raises
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"initializer: that of variable {_called(classifier, variable)!r} is a function that cannot be called "
                         f"in a TensorFlow graph ({type(error).__name__}: {reason}); choose {_others()}") from error
    return not all(np.array_equal(value, variable.numpy()) for value in values)


def check(classifier, randomization):
    """ValueError, in one line, if variables are to be drawn from their own initializers and these are not known."""
    unknown = _unknown(classifier) if randomization.initializer == ORIGINAL else ""
    if unknown:
        raise ValueError(f"initializer: expected {_others()} (--initializer), found original, but model "
                         f"{classifier.name!r} has variables whose own initializer is not known: {unknown}")


def _others():
    """The initializers that need none of the model's own, for a message: str."""
    *first, last = (name for name in INITIALIZERS if name != ORIGINAL)
    return f"{', '.join(first)} or {last}"


def _unknown(classifier):
    """Those variables to be drawn whose initializer is not known, for a message: str."""
    found = [f"{_called(classifier, variable)} {list(variable.shape)}" for variables in classifier.blocks.values()
               for variable in variables if classifier.keras.key(variable) in classifier.drawn - classifier.initializers.keys()]
    return ", ".join(found)


def _called(classifier, variable):
    """The name of a variable with those of its layers."""
    block = next(name for name, variables in classifier.parts.items() if any(variable is other for other in variables))
    name = getattr(variable, "path", variable.name).partition(":")[0]
    return name if "/" in name else f"{block}/{name}"


def randomize_all(classifier, seed):
    """Gives every variable of the blocks its initial value, drawn from its own initializer: an untrained network.

    ValueError if an initializer is not known.
    """
    unknown = _unknown(classifier)
    if unknown:
        raise ValueError(f"weights: 'random' cannot draw variables of model {classifier.name!r} whose own initializer is not "
                         f"known: {unknown}")
    for name in classifier.blocks:
        randomize_block(classifier, name, ("initial weights", seed))


def weights_sha256(classifier):
    """sha256 over every variable of the classifier, from the top block to the bottom, then of what is never drawn."""
    digest = hashlib.sha256()
    for variables in classifier.parts.values():
        for variable in variables:
            digest.update(variable.numpy().tobytes())
    return digest.hexdigest()
