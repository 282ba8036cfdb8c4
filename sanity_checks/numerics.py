"""In which precision TensorFlow multiplies matrices and convolves, where a device has a choice.

From NVIDIA's Ampere on TensorFlow takes TensorFloat-32 for float32 unless it is told otherwise: 10 bits of mantissa, which changes the
maps of deep networks. Here it is off until it is asked for.
"""

from sanity_checks import lazy
from sanity_checks import registry

tf = lazy.module("tensorflow")

FLOAT32, TENSORFLOAT32 = "float32", "tensorfloat32"
PRECISIONS = {FLOAT32: False, TENSORFLOAT32: True}


def use(precision=FLOAT32):
    """Sets the precision of this process; ValueError for an unknown one."""
    tf.config.experimental.enable_tensor_float_32_execution(registry.lookup(PRECISIONS, precision, "precision"))


def present():
    """The precision of this process: a name in `PRECISIONS`."""
    return TENSORFLOAT32 if tf.config.experimental.tensor_float_32_execution_enabled() else FLOAT32
