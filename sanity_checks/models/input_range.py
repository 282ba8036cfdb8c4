"""The values of images that a model was made for, where its first layers tell, and whether a data set has others.

A model that begins with Rescaling(1/255) takes pixels of 0 to 255: given [-1, 1] it sees a nearly grey image, and
explains that. A model that begins otherwise does not tell what it was trained on, and nothing is said of it.
"""

import numpy as np

from sanity_checks.datasets import preprocessing

# Ranges in which images are kept, and those that a network's own rescaling makes of them.
KEPT = ((0., 255.), (0., 1.), (-1., 1.))
MADE = (*KEPT, (-0.5, 0.5), (-127.5, 127.5))
TOLERANCE = 0.01            # of a range's span: 1/256 and 1/128 are used for 1/255 and 1/127.5
# What subtracting means and dividing by standard deviations makes of black and of white, in each channel.
STANDARDIZED_LOW, STANDARDIZED_HIGH = (-3.5, -1.), (1., 3.5)
NARROW = 1 / 32             # a part of the expected range that is no picture: [-1, 1] and the like within [0, 255]
SMALLEST_VARIANCE = 1e-14   # Keras divides by at least 1e-7

# Layers that leave the values of an image as they are; so do, when maps are computed, all Random layers.
KEEPING = ("InputLayer", "Functional", "Sequential", "Model", "Identity", "Resizing", "CenterCrop", "Cropping2D",
           "ZeroPadding2D", "Permute", "Reshape", "Dropout", "GaussianNoise", "GaussianDropout")


def expected(classifier):
    """The range of images that a classifier's model rescales inside.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.

    Returns:
        (lowest, highest), floats; None where the layers that an image passes first do not tell. Those that do are
        Rescaling, and a Normalization whose mean and variance were given; an adapted Normalization does not.
    """
    scale, offset = 1., 0.
    for layer in classifier.keras.inside(classifier.model):
        if type(layer).__name__.startswith("Random") or type(layer).__name__ in KEEPING:
            continue
        step = _affine(layer)
        if step is None:
            break
        scale, offset = scale * step[0], offset * step[0] + step[1]
    return None if np.all(scale == 1) and np.all(offset == 0) else _range(scale, offset)


def mismatch(classifier, dataset):
    """A line that warns of images in another range than the model rescales inside; None where nothing is known.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        dataset: `sanity_checks.datasets.Dataset`, or anything with its name and input_range.
    """
    wanted = expected(classifier)
    low, high = float(np.min(dataset.input_range[0])), float(np.max(dataset.input_range[1]))
    if wanted is None or _fits((low, high), wanted):
        return None
    way = next((name for name, way in preprocessing.PREPROCESSING.items() if way.input_range == wanted), None)
    return (f"input_range: model {classifier.name!r} rescales inside, and expects images of {wanted[0]:g} to "
            f"{wanted[1]:g}; those of {dataset.name} are {low:g} to {high:g}. Photographs are prepared for it by preprocess {way}")


def _affine(layer):
    """(scale, offset) of a layer that multiplies and adds, floats or arrays of the channels; None for another layer."""
    if type(layer).__name__ == "Rescaling":
        return np.asarray(layer.scale, np.float64), np.asarray(layer.offset, np.float64)
    if type(layer).__name__ == "Normalization" and not layer.invert and layer.input_mean is not None:
        scale = 1 / np.sqrt(np.maximum(np.asarray(layer.input_variance, np.float64), SMALLEST_VARIANCE))
        return scale, -np.asarray(layer.input_mean, np.float64) * scale
    return None


def _range(scale, offset):
    """The range of `KEPT` of which a rescaling makes one that networks take; None if it is none, or several."""
    made = {kept: [scale * end + offset for end in kept] for kept in KEPT}
    for fits in (lambda low, high: any(_near(low, high, known) for known in MADE), _is_standardized):
        found = [kept for kept, ends in made.items() if fits(*ends)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _is_standardized(low, high):
    return bool(np.all((STANDARDIZED_LOW[0] <= low) & (low <= STANDARDIZED_LOW[1]))
                and np.all((STANDARDIZED_HIGH[0] <= high) & (high <= STANDARDIZED_HIGH[1])))


def _near(low, high, known):
    span = TOLERANCE * (known[1] - known[0])
    return bool(np.all(np.abs(low - known[0]) <= span) and np.all(np.abs(high - known[1]) <= span))


def _fits(found, wanted):
    """Whether images of a range may be of the wanted one: within it, no sliver of it, and not another usual range."""
    span = TOLERANCE * (wanted[1] - wanted[0])
    within = wanted[0] - span <= found[0] and found[1] <= wanted[1] + span
    other = any(_near(*found, kept) for kept in KEPT if kept != wanted)
    return within and not other and (found[1] - found[0]) > NARROW * (wanted[1] - wanted[0])
