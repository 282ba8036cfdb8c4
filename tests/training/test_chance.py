"""Accuracy under chance, against enumeration and against cases known on paper."""

import itertools
import math

import numpy as np
import pytest

from sanity_checks.training import chance


def test_mean_and_error_are_those_over_all_renamings():
    rng = np.random.default_rng(0)
    labels, predictions = rng.integers(0, 4, 30), rng.integers(0, 4, 30) ** 2 // 3
    renamed = [np.mean(np.array(names)[predictions] == labels) for names in itertools.permutations(range(4))]
    found = chance.compare(labels, predictions, 4)
    assert found.accuracy == np.mean(predictions == labels)
    assert found.expected == pytest.approx(np.mean(renamed)) == 0.25
    assert found.standard_error == pytest.approx(np.std(renamed))


@pytest.mark.parametrize("classes", [2, 10])
def test_perfect_predictions_have_the_largest_z(classes):
    labels = np.repeat(np.arange(classes), 7)
    found = chance.compare(labels, labels, classes)
    assert found.accuracy == 1 and found.z == pytest.approx(classes - 1)


def test_one_prediction_for_all_images_is_chance():
    found = chance.compare(np.arange(100) % 10, np.full(100, 3), 10)
    assert found.accuracy == found.expected == pytest.approx(0.1) and found.z == 0


def test_for_independent_predictions_the_error_is_the_binomial():
    rng = np.random.default_rng(1)
    found = chance.compare(rng.integers(0, 10, 20_000), rng.integers(0, 10, 20_000), 10)
    # 81 independent residuals: their root mean square is known to 1 / sqrt(2 * 81), 8 %.
    assert found.standard_error == pytest.approx(math.sqrt(0.1 * 0.9 / 20_000), rel=0.3) and abs(found.z) < 4


def test_classes_that_move_together_are_not_evidence():
    """A network that gives each class of images one wrong name all through: 0 of 1,000 right, and still chance."""
    labels = np.repeat(np.arange(10), 100)
    found = chance.compare(labels, (labels + 1) % 10, 10)
    assert found.accuracy == 0 and found.z == pytest.approx(-1)


@pytest.mark.parametrize("labels, predictions, classes", [([0, 1], [0], 2), ([], [], 2), ([0], [0], 1)])
def test_unfit_arguments_are_refused(labels, predictions, classes):
    with pytest.raises(ValueError, match="expected as many labels as predictions"):
        chance.compare(labels, predictions, classes)
