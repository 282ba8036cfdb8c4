"""Writes docs/models.md: what came out for every kind of model, and for backbones of keras.applications, by both Kerases.

    python -m tests.models.table_of_kinds [kinds] [backbones]      # one part; both by default
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from tests.models import kinds
from tests.models import measuring

LIBRARIES = {"tf_keras": tf_keras, "keras": keras}
PATH = pathlib.Path(__file__).parents[2] / "docs" / "models.md"
PART = "<!-- backbones -->"
# The networks of `applications`: name -> side of its images. RegNet is of tf_keras alone.
BACKBONES = {
    "Xception": 71, "VGG16": 32, "VGG19": 32, "ResNet50": 32, "ResNet50V2": 32, "InceptionV3": 107, "InceptionResNetV2": 107,
    "MobileNet": 64, "MobileNetV2": 64, "MobileNetV3Small": 64, "DenseNet121": 64, "NASNetMobile": 64, "EfficientNetB0": 64,
    "EfficientNetV2B0": 64, "ConvNeXtTiny": 64, "RegNetX002": 64}
HEAD = """# Models that were tried

What `load_classifier`, the methods and the cascading test gave for {count} kinds of small model and for the backbones of
`applications`, with tf_keras {tf_keras} and Keras {keras} on TensorFlow {tensorflow} (CPU). This page is written by
`python -m tests.models.table_of_kinds`; `tests/models/test_kinds.py` holds the kinds to it.

A number is the largest difference to the oracle, relative to the largest value of the map: the gradient by `tf.GradientTape` on
the user's own model; Guided Backprop by functions with a gradient of their own in the place of every ReLU; GradCAM written out on
the output of the layer that must be read. A dash says why a method is not defined. "cascade": after each stage exactly the named
blocks had changed, the first similarity is 1 and the last is below (its value is shown). "restored": every variable, bit for bit, after
an error among random states. "refused" is the one line before any work. Convolutions of channels first are run by some CPUs alone; on
others such a model is refused.
"""


BACKBONES_HEAD = """

## Backbones of applications

Without top, at a small size, weights as they are made with noise on biases and normalizations, under average pooling and a dense layer of 5;
two blocks in the cascade. GradCAM is compared where the body's output has more than one pixel; else the layer that is read is named.

