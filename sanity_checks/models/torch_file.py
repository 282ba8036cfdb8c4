"""Tensors of a file of PyTorch in its format of before version 1.6, read without PyTorch.

The file is a sequence of pickles (a magic number, a protocol, facts of the system, the tensors' forms, the names of the storages)
and then the storages, each a count and the values. A pickle can run code: these may only describe tensors.
"""

import collections
import dataclasses
import pickle
import struct

import numpy as np

from sanity_checks import messages

MAGIC = 0x1950a86a20f9469cfc6c          # of torch.save
TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4"}
REBUILDERS = ("_rebuild_tensor", "_rebuild_tensor_v2")


def read(path):
    """Reads a dict of tensors, a `state_dict`.

    Args:
        path: str.

    Returns:
        dict, name -> NumPy array of the tensor's shape and type.

    Raises:
        ValueError: the file is of another kind or damaged, or names anything but tensors.
    """
    try:
        with open(path, "rb") as stream:
            return _read(stream)
    except (pickle.UnpicklingError, struct.error, ValueError, KeyError, TypeError, AttributeError, EOFError, IndexError,
            MemoryError, OverflowError, ImportError) as error:
        raise ValueError(f"weights: {path} is not a file of tensors of PyTorch (format of before 1.6): "
                         f"{messages.one_line(error)}") from error


def _read(stream):
    magic, _, _ = (_Tensors(stream).load() for _ in range(3))
    if magic != MAGIC:
        raise ValueError("it does not begin with PyTorch's number")
    tensors, keys = _Tensors(stream).load(), _Tensors(stream).load()
    types = {tensor.storage: tensor.type for tensor in tensors.values()}
    storages = {key: _storage(stream, types[key]) for key in keys}
    return {str(name): tensor.array(storages[tensor.storage]) for name, tensor in tensors.items()}


def _storage(stream, kind):
    dtype = np.dtype(TYPES[kind])
    count, = struct.unpack("<q", stream.read(8))
    content = stream.read(max(count, 0) * dtype.itemsize)
    if count < 0 or len(content) != count * dtype.itemsize:
        raise ValueError("it ends within a tensor")
    return np.frombuffer(content, dtype)


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """The form of a tensor: the type and key of its storage, the first value there, its shape, and steps in values along its axes."""
    type: str
    storage: str
    offset: int
    size: tuple
    stride: tuple

    def array(self, storage):
        last = self.offset + sum((side - 1) * step for side, step in zip(self.size, self.stride))
        if min((self.offset, *self.size, *self.stride), default=0) < 0 or last >= len(storage):
            raise ValueError("a tensor reaches beyond its values")
        strides = [step * storage.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(storage[self.offset:], self.size, strides, writeable=False).copy()


class _Tensors(pickle.Unpickler):
    """Unpickles numbers, names and the forms of tensors; refuses all else."""

    def find_class(self, module, name):
        if module == "torch" and name in TYPES:
            return name
        if module == "torch._utils" and name in REBUILDERS:
            return lambda storage, offset, size, stride, *rest: _Tensor(*storage, offset, tuple(size), tuple(stride))
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, saved):
        _, kind, key, *_ = saved
        return kind, key
