"""Photographs: a folder, a glob, or a CSV with labels, made into model inputs of one size.

Images are decoded when they are asked for, by a few threads, so memory does not grow with their number. All are
decoded once when the data set is loaded (about 5 ms each), so that one that cannot be read is known at the start.
"""

import concurrent.futures
import csv
import glob
import hashlib
import json
import os

from absl import logging
import numpy as np
from PIL import Image

from sanity_checks import registry
from sanity_checks.datasets import base
from sanity_checks.datasets import preprocessing

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
THREADS = 4
LABEL_COLUMNS = ("label", "class_index")


class FileSplit:
    """Photographs on disk; `split[a:b]` or `split[indices]` decodes them: float32 [n, H, W, 3].

    Attributes:
        paths: tuple of N str.
        labels: int64 [N], or None.
        ids: tuple of N str, unique: file names, with folders where names repeat.
        sums: tuple of N str, sha256 of each file as it was when the data set was loaded.
    """

    def __init__(self, paths, sums, labels, image_size, preprocess):
        self.paths, self.sums, self.labels, self.ids = tuple(paths), tuple(sums), labels, _ids(paths)
        self._size, self._preprocess = image_size, preprocess
        self._function = preprocessing.PREPROCESSING[preprocess].function

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        chosen = [self.paths[i] for i in np.arange(len(self))[index]]
        if not chosen:
            return np.zeros((0, *self._size, 3), np.float32)
        with concurrent.futures.ThreadPoolExecutor(THREADS) as executor:
            return np.stack(list(executor.map(self._read, chosen)))

    def content(self, count):
        """The files' checksums, and what is made of them; nothing is decoded. As of `base.PixelSplit`."""
        return [json.dumps([self._preprocess, list(self._size), list(self.sums[:count])]).encode()]

    def _read(self, path):
        return self._function(read_pixels(path, self._size)).astype(np.float32)


def load(data_dir=None, images=None, image_size=(299, 299), preprocess="inception", skip_unreadable=False):
    """Loads photographs; there is only a test split.

    Args:
        data_dir: not used by this data set.
        images: str or path: a folder (its images and those of its direct sub-folders), a glob (`**` for any
            depth), or a CSV with a column file and, where the images have labels, label or class_index (and
            class_name); files relative to the CSV.
        image_size: (height, width), reached with Lanczos resampling straight from the whole image, as in the paper.
        preprocess: a name in `preprocessing.PREPROCESSING`.
        skip_unreadable: leave out files that cannot be read, logging and counting them.

    Raises:
        ValueError: no images, a malformed CSV, or a file that cannot be read.
        FileNotFoundError: `images`, or a file that the CSV lists, does not exist.
    """
    if data_dir:
        raise ValueError(f"data_dir: photographs are given as images, got data_dir {data_dir}")
    if not images:
        raise ValueError("images: expected a folder, a glob or a CSV of photographs, got nothing")
    images = os.path.expanduser(os.fspath(images))
    way = registry.lookup(preprocessing.PREPROCESSING, preprocess, "preprocess")
    paths, labels, class_names = _listed(images)
    sums = _checksums(paths)
    bad = {path for path, found in sums.items() if isinstance(found, Exception)}
    _report(bad, sums, skip_unreadable)
    kept = [i for i, path in enumerate(paths) if path not in bad]
    if not kept:
        raise ValueError(f"images: {images} has no image that can be read")
    paths = [paths[i] for i in kept]
    split = FileSplit(paths, [sums[path] for path in paths], labels if labels is None else labels[kept],
                      tuple(image_size), preprocess)
    listing = "".join(f"{name} {found}\n" for name, found in sorted(zip(split.ids, split.sums)))
    return base.Dataset(
        name="image_folder", source=images, sha256=hashlib.sha256(listing.encode()).hexdigest(), train=None,
        validation=None, test=split, image_shape=(*image_size, 3), input_range=way.input_range,
        class_names=class_names, skipped=tuple(sorted(bad)), bgr=way.bgr)


def read_pixels(path, image_size):
    """Decodes one photograph to RGB uint8 [H, W, 3] of that size, Lanczos, no crop; transparency is dropped."""
    with Image.open(path) as image:
        height, width = image_size
        return np.asarray(_rgb(image).resize((width, height), Image.Resampling.LANCZOS))


def _rgb(image):
    """A PIL image as 8-bit RGB. PIL's own conversion of 16-bit grey would clip nearly all of it to white."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.float32) / 257).round().astype(np.uint8))
    return image.convert("RGB")


def _listed(images):
    """(paths, labels or None, class names or None)."""
    if images.lower().endswith(".csv"):
        return _from_csv(images)
    if os.path.isdir(images):
        found = glob.glob(os.path.join(glob.escape(images), "*")) + glob.glob(os.path.join(glob.escape(images), "*", "*"))
    elif os.path.isfile(images):
        found = [images]
    else:
        found = glob.glob(_literal_folder(images), recursive=True)
        if not found and not glob.has_magic(images):
            raise FileNotFoundError(f"images: no such file or folder: {images}")
    paths = sorted(path for path in found if path.lower().endswith(ENDINGS) and os.path.isfile(path))
    if not paths:
        raise ValueError(f"images: no images ({', '.join(ENDINGS)}) in {images}")
    return paths, None, None


def _literal_folder(pattern):
    """A glob whose leading folders are taken as they stand where they exist: "photos [1]/*.png"."""
    folder, rest = os.path.split(pattern)
    while folder and not os.path.isdir(folder):
        folder, last = os.path.split(folder)
        rest = os.path.join(last, rest)
        if not last:
            return pattern
    return os.path.join(glob.escape(folder), rest)


def _from_csv(path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"images: no such file: {path}")
    with open(path, newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        records, columns = list(reader), reader.fieldnames or []
    if "file" not in columns:
        raise ValueError(f"images: {path}: expected a column file, found {', '.join(columns) or 'nothing'}")
    if not records:
        raise ValueError(f"images: {path} lists no images")
    paths = [os.path.join(os.path.dirname(path), record["file"] or "") for record in records]
    missing = [file for file in paths if not os.path.isfile(file)]
    if missing:
        raise FileNotFoundError(f"images: {path} lists {len(missing)} files that do not exist, first {missing[0]}")
    column = next((name for name in LABEL_COLUMNS if name in columns), None)
    if column is None:
        return paths, None, None
    labels = [_label(record[column], path, row) for row, record in enumerate(records, 2)]
    return paths, np.array(labels, np.int64), _class_names(records, labels)


def _label(text, path, row):
    if text is None or not text.strip().isdigit():
        raise ValueError(f"images: {path}, line {row}: expected a class number, found {text!r}")
    return int(text)


def _class_names(records, labels):
    """Names of the classes that the CSV names, by class number; None if it names none."""
    if not records[0].get("class_name"):
        return None
    names = [str(i) for i in range(max(labels) + 1)]
    for record, label in zip(records, labels):
        names[label] = record["class_name"] or names[label]
    return tuple(names)


def _checksums(paths):
    """dict, path -> sha256 of the file, or the exception that decoding it raised."""
    with concurrent.futures.ThreadPoolExecutor(THREADS) as executor:
        return dict(zip(paths, executor.map(_checksum, paths)))


def _checksum(path):
    try:
        with Image.open(path) as image:
            _rgb(image)
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