"""


def rows(kind, library):
    """The cells of a kind with one Keras: list of str."""
    if kind.refusal(library):
        return [f"refused: {_refusal(measuring.load, kind, kind.build(library))}"]
    model, logits, images, chosen = measuring.prepared(kind, library)
    classifier = measuring.load(kind, model)
    guided = f"- {_refusal(methods.explain, classifier, images, 'guided_backprop')}" if kind.no_guided else _number(
        measuring.guided(library, classifier, logits, images, chosen))
    cam = f"- {_refusal(methods.explain, classifier, images, 'gradcam')}" if kind.no_gradcam else (
        f"{_number(measuring.gradcam_of_layer(kind, classifier, logits, images, chosen))} ({classifier.features.name})"
        if kind.layer else "-")
    return [_number(measuring.gradient(classifier, logits, images, chosen)), guided, cam,
            *_states(model, classifier, images, chosen)]


def backbone(name, library):
    """The cells of a network of `applications`, with random weights of its own."""
    make = getattr(library.applications, name, None)
    if make is None:
        return None
    side, layers = BACKBONES[name], library.layers
    body = make(weights=None, include_top=False, input_shape=(side, side, 3))
    hidden = layers.GlobalAveragePooling2D()(body.output)
    model = library.Model(body.input, layers.Dense(5)(hidden))
    for variable in model.weights:          # so that no constant is where its initializer puts it
        if len(variable.shape) == 1:
            variable.assign(variable.numpy() + .02 * np.random.default_rng(0).random(variable.shape))
    classifier = measuring.models.load_classifier(model)
    images, chosen = (255 * np.random.default_rng(0).random((2, side, side, 3))).astype(np.float32), np.array([1, 3])
    guided = (f"- {classifier.inspected.no_guided}" if classifier.inspected.no_guided else _number(
        measuring.guided(library, classifier, model, images, chosen)))
    twin = library.Model(body.input, [body.output, model.output])
    return [_number(measuring.gradient(classifier, model, images, chosen)), guided, _gradcam(classifier, twin, images, chosen),
            *_states(model, classifier, images, chosen, backbone=True)]


def _gradcam(classifier, twin, images, chosen):
    """GradCAM against that of the body's output, where this has more than one pixel; else only the layer that is read."""
    with tf.GradientTape() as tape:
        images = tf.constant(images)
        tape.watch(images)
        maps, logits = twin(images, training=False)
        explained = tf.gather(logits, chosen, axis=1, batch_dims=1)
    read = f"{classifier.features.name}, {' x '.join(map(str, classifier.features.size))}"
    if tuple(maps.shape[1:3]) != classifier.features.size:
        return f"reads {read} (the body ends in {maps.shape[1]} x {maps.shape[2]})"
    gradients = tape.gradient(explained, maps).numpy()
    expected = np.maximum((maps.numpy() * gradients.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
    expected /= np.maximum(expected.max(axis=(1, 2), keepdims=True), 1e-30)
    found = measuring.gradcam.SmallMaps().run(methods.make_task(classifier, images.numpy(), chosen))
    return f"{_number(measuring.oracles.difference(found, expected))} ({read})"


def _states(model, classifier, images, chosen, backbone=False):
    if backbone:                # hundreds of layers: two blocks make the same point
        names = list(classifier.blocks)
        classifier = measuring.models.load_classifier(model, blocks=[
            f"top={_pattern(classifier, names[:1])}", "rest=.*"])
    similarities, exact = measuring.cascade(model, classifier, images, chosen)
    last = [value for value in similarities if np.isfinite(value)][-1]
    shown = f"{last:.2f}" + ("" if last == similarities[-1] else ", then constant maps")        # of a random network that is dead
    good = exact and similarities[0] == 1 and last < 1
    return [shown if good else f"WRONG {similarities}", "yes" if measuring.restored(model, classifier) else "NO"]


def _pattern(classifier, names):
    return "|".join(names) if classifier.name != "inception_v3" else "dense.*"


def _refusal(function, *arguments):
    try:
        function(*arguments)
    except ValueError as error:
        return str(error).partition("cannot explain model ")[2].partition(": ")[2] or str(error)
    raise AssertionError(f"not refused: {arguments}")


def _number(value):
    return f"{value:.0e}"


def _line(cells):
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"


def _table(named):
    text = _line(["model", "Keras", "gradient", "guided", "GradCAM", "cascade", "restored"]) + _line(["---"] * 7)
    for name, library, cells in named:
        print(name, library, cells, flush=True)
        text += _line([name, library, *cells, *[""] * (5 - len(cells))])
    return text


def main(parts=("kinds", "backbones")):
    kept = PATH.read_text().partition(PART) if PATH.exists() else ("", PART, "")
    first, last = kept[0], kept[2]
    if "kinds" in parts:
        versions = {"tf_keras": tf_keras.__version__, "keras": keras.__version__, "tensorflow": tf.__version__}
        first = HEAD.format(count=len(kinds.KINDS), **versions) + "\n## Kinds\n\n" + _table(
            (name, library, rows(kind, LIBRARIES[library])) for name, kind in kinds.KINDS.items() for library in LIBRARIES) + "\n"
    if "backbones" in parts:
        found = ((name, library, backbone(name, LIBRARIES[library])) for name in BACKBONES for library in LIBRARIES)
        last = BACKBONES_HEAD + _table(row for row in found if row[2])
    PATH.write_text(first + PART + last)


if __name__ == "__main__":
    main(*([sys.argv[1:]] if sys.argv[1:] else []))
