"""Random labels: a data set whose training labels are permuted among its images (Adebayo et al. 2018, section 4.3).

Only the training labels move, so every class keeps its share and what can be learned is the images alone, by heart.
"""

import dataclasses
import hashlib

import numpy as np

from sanity_checks import randomness


def permuted(labels, seed):
    """The same labels in another order: int64 [N].

    Args:
        labels: int [N].
        seed: int, of the permutation.
    """
    return randomness.generator("permuted labels", seed).permutation(np.asarray(labels, np.int64))


def permute(dataset, seed):
    """A data set with permuted training labels; validation and test images keep theirs.

    Args:
        dataset: `sanity_checks.datasets.base.Dataset` with a training split.
        seed: int, of the permutation.

    Returns:
        `sanity_checks.datasets.base.Dataset`.
    """
    train = dataclasses.replace(dataset.train, labels=permuted(dataset.train.labels, seed))
    return dataclasses.replace(dataset, train=train)


def sha256(labels):
    """Checksum of labels [N], each taken as eight bytes, lowest first: str."""
    return hashlib.sha256(np.asarray(labels).astype("<i8").tobytes()).hexdigest()
