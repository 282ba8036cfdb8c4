"""The kinds of model that are tried, each small: name -> how to build it with either Keras, and what must come out.

`tests/models/test_kinds.py` runs them all; `python -m tests.models.table_of_kinds` writes docs/models.md from them.
"""

from collections.abc import Callable
import dataclasses

import numpy as np
import tensorflow as tf

from tests.models import bodies
from tests.models import ends
from tests.models import own_code

NO_RELU = "it has no ReLU, so Guided Backprop is not defined for it; activations found: "
NO_MAP = "it has no convolutional feature map"
TOKENS = "after its last convolution .* it computes on tokens"
PROBABILITIES = "ends in .*Softmax|gives probabilities"


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        build: function of tf_keras or keras -> model.
        layer: name of the layer whose output GradCAM must read; None where it is not defined.
        options: dict, of `load_classifier`.
        logits: function (library, model) -> model of the logits that must be explained; the model itself by default.
        end: function from those logits to what the model gives.
        refused: regular expression of the message where the model is refused; or a dict of one for each library; or a function
            that tells whether it is refused on this machine.
        no_guided, no_gradcam: regular expressions of why a method is not defined.
        shape: (H, W, C) of the images.
        dtype: of the images that the model takes; the same numbers are given as float32.
        tolerance: largest relative difference to the oracle.
        tokens: (h, w) where GradCAM reads tokens.
    """
    build: Callable
    layer: str | None = None
    options: dict = dataclasses.field(default_factory=dict)
    logits: Callable = lambda library, model: model
    end: Callable = lambda logits: logits
    refused: str | dict | Callable | None = None
    no_guided: str | None = None
    no_gradcam: str | None = None
    shape: tuple = bodies.SHAPE
    dtype: str = "float32"
    tolerance: float = 1e-4
    tokens: tuple | None = None

    def refusal(self, library):
        """The regular expression of the message that `library`'s model is refused with, or None."""
        refused = self.refused() if callable(self.refused) else self.refused
        return refused.get(library.__name__) if isinstance(refused, dict) else refused

    def images(self, count=2):
        """float32 [count, H, W, C]."""
        generator = np.random.default_rng(0)
        if self.dtype == "float32":
            return generator.random((count, *self.shape), np.float32)
        return generator.integers(0, 256, (count, *self.shape)).astype(np.float32)


def _smooth(make, name):
    return Kind(bodies.activated(make), "last", no_guided=f"{NO_RELU}{name}$")


def _ending(build, end=tf.nn.softmax, classes=bodies.CLASSES):
    return Kind(build, "last", logits=ends.twin(lambda K: ends.plain(K, classes)), end=end)


def _refused(build, message):
    return Kind(build, refused=message)


