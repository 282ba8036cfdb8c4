"""The radix sort of rows against numpy.sort."""

import numpy as np
import pytest

from sanity_checks.metrics import sorting


def check(values):
    order, ordered = sorting.sort_rows(values)
    expected = np.sort(values, axis=1)
    np.testing.assert_array_equal(ordered, expected)
    np.testing.assert_array_equal(values.ravel()[order].reshape(values.shape), expected)
    columns = order.reshape(values.shape) - np.arange(len(values))[:, np.newaxis] * values.shape[1]
    np.testing.assert_array_equal(np.sort(columns, axis=1), np.arange(values.shape[1]) + 0 * columns)


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape", ((1, 1), (3, 2), (5, 1000), (1, 100_000), (0, 4)))
def test_sorts_every_row(dtype, shape):
    check(np.random.default_rng(0).normal(size=shape).astype(dtype))


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_sorts_ties(dtype):
    check(np.random.default_rng(0).integers(-3, 4, (7, 500)).astype(dtype))


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_sorts_all_magnitudes(dtype):
    generator, limits = np.random.default_rng(0), np.finfo(dtype)
    exponents = generator.uniform(limits.minexp, limits.maxexp - 1, (3, 400))
    values = generator.choice([-1, 1], (3, 400)) * np.exp2(exponents)
    values[:, :6] = 0, -0.0, limits.max, limits.min, limits.smallest_subnormal, -limits.smallest_subnormal
    check(values.astype(dtype))


def test_sorts_float64_that_differ_only_in_their_last_bits():
    generator = np.random.default_rng(0)
    close = 1 + generator.integers(0, 50, (4, 300)) * np.finfo(np.float64).eps
    check(close)
    check(np.where(generator.random((4, 300)) < 0.5, -close, 0))
