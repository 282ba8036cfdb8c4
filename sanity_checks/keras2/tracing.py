"""What a traced pass needs of the inside of a tf_keras model: the guided ReLU, and a layer's output on the way."""

import contextlib

from sanity_checks.keras2 import guided_relu

guided_relus = guided_relu.overridden


@contextlib.contextmanager
def recorded_output(features):
    """While a model is called: records the output of the layer that makes `features`, at any depth of nested models.

    Args:
        features: symbolic tensor of the model or of a model nested in it.

    Yields:
        list, to which each call of the layer adds its output.
    """
    layer = features._keras_history.layer
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
