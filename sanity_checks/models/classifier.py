"""A classifier: a Keras model that ends in logits, and its randomization blocks."""

import dataclasses
import functools

import tf_keras

from sanity_checks.models import passes


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A model together with what the tests need to know about it.

    Attributes:
        name: str, "cnn", "mlp", "inception_v3" or the name of the user's model; goes into result rows.
        model: tf_keras.Model from images float32 [B, H, W, C] to logits float32 [B, classes]. Its variables are
            live: assigning to them changes every map computed afterwards.
        blocks: dict, block name -> tuple of tf.Variable, from the top (logits) to the bottom (input). Every
            variable of the model is in exactly one block.
        initializers: dict, `variable.ref()` -> the tf_keras initializer that the variable was made with.
        features: symbolic tensor of `model` or of a model nested in it, the feature map that GradCAM reads; None if
            there is none.
        class_names: tuple of str, a name for each logit, or None.
        label_offset: int; a data set's label L is the logit L + label_offset. 1 where class 0 is the background.
    """

    name: str
    model: tf_keras.Model
    blocks: dict
    initializers: dict
    features: object = None
    class_names: tuple = None
    label_offset: int = 0

    @property
    def image_shape(self):
        """(H, W, C) of the images that the model takes."""
        return tuple(self.model.input_shape[1:])

    @property
    def num_classes(self):
        """Number of logits."""
        return int(self.model.output_shape[-1])

    @functools.cached_property
    def passes(self):
        """The traced forward and backward passes, `sanity_checks.models.passes.Passes`: one trace each."""
        return passes.Passes(self)