KINDS = {
    # architectures
    "functional": Kind(bodies.between(lambda L: []), "last"),
    "sequential": Kind(bodies.sequential, "last"),
    "nested: Rescaling, body, head": Kind(bodies.nested, "last"),
    "nested twice": Kind(bodies.nested_twice, "last"),
    "dense layers only": Kind(bodies.stacked(lambda L: [L.Flatten(), L.Dense(8, activation="relu"), L.Dense(3)]), no_gradcam=NO_MAP),
    "residual": Kind(bodies.residual, "sum1"),
    "Inception block": Kind(bodies.inception, "mixed"),
    "DenseNet block": Kind(bodies.densely_connected, "last"),
    "squeeze and excite": Kind(bodies.squeeze_and_excite, "gated"),
    "U-Net": Kind(bodies.u_net, "last"),
    "depthwise and separable": Kind(bodies.stacked(lambda L: bodies.pooled(L, L.SeparableConv2D(
        6, 3, activation="relu"), L.DepthwiseConv2D(3, activation="relu", name="last"))), "last"),
    "dilated": Kind(bodies.stacked(lambda L: bodies.pooled(L, L.Conv2D(6, 3, dilation_rate=2, activation="relu"), L.Conv2D(
        5, 3, dilation_rate=2, activation="relu", name="last"))), "last"),
    "grouped": Kind(bodies.stacked(lambda L: bodies.pooled(L, L.Conv2D(6, 3, activation="relu"), L.Conv2D(
        6, 3, groups=2), L.ReLU(), L.Conv2D(5, 1, activation="relu", name="last"))), "last"),
    "grouped, the last": Kind(bodies.stacked(lambda L: bodies.pooled(L, L.Conv2D(6, 3, activation="relu"), L.Conv2D(
        6, 3, groups=3, activation="relu", name="last"))), "last"),
    "groups, then dense at every pixel": Kind(bodies.grouped_block, "last"),
    "transposed": Kind(bodies.stacked(lambda L: bodies.pooled(L, L.Conv2D(6, 3, strides=3, activation="relu"), L.Conv2DTranspose(
        5, 2, strides=2, activation="relu", name="last"))), "last"),
    "head of 1 x 1 convolutions": Kind(bodies.stacked(lambda L: [
        L.Conv2D(6, 3, activation="relu", name="last"), L.GlobalAveragePooling2D(keepdims=True), L.Conv2D(8, 1, activation="relu"),
        L.Dropout(.2), L.Conv2D(3, 1), L.Flatten()]), "last"),
    "map of the classes (SqueezeNet)": Kind(bodies.stacked(lambda L: [
        L.Conv2D(6, 3, activation="relu"), L.Conv2D(3, 1, name="last"), L.GlobalAveragePooling2D()]), "last"),
    "GlobalMaxPooling2D": Kind(bodies.stacked(lambda L: [
        L.Conv2D(6, 3), L.Conv2D(5, 3, activation="relu", name="last"), L.GlobalMaxPooling2D(), L.Dense(3)]), "last"),
    "padding, cropping, upsampling": Kind(bodies.stacked(lambda L: [
        L.ZeroPadding2D(2), L.Conv2D(6, 3, activation="relu", name="last"), L.UpSampling2D(2, interpolation="bilinear"), L.Cropping2D(3),
        L.AveragePooling2D(3), L.Flatten(), L.Dense(3)]), "last"),
    "a layer called three times": Kind(bodies.shared, "again"),
    "a nested model called twice": Kind(bodies.siamese, "last"),
    "frozen layers": Kind(bodies.frozen, "last"),
    "1 channel": Kind(bodies.between(lambda L: [], shape=(12, 12, 1)), "last", shape=(12, 12, 1)),
    "4 channels, not square": Kind(bodies.between(lambda L: [], shape=(10, 14, 4)), "last", shape=(10, 14, 4)),
    "channels_first convolutions": Kind(bodies.stacked(lambda L: [
        L.Permute((3, 1, 2)), L.Conv2D(6, 3, activation="relu", data_format="channels_first"), L.Flatten(), L.Dense(3)]),
        refused=bodies.channels_first_refused),
    # normalization
    "BatchNormalization everywhere": Kind(bodies.stacked(lambda L: bodies.pooled(
        L, L.BatchNormalization(), L.Conv2D(6, 3), L.BatchNormalization(), L.ReLU(), L.BatchNormalization(), L.Conv2D(
            5, 3, activation="relu", name="last"), L.MaxPooling2D(2), L.BatchNormalization())), "last"),
    "LayerNormalization": Kind(bodies.between(lambda L: [L.LayerNormalization()]), "last"),
    "GroupNormalization": Kind(bodies.between(lambda L: [L.GroupNormalization(2)]), "last"),
    "UnitNormalization": Kind(bodies.between(lambda L: [L.UnitNormalization()]), "last"),
    "Normalization, adapted": Kind(bodies.adapted, "last"),
    # activations
    "ReLU6": Kind(bodies.activated(lambda L, name: L.ReLU(6., name=name)), "last"),
    "PReLU beside ReLU": Kind(bodies.between(lambda L: [L.PReLU(shared_axes=[1, 2])]), "last"),
    "PReLU": _smooth(lambda L, name: L.PReLU(alpha_initializer="ones", shared_axes=[1, 2], name=name), ".*"),
    "LeakyReLU": _smooth(lambda L, name: L.LeakyReLU(name=name), ".*"),
    "ELU": _smooth(lambda L, name: L.ELU(name=name), "elu"),
    "swish": _smooth(lambda L, name: L.Activation("swish", name=name), "(swish|silu)"),
    "GELU": _smooth(lambda L, name: L.Activation("gelu", name=name), "gelu"),
    "SELU beside ReLU": Kind(bodies.between(lambda L: [L.Activation("selu")]), "last"),
    "hard swish by ReLU6": Kind(bodies.activated(lambda L, name: own_code.hard_swish(L, name)), "last"),
    "ReLU with a threshold": Kind(bodies.between(lambda L: [L.ReLU(threshold=.1)]), "last", no_guided="cannot override the ReLU"),
    # transformers and recurrence
    "self-attention over a map": Kind(bodies.attention_on_a_map, "last"),
    "vision transformer": Kind(bodies.vision_transformer, no_guided=f"{NO_RELU}gelu$", no_gradcam=TOKENS),
    "vision transformer, layer named": Kind(bodies.vision_transformer, "encoded", {"gradcam_layer": "encoded"},
                                            no_guided=f"{NO_RELU}gelu$", tokens=(4, 4)),
    "MLP-Mixer": Kind(bodies.mixer, no_guided=f"{NO_RELU}gelu$", no_gradcam=TOKENS),
    "ConvNeXt block": Kind(bodies.convnext, "sum", no_guided=f"{NO_RELU}gelu$"),
    "LSTM over rows": Kind(bodies.recurrent(lambda L: L.LSTM(6)), "last"),
    "GRU over rows": Kind(bodies.recurrent(lambda L: L.GRU(6)), "last"),
    "SimpleRNN of ReLUs": Kind(bodies.recurrent(lambda L: L.SimpleRNN(6, activation="relu")), "last",
                               no_guided="cannot reach the ReLU inside the tf.function or control flow"),
    "Bidirectional LSTM": Kind(bodies.recurrent(lambda L: L.Bidirectional(L.LSTM(4))), "last"),
    "ConvLSTM2D": Kind(bodies.conv_lstm, no_guided=NO_RELU, no_gradcam="holds a convolution"),
    "TimeDistributed convolutions": Kind(bodies.over_patches, no_gradcam="sees an image in parts, one by one"),
    # precision
    "mixed_float16": Kind(bodies.of_policy("mixed_float16"), "last", tolerance=.05),
    "mixed_bfloat16": Kind(bodies.of_policy("mixed_bfloat16"), "last", tolerance=.1),
    "bfloat16": Kind(bodies.of_policy("bfloat16"), "last", tolerance=.1),
    "float64": Kind(bodies.of_policy("float64"), "last"),
    # code of the user
    "functions in the place of layers": Kind(own_code.functions, "read"),
    "Lambda layers": Kind(own_code.lambdas, "last"),
    "own layers with weights": Kind(own_code.own_weights, "last"),
    "own layers that hold layers": Kind(own_code.holding, "last"),
    "subclassed": Kind(own_code.subclassed, "last"),
    "subclassed around a functional model": Kind(own_code.subclassed_of_models, "last"),
    "ReLU by tf.where": Kind(own_code.calling(lambda x: tf.where(x > 0, x, 0.)), "last", no_guided="cannot override the ReLU"),
    "ReLU inside a tf.function": Kind(own_code.calling(tf.function(tf.nn.relu)), "last", no_guided="cannot reach the ReLU"),
    "CReLU by tf.concat": Kind(own_code.crelu, "last"),
    # ends
    "softmax of a Dense": _ending(ends.dense("softmax")),
    "softmax by Activation": _ending(ends.ending(lambda K, x: K.layers.Activation("softmax")(x))),
    "softmax by Softmax": _ending(ends.ending(lambda K, x: K.layers.Softmax()(x))),
    "softmax by a function": _ending(ends.ending(ends.by_function)),
    "softmax in a nested model": Kind(ends.nested, "last", logits=ends.nested_logits, end=tf.nn.softmax),
    "log-softmax": _ending(ends.ending(lambda K, x: K.layers.Activation("log_softmax")(x)), tf.nn.log_softmax),
    "sigmoid of several labels": _ending(ends.dense("sigmoid"), tf.sigmoid),
    "one sigmoid": Kind(ends.dense("sigmoid", 1), "last", logits=ends.two_classes, end=lambda logits: tf.sigmoid(logits[:, 1:])),
    "several outputs, one named": Kind(ends.several_outputs, "last", {"output": "second"}, logits=ends.second_output),
    "several outputs, none named": _refused(ends.several_outputs, "output"),
    "average of softmaxes": _refused(ends.averaged, PROBABILITIES),
    "softmax, then clipped": _refused(ends.clipped, PROBABILITIES),
    # inputs
    "several inputs": _refused(ends.several_inputs, "takes several inputs|takes 2 inputs"),
    "a dict of one input": Kind(ends.from_dict, "last", logits=ends.twin(ends.plain)),
    "uint8 images": Kind(ends.of_integers("uint8"), "last", logits=ends.twin(ends.of_integers("float32")), dtype="uint8"),
    "int32 images": Kind(ends.of_integers("int32"), "last", logits=ends.twin(ends.of_integers("float32")), dtype="int32"),
    "images of any size": Kind(ends.of_any_size, "last", {"image_size": (12, 12)}),
    "images of any size, none given": _refused(ends.of_any_size, "image_size"),
    "images rounded inside": _refused(ends.rounded, "no gradient reaches the image .*(Rint|Round)"),
    # what is random
    "augmentation inside": Kind(bodies.stacked(lambda L: [
        L.RandomFlip(), L.RandomRotation(.1), *bodies.pooled(L, L.Conv2D(6, 3, activation="relu", name="last"), L.Dropout(.5))]), "last"),
    "Dropout called in training": Kind(own_code.dropped_in_training, "last", refused={"tf_keras": "draws at random when it is called"}),
    "Dropout that is always on": _refused(own_code.always_on, "draws at random when it is called|changes its own variables"),
}
