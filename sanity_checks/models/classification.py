"""Any Keras model as a classifier: softmax taken off, blocks found or named, GradCAM's feature map found or named."""

import dataclasses
import re

from sanity_checks.graphs import forward as forward_module
from sanity_checks.models import architectures
from sanity_checks.models import blocks as blocks_module
from sanity_checks.models import classifier as classifier_module
from sanity_checks.models import grouping
from sanity_checks.models import implementations
from sanity_checks.models import input_range as input_ranges
from sanity_checks.models import inspection
from sanity_checks.models import recognition


def classify(model, name=None, patterns=None, gradcam_layer=None, architecture=None, image_size=None, output=None):
    """Makes a `Classifier` of a Keras model.

    Args:
        model: built Keras model from images [B, H, W, C] to logits or probabilities [B, classes].
        name: str, for result rows; the model's own name by default, without the number of sequential_3. A model that a registered architecture
            recognizes has that architecture's name: one on the body of Inception v3 is inception_v3, whatever its head.
        patterns: list of "block=regular expression of layer names or paths", top to bottom; or `grouping.GROUPED`, alone or in a
            list; by default the blocks of the architecture that recognizes the model, else one block per layer.
        gradcam_layer: name of the layer whose output GradCAM reads; the last convolutional feature map by default.
        architecture: `architectures.Architecture` that the model was built by, if it was.
        image_size: (H, W) of the images, for a model of images of any size.
        output: str, which of the model's outputs is explained.

    Returns:
        `sanity_checks.models.classifier.Classifier` over the variables of `model`.

    Raises:
        ValueError: the model is of another form, see `sanity_checks.keras_shared.logits.to_logits`, or cannot be explained, see
            `sanity_checks.graphs.checks.check`; or patterns that do not fit it.
    """
    keras = implementations.implementation_of(model)
    own_name, given = _name(keras, model), model
    model = keras.to_logits(model, image_size, output)
    recognized_name, found = _recognized(keras, model)
    if found is not None:
        architecture = architectures.MODELS[recognized_name]
    elif architecture:
        gradcam_layer = gradcam_layer or architecture.gradcam_layer
    outputs = int(model.output_shape[-1])
    called = recognized_name or name or own_name
    forward = forward_module.traced(keras, model)
    inspected = inspection.inspect(forward, called, gradcam_layer)
    reads = blocks_module.first_reads(keras, model, forward)
    grouped = patterns in (grouping.GROUPED, [grouping.GROUPED])
    if found is None:
        by_default = grouping.blocks if grouped else blocks_module.by_layer
        found = recognition.Recognized(by_default(keras, model, reads), keras.initializers(model))
    blocks = blocks_module.by_patterns(keras, model, patterns, reads) if patterns and not grouped else found.blocks
    drawn, statistics = keras.drawn(model) & reads.keys(), keras.statistics(model) & reads.keys()
    blocks, fixed = blocks_module.divided(keras, blocks, drawn | statistics)
    made = classifier_module.Classifier(
        name=called, model=model, given=given, output=output, blocks=blocks, fixed=fixed, drawn=frozenset(drawn), statistics=frozenset(statistics),
        initializers=found.initializers, inspected=inspected,
        class_names=architecture.class_names(outputs) if architecture else None,
        label_offset=architecture.label_offset(outputs) if architecture else 0, keras=keras)
    return dataclasses.replace(made, input_range=input_ranges.expected(made) or (architecture.input_range if architecture else None))


def _name(keras, model):
    """A model's own name; without Keras' running number, so that the same model built twice has one name."""
    return re.sub(r"_\d+$", "", model.name) if keras.is_automatic(model) else model.name


def _recognized(keras, model):
    """(name, `Recognized`) of the first registered architecture that knows a model, or (None, None)."""
    for name, architecture in architectures.MODELS.items():
        found = architecture.recognize and architecture.recognize(keras, model)
        if found:
            return name, found
    return None, None
