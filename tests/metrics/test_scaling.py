"""Scaling of maps, each alone."""

import numpy as np

from sanity_checks.metrics import scaling

MAPS = np.array([[-4.0, 2.0, 0.0, 1.0], [3.0, 4.0, 5.0, 3.0], [0.3, 0.3, 0.3, 0.3]]).reshape(3, 1, 2, 2)


def as_maps(planes):
    return planes.transpose(0, 2, 3, 1)


def test_by_absolute_maximum_keeps_signs_and_reaches_one():
    planes = scaling.by_absolute_maximum(MAPS)
    expected = [[-1, 0.5, 0, 0.25], [0.6, 0.8, 1, 0.6]]
    np.testing.assert_array_equal(as_maps(planes.scaled())[:2].reshape(2, 4), expected)


def test_by_extremes_reaches_zero_and_one():
    planes = scaling.by_extremes(MAPS)
    expected = [[0, 1, 4 / 6, 5 / 6], [0, 0.5, 1, 0]]
    np.testing.assert_array_equal(as_maps(planes.scaled())[:2].reshape(2, 4), expected)


def test_constant_maps_are_named_and_zero():
    for planes in (scaling.by_absolute_maximum(MAPS), scaling.by_extremes(MAPS)):
        np.testing.assert_array_equal(planes.constant, [False, False, True])
        np.testing.assert_array_equal(planes.scaled()[2], 0)
