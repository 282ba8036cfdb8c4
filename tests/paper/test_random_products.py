"""The input times two random vectors: distributions, streams, and similarities known by analysis."""

import numpy as np
import pytest
from scipy import stats

from sanity_checks import metrics
from sanity_checks import runs
from sanity_checks.paper import random_products

IDS = tuple(f"image {i}" for i in range(30))
SHAPE = (20, 20, 1)
PIXELS = 400
IMAGES = np.random.default_rng(0).uniform(0.2, 1, (30, *SHAPE)).astype(np.float32)
ALL = ("spearman", "spearman_abs", "ssim", "hog")
BOTH = tuple(random_products.DISTRIBUTIONS)


def values(images=IMAGES, ids=IDS, **protocol):
    """The similarities of one distribution: float64 [metrics, scales, images]."""
    protocol = random_products.Protocol(**{"metrics": ALL, "distributions": ("uniform",), **protocol})
    rows = random_products.compare(images, ids, protocol)
    return rows.value.to_numpy().reshape(len(protocol.scales), len(protocol.metrics), -1).swapaxes(0, 1)


def z(values):
    """The mean in standard errors."""
    return values.mean() / (values.std(ddof=1) / np.sqrt(len(values)))


def test_the_normal_is_truncated_at_two_standard_deviations():
    noise = random_products.noise("truncated_normal", 0, IDS, SHAPE).ravel()
    assert stats.kstest(noise, stats.truncnorm(-2, 2).cdf).pvalue > 1e-3 and np.abs(noise).max() <= 2


def test_the_uniform_reaches_from_minus_one_to_one():
    noise = random_products.noise("uniform", 1, IDS, SHAPE).ravel()
    assert stats.kstest(noise, stats.uniform(-1, 2).cdf).pvalue > 1e-3


@pytest.mark.parametrize("other", [(1, "a", 0, 0), (0, "b", 0, 0), (0, "a", 1, 0), (0, "a", 0, 1)])
@pytest.mark.parametrize("distribution", BOTH)
def test_each_side_image_draw_and_seed_has_a_vector_of_its_own(distribution, other):
    side, image_id, draw, seed = other
    a = random_products.noise(distribution, 0, ["a"], (64, 64, 1))
    b = random_products.noise(distribution, side, [image_id], (64, 64, 1), draw, seed)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / 64


@pytest.mark.parametrize("distribution", BOTH)
def test_scale_zero_leaves_the_input(distribution):
    assert (values(distributions=(distribution,), scales=(0.,)) == 1).all()


def test_equal_vectors_have_similarity_one(monkeypatch):
    noise = random_products.noise
    monkeypatch.setattr(random_products, "noise", lambda distribution, side, *more: noise(distribution, 0, *more))
    assert (values(scales=(0.5, 2.)) == 1).all()


@pytest.mark.parametrize("distribution", BOTH)
def test_noise_around_zero_has_no_scale(distribution):
    found = values(distributions=(distribution,), scales=(0.5, 1., 8.), center=0.)
    assert np.allclose(found, found[:, :1], atol=1e-9)


@pytest.mark.parametrize("distribution", BOTH)
@pytest.mark.parametrize("metric", ["spearman", "spearman_abs"])
def test_a_constant_image_times_noise_around_zero_has_no_rank_correlation(distribution, metric):
    found = values(np.ones_like(IMAGES), metrics=(metric,), distributions=(distribution,), scales=(1.,), center=0.)
    assert abs(z(found.ravel())) < 4
    assert np.isclose(found.std(ddof=1), 1 / np.sqrt(PIXELS - 1), rtol=0.5)       # of independent ranks


def test_signs_around_zero_leave_no_signed_correlation_whatever_the_image():
    assert abs(z(values(metrics=("spearman",), scales=(1.,), center=0.).ravel())) < 4


def test_black_pixels_alone_keep_absolute_ranks_alike():
    """Half of the pixels black, the others independent: ranks 1/4 and U(1/2, 1), correlation 1/16 / (1/16 + 1/96)."""
    images = np.ones((30, 40, 40, 1), np.float32)
    images[:, 20:] = 0
    found = values(images, metrics=("spearman_abs",), scales=(1.,), center=0.).ravel()
    assert abs(found.mean() - 6 / 7) < 4 * found.std(ddof=1) / np.sqrt(30) + 1e-3


def test_ranks_of_a_ramp_of_two_values_survive_small_noise():
    """Bright pixels stay above dark ones up to scale 0.2; within each, ranks are independent: correlation 3 / 4."""
    images = np.ones((30, 40, 40, 1), np.float32)
    images[:, 20:] = 0.5
    found = values(images, metrics=("spearman",), scales=(0.2,)).ravel()
    assert abs(found.mean() - 3 / 4) < 4 * found.std(ddof=1) / np.sqrt(30) + 1e-3


@pytest.mark.parametrize("distribution", BOTH)
@pytest.mark.parametrize("metric", ALL)
def test_similarity_falls_as_noise_grows(distribution, metric):
    means = values(metrics=(metric,), distributions=(distribution,), scales=(0., 0.1, 0.4, 3.)).mean(axis=-1)[0]
    assert (np.diff(means) < 0).all()


def test_values_are_those_of_the_products():
    u, v = (random_products.noise("uniform", side, IDS, SHAPE) for side in (0, 1))
    expected = metrics.similarity(IMAGES * (1 + 0.5 * u), IMAGES * (1 + 0.5 * v), "ssim")
    assert np.array_equal(values(metrics=("ssim",), scales=(0.5,)).ravel(), expected)


def test_an_image_has_the_same_values_in_any_company():
    whole, part = values(scales=(0.5,)), values(IMAGES[4:6], IDS[4:6], scales=(0.5,))
    assert np.array_equal(whole[..., 4:6], part)


def test_rows_are_those_of_a_run_without_a_model():
    progress = []
    protocol = random_products.Protocol(("ssim",))
    rows = random_products.compare(IMAGES[:2], IDS[:2], protocol, 3, "mnist", progress.append)
    assert tuple(rows.columns) == runs.COLUMNS and len(rows) == 2 * 8 * 2 and sum(progress) == 2 * 8 * 2
    assert set(rows.model) == {"none"} and set(rows.draw) == {3} and set(rows.method) == set(BOTH)
    stages = list(rows.drop_duplicates("stage_index").stage)
    assert stages == ["0", "0.1", "0.2", "0.5", "1", "2", "5", "10"]


@pytest.mark.parametrize("wrong, message", [
    ({"metrics": ("cosine",)}, "unknown metric 'cosine'"),
    ({"distributions": ("cauchy",)}, "unknown distribution 'cauchy'"),
    ({"scales": (1., 0.5)}, "scales: expected growing numbers of at least 0, got 1, 0.5"),
    ({"scales": (-1., 0.5)}, "scales: expected growing numbers of at least 0, got -1, 0.5"),
    ({"scales": ()}, "got nothing"),
])
def test_a_wrong_protocol_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        random_products.Protocol(**{"metrics": ("ssim",), **wrong})
