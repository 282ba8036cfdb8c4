"""The forward and backward passes of a classifier, each traced once and then used for every weight state.

The functions read the model's variables where they are, so assigning new weights needs no new trace. Logits are
explained, never probabilities. Gradients are taken with `tf.gradients` inside the trace, so that an override of
the ReLU's gradient (Guided Backprop) acts on the same layers and the same variables, with nothing cloned.

What bounds them: one forward and one backward pass of the model per row. Noise costs about 10 ns a value.
"""

import contextlib

import numpy as np
import tensorflow as tf

from sanity_checks.keras2 import guided_relu

PHILOX = 1                 # the algorithm number of TensorFlow's stateless generators
PHILOX_VALUES = 4          # normal values made from one step of the Philox counter


class Passes:
    """The traced passes of one classifier. Rows are independent: results do not depend on how they are batched."""

    def __init__(self, classifier):
        """Args: classifier: `sanity_checks.models.classifier.Classifier`."""
        self._model = classifier.model
        self._features = classifier.features
        images = tf.TensorSpec((None,) + classifier.image_shape, tf.float32)
        classes = tf.TensorSpec((None,), tf.int32)
        keys = tf.TensorSpec((None,), tf.uint64)
        count = tf.TensorSpec((), tf.int32)
        self.logits = tf.function(self._logits, [images])
        self.gradient = tf.function(self._gradient, [images, classes])
        self.guided_gradient = tf.function(self._guided_gradient, [images, classes])
        self.feature_gradient = tf.function(self._feature_gradient, [images, classes])
        self.noisy_path = tf.function(self._noisy_path, [
            images, classes, keys, count, count, tf.TensorSpec((None,), tf.float64),
            tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.float32)])

    def traces(self):
        """dict, name of a pass -> how often it has been traced."""
        return {name: function.experimental_get_tracing_count()
                for name, function in vars(self).items() if hasattr(function, "experimental_get_tracing_count")}

    def _logits(self, images):
        """Logits float32 [B, classes] of images [B, H, W, C]."""
        return self._model(images, training=False)

    def _gradient(self, images, classes):
        """Logit of each row's class [B], and its gradient by the image [B, H, W, C]."""
        explained = _explained(self._model(images, training=False), classes)
        return explained, _gradients(explained, images)

    def _guided_gradient(self, images, classes):
        """The same with the guided ReLU: gradient * 1{gradient > 0} * 1{output > 0} at every ReLU."""
        with guided_relu.overridden(self._model):
            return self._gradient(images, classes)

    def _feature_gradient(self, images, classes):
        """GradCAM's ingredients: feature map [B, h, w, K] and the logit's gradient by it [B, h, w, K]."""
        with _recorded(self._features._keras_history.layer) as outputs:
            explained = _explained(self._model(images, training=False), classes)
        return outputs[-1], _gradients(explained, outputs[-1])

    def _noisy_path(self, images, classes, keys, first_sample, num_samples, alphas, noise, baseline):
        """Sums of gradients over noisy copies of the images and over points on the way from a baseline to them.

        Args:
            images: float32 [B, H, W, C].
            classes: int32 [B].
            keys: uint64 [B], the noise stream of each image.
            first_sample, num_samples: int32, the samples [first, first + num) of each stream.
            alphas: float64 [K], the path's points: baseline + alpha * (noisy image - baseline), in double precision
                as PAIR computes them: a ReLU at its kink would tell the difference.
            noise: float32, standard deviation of the noise as a fraction of the image's own max - min.
            baseline: float32, the value of every entry of the baseline image.

        Returns:
            Two float32 [B, H, W, C]: mean and summed squared deviation, over the samples, of each sample's summed
            gradient sum_k d logit / d x at alpha_k; and a third, the sum over samples of that times
            (noisy image - baseline).
        """
        shape = tf.shape(images)
        # [B, S, H, W, C]
        spread = tf.reduce_max(images, axis=(1, 2, 3)) - tf.reduce_min(images, axis=(1, 2, 3))
        noisy = tf.reshape(images, [shape[0], 1, shape[1], shape[2], shape[3]]) + (
            tf.reshape(noise * spread, [-1, 1, 1, 1, 1]) * normal(keys, first_sample, num_samples, images.shape[1:]))
        difference = noisy - baseline
        # [B, S, K, H, W, C] -> rows [B * S * K, H, W, C]
        path = tf.reshape(alphas, [-1, 1, 1, 1]) * tf.cast(difference[:, :, None], tf.float64)
        path = tf.cast(tf.cast(baseline, tf.float64) + path, tf.float32)
        rows = tf.reshape(path, tf.concat([[-1], shape[1:]], 0))
        _, gradients = self._gradient(rows, tf.repeat(classes, num_samples * tf.size(alphas)))
        summed = tf.reduce_sum(tf.reshape(gradients, tf.shape(path)), axis=2)
        mean = tf.reduce_mean(summed, axis=1)
        squares = tf.reduce_sum(tf.square(summed - mean[:, None]), axis=1)
        return mean, squares, tf.reduce_sum(summed * difference, axis=1)


@contextlib.contextmanager
def _recorded(layer):
    """While a model is called: yields the list of the outputs of one of its layers, at any depth of nested models."""
    outputs, call, own = [], layer.call, "call" in vars(layer)

    def recording_call(*arguments, **keywords):
        outputs.append(call(*arguments, **keywords))
        return outputs[-1]

    layer.call = recording_call
    try:
        yield outputs
    finally:
        if own:
            layer.call = call
        else:
            del layer.call


def _explained(logits, classes):
    return tf.gather(logits, classes, axis=1, batch_dims=1)


def _gradients(explained, inputs):
    """Gradient of the sum, zero where the output does not depend on the input at all."""
    return tf.gradients(explained, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)[0]


def normal(keys, first_sample, num_samples, image_shape):
    """Standard normal noise [B, S, H, W, C]: sample s of a stream is the same however samples are cut into calls.

    Args:
        keys: uint64 [B].
        first_sample, num_samples: int.
        image_shape: (H, W, C).

    A sample owns a fixed range of its stream's Philox counters, so any range of samples is one call per image.
    """
    size = int(np.prod(image_shape))
    steps = -(-size // PHILOX_VALUES)
    counter = tf.stack([tf.cast(first_sample, tf.uint64) * tf.constant(steps, tf.uint64), tf.zeros((), tf.uint64)])

    def samples_of(key):
        return tf.raw_ops.StatelessRandomNormalV2(
            shape=[num_samples, steps * PHILOX_VALUES], key=key[None], counter=counter, alg=PHILOX)

    values = tf.map_fn(samples_of, keys, fn_output_signature=tf.TensorSpec((None, steps * PHILOX_VALUES), tf.float32))
    return tf.reshape(values[:, :, :size], tf.concat([[-1, num_samples], image_shape], 0))
