"""Data sets: MNIST, Fashion-MNIST, a small MNIST that needs no download, folders of photographs, arrays."""

from sanity_checks import registry
from sanity_checks.datasets import arrays
from sanity_checks.datasets import base
from sanity_checks.datasets import image_folder
from sanity_checks.datasets import mnist
from sanity_checks.datasets import mnist_5k
from sanity_checks.datasets import preprocessing
from sanity_checks.datasets import sample_photographs

Dataset = base.Dataset
sha256 = base.sha256

DATASETS = {
    "mnist": mnist.load_mnist,
    "fashion_mnist": mnist.load_fashion_mnist,
    "mnist_5k": mnist_5k.load,
    "image_folder": image_folder.load,
    "sample_photographs": sample_photographs.load,
    "arrays": arrays.load,
}

PREPROCESSING = preprocessing.PREPROCESSING
DEFAULT_PREPROCESSING = preprocessing.DEFAULT
find_preprocessing = preprocessing.find
is_file_of_arrays = arrays.is_file_of_arrays


def load(name, data_dir=None, **options):
    """Loads a data set.

    Args:
        name: a name in `DATASETS`.
        data_dir: str or path, folder of its files; None looks in the usual places (`sanity_checks.datasets.mnist`).
        **options: of the data set's own loader; `image_folder` has images, image_size, preprocess, skip_unreadable,
            channels; `sample_photographs` those but images and skip_unreadable; `arrays` has images, preprocess.

    Returns:
        `Dataset`.

    Raises:
        ValueError: unknown name, or the files are not what they should be.
        FileNotFoundError: the data set is nowhere; the message lists where it was looked for.
    """
    return registry.lookup(DATASETS, name, "data set")(data_dir, **options)
