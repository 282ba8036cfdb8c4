"""MNIST and Fashion-MNIST, with their published checksums and the paper's split.

Looked for in `data_dir`, else in Keras' cache, the system's folder, and Keras' download, in that order. Checksums are
taken over the arrays, so that every file format is held to the same values.
"""

import contextlib
import dataclasses
import hashlib
import io
import os

import numpy as np

from sanity_checks.datasets import base
from sanity_checks.datasets import idx

VALIDATION = 5_000          # the first so many training images validate, as in the paper
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX_NAMES = {"x_train": "train-images-idx3-ubyte", "y_train": "train-labels-idx1-ubyte",
             "x_test": "t10k-images-idx3-ubyte", "y_test": "t10k-labels-idx1-ubyte"}

# sha256 of each array's bytes: pixels row by row, labels one byte each.
SHA256 = {
    "mnist": {
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"},
    "fashion_mnist": {
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"},
}


@dataclasses.dataclass(frozen=True)
class Family:
    """What tells the two data sets apart: names, classes, and where they lie."""
    name: str
    class_names: tuple
    npz: str                        # file name in Keras' form
    keras_folder: str               # inside Keras' cache; IDX files lie there
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
    _verify(family, source, arrays)
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
    if not os.path.exists(data_dir):
        raise FileNotFoundError(f"--data_dir: no such folder: {data_dir}")
    found = _read_folder(family, data_dir)
    if not found:
        raise FileNotFoundError(f"--data_dir: {data_dir} has no {family.name}: expected {_expected(family)}")
    return found


def _from_usual_places(family):
    cache = os.path.join(os.environ.get("KERAS_HOME", os.path.expanduser("~/.keras")), "datasets")
    places = [cache, os.path.join(cache, family.keras_folder)] if family.keras_folder else [cache]
    places += [family.system_folder] if family.system_folder else []
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
            f"({type(error).__name__}: {' '.join(str(error).split())[:120]}). Put {_expected(family)} into a folder and "
            f"give it as --data_dir{system}; or use --dataset=mnist_5k, which needs no file") from error


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
    module = getattr(tf_keras.datasets, family.name)
    with contextlib.redirect_stdout(io.StringIO()):
        (x_train, y_train), (x_test, y_test) = module.load_data()
    return dict(zip(ARRAYS, (x_train, y_train, x_test, y_test)))


def _verify(family, source, arrays):
    for name in ARRAYS:
        found = hashlib.sha256(np.ascontiguousarray(arrays[name], np.uint8).tobytes()).hexdigest()
        expected = SHA256[family.name][name]
        if found != expected:
            raise ValueError(f"{source}: {name} is not {family.name}'s: expected sha256 {expected}, found {found}")


def _combined(sums):
    return hashlib.sha256("".join(sums[name] for name in ARRAYS).encode()).hexdigest()
