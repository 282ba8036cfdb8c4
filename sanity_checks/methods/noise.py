"""The noise of noisy copies: a stream per image, of which any range of samples can be drawn. About 10 ns a value."""

import numpy as np

from sanity_checks import lazy

tf = lazy.module("tensorflow")

PHILOX = 1                 # the algorithm number of TensorFlow's stateless generators
PHILOX_VALUES = 4          # normal values made from one step of the Philox counter


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


def antithetic(keys, first_sample, num_samples, image_shape):
    """Standard normal noise like that of `normal` in pairs z, -z: sample 2 s and 2 s + 1 are those of z, sample s of `normal`.

    Args:
        keys, image_shape: as of `normal`.
        first_sample, num_samples: int, even.
    """
    drawn = normal(keys, first_sample // 2, num_samples // 2, image_shape)
    return tf.reshape(tf.stack([drawn, -drawn], axis=2), tf.concat([[-1, num_samples], image_shape], 0))


def noisy_copies(image, samples, noise, noise_key, draw=normal):
    """The noisy copies of one image that the batched path explains: float32 [samples, H, W, C].

    Args:
        image: float [H, W, C].
        samples: int.
        noise: standard deviation, as a fraction of the image's max - min.
        noise_key: int, one of `base.noise_keys`.
        draw: `normal`, or `antithetic`.
    """
    image = np.asarray(image, np.float32)
    spread = noise * (image.max() - image.min())
    keys = np.array([noise_key], np.uint64)
    return image + spread * draw(keys, 0, samples, image.shape)[0].numpy()
