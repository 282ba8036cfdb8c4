"""What comes out for a model, held to the oracles: one number or one reason for each column of docs/models.md."""

import re

import numpy as np
import tensorflow as tf

import sanity_checks
from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import gradcam
from tests.models import oracles

STATISTICS = re.compile(r"(moving_)?(mean|variance)|count|total|seed_generator_state")     # variables that are no weights
SPREAD = .3             # standard deviation that is added to every weight, so that none is where an initializer puts it
ATTEMPTS = 20           # draws of the weights until GradCAM's map is positive somewhere


def targets(model_outputs):
    """A class for each image: int [N], not all the same."""
    count, classes = model_outputs.shape
    return np.arange(1, count + 1) % classes


def moved(model, seed):
    """Moves every weight and statistic of a model away from where its initializer puts it."""
    generator = np.random.default_rng(seed)
    for variable in model.variables:
        if tf.as_dtype(variable.dtype).is_floating:
            value = np.asarray(tf.cast(variable, tf.float64)) + SPREAD * generator.standard_normal(variable.shape)
            variable.assign(tf.cast(np.abs(value) + .1 if "variance" in _name(variable) else value, variable.dtype))


def bits(model):
    """The present values of all variables of a model: list of (name, bytes)."""
    return [(_name(variable), np.asarray(variable.numpy()).tobytes()) for variable in model.variables]


def prepared(kind, library):
    """A model of a kind, the model of its logits, images and classes, at weights where the expected maps are not zero."""
    library.utils.set_random_seed(0)        # in half precision a ReLU near its kink tells one order of summing from another
    model, images = kind.build(library), kind.images()
    for seed in range(ATTEMPTS):
        moved(model, seed)
        logits = kind.logits(library, model)
        chosen = targets(logits(tf.constant(images), training=False))
        if kind.layer is None or all(cam.any() for cam in oracles.gradcam(logits, kind.layer, images, chosen, kind.tokens)):
            break
    return model, logits, images, chosen


def gradient(classifier, logits, images, chosen):
    expected = oracles.gradient(logits, images, chosen)
    return oracles.difference(methods.explain(classifier, images, "gradient", chosen), expected)


def guided(library, classifier, logits, images, chosen):
    expected = oracles.guided(library, logits, images, chosen)
    return oracles.difference(methods.explain(classifier, images, "guided_backprop", chosen), expected)


def gradcam_of_layer(kind, classifier, logits, images, chosen):
    """GradCAM at the size of the feature map."""
    expected = oracles.gradcam(logits, kind.layer, images, chosen, kind.tokens)
    found = gradcam.SmallMaps().run(methods.make_task(classifier, images, chosen))
    if found.shape != expected.shape:
        raise AssertionError(f"a map of {found.shape}, expected {expected.shape}")
    return oracles.difference(found, expected)


def cascade(model, classifier, images, chosen):
    """(similarity of each stage to the original: list, whether after every stage exactly the named blocks had changed)."""
    key = classifier.keras.key
    before = {key(variable): np.array(variable.numpy()) for variable in model.variables}
    original, found, exact = methods.explain(classifier, images, "gradient", chosen), [], True
    with sanity_checks.weight_states(classifier, test="cascading") as states:
        for state in states:
            maps = methods.explain(classifier, images, "gradient", chosen)
            found.append(float(np.mean(sanity_checks.similarity(original, maps, metric="spearman_abs"))))
            changed = {key(variable) for variable in model.variables if not np.array_equal(variable.numpy(), before[key(variable)])}
            named = {key(variable) for block in state.randomized for variable in classifier.blocks[block]
                     if not STATISTICS.fullmatch(_name(variable))}
            exact = exact and changed == named
    return found, exact


def restored(model, classifier):
    """Whether every variable of a model is what it was, bit for bit, after an error among its random states."""
    before = bits(model)
    try:
        with sanity_checks.weight_states(classifier, test="cascading") as states:
            next(states)
            next(states)
            if bits(model) == before:
                raise AssertionError("the first stage changed nothing")
            raise KeyError
    except KeyError:
        return bits(model) == before


def load(kind, model):
    return models.load_classifier(model, **kind.options)


def _name(variable):
    return getattr(variable, "path", variable.name).rpartition("/")[2].partition(":")[0]
