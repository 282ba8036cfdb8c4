"""Methods against what they come from, called directly: PAIR's classes over a `call_model_function` written here with
tf.GradientTape, SciPy's Sobel filter, and a plain descent on perturbation masks. Nothing of the library computes the
expected maps."""

import numpy as np
import pytest
import saliency.core as saliency
from scipy import ndimage
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import base
from sanity_checks.methods import noise
from sanity_checks.weights import states

SIDE, TARGET = 24, 2


@pytest.fixture(scope="module")
def colour():
    """A small untrained convolutional network for colour images."""
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(3)
    return models.load_classifier(tf_keras.Sequential([
        layers.InputLayer((SIDE, SIDE, 3)), layers.Conv2D(6, 5, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(4, name="top")]))


def smooth_image(*shape):
    """A smooth image with noise, float32 in [-1, 1]. No two places are alike, so no ReLU is at its kink."""
    generator = np.random.default_rng(5)
    smooth = ndimage.gaussian_filter(generator.normal(size=shape), (3, 3, 0))
    image = smooth / np.abs(smooth).max() + generator.normal(0, 0.05, shape)
    return np.tanh(image).astype(np.float32)


@pytest.fixture(scope="module")
def photograph():
    return smooth_image(SIDE, SIDE, 3)


@pytest.fixture(scope="module")
def grey():
    return smooth_image(28, 28, 1)


def call_model(model, prepare=lambda images: images):
    """PAIR's interface to the logit TARGET of a Keras model of `prepare(images)`."""
    def call(images, call_model_args, expected_keys):
        assert expected_keys == [saliency.INPUT_OUTPUT_GRADIENTS]
        images = tf.constant(np.asarray(images, np.float32))
        with tf.GradientTape() as tape:
            tape.watch(images)
            logits = model(prepare(images), training=False)[:, TARGET]
        return {saliency.INPUT_OUTPUT_GRADIENTS: tape.gradient(logits, images).numpy()}
    return call


@pytest.fixture
def old_quantile(monkeypatch):
    """PAIR's Guided IG passes an argument that NumPy 2.4 has no more."""
    original = np.quantile

    def quantile(values, q, interpolation=None, **others):
        return original(values, q, **({"method": interpolation} if interpolation else others))
    monkeypatch.setattr(np, "quantile", quantile)


def assert_close(actual, expected, tolerance=1e-5):
    assert actual.shape == expected.shape and np.abs(expected).max() > 0
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


def ours(classifier, image, name, **parameters):
    return methods.explain(classifier, image[None], name, np.array([TARGET]), image_ids=["x"], **parameters)[0]


PAIRS = {
    "gradient": ({}, lambda image, call: saliency.GradientSaliency().GetMask(image, call)),
    "blur_ig": ({"steps": 7, "max_sigma": 8.}, lambda image, call: saliency.BlurIG().GetMask(
        image, call, steps=7, max_sigma=8.)),
    "guided_ig": ({"steps": 9, "fraction": 0.4, "max_dist": 0.1}, lambda image, call: saliency.GuidedIG().GetMask(
        image, call, x_steps=9, fraction=0.4, max_dist=0.1)),
}
# Blur IG divides a difference of blurs by 0.01 in single precision.
TOLERANCE = {"blur_ig": 1e-3}


@pytest.mark.parametrize("name", list(PAIRS))
def test_pairs_methods_on_a_colour_image(colour, photograph, name, old_quantile):
    parameters, pair_mask = PAIRS[name]
    expected = np.asarray(pair_mask(photograph, call_model(colour.model)))
    assert_close(ours(colour, photograph, name, **parameters), expected, TOLERANCE.get(name, 1e-5))


@pytest.mark.parametrize("name", list(PAIRS))
def test_pairs_methods_on_a_grey_image(cnn, grey, name, old_quantile):
    parameters, pair_mask = PAIRS[name]
    expected = np.asarray(pair_mask(grey, call_model(cnn.model)))
    assert_close(ours(cnn, grey, name, **parameters), expected, TOLERANCE.get(name, 1e-5))


@pytest.mark.parametrize("name, baseline", [
    ("colour", -0.5), ("colour", lambda image: image[::-1] / 2), ("grey", lambda image: image[::-1] / 2)])
def test_integrated_gradients_are_pairs_from_the_same_baseline(colour, cnn, photograph, grey, name, baseline):
    """A constant baseline is for the colour network alone: max-pooling of equal values decides by their rounding."""
    classifier, image = {"colour": (colour, photograph), "grey": (cnn, grey)}[name]
    baseline = baseline(image) if callable(baseline) else baseline
    expected = saliency.IntegratedGradients().GetMask(
        image, call_model(classifier.model), x_steps=9, x_baseline=np.full_like(image, baseline))
    assert_close(ours(classifier, image, "integrated_gradients", steps=9, baseline=baseline), expected)


def test_smoothgrad_is_pairs_on_the_same_noise(colour, photograph, monkeypatch):
    """PAIR draws from NumPy's global state; it is given our noise in double precision, so that adding is exact."""
    copies = noise.noisy_copies(photograph, 6, 0.2, base.noise_keys(0, ["x"])[0])
    drawn = iter(copies.astype(np.float64) - photograph)
    monkeypatch.setattr(np.random, "normal", lambda mean, stdev, shape: next(drawn))
    expected = saliency.GradientSaliency().GetSmoothedMask(
        photograph, call_model(colour.model), stdev_spread=0.2, nsamples=6, magnitude=False)
    assert_close(ours(colour, photograph, "smoothgrad", samples=6, noise=0.2), expected)


@pytest.mark.parametrize("algorithm", ["full", "fast"])
def test_xrai_is_pairs(colour, photograph, algorithm):
    parameters = saliency.XRAIParameters(steps=5, algorithm=algorithm)
    expected = saliency.XRAI().GetMask(photograph, call_model(colour.model), extra_parameters=parameters)
    found = ours(colour, photograph, "xrai", steps=5, algorithm=algorithm)
    assert (found == found[..., :1]).all() and len(np.unique(found)) > 5
    assert_close(found[..., 0], np.asarray(expected))


def test_xrai_of_a_grey_image_is_that_of_a_colour_model_of_the_mean(mlp, grey):
    """The mean of three equal channels is the image; its gradient by each is a third, and XRAI is linear in it."""
    call = call_model(mlp.model, lambda images: tf.reduce_mean(images, axis=3, keepdims=True))
    parameters = saliency.XRAIParameters(steps=5, algorithm="full")
    expected = saliency.XRAI().GetMask(np.repeat(grey, 3, axis=2), call, extra_parameters=parameters)
    assert_close(ours(mlp, grey, "xrai", steps=5)[..., 0], 3 * np.asarray(expected), 1e-4)


def edges(image):
    """SciPy's Sobel responses, each divided by the sum of its weights, and their root mean square; by channel."""
    response = [ndimage.sobel(image.astype(float), axis=axis, mode="reflect") / 4 for axis in (0, 1)]
    return np.sqrt((response[0] ** 2 + response[1] ** 2) / 2)


def test_edge_detector_is_scipys_sobel(colour, photograph):
    expected = np.stack([edges(photograph[..., channel]) for channel in range(3)], axis=-1)
    assert_close(ours(colour, photograph, "edge_detector"), expected)
    assert_close(ours(colour, photograph, "input_x_edges"), photograph * expected)


def random_maps(classifier, images, ids, **options):
    return methods.explain(classifier, images, "random_map", image_ids=ids, **options).reshape(len(images), -1)


def test_a_random_map_is_standard_normal_and_weights_and_class_alone_decide_it(cnn, digits):
    first = random_maps(cnn, digits, range(8))
    n = first.size
    assert abs(first.mean()) < 4 / np.sqrt(n) and abs(first.var() - 1) < 4 * np.sqrt(2 / n)
    classes = np.arange(8)
    one, two, other = (random_maps(cnn, images, range(8), targets=targets) for images, targets in (
        (digits, classes), (digits[::-1], classes), (digits, classes[::-1])))
    assert np.array_equal(one, two)                 # another image under the same id
    assert all(abs(np.corrcoef(a, b)[0, 1]) < 5 / 28 for a, b in zip(one, other))       # another class: see below


def test_other_weights_ids_and_seeds_give_independent_random_maps(cnn, digits):
    maps = [random_maps(cnn, digits, range(8)), random_maps(cnn, digits, range(8, 16)),
            random_maps(cnn, digits, range(8), seed=1)]
    with states.weight_states(cnn, "independent") as walk:
        maps += [random_maps(cnn, digits, range(8)) for state in walk if state.index]
    assert np.array_equal(random_maps(cnn, digits, range(8)), maps[0])
    correlations = np.corrcoef(np.concatenate(maps)) - np.eye(8 * len(maps))
    # 1,540 correlations of 784 independent pairs: standard error 1 / 28, none beyond 5 of them.
    assert len(maps) == 7 and np.abs(correlations).max() < 5 / 28


def blurring(side, sigma):
    """Gaussian weights of each place for each other, summing to 1: [side, side]."""
    weights = np.array([[np.exp(-(to - source) ** 2 / (2 * sigma ** 2)) for source in range(side)] for to in range(side)])
    return weights / weights.sum(axis=1, keepdims=True)


def shifted(image, down, right):
    rows, columns = (np.maximum(np.arange(side) - by, 0) for side, by in zip(image.shape, (down, right)))
    return image[rows][:, columns]


class PlainDescent:
    """Fong and Vedaldi's descent for one image [H, W, C], term by term, with Adam in NumPy and the gradient of the
    whole objective from a tape."""

    def __init__(self, model, image, target, cell, mask_blur, blur, l1, tv, tv_beta, learning_rate):
        self.model, self.target, self.image = model, target, image.astype(np.float64)
        self.penalties = l1, tv, tv_beta
        self.learning_rate, (height, width) = learning_rate, image.shape[:2]
        # A pixel takes the value of the cell that it lies in, then the mask is blurred.
        self.enlarging = [blurring(side, mask_blur) @ np.repeat(np.eye(-(-side // cell)), cell, axis=0)[:side]
                          for side in (height, width)]
        self.perturbed = np.einsum("Hh,hwc,Ww->HWc", blurring(height, blur), self.image, blurring(width, blur))
        self.z_image, self.z_perturbed = (float(self.logit(tf.constant(x))) for x in (self.image, self.perturbed))

    def logit(self, image):
        return self.model(tf.cast(image, tf.float32)[None], training=False)[0, self.target]

    def score(self, mask, down=0, right=0):
        large = tf.constant(self.enlarging[0]) @ mask @ tf.constant(self.enlarging[1].T)
        image, perturbed = (shifted(x, down, right) for x in (self.image, self.perturbed))
        blended = large[..., None] * image + (1 - large[..., None]) * perturbed
        return 1 + (tf.cast(self.logit(blended), tf.float64) - self.z_image) / abs(self.z_image - self.z_perturbed)

    def objective(self, mask, down, right):
        l1, tv, tv_beta = self.penalties
        down_slope = tf.concat([mask[1:] - mask[:-1], tf.zeros_like(mask[:1])], 0)
        right_slope = tf.concat([mask[:, 1:] - mask[:, :-1], tf.zeros_like(mask[:, :1])], 1)
        slope = tf.sqrt(down_slope ** 2 + right_slope ** 2 + 1e-10)
        return l1 * tf.reduce_sum(tf.abs(1 - mask)) + tv * tf.reduce_sum(slope ** tv_beta) + (
            tf.nn.relu(self.score(mask, down, right)))

    def first_mask(self):
        sides = [matrix.shape[1] for matrix in self.enlarging]
        distance = np.hypot(*(np.indices(sides) - (np.array(sides).reshape(2, 1, 1) - 1) / 2))
        for radius in np.linspace(distance.min(), distance.max(), 35):
            mask = tf.constant((distance > radius).astype(np.float64))
            if self.score(mask) <= 0.01:
                break
        return mask

    def run(self, shifts):
        mask = self.first_mask()
        mean = square = np.zeros(mask.shape)
        for step, (down, right) in enumerate(shifts, 1):
            with tf.GradientTape() as tape:
                tape.watch(mask)
                objective = self.objective(mask, down, right)
            slope = tape.gradient(objective, mask).numpy()
            mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope ** 2
            moved = self.learning_rate * mean / (1 - 0.9 ** step) / (np.sqrt(square / (1 - 0.999 ** step)) + 1e-8)
            mask = tf.constant(np.clip(mask - moved, 0, 1))
        return 1 - self.enlarging[0] @ mask.numpy() @ self.enlarging[1].T


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_perturbation_mask_is_the_plain_descent(colour, steps):
    """On noise that fades from the centre: a circle over a part of it takes the logit of class 1 away."""
    distance = np.hypot(*(np.indices((SIDE, SIDE)) - (SIDE - 1) / 2))
    blob = np.random.default_rng(1).normal(size=(SIDE, SIDE, 3)) * np.exp(-(distance[..., None] / 4) ** 2)
    blob = blob.astype(np.float32)
    own = {"cell": 4, "mask_blur": 2., "blur": 4., "l1": 1e-3, "tv": 2e-2, "tv_beta": 2.5, "learning_rate": 0.05}
    method = methods.make("perturbation_mask", iterations=steps, jitter=3, **own)
    shifts = method._shifts(base.noise_keys(0, ["x"]))[:, 0]
    expected = PlainDescent(colour.model, blob, 1, **own).run(shifts)
    found = methods.explain(colour, blob[None], "perturbation_mask", np.array([1]), image_ids=["x"],
                            iterations=steps, jitter=3, **own)[0]
    assert (found == found[..., :1]).all() and expected.std() > 0.05
    # Adam's first steps have the size of the learning rate whatever the slope, so a slope near 0 may turn about.
    assert np.abs(found[..., 0] - expected).max() < 1e-3
