"""The simple models: real Keras models whose maps are known in closed form."""

import numpy as np
import pytest
from scipy import stats

import sanity_checks
from sanity_checks.paper import simple

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
COLOUR = RNG.uniform(-1, 1, (3, 9, 11, 3)).astype(np.float32)
SHAPE = COLOUR.shape[1:]
WEIGHTS = simple.random_weights(SHAPE)


def maps_of(model, images, method, **parameters):
    classifier = sanity_checks.load_classifier(model)
    return sanity_checks.explain(classifier, images, method, np.zeros(len(images), np.int32), **parameters)


def convolution_and_filter(channels=3, kind="normal"):
    weights = simple.random_filter(channels, kind)
    return simple.convolution(weights, (*SHAPE[:2], channels)), weights


def test_the_linear_model_is_the_scalar_product():
    assert np.allclose(simple.linear(WEIGHTS)(COLOUR)[:, 0], (COLOUR * WEIGHTS).sum(axis=(1, 2, 3)), atol=1e-4)


@pytest.mark.parametrize("method", ["gradient", "smoothgrad"])
def test_maps_of_the_linear_model_are_its_weights(method):
    assert np.allclose(maps_of(simple.linear(WEIGHTS), COLOUR, method), WEIGHTS, atol=1e-5)


@pytest.mark.parametrize("baseline", [0., 0.5, -1.])
def test_integrated_gradients_of_the_linear_model_have_no_factor_one_half(baseline):
    maps = maps_of(simple.linear(WEIGHTS), COLOUR, "integrated_gradients", baseline=baseline)
    assert np.allclose(maps, (COLOUR - baseline) * WEIGHTS, atol=1e-5)


def test_the_convolution_is_the_sum_over_its_definition():
    """w * x at a pixel is the sum of x[i - k, j - l] w[k, l], written out."""
    model, weights = convolution_and_filter()
    padded = np.pad(COLOUR, ((0, 0), (1, 1), (1, 1), (0, 0)))
    total = np.zeros(3)
    for i in range(SHAPE[0]):
        for j in range(SHAPE[1]):
            value = sum((padded[:, 1 + i - k, 1 + j - l] * weights[k + 1, l + 1]).sum(axis=-1)
                        for k in (-1, 0, 1) for l in (-1, 0, 1))
            total += np.maximum(value, 0)
    assert np.allclose(model(COLOUR)[:, 0], total, atol=1e-3)


@pytest.mark.parametrize("kind", simple.FILTERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_gradient_is_the_papers_formula(kind, channels):
    model, weights = convolution_and_filter(channels, kind)
    images = COLOUR[..., :channels]
    expected, certain = simple.closed_form_gradient(images, weights)
    assert certain.all() and np.allclose(maps_of(model, images, "gradient"), expected, atol=1e-5)


def test_the_closed_form_is_the_derivative():
    """By central differences, in float64, away from where the ReLU bends."""
    weights = simple.random_filter(1, seed=3)
    image = RNG.uniform(size=(1, 6, 6, 1))
    gradient, _ = simple.closed_form_gradient(image, weights)
    for i, j in ((0, 0), (2, 3), (5, 1)):
        step = np.zeros_like(image)
        step[0, i, j] = 1e-7
        ends = [np.maximum(simple.convolved(image + sign * step, weights), 0).sum() for sign in (1, -1)]
        assert np.isclose((ends[0] - ends[1]) / 2e-7, gradient[0, i, j, 0], atol=1e-5)


def test_the_gradient_inside_a_bright_plane_is_the_sum_of_the_filter():
    weights = np.ones((3, 3, 1), np.float32)
    gradient, _ = simple.closed_form_gradient(np.ones((1, 7, 7, 1)), weights)
    assert (gradient[0, 1:-1, 1:-1] == 9).all() and gradient[0, 0, 0] == 4 and gradient[0, 0, 3] == 6


def test_a_black_image_has_gradient_zero_for_certain():
    gradient, certain = simple.closed_form_gradient(np.zeros((1, 5, 5, 3)), simple.random_filter(3))
    assert not gradient.any() and certain.all()


def test_a_plane_seen_by_differences_is_not_certain():
    _, certain = simple.closed_form_gradient(np.ones((1, 9, 9, 1)), simple.random_filter(1, "difference"))
    assert not certain[0, 2:-2, 2:-2].any()


def test_guided_backprop_is_the_gradient():
    model, _ = convolution_and_filter()
    assert np.array_equal(maps_of(model, COLOUR, "guided_backprop"), maps_of(model, COLOUR, "gradient"))


def test_integrated_gradients_from_black_are_the_image_times_the_gradient():
    model, weights = convolution_and_filter()
    expected = COLOUR * simple.closed_form_gradient(COLOUR, weights)[0] * 9 / 10
    assert np.allclose(maps_of(model, COLOUR, "integrated_gradients", steps=10), expected, atol=1e-5)


def test_smoothgrad_tends_to_the_probability_of_being_active():
    """With noise of sd s, the convolution inside the image is normal with sd s |w|: a becomes its chance above 0."""
    weights = simple.random_filter(1)
    image = np.full((1, 7, 7, 1), 0.3, np.float32)
    image[0, 3, 3] = 1.
    samples, noise = 4000, 0.15
    found = maps_of(simple.convolution(weights, (7, 7, 1)), image, "smoothgrad", samples=samples, noise=noise)
    spread = noise * 0.7 * np.sqrt((weights.astype(float) ** 2).sum())
    chance = stats.norm.cdf(simple.convolved(image, weights) / spread)[0]
    expected = sum(chance[3 + k, 3 + l] * weights[k + 1, l + 1, 0] for k in (-1, 0, 1) for l in (-1, 0, 1))
    assert abs(found[0, 3, 3, 0] - expected) < 5 * 0.5 * np.abs(weights).sum() / np.sqrt(samples)


def test_the_difference_filter_sums_to_zero_in_each_channel():
    assert np.allclose(simple.random_filter(3, "difference").sum(axis=(0, 1)), 0, atol=1e-6)


def test_another_seed_is_another_filter():
    assert not np.allclose(simple.random_filter(3, seed=0), simple.random_filter(3, seed=1))


def test_an_unknown_filter_is_refused():
    with pytest.raises(ValueError, match="unknown filter 'sobel'"):
        simple.random_filter(3, "sobel")


def test_grey_keeps_the_range():
    assert np.allclose(simple.grey(np.full((1, 2, 2, 3), -1., np.float32)), -1)
    assert simple.grey(COLOUR).shape == (3, 9, 11, 1)
