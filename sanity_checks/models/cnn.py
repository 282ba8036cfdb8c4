"""The paper's convolutional network for MNIST and Fashion-MNIST (Adebayo et al. 2018, appendix)."""

import tf_keras

INITIAL_STDDEV = 0.1        # of the truncated normal that every kernel starts from
INITIAL_BIAS = 0.1
L2 = 0.001                  # loss term: L2 * sum(w**2) / 2, over the kernels of conv1, conv2 and fc1
GRADCAM_LAYER = "conv2"     # after its ReLU, before pooling


def build(input_shape=(28, 28, 1), num_classes=10):
    """Returns the untrained network, ending in logits.

    conv 5x5x32 relu, max pool 2, conv 5x5x64 relu, max pool 2, dense 1024 relu, dense 10; SAME padding.

    Args:
        input_shape: (H, W, C) of images in [0, 1].
        num_classes: int.
    """
    layers = tf_keras.layers
    return tf_keras.Sequential([
        layers.InputLayer(input_shape, name="image"),
        layers.Conv2D(32, 5, padding="same", name="conv1", **_hidden()),
        layers.MaxPool2D(2, name="pool1"),
        layers.Conv2D(64, 5, padding="same", name="conv2", **_hidden()),
        layers.MaxPool2D(2, name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(1024, name="fc1", **_hidden()),
        layers.Dense(num_classes, name="softmax_linear", **_start()),
    ], name="cnn")


def _start():
    return dict(kernel_initializer=tf_keras.initializers.TruncatedNormal(stddev=INITIAL_STDDEV),
                bias_initializer=tf_keras.initializers.Constant(INITIAL_BIAS))


def _hidden():
    return dict(_start(), activation="relu", kernel_regularizer=tf_keras.regularizers.L2(L2 / 2))
