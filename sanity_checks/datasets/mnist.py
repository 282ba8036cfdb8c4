"""MNIST and Fashion-MNIST, with their published checksums and the paper's split.

Looked for in `data_dir`; without one in Keras' cache, the system's folder, and Keras' download, in that
order. A `data_dir` that lacks the data is an error: no other place is tried in its stead.

Every file format is held to the same published checksums, those of the four uncompressed IDX files.
"""

import contextlib
import dataclasses
import hashlib
import io
import os
import socket

from absl import logging
import numpy as np

from sanity_checks.datasets import base
from sanity_checks.datasets import idx
from sanity_checks.datasets import listing

VALIDATION = 5_000          # the first so many training images validate, as in the paper
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX_NAMES = {"x_train": "train-images-idx3-ubyte", "y_train": "train-labels-idx1-ubyte",
             "x_test": "t10k-images-idx3-ubyte", "y_test": "t10k-labels-idx1-ubyte"}

DOWNLOAD_TIMEOUT = 20.      # seconds without an answer, then the data set counts as not found

# sha256 of the IDX files, uncompressed: `zcat FILE | sha256sum`.
SHA256 = {
    "mnist": {
        "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
    "fashion_mnist": {
        "x_train": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "y_train": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "x_test": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "y_test": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}


@dataclasses.dataclass(frozen=True)
class Family:
    """What tells the two data sets apart: names, classes, and where they lie."""
    name: str
    class_names: tuple
    npz: str                        # file name in Keras' form
    keras_folder: str               # in Keras' cache
    system_folder: str | None       # of a Debian package


MNIST = Family("mnist", tuple("0123456789"), "mnist.npz", "", None)
FASHION_MNIST = Family(
    "fashion_mnist",
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    "fashion_mnist.npz", "fashion-mnist", "/usr/share/datasets/fashion-mnist")


def load_mnist(data_dir=None):
    """MNIST: 55,000 training, 5,000 validation and 10,000 test images, 28 x 28, grey."""
    return _load(MNIST, data_dir)


def load_fashion_mnist(data_dir=None):
    """Fashion-MNIST, split like MNIST."""
    return _load(FASHION_MNIST, data_dir)


def _load(family, data_dir):
    source, arrays = _from_folder(family, data_dir) if data_dir else _from_usual_places(family)
    arrays = _verified(family, source, arrays)
    ids = tuple(map(str, range(len(arrays["x_train"]))))
    train, labels = arrays["x_train"][..., None], arrays["y_train"].astype(np.int64)
    return base.Dataset(
        name=family.name, source=source, sha256=_combined(SHA256[family.name]), class_names=family.class_names,
        train=base.PixelSplit(train[VALIDATION:], labels[VALIDATION:], ids[VALIDATION:]),
        validation=base.PixelSplit(train[:VALIDATION], labels[:VALIDATION], ids[:VALIDATION]),
        test=base.PixelSplit(arrays["x_test"][..., None], arrays["y_test"].astype(np.int64),
                             tuple(map(str, range(len(arrays["x_test"]))))),
        image_shape=(*arrays["x_test"].shape[1:], 1))


def _from_folder(family, data_dir):
    data_dir = os.path.expanduser(data_dir)
    if not os.path.exists(data_dir):
        raise FileNotFoundError(f"data_dir: no such folder: {data_dir}")
    if os.path.isdir(data_dir):
        listing.entries(data_dir, "data_dir")       # one that cannot be read is not one that lacks the data
    found = _read_folder(family, data_dir)
    if not found:
        raise FileNotFoundError(f"data_dir: {data_dir} has no {family.name}: expected {_expected(family)}")
    return found


def _from_usual_places(family):
    places = _usual_places(family)
    for place in places:
        found = _read_folder(family, place) if os.path.isdir(place) else None
        if found:
            return found
    try:
        return "Keras' download", _download(family)
    except Exception as error:          # urllib, ssl and Keras raise many kinds
        system = "; or install Debian's package dataset-fashion-mnist" if family.system_folder else ""
        raise FileNotFoundError(
            f"{family.name} was not found in {', '.join(places)}, nor could Keras download it "
            f"({type(error).__name__}: {' '.join(str(error).split())}). Put {_expected(family)} into a folder and give "
            f"it as data_dir{system}; or use the data set mnist_5k, which needs no file") from error


def _usual_places(family):
    """Folders, in order. KERAS_HOME moves Keras' cache, but its download goes to the home folder all the same."""
    homes = dict.fromkeys([os.environ.get("KERAS_HOME") or "~/.keras", "~/.keras"])
    places = [os.path.normpath(os.path.join(os.path.expanduser(home), "datasets", family.keras_folder))
              for home in homes]
    return places + ([family.system_folder] if family.system_folder else [])


def _expected(family):
    return f"{family.npz} or the four files {', '.join(IDX_NAMES.values())}, plain or .gz"


def _read_folder(family, folder):
    """(source, arrays) from a folder or npz file; None if it holds neither form."""
    npz = folder if folder.endswith(".npz") else os.path.join(folder, family.npz)
    if os.path.isfile(npz):
        return npz, idx.read_npz(npz)
    paths = {array: _existing(os.path.join(folder, name)) for array, name in IDX_NAMES.items()}
    if not all(paths.values()):
        return None
    return folder, {array: idx.read_idx(path) for array, path in paths.items()}


def _existing(path):
    return next((found for found in (path, path + ".gz") if os.path.isfile(found)), None)


def _download(family):
    import tf_keras
    logging.info("%s is on no disk here: downloading it", family.name)
    module = getattr(tf_keras.datasets, family.name)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT)      # Keras sets none: a silent firewall would hang it
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            (x_train, y_train), (x_test, y_test) = module.load_data()
    finally:
        socket.setdefaulttimeout(before)
    return dict(zip(ARRAYS, (x_train, y_train, x_test, y_test)))


def _verified(family, source, arrays):
    """The arrays as uint8, once they have proved to be the published ones."""
    arrays = {name: np.ascontiguousarray(arrays[name], np.uint8) for name in ARRAYS}
    for name, expected in SHA256[family.name].items():
        found = idx.content_sha256(arrays[name])
        if found != expected:
            raise ValueError(f"{source}: {name} is not {family.name}'s {IDX_NAMES[name]}: expected sha256 "
                             f"{expected}, found {found}")
    return arrays


def _combined(sums):
    return hashlib.sha256("".join(sums[name] for name in ARRAYS).encode()).hexdigest()
