"""Photographs: a folder, a glob, or a CSV with labels, made into model inputs of one size.

Images are decoded when they are asked for, by a few threads, so memory does not grow with their number. All are
decoded once when the data set is loaded (about 5 ms each), so that one that cannot be read is known at the start.
"""

import concurrent.futures
import hashlib
import json
import os

from absl import logging
import numpy as np
from PIL import Image

from sanity_checks.datasets import base
from sanity_checks.datasets import csv_list
from sanity_checks.datasets import listing
from sanity_checks.datasets import preprocessing

THREADS = 4
MODES = {1: "L", 3: "RGB", 4: "RGBA"}       # PIL's, by number of channels
DEEPEST = 2 ** 16 - 1                       # value of white in 16-bit grey


class FileSplit:
    """Photographs on disk; `split[a:b]` or `split[indices]` decodes them: float32 [n, H, W, C].

    Attributes:
        paths: tuple of N str.
        labels: int64 [N], or None.
        ids: tuple of N str, unique: file names, with folders where names repeat.
        sums: tuple of N str, sha256 of each file as it was when the data set was loaded.
    """

    def __init__(self, paths, sums, labels, image_shape, preprocess):
        self.paths, self.sums, self.labels, self.ids = tuple(paths), tuple(sums), labels, _ids(paths)
        self._shape, self._preprocess = image_shape, preprocess
        self._function = preprocessing.find(preprocess).function

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        chosen = [self.paths[i] for i in np.arange(len(self))[index]]
        if not chosen:
            return np.zeros((0, *self._shape), np.float32)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as executor:
            return np.stack(list(executor.map(self._read, chosen)))

    def content(self, count):
        """The files' checksums, and what is made of them; nothing is decoded. As of `base.PixelSplit`."""
        shape = self._shape[:2] if self._shape[2] == 3 else self._shape
        return [json.dumps([self._preprocess, list(shape), list(self.sums[:count])]).encode()]

    def _read(self, path):
        return self._function(read_pixels(path, self._shape[:2], self._shape[2])).astype(np.float32)


def load(data_dir=None, images=None, image_size=(299, 299), preprocess=preprocessing.DEFAULT, skip_unreadable=False,
         channels=3):
    """Loads photographs; there is only a test split.

    Args:
        data_dir: not used by this data set.
        images: str or path: a folder (its images and those of its direct sub-folders), a glob (`**` for any
            depth), or a CSV with a column file and, where the images have labels, label or class_index (and
            class_name); files relative to the CSV, see `csv_list`.
        image_size: (height, width), reached with Lanczos resampling straight from the whole image, as in the paper.
        preprocess: a name in `preprocessing.PREPROCESSING`, or numbers, see `preprocessing.find`.
        skip_unreadable: leave out files that cannot be read, logging and counting them.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA, opaque where a file says nothing of transparency).

    Raises:
        ValueError: no images, a malformed CSV, a file that cannot be read, another number of channels, or a
            `preprocess` that is not for it.
        FileNotFoundError: `images`, or a file that the CSV lists, does not exist.
        OSError: a folder that cannot be read.
    """
    if data_dir:
        raise ValueError(f"data_dir: photographs are given as images, got data_dir {data_dir}")
    if not images:
        raise ValueError("images: expected a folder, a glob or a CSV of photographs, got nothing")
    images = os.path.expanduser(os.fspath(images))
    way, image_shape = prepared(preprocess, image_size, channels)
    paths, labels, class_names = _listed(images)
    _check_names(paths)
    sums = _checksums(paths)
    bad = {path for path, found in sums.items() if isinstance(found, Exception)}
    _report(bad, sums, skip_unreadable)
    kept = [i for i, path in enumerate(paths) if path not in bad]
    if not kept:
        raise ValueError(f"images: {images} has no image that can be read")
    paths = [paths[i] for i in kept]
    split = FileSplit(paths, [sums[path] for path in paths], labels if labels is None else labels[kept],
                      image_shape, preprocess)
    listing = "".join(f"{name} {found}\n" for name, found in sorted(zip(split.ids, split.sums)))
    return base.Dataset(
        name="image_folder", source=images, sha256=hashlib.sha256(listing.encode()).hexdigest(), train=None,
        validation=None, test=split, image_shape=image_shape, input_range=way.input_range,
        class_names=class_names, skipped=tuple(sorted(bad)), bgr=way.bgr)


def prepared(preprocess, image_size, channels):
    """How photographs become inputs of this form: (`preprocessing.Preprocessing`, (H, W, C)); ValueError where they cannot."""
    if channels not in MODES:
        raise ValueError(f"images: photographs have 1 channel (grey), 3 (RGB) or 4 (RGBA), the model takes {channels}")
    return preprocessing.find(preprocess, channels), (*image_size, channels)


def read_pixels(path, image_size, channels=3):
    """Decodes one photograph: uint8 [H, W, channels] of that size, Lanczos, no crop.

    Transparency is kept in four channels and dropped from fewer.
    """
    with Image.open(path) as image:
        height, width = image_size
        resized = np.asarray(_converted(image, channels).resize((width, height), Image.Resampling.LANCZOS))
        return resized.reshape(height, width, channels)


def _converted(image, channels):
    """A PIL image of 8 bits a channel. PIL's own conversion of 16-bit grey would clip nearly all of it to white."""
    if image.mode == "F":
        raise ValueError("its pixels are floats, expected 8 or 16 bits; give such images as an array")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float32)
        if values.min() < 0 or values.max() > DEEPEST:
            raise ValueError(f"its pixels are {values.min():g} to {values.max():g}, expected 8 or 16 bits")
        image = Image.fromarray((values / (DEEPEST / 255)).round().astype(np.uint8))
    return image.convert(MODES[channels])


def _listed(images):
    """(paths, labels or None, class names or None)."""
    if images.lower().endswith(".csv") and not os.path.isdir(images):
        if not os.path.exists(images):
            raise FileNotFoundError(f"images: no such file: {images}")
        return csv_list.read(images)
    return listing.photographs(images), None, None


def _check_names(paths):
    """ValueError if the name of a file cannot be written into rows, which are UTF-8."""
    for path in paths:
        shown = path.encode("utf-8", "backslashreplace").decode()
        if shown.encode() != path.encode("utf-8", "surrogateescape"):
            raise ValueError(f"images: the name of {shown} is not UTF-8; rename the file")


def _checksums(paths):
    """dict, path -> sha256 of the file, or the exception that decoding it raised."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as executor:
        return dict(zip(paths, executor.map(_checksum, paths)))


def _checksum(path):
    try:
        with Image.open(path) as image:
            _converted(image, 3)
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except Exception as error:          # PIL's decoders raise many kinds on damaged files
        return error


def _report(bad, sums, skip_unreadable):
    if bad and not skip_unreadable:
        first = min(bad)
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise ValueError(f"images: cannot read {first} as an image ({sums[first]}){more}; skip_unreadable leaves "
                         f"such files out")
    for path in sorted(bad):
        logging.warning("skipped, cannot be read as an image: %s (%s)", path, sums[path])
    if bad:
        logging.warning("%d of %d images skipped", len(bad), len(sums))


def _ids(paths):
    names = [os.path.basename(path) for path in paths]
    if len(set(names)) == len(names):
        return tuple(names)
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    ids = [os.path.relpath(os.path.abspath(path), folder) for path in paths]
    if len(set(ids)) < len(ids):
        twice = next(path for path, name in zip(paths, ids) if ids.count(name) > 1)
        raise ValueError(f"images: {twice} is listed twice")
    return tuple(ids)
