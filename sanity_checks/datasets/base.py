"""What a data set is: up to three splits of images that stay small, or on disk, until they are asked for."""

import dataclasses
import hashlib

import numpy as np


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
        input_range: (lowest, highest) value an image can have.
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

    def __getitem__(self, index):
        return self.images[index]


def content_sha256(array):
    """sha256 of an array's values."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
