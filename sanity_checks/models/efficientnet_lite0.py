"""EfficientNet-Lite0 (Tan & Le 2019; the variant for edge devices): ReLU6 and no squeeze-and-excite.

A convolution, 16 blocks (expansion, depthwise convolution, projection; a sum where a block keeps its shape), a convolution, average
pooling and the dense logits. Images are RGB, (pixel - 127) / 128 (preprocess "efficientnet_lite").
"""

import dataclasses

import tf_keras

from sanity_checks.models import recognition

# (blocks, side of the depthwise kernel, stride of the first block, expansion, channels out)
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
EPSILON = 1e-3                  # of the batch normalizations
NUM_BLOCKS = sum(stage[0] for stage in STAGES)
STEM, HEAD, LOGITS = "stem", "head", "logits"
BLOCKS = (LOGITS, HEAD, *(f"block {number}" for number in reversed(range(NUM_BLOCKS))), STEM)      # top to bottom

# What EfficientNet's kernels are drawn from: a normal of variance 2 / fan out, and a uniform of +- 1 / sqrt(classes).
KERNELS = dict(scale=2., mode="fan_out", distribution="untruncated_normal")
DENSE = dict(scale=1 / 3, mode="fan_out", distribution="uniform")


@dataclasses.dataclass(frozen=True)
class Part:
    """A layer with weights, in the order of the forward pass.

    Attributes:
        block: str, the block of `BLOCKS` that it belongs to.
        name: str, its name in the block: stem, expand, depthwise, project, head or logits, and those with "_bn".
        shape: of its kernel; () for a batch normalization.
    """
    block: str
    name: str
    shape: tuple

    @property
    def layer(self):
        """Name of the layer: "block3_expand"."""
        return self.name if self.name.split("_")[0] in BLOCKS else f"{self.block.replace(' ', '')}_{self.name}"


def parts(classes=1000):
    """All layers with weights, bottom to top: list of `Part`."""
    found, channels, number = _with_norm(STEM, "stem", (3, 3, 3, STEM_CHANNELS)), STEM_CHANNELS, 0
    for repeats, side, _, expansion, out in STAGES:
        for _ in range(repeats):
            block, inner = f"block {number}", channels * expansion
            if expansion > 1:
                found += _with_norm(block, "expand", (1, 1, channels, inner))
            found += _with_norm(block, "depthwise", (side, side, inner, 1)) + _with_norm(block, "project", (1, 1, inner, out))
            channels, number = out, number + 1
    return [*found, *_with_norm(HEAD, "head", (1, 1, channels, HEAD_CHANNELS)), Part(LOGITS, "logits", (HEAD_CHANNELS, classes))]


def _with_norm(block, name, shape):
    return [Part(block, name, shape), Part(block, name + "_bn", ())]


def build(input_shape=(224, 224, 3), num_classes=1000):
    """Returns the untrained network, ending in logits.

    Args:
        input_shape: (H, W, 3), at least 32 x 32.
        num_classes: int.
    """
    images = tf_keras.Input(tuple(input_shape), name="image")
    network, number = _Builder(), 0
    hidden = network.convolution(images, STEM, "stem", STEM_CHANNELS, 3, 2)
    for repeats, side, stride, expansion, out in STAGES:
        for repeat in range(repeats):
            hidden = _block(network, hidden, f"block {number}", side, 1 if repeat else stride, expansion, out)
            number += 1
    hidden = network.convolution(hidden, HEAD, "head", HEAD_CHANNELS, 1)
    pooled = tf_keras.layers.GlobalAveragePooling2D(name="pool")(hidden)
    dense = tf_keras.layers.Dense(num_classes, kernel_initializer=tf_keras.initializers.VarianceScaling(**DENSE), name="logits")
    return tf_keras.Model(images, dense(pooled), name="efficientnet_lite0")


def _block(network, hidden, block, side, stride, expansion, out):
    before = hidden
    if expansion > 1:
        hidden = network.convolution(hidden, block, "expand", hidden.shape[-1] * expansion, 1)
    hidden = network.depthwise(hidden, block, side, stride)
    hidden = network.convolution(hidden, block, "project", out, 1, activation=False)
    if stride > 1 or before.shape[-1] != out:
        return hidden
    return tf_keras.layers.Add(name=Part(block, "add", ()).layer)([before, hidden])


class _Builder:
    """Convolutions with batch normalization and ReLU6, named like their `Part`."""

    def convolution(self, hidden, block, name, channels, side, stride=1, activation=True):
        layer = tf_keras.layers.Conv2D(channels, side, stride, "same", use_bias=False, name=Part(block, name, ()).layer,
                                       kernel_initializer=tf_keras.initializers.VarianceScaling(**KERNELS))
        return self._normalized(layer(hidden), block, name, activation)

    def depthwise(self, hidden, block, side, stride):
        layer = tf_keras.layers.DepthwiseConv2D(side, stride, "same", use_bias=False, name=Part(block, "depthwise", ()).layer,
                                                depthwise_initializer=tf_keras.initializers.VarianceScaling(**KERNELS))
        return self._normalized(layer(hidden), block, "depthwise", True)

    def _normalized(self, hidden, block, name, activation):
        hidden = tf_keras.layers.BatchNormalization(epsilon=EPSILON, name=Part(block, name + "_bn", ()).layer)(hidden)
        return tf_keras.layers.ReLU(6., name=Part(block, name + "_relu6", ()).layer)(hidden) if activation else hidden


def recognize(keras, model):
    """What the tests need to know of a model of this architecture, whatever its layers are called and its classes are.

    Args:
        keras: the package that knows the model's inside, `sanity_checks.keras2` or `keras3`.
        model: Keras model that ends in logits.

    Returns:
        `recognition.Recognized`; None for any other model.
    """
    layers = [(layer, variables) for layer, variables in keras.leaf_layers(model) if variables]
    expected = parts(int(model.output_shape[-1]))
    if len(layers) != len(expected) or any(_kernel_shape(variables) != part.shape
                                           for (_, variables), part in zip(layers, expected)):
        return None
    blocks = dict.fromkeys(BLOCKS, ())
    for (_, variables), part in zip(layers, expected):
        blocks[part.block] += tuple(variables)
    return recognition.Recognized(blocks, keras.initializers(model))


def _kernel_shape(variables):
    return next((tuple(variable.shape) for variable in variables if len(variable.shape) > 1), ())
