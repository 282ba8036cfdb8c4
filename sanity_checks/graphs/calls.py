"""Which layer makes which tensors of a graph: told by the layers themselves while a model is called."""

import contextlib
import dataclasses
import threading

import tensorflow as tf

_PATCHED = threading.RLock()


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """A call of a layer while a model was traced.

    Attributes:
        layer: the Keras layer.
        path: str, its name, after those of the layers and models that called it: "body/block/conv".
        outputs: list of tf.Tensor, what the call returned.
        first, last: the operations that the call added to the graph have positions first to last - 1 in it.
    """
    layer: object
    path: str
    outputs: list
    first: int
    last: int

    def holds(self, position):
        """Whether the operation at a position in the graph was added by this call."""
        return self.first <= position < self.last


@contextlib.contextmanager
def recorded(layer_class):
    """While a model is traced in this thread: records every call of a layer, whatever nests it.

    Args:
        layer_class: the class of all layers of a Keras.

    Yields:
        list of `Call`, in the order in which the calls ended: an inner layer's stands before its outer one's.
    """
    _PATCHED.acquire()      # by one thread at a time, or one would put back what another has put there
    found, names, thread, call = [], [], threading.get_ident(), layer_class.__call__

    def recording_call(layer, *arguments, **keywords):
        if threading.get_ident() != thread:
            return call(layer, *arguments, **keywords)
        names.append(layer.name)
        first = _count()
        try:
            outputs = call(layer, *arguments, **keywords)
        finally:
            path = "/".join(names)
            names.pop()
        tensors = [tensor for tensor in tf.nest.flatten(outputs) if isinstance(tensor, tf.Tensor)]
        found.append(Call(layer, path, tensors, first, _count()))
        return outputs

    layer_class.__call__ = recording_call
    try:
        yield found
    finally:
        layer_class.__call__ = call
        _PATCHED.release()


def _count():
    return len(tf.compat.v1.get_default_graph().get_operations())
