"""Every registered method against PAIR's own classes, image by image, on the same weights."""

import numpy as np
import pytest
import saliency.core as saliency

from sanity_checks import methods
from sanity_checks.methods import base
from sanity_checks.methods import noise as noise_module
from sanity_checks.methods import pair
from tests import registry

SETTINGS = {**registry.SETTINGS, "xrai": {"steps": 4}}     # XRAI's own algorithm, not its faster one

BATCH_SIZE = 4
# Relative to the largest value of the map. Blur IG divides a difference of blurs by 0.01 in single precision, the epsilon rule
# by outputs near zero, whose rounding the size of a batch decides.
TOLERANCE = {"blur_ig": 1e-3, "lrp_epsilon": 2e-4, "lrp_composite": 2e-4}
# XRAI's paths start at constant images, where max-pooling of equal values is decided by their rounding, which the size
# of a batch decides: both sides take batches of one size.
ARGUMENTS = {"xrai": {"batch_size": BATCH_SIZE}}


def suitable(classifier, name):
    registry.suitable(classifier, name)
    return methods.make(name, **SETTINGS.get(name, {}))


def assert_close(actual, expected, tolerance=1e-5):
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_batched_maps_equal_get_mask(network, digits, name):
    method = suitable(network, name)
    targets = np.array([1, 7, 3])
    maps = methods.explain(network, digits[:3], name, targets, image_ids=["a", "b", "c"], batch_size=BATCH_SIZE,
                           **SETTINGS.get(name, {}))
    assert maps.shape == digits[:3].shape and maps.dtype == np.float32
    call = pair.call_model_function(network)
    for i, key in enumerate(base.noise_keys(0, ["a", "b", "c"])):
        noise = {"noise_key": key} if registry.is_stochastic(name) else {}
        expected = method.GetMask(digits[i], call, {"target": targets[i]}, **noise, **ARGUMENTS.get(name, {}))
        assert_close(maps[i], expected, TOLERANCE.get(name, 1e-5))


def pair_map(name, image, call, arguments, noise):
    """The map as a user of PAIR would compute it."""
    gradient, integrated = saliency.GradientSaliency(), saliency.IntegratedGradients()
    own = {
        "gradient": lambda: gradient.GetMask(image, call, arguments),
        "input_x_gradient": lambda: image * gradient.GetMask(image, call, arguments),
        "smoothgrad": lambda: gradient.GetSmoothedMask(
            image, call, arguments, stdev_spread=0.15, nsamples=SETTINGS[name]["samples"], magnitude=False),
        "integrated_gradients": lambda: integrated.GetMask(image, call, arguments, x_steps=SETTINGS[name]["steps"],
                                                               batch_size=7),
        "integrated_gradients_smoothgrad": lambda: integrated.GetSmoothedMask(
            image, call, arguments, stdev_spread=0.15, nsamples=SETTINGS[name]["samples"], magnitude=False,
            x_steps=SETTINGS[name]["steps"]),
        "gradcam": lambda: saliency.GradCam().GetMask(image, call, arguments, three_dims=False)[..., None],
        "blur_ig": lambda: saliency.BlurIG().GetMask(image, call, arguments, steps=SETTINGS[name]["steps"]),
        "occlusion": lambda: saliency.Occlusion().GetMask(image, call, arguments, size=SETTINGS[name]["size"]),
    }
    return own[name]()


@pytest.mark.parametrize("name", ["gradient", "input_x_gradient", "smoothgrad", "integrated_gradients",
                                  "integrated_gradients_smoothgrad", "gradcam", "blur_ig", "occlusion"])
def test_maps_equal_pairs_own_classes(network, digits, name, monkeypatch):
    suitable(network, name)
    # The noise of "y" puts no ReLU within rounding of its kink, where the batch size would decide the gradient.
    maps = methods.explain(network, digits[:1], name, np.array([4]), image_ids=["y"], **SETTINGS.get(name, {}))
    samples = SETTINGS.get(name, {}).get("samples", 1)
    # PAIR draws its noise from NumPy's global state; it is given ours, in double precision so that adding is exact.
    copies = noise_module.noisy_copies(digits[0], samples, 0.15, base.noise_keys(0, ["y"])[0])
    copies = iter(copies.astype(np.float64) - digits[0])
    monkeypatch.setattr(np.random, "normal", lambda mean, stdev, shape: next(copies))
    expected = pair_map(name, digits[0], pair.call_model_function(network), {"target": 4}, copies)
    assert_close(maps[0], expected, TOLERANCE.get(name, 1e-5))


def test_every_method_is_a_core_saliency():
    assert all(issubclass(method, saliency.CoreSaliency) for method in methods.METHODS.values())


def test_pairs_smoothing_works_on_ours(cnn, digits):
    mask = methods.make("guided_backprop").GetSmoothedMask(
        digits[0], pair.call_model_function(cnn), {"target": 0}, stdev_spread=0, nsamples=2, magnitude=False)
    expected = methods.explain(cnn, digits[:1], "guided_backprop", np.array([0]))[0]
    assert_close(mask, expected)


def test_unknown_keys_are_refused(cnn, digits):
    with pytest.raises(ValueError, match="unknown key 'NONE'"):
        pair.call_model_function(cnn)(digits, {"target": 0}, ["NONE"])
