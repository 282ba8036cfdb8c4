"""Backward passes: the gradient of the explained logit, traced for one classifier.

Logits are explained, never probabilities. Gradients are taken with `tf.gradients` inside the trace, so that an override
of the ReLU's gradient acts on the same layers and the same variables, with nothing cloned. What bounds a pass: one
forward and one backward pass of the model per row. Rows are independent: results do not depend on batches.
"""

from sanity_checks import lazy

tf = lazy.module("tensorflow")


def signature(classifier):
    """Input signature of a pass: images float32 [B, H, W, C] and the class of each, int32 [B]."""
    return [tf.TensorSpec((None, *classifier.image_shape), tf.float32), tf.TensorSpec((None,), tf.int32)]


def explained_logits(classifier, images, classes):
    """Logit of each row's class: float32 [B]."""
    return chosen(tf.cast(classifier.model(images, training=False), tf.float32), classes)


def chosen(logits, classes):
    """Logit of each row's class: float32 [B], of all logits [B, classes]."""
    return tf.gather(logits, classes, axis=1, batch_dims=1)


def gradients(explained, inputs):
    """Gradient of the sum of `explained` by `inputs`; ValueError where it does not depend on them at all."""
    found = tf.gradients(explained, inputs)[0]
    if found is None:
        raise ValueError("the explained logit does not depend on the image, or only through steps without a gradient")
    return found
