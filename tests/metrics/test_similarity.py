"""Every registered metric: exactly 1 for equal maps, NaN for degenerate ones, row by row; and the errors."""

import dataclasses
import warnings

import numpy as np
import pytest

from sanity_checks import metrics
from sanity_checks.metrics import chunks

NAMES = list(metrics.METRICS)
# Two channels too: nothing is written for 1 and 3 alone. Odd sizes, not square, of several HOG cells.
SHAPES = ((40, 51, 1), (40, 51, 3), (35, 33, 2))


def random_maps(seed, count, shape, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(dtype)


def sparse_maps(seed, count, shape):
    """Maps that are mostly zero."""
    maps = random_maps(seed, count, shape)
    return np.where(maps > 1.2, maps, np.float32(0))


def test_both_protocols_are_registered():
    families = ("spearman", "spearman_abs", "ssim", "hog")
    assert sorted(NAMES) == sorted([*families, *(f"{family}_released" for family in families), "pearson", "kendall"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("shape", SHAPES)
def test_equal_maps_have_exactly_one(name, dtype, shape):
    maps = np.concatenate([random_maps(0, 3, shape, dtype), sparse_maps(1, 2, shape).astype(dtype)])
    metric = metrics.METRICS[name]
    np.testing.assert_array_equal(metrics.similarity(maps, maps.copy(), name), 1.0)
    np.testing.assert_array_equal(metric.compare(metric.prepare(maps), metric.prepare(maps.copy())), 1.0)
    np.testing.assert_array_equal(metric.compare_maps(metric.prepare(maps), maps.copy()), 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_is_symmetric(name):
    a, b = random_maps(0, 4, (40, 51, 3)), random_maps(1, 4, (40, 51, 3))
    np.testing.assert_array_equal(metrics.similarity(a, b, name), metrics.similarity(b, a, name))


@pytest.mark.parametrize("name", NAMES)
def test_stays_within_one(name):
    """Nearly equal maps too, where rounding would carry a correlation beyond one."""
    a = random_maps(0, 40, (16, 17, 3))
    for b in (-a, 2 * a + 1, np.nextafter(a, np.float32(9)), random_maps(1, 40, (16, 17, 3))):
        assert np.all(np.abs(metrics.similarity(a, b, name)) <= 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_row_does_not_depend_on_the_batch(name, shape):
    a, b = (np.concatenate([random_maps(seed, 20, shape), sparse_maps(seed, 19, shape)]) for seed in (0, 1))
    one_by_one = [metrics.similarity(a[i : i + 1], b[i : i + 1], name)[0] for i in range(len(a))]
    np.testing.assert_array_equal(metrics.similarity(a, b, name), one_by_one)


@pytest.mark.parametrize("name", NAMES)
def test_prepared_once_or_not_is_the_same(name):
    a, b = random_maps(0, 30, (40, 51, 3)), random_maps(1, 30, (40, 51, 3))
    metric = metrics.METRICS[name]
    reference = metric.prepare(a)
    expected = metrics.similarity(a, b, name)
    np.testing.assert_array_equal(metric.compare_maps(reference, b), expected)
    np.testing.assert_array_equal(metric.compare(reference, metric.prepare(b)), expected)


@pytest.mark.parametrize("name", NAMES)
def test_does_not_depend_on_the_size_of_pieces(name, monkeypatch):
    """One map at a time instead of all; and within a metric that cuts planes, bands of 16 rows instead of whole ones."""
    a, b = random_maps(0, 6, (40, 51, 3)), random_maps(1, 6, (40, 51, 3))
    counts, metric = [], metrics.METRICS[name]

    def features(maps):
        counts.append(len(maps))
        return metric.features(maps)
    for pieces, expected in ((10**9, 6), (1, 1)):
        cut = dataclasses.replace(metric, features=features, piece_values=pieces)
        cut.prepare(a)
        assert counts.pop() == expected
    expected = metric.similarity(a, b)
    monkeypatch.setattr(chunks, "PIECE_VALUES", 1)
    monkeypatch.setattr(chunks, "PLANE_VALUES", 1)
    monkeypatch.setattr(chunks.slices, "__defaults__", (1,))
    np.testing.assert_allclose(cut.similarity(a, b), expected, rtol=1e-13)
    np.testing.assert_allclose(cut.compare(cut.prepare(a), cut.prepare(b)), expected, rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_does_not_depend_on_the_scale_of_a_map(name):
    a, b = random_maps(0, 3, (40, 51, 3)), random_maps(1, 3, (40, 51, 3))
    factors = np.array([2.0**-100, 1, 2.0**100], np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
    np.testing.assert_array_equal(metrics.similarity(a * factors, b, name), metrics.similarity(a, b, name))


@pytest.mark.parametrize("name", NAMES)
def test_does_not_write_into_or_keep_the_maps(name):
    maps = random_maps(0, 3, (40, 51, 1), np.float64)
    before, features = maps.copy(), metrics.METRICS[name].prepare(maps)
    np.testing.assert_array_equal(maps, before)
    maps[...] = 0
    np.testing.assert_array_equal(metrics.METRICS[name].compare_maps(features, before), 1.0)


DEGENERATE = {
    "zero": np.zeros,
    "constant": lambda shape: np.full(shape, 0.3),
    "negative constant": lambda shape: np.full(shape, -7.0),
    "NaN": lambda shape: np.where(np.arange(np.prod(shape)).reshape(shape) == 5, np.nan, 1.0),
    "infinite": lambda shape: np.where(np.arange(np.prod(shape)).reshape(shape) == 5, -np.inf, 1.0),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("degenerate", DEGENERATE)
@pytest.mark.parametrize("dtype", (np.float32, np.float64))
def test_a_degenerate_map_is_nan_and_leaves_the_others_alone(name, degenerate, dtype):
    a, b = random_maps(0, 5, (40, 51, 3), dtype), random_maps(1, 5, (40, 51, 3), dtype)
    expected = metrics.similarity(a, b, name)
    a[1] = b[1] = b[3] = DEGENERATE[degenerate]((40, 51, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one, other in ((a, b), (b, a)):
            np.testing.assert_array_equal(metrics.similarity(one, other, name)[[1, 3]], np.nan)
    np.testing.assert_array_equal(metrics.similarity(a, b, name)[[0, 2, 4]], expected[[0, 2, 4]])


@pytest.mark.parametrize("name", NAMES)
def test_huge_values_give_no_warning(name):
    a = random_maps(0, 2, (40, 51, 3), np.float64)
    a[0] = np.sign(a[0]) * 1e308
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = metrics.similarity(a, a, name)
    np.testing.assert_array_equal(values, [np.nan, 1.0])


@pytest.mark.parametrize("name", NAMES)
def test_no_maps_have_no_values(name):
    maps = np.zeros((0, 40, 51, 3), np.float32)
    metric = metrics.METRICS[name]
    assert metrics.similarity(maps, maps, name).shape == (0,)
    assert metric.compare_maps(metric.prepare(maps), maps).shape == (0,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", (np.int32, np.float16, ">f4", bool))
def test_other_number_types_are_float64(name, dtype):
    a, b = ((random_maps(seed, 2, (40, 51, 3)) * 3).astype(dtype) for seed in (0, 1))
    expected = metrics.similarity(a.astype(np.float64), b.astype(np.float64), name)
    np.testing.assert_array_equal(metrics.similarity(a, b, name), expected)


def test_strided_maps_are_accepted():
    maps = random_maps(0, 4, (40, 51, 3))
    strided = maps[::2, :, ::-1]
    np.testing.assert_array_equal(metrics.similarity(strided, strided.copy(), "ssim"), 1.0)


def test_default_is_the_absolute_rank_correlation():
    a, b = random_maps(0, 2, (8, 9, 3)), random_maps(1, 2, (8, 9, 3))
    np.testing.assert_array_equal(metrics.similarity(a, b), metrics.similarity(a, b, "spearman_abs"))


def test_an_unknown_metric_is_refused_with_the_known_names():
    maps = random_maps(0, 1, (8, 8, 1))
    with pytest.raises(ValueError, match="cosine.*Known: spearman, spearman_abs, ssim, hog"):
        metrics.similarity(maps, maps, "cosine")


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 8, 8, 1\).*\(2, 8, 8, 3\)"):
        metrics.similarity(random_maps(0, 2, (8, 8, 1)), random_maps(0, 2, (8, 8, 3)))


@pytest.mark.parametrize("shape", ((8, 8), (8, 8, 3), (1, 2, 8, 8, 3), (2, 0, 8, 3)))
def test_other_than_four_dimensions_are_refused(shape):
    with pytest.raises(ValueError, match=r"\[N, H, W, C\]"):
        metrics.similarity(np.ones(shape), np.ones(shape))


def test_complex_maps_are_refused():
    with pytest.raises(ValueError, match=r"expected real maps \[N, H, W, C\], got complex128 \(1, 8, 8, 1\)"):
        metrics.similarity(np.ones((1, 8, 8, 1), complex), np.ones((1, 8, 8, 1), complex))


SMALLEST_SIDES = {"ssim": 5, "ssim_released": 11, "hog": 12, "hog_released": 12}


@pytest.mark.parametrize("name", SMALLEST_SIDES)
def test_the_smallest_map(name):
    side = SMALLEST_SIDES[name]
    maps = random_maps(0, 1, (side, side + 3, 1))
    np.testing.assert_array_equal(metrics.similarity(maps, maps, name), [1.0])
    narrow = maps[:, :, : side - 1]
    with pytest.raises(ValueError, match=f"at least {side} x {side} pixels, got {side} x {side - 1}"):
        metrics.similarity(narrow, narrow, name)


def test_compare_refuses_another_number_of_maps():
    metric = metrics.METRICS["spearman"]
    reference = metric.prepare(random_maps(0, 3, (8, 8, 1)))
    with pytest.raises(ValueError, match="expected 3 maps.*got 2"):
        metric.compare_maps(reference, random_maps(0, 2, (8, 8, 1)))
    with pytest.raises(ValueError, match="expected features of maps of one shape"):
        metric.compare(reference, metric.prepare(random_maps(0, 2, (8, 8, 1))))
