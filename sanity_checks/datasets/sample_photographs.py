"""Photographs that come with the packages scikit-image and scikit-learn: no download, no data folder.

Of scikit-image: Chelsea the cat (Stefan van der Walt), coffee (Rachel Michetti), the rocket (SpaceX), the astronaut Eileen Collins
(NASA), all in the public domain or CC0, and the camera man (Lav Varshney, CC0). Of scikit-learn: the flower (vultilion on
Flickr) and the temple in China (danielbuechele on Flickr), CC BY 2.0.
"""

from collections.abc import Sequence
import hashlib
from importlib import util
import os

import numpy as np

from sanity_checks.datasets import base
from sanity_checks.datasets import image_folder
from sanity_checks.datasets import preprocessing

NO_LABEL = -1
# (package to install, module and folder in it) -> file -> class of ImageNet, where one says what is seen.
SOURCES = {
    ("scikit-image", "skimage", "data"): {
        "chelsea.png": 281,             # tabby
        "coffee.png": 967,              # espresso
        "camera.png": 872,              # tripod
        "rocket.jpg": NO_LABEL, "astronaut.png": NO_LABEL},
    ("scikit-learn", "sklearn", os.path.join("datasets", "images")): {
        "flower.jpg": NO_LABEL, "china.jpg": NO_LABEL},
}


def load(data_dir=None, image_size: Sequence[int] = (299, 299), preprocess: str = preprocessing.DEFAULT, channels: int = 3) -> base.Dataset:
    """Loads the seven photographs; an image's id is its file's name, a label -1 stands for none.

    Args:
        data_dir: not used by this data set.
        image_size, preprocess, channels: as of `image_folder.load`.

    Raises:
        ValueError: a package or a photograph in it is missing, or a `preprocess` that is not for these channels.
    """
    if data_dir:
        raise ValueError(f"data_dir: sample_photographs come with the packages scikit-image and scikit-learn, they are not read from {data_dir}")
    paths, labels = [], []
    for (package, module, folder), files in SOURCES.items():
        place = os.path.join(_folder(package, module), folder)
        paths += [_existing(os.path.join(place, file), package) for file in files]
        labels += files.values()
    way, image_shape = image_folder.prepared(preprocess, image_size, channels)
    split = image_folder.FileSplit(paths, [_sha256(path) for path in paths], np.array(labels, np.int64), image_shape, preprocess)
    return base.Dataset(
        name="sample_photographs", source="packages scikit-image and scikit-learn", sha256=base.sha256(split), train=None,
        validation=None, test=split, image_shape=image_shape, input_range=way.input_range, bgr=way.bgr)


def _folder(package, module):
    found = util.find_spec(module)          # not imported: the photographs alone are wanted
    if found is None:
        raise ValueError(f"dataset: sample_photographs needs the package {package}: pip install {package}")
    return os.path.dirname(found.origin)


def _existing(path, package):
    if not os.path.exists(path):
        raise ValueError(f"dataset: sample_photographs: this version of {package} has no {path}")
    return path


def _sha256(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
