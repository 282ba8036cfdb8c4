"""Images that are arrays already: an .npz file with the arrays images, labels and ids, or an .npy file of images."""

import dataclasses
import os
import zipfile
import zlib

from absl import logging
import numpy as np

from sanity_checks import messages
from sanity_checks import pixels
from sanity_checks.datasets import base
from sanity_checks.datasets import preprocessing

ENDINGS = (".npz", ".npy")
NAMES = ("images", "labels", "ids")
# What NumPy raises on files that are damaged, of another kind, or whose header asks for more memory than there is.
ERRORS = (ValueError, TypeError, KeyError, EOFError, OSError, MemoryError, OverflowError, SyntaxError, UnicodeError,
          NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclasses.dataclass(frozen=True, eq=False)
class ByteSplit(base.PixelSplit):
    """Images kept as bytes; `split[a:b]` or `split[indices]` gives float32 [n, H, W, C], made by `preprocess`."""
    preprocess: str = "raw"

    def content(self, count):
        """As of `base.PixelSplit`."""
        return [self.preprocess.encode(), *super().content(count)]

    def __getitem__(self, index):
        return preprocessing.find(self.preprocess).function(self.pixels[index]).astype(np.float32)


def load(data_dir=None, images=None, preprocess=None):
    """Loads arrays; there is only a test split.

    Args:
        data_dir: not used by this data set.
        images: str or path of an .npz file with images [N, H, W, C] or [N, H, W] (one channel), of type uint8 or
            float, and, if there are any, labels: N class numbers, and ids: N distinct names or whole numbers; or of an
            .npy file of images.
        preprocess: how uint8 images become inputs, see `preprocessing.find`. By default values are taken as they
            are, which floats always are.

    Raises:
        ValueError: another file, or arrays that are no such images, labels or ids; the message names file and array.
        FileNotFoundError: `images` does not exist.
    """
    if data_dir:
        raise ValueError(f"data_dir: arrays are given as images, got data_dir {data_dir}")
    if not images:
        raise ValueError("images: expected an .npz or .npy file of arrays, got nothing")
    path = os.path.expanduser(os.fspath(images))
    found = _read(path)
    values = _images(path, found["images"])
    labels = _labels(path, found["labels"], len(values)) if "labels" in found else None
    ids = _ids(path, found["ids"], len(values)) if "ids" in found else tuple(map(str, range(len(values))))
    split, way = _split(path, values, labels, ids, preprocess)
    return base.Dataset(
        name="arrays", source=path, sha256=base.sha256(split), train=None, validation=None, test=split,
        image_shape=values.shape[1:], input_range=way.input_range if way else pixels.value_range(split.images),
        bgr=way.bgr if way else False)


def is_file_of_arrays(images):
    """Whether a path, str, is called as a file of arrays is, and is no folder."""
    return images.lower().endswith(ENDINGS) and not os.path.isdir(os.path.expanduser(images))


def _split(path, values, labels, ids, preprocess):
    """(the split, the `Preprocessing` of bytes or None)."""
    if values.dtype == np.uint8:
        preprocess = preprocess or "raw"
        return ByteSplit(values, labels, ids, preprocess), preprocessing.find(preprocess, values.shape[-1])
    if preprocess:
        raise ValueError(f"preprocess: expected uint8 images to be made into inputs by {preprocess}, found "
                         f"{values.dtype} in {path}, which is taken as it is")
    return base.ArraySplit(pixels.as_float32(values, f"images: {path}, array images"), labels, ids), None


def _read(path):
    """The arrays of a file that have a meaning here: dict, name -> array."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"images: no such file: {path}")
    if not os.path.isfile(path):
        raise ValueError(f"images: {path} is no file")
    try:
        stored = np.load(path, allow_pickle=False)
    except ERRORS as error:
        raise ValueError(f"images: {path} is not an .npz or .npy file of arrays, or damaged: "
                         f"{messages.one_line(error)}") from error
    if isinstance(stored, np.ndarray):
        return {"images": stored}
    with stored:
        if "images" not in stored.files:
            raise ValueError(f"images: {path}: expected an array images, found "
                             f"{messages.one_line(', '.join(stored.files)) if stored.files else 'none'}")
        for name in sorted(set(stored.files) - set(NAMES)):
            logging.warning("%s: the array %s has no meaning here; known are %s", path, name, ", ".join(NAMES))
        return {name: _array(path, stored, name) for name in NAMES if name in stored.files}


def _array(path, stored, name):
    try:
        array = stored[name]
    except ERRORS as error:
        raise ValueError(f"images: {path}, array {name} cannot be read: {messages.one_line(error)}") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"images: {path}, array {name}: expected an array, found a file that is none")
    return array


def _images(path, array):
    """uint8 or float [N, H, W, C]."""
    where = f"images: {path}, array images"
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise ValueError(f"{where}: expected uint8 or float values, found {array.dtype}")
    if array.ndim not in (3, 4) or not array.size:
        raise ValueError(f"{where}: expected shape [N, H, W, C] or [N, H, W], none of them 0, "
                         f"found {list(array.shape)}")
    return array if array.ndim == 4 else array[..., np.newaxis]


def _labels(path, array, count):
    try:
        return base.class_labels(array, count)
    except ValueError as error:
        raise ValueError(f"images: {path}, array {error}") from error


def _ids(path, array, count):
    """N distinct names: tuple of str."""
    where = f"images: {path}, array ids: expected {count} distinct names, found"
    if array.shape != (count,):
        raise ValueError(f"{where} shape {array.shape}")
    if array.dtype.kind not in "USiu":
        raise ValueError(f"{where} values of type {array.dtype}")
    try:
        ids = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in array.tolist())
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} bytes that are no UTF-8") from error
    if len(set(ids)) < count:
        twice = next(name for name in ids if ids.count(name) > 1)
        raise ValueError(f"{where} {twice!r} twice")
    return ids
