"""Permuted labels: the same labels in an order that the seed alone gives."""

import hashlib

import numpy as np
import pytest

from sanity_checks.datasets import base
from sanity_checks.training import label_permutation


@pytest.fixture
def dataset():
    splits = [base.PixelSplit(np.zeros((n, 2, 2, 1), np.uint8), np.arange(n) % 3, tuple(map(str, range(n))))
              for n in (90, 6, 9)]
    return base.Dataset("tiny", "memory", "0" * 64, *splits, image_shape=(2, 2, 1))


def test_every_class_keeps_its_share(dataset):
    labels = label_permutation.permute(dataset, seed=4).train.labels
    assert np.array_equal(np.bincount(labels), [30, 30, 30]) and (labels != dataset.train.labels).any()


def test_a_seed_gives_the_same_permutation_again():
    labels = np.arange(50)
    assert np.array_equal(label_permutation.permuted(labels, 1), label_permutation.permuted(labels, 1))
    assert not np.array_equal(label_permutation.permuted(labels, 1), label_permutation.permuted(labels, 2))


def test_only_the_training_labels_move(dataset):
    permuted = label_permutation.permute(dataset, seed=0)
    assert permuted.train.pixels is dataset.train.pixels and permuted.train.ids == dataset.train.ids
    assert permuted.validation is dataset.validation and permuted.test is dataset.test


def test_the_checksum_is_that_of_the_labels_in_their_order():
    assert label_permutation.sha256([1, 2]) == hashlib.sha256(b"\1" + bytes(7) + b"\2" + bytes(7)).hexdigest()
    assert label_permutation.sha256(np.array([1, 2], np.uint8)) == label_permutation.sha256([1, 2])
    assert label_permutation.sha256([2, 1]) != label_permutation.sha256([1, 2])
