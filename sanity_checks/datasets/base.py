"""What a data set is: up to three splits of images that stay small, or on disk, until they are asked for."""

import dataclasses
import hashlib
import json

import numpy as np

LARGEST_LABEL = 999_999     # more classes than any classifier has: a larger number is no class


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A data set.

    Attributes:
        name: str, its name in the registry.
        source: str, where it was read from.
        sha256: str, checksum of what was read.
        train, validation: splits, or None.
        test: the split that is explained.
        image_shape: (H, W, C).
        input_range: (lowest, highest) value an image can have: floats, or tuples of C floats where channels differ.
        class_names: tuple of str, or None.
        skipped: tuple of str, files that could not be read and were left out.
        bgr: whether the images' channels are blue, green, red; figures show them the other way round.
    """
    name: str
    source: str
    sha256: str
    train: object
    validation: object
    test: object
    image_shape: tuple
    input_range: tuple = (0., 1.)
    class_names: tuple = None
    skipped: tuple = ()
    bgr: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class PixelSplit:
    """A split kept as bytes; `split[a:b]` or `split[indices]` gives float32 [n, H, W, C] in [0, 1].

    Attributes:
        pixels: uint8 [N, H, W, C].
        labels: int64 [N].
        ids: tuple of N str, unique.
    """
    pixels: np.ndarray
    labels: np.ndarray
    ids: tuple

    def __len__(self):
        return len(self.pixels)

    def content(self, count):
        """What the first `count` images are made of, for checksums: list of bytes-like."""
        return _described(self.pixels[:count])

    def __getitem__(self, index):
        return self.pixels[index].astype(np.float32) / np.float32(255)


@dataclasses.dataclass(frozen=True, eq=False)
class ArraySplit:
    """A split that is an array already: images float32 [N, H, W, C], labels int64 [N] or None, ids tuple of str."""
    images: np.ndarray
    labels: np.ndarray
    ids: tuple

    def __len__(self):
        return len(self.images)

    def content(self, count):
        """As of `PixelSplit`."""
        return _described(self.images[:count])

    def __getitem__(self, index):
        return self.images[index]


def content_sha256(array):
    """sha256 of an array's values."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def sha256(split, count=None):
    """Checksum of a split's first images: of their ids, contents and labels, in order.

    Args:
        split: `PixelSplit`, `ArraySplit`, `sanity_checks.datasets.image_folder.FileSplit`, or any split whose `content`
            says what its images are made of.
        count: int, how many images; default all.

    Returns:
        str, 64 hexadecimal digits.
    """
    count = len(split) if count is None else count
    labels = None if split.labels is None else class_labels(split.labels, len(split))[:count].tolist()
    digest = hashlib.sha256(json.dumps([list(split.ids[:count]), labels]).encode())
    for part in split.content(count):
        digest.update(part)
    return digest.hexdigest()


def class_labels(values, count):
    """Labels as class numbers.

    Args:
        values: int [N] or [N, 1]; also floats that are whole numbers.
        count: int, N.

    Returns:
        int64 [N].

    Raises:
        ValueError: one-hot rows, fractions, numbers beyond `LARGEST_LABEL`, or another number of labels.
    """
    expected = f"labels: expected {count} class numbers, found"
    try:
        labels = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{expected} a {type(values).__name__} of lists of several lengths") from error
    if labels.ndim == 2 and labels.shape[1] > 1 and len(labels) == count:
        raise ValueError(f"{expected} one-hot of shape {labels.shape}; give labels.argmax(axis=1)")
    if labels.shape not in ((count,), (count, 1)):
        raise ValueError(f"{expected} shape {labels.shape}")
    if labels.dtype.kind not in "iuf":
        raise ValueError(f"{expected} values of type {labels.dtype}")
    labels = labels.reshape(count)
    fractional = ~(np.isfinite(labels) & (labels == np.floor(labels)))
    if fractional.any():
        raise ValueError(f"{expected} {labels[fractional][0]}, which is no whole number")
    largest = labels[np.abs(labels.astype(np.float64)).argmax()]
    if abs(float(largest)) > LARGEST_LABEL:
        raise ValueError(f"{expected} {largest}, which is above {LARGEST_LABEL}")
    return labels.astype(np.int64)


def _described(array):
    """An array's dtype and shape, then its values: list of bytes-like."""
    return [f"{array.dtype.str} {array.shape}".encode(), np.ascontiguousarray(array)]
