"""Perturbation masks on models whose smallest sufficient deletion is known."""

import numpy as np
import pytest
from scipy import ndimage
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import mask_descent
from sanity_checks.methods import perturbation

pytestmark = pytest.mark.slow

SIDE = 12
EXACT = {"cell": 1, "mask_blur": 0., "jitter": 0, "perturbation": "constant"}       # a mask cell is a pixel


def summing(weights, scale=1.):
    """A model whose only logit is the weighted sum of the pixels; weights [SIDE, SIDE]."""
    layer = tf_keras.layers.Dense(1, use_bias=False)
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((SIDE, SIDE, 1)), tf_keras.layers.Flatten(), layer])
    layer.set_weights([scale * weights.reshape(-1, 1).astype(np.float32)])
    return models.load_classifier(model)


def region(rows, columns):
    weights = np.zeros((SIDE, SIDE))
    weights[rows, columns] = 1
    return weights


@pytest.fixture
def images():
    """Two images that are brighter on the left, so that every pixel there is above the mean."""
    images = np.random.default_rng(0).random((2, SIDE, SIDE, 1), np.float32)
    images[:, :, :SIDE // 2] += 1
    return images


def explain(classifier, images, **parameters):
    return methods.explain(classifier, images, "perturbation_mask", np.zeros(len(images), int), **parameters)


def test_one_pixel_is_found(images):
    maps = explain(summing(region(3, 2)), images, tv=0., **EXACT)
    for found in maps[..., 0]:
        others = np.delete(found.ravel(), 3 * SIDE + 2)
        assert found[3, 2] > 0.8 and others.max() < 0.05


def test_a_region_is_found_and_no_more(images):
    weights = region(slice(2, 8), slice(1, 5))
    for found in explain(summing(weights), images, tv=0., **EXACT)[..., 0]:
        assert found[weights > 0].mean() > 0.6 and found[weights == 0].max() < 0.05


def test_total_variation_smooths(images):
    classifier = summing(region(slice(2, 8), slice(1, 5)))
    rough, smooth = (explain(classifier, images, tv=tv, **EXACT)[..., 0] for tv in (0., 0.1))
    assert np.abs(np.diff(smooth, axis=1)).max() < 0.7 * np.abs(np.diff(rough, axis=1)).max()


def test_the_first_mask_is_the_smallest_circle_that_takes_the_logit_away(images):
    """The sum over a disc of radius 2.6 is at the mean's, its least, once all its 24 pixels are perturbed."""
    distance = np.hypot(*(np.indices((SIDE, SIDE)) - (SIDE - 1) / 2))
    image = images[:1].copy()
    image[0, distance < 2.6] += 5
    found = explain(summing(distance < 2.6), image, iterations=0, **EXACT)[0, ..., 0]
    assert set(np.unique(found)) == {0., 1.}
    assert (found[distance < 2.6] == 1).all() and not found[distance > 3.1].any()


def test_a_circle_that_suffices_nowhere_covers_everything(images):
    found = explain(summing(region(0, 0)), images, iterations=0, **EXACT)
    assert (found == 1).all()


def test_adams_first_step_is_the_learning_rate(images):
    steps = [explain(summing(region(3, 2)), images, iterations=count, **EXACT) for count in (0, 1)]
    moved = np.abs(steps[1] - steps[0])
    assert np.isclose(moved, 0.1, atol=1e-4).any()
    assert (np.isclose(moved, 0.1, atol=1e-4) | (moved == 0)).all()


def test_an_image_that_the_perturbation_does_not_change_has_an_all_zero_map():
    flat = np.full((1, SIDE, SIDE, 1), 0.5, np.float32)
    assert not explain(summing(region(3, 2)), flat, **EXACT).any()


def test_the_scale_of_the_logits_plays_no_part(images):
    weights = region(slice(2, 8), slice(1, 5))
    small, large = (explain(summing(weights, scale), images, iterations=20) for scale in (1., 1024.))
    assert np.array_equal(small, large)


def test_maps_are_deletions_alike_in_every_channel():
    images = np.random.default_rng(1).random((2, 20, 30, 3), np.float32)
    images[:, :10, :10] += 1
    weights = (images[0] > 1).astype(np.float32).reshape(-1, 1)
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((20, 30, 3)), tf_keras.layers.Flatten(),
                                 tf_keras.layers.Dense(1, use_bias=False, weights=[weights])])
    maps = explain(models.load_classifier(model), images, iterations=30)
    assert maps.shape == images.shape and maps.min() >= 0 and maps.max() <= 1
    assert (maps == maps[..., :1]).all() and maps.std() > 0


