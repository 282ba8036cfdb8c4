"""The data sets: what each is called and which of the paper's it stands for, in display order."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What a data set is.

    Attributes:
        label: str.
        paper: str, the paper's data set that it is or stands for; "" for none.
        given: whether it holds images that a user gives.
        trains: whether it has images to train a network on.
    """
    label: str
    paper: str = ""
    given: bool = False
    trains: bool = False


DATASETS = {
    "imagenet": Dataset("ImageNet", "imagenet"),
    "mnist": Dataset("MNIST", "mnist", trains=True),
    "fashion_mnist": Dataset("Fashion MNIST", "fashion_mnist", trains=True),
    "mnist_5k": Dataset("MNIST (5,000 images)", "mnist", trains=True),
    "image_folder": Dataset("Photographs", "imagenet", given=True),
    "sample_photographs": Dataset("Sample photographs", "imagenet"),
    "arrays": Dataset("Arrays", given=True),
}


GIVEN = tuple(name for name, dataset in DATASETS.items() if dataset.given)


def standing_for(paper):
    """The data sets that are one of the paper's, or stand for it, the best first: tuple of str."""
    return tuple(name for name, dataset in DATASETS.items() if dataset.paper == paper)