@pytest.mark.parametrize("kind", perturbation.PERTURBATIONS)
def test_perturbations(kind):
    image = np.random.default_rng(2).random((1, 60, 50, 3)).astype(np.float32)
    found = methods.make("perturbation_mask", perturbation=kind, blur=4.)._perturbed(image, [7])
    mean, deviation = image.mean(axis=(1, 2)), image.std(axis=(1, 2))
    assert found.shape == image.shape and found.dtype == np.float32
    if kind == "blur":
        expected = ndimage.gaussian_filter(image[0], 4., axes=(0, 1), truncate=20)
        assert np.allclose(found[0, 20:40, 20:30], expected[20:40, 20:30], atol=1e-3)
    elif kind == "constant":
        assert np.allclose(found[0], mean)
    else:       # 3,000 normal values a channel: standard errors are 1.8 % of the deviation, and 1.3 %
        assert np.allclose(found.mean(axis=(1, 2)), mean, atol=0.1 * deviation.max())
        assert np.allclose(found.std(axis=(1, 2)), deviation, rtol=0.07)


def test_a_flat_image_stays_flat_under_the_blur():
    flat = np.full((1, 9, 7, 1), 3, np.float32)
    assert np.allclose(methods.make("perturbation_mask")._perturbed(flat, [0]), flat)


def test_jitter_moves_the_image_down_and_right_over_its_edge():
    image = np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1)
    found = mask_descent._shifted(image, np.array([[1, 2]], np.int32))
    assert np.array_equal(found[0, ..., 0], [[0, 0, 0], [0, 0, 0]])
    found = mask_descent._shifted(image, np.array([[0, 1]], np.int32))
    assert np.array_equal(found[0, ..., 0], [[0, 0, 1], [3, 3, 4]])


def test_shifts_are_drawn_up_to_the_jitter():
    shifts = methods.make("perturbation_mask", iterations=500)._shifts([1, 2])
    assert shifts.shape == (500, 2, 2) and set(np.unique(shifts)) == {0, 1, 2, 3}
    assert not methods.make("perturbation_mask", jitter=0)._shifts([1]).any()


@pytest.mark.slow
def test_seed_and_image_id_name_the_jitter(cnn, digits):
    def masks(ids, seed=0):
        return methods.explain(cnn, digits[:1].repeat(2, axis=0), "perturbation_mask", np.zeros(2, int), seed=seed,
                               image_ids=ids, iterations=5, cell=4, mask_blur=1.)
    same, other = masks(["a", "b"]), masks(["b", "a"])
    assert np.allclose(same[0], other[1], atol=1e-6) and not np.allclose(same[0], same[1], atol=1e-3)


@pytest.mark.slow
def test_small_functions_are_traced_once_for_all_models(cnn, mlp, digits):
    for classifier in (cnn, mlp):
        for count in (1, 3):
            methods.explain(classifier, digits[:count], "perturbation_mask", iterations=2)
    assert mask_descent.blended().experimental_get_tracing_count() == 1
    assert mask_descent.stepped().experimental_get_tracing_count() == 1


def test_defaults_are_fong_and_vedaldis():
    assert {found.name: found.default for found in methods.parameters("perturbation_mask")} == {
        "iterations": 300, "learning_rate": 0.1, "l1": 1e-4, "tv": 1e-2, "tv_beta": 3., "cell": 8, "mask_blur": 5.,
        "jitter": 4, "perturbation": "blur", "blur": 10.}


@pytest.mark.parametrize("wrong, message", [
    ({"perturbation": "black"}, "one of blur, constant, noise, got 'black'"),
    ({"cell": 0}, "cell must be at least 1"), ({"iterations": -1}, "iterations must be at least 0"),
    ({"tv_beta": 0.5}, "tv_beta must be at least 1"), ({"cell": 28}, "its images are 28 pixels, a mask cell 28"),
])
def test_wrong_parameters_are_refused(cnn, digits, wrong, message):
    with pytest.raises(ValueError, match=message):
        methods.explain(cnn, digits, "perturbation_mask", **wrong)
