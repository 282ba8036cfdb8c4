"""Maps averaged over noisy copies: the plain maps for one copy, the mean by hand for several, the same noise at every state."""

import numpy as np
import pytest

import sanity_checks
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import denoising
from sanity_checks.comparison import runner
from sanity_checks.weights import states
from tests import registry
from tests.comparison import test_identity as jobs_of
from tests.comparison import test_runner as units

IDS = [f"image{i}" for i in range(8)]
ONE = pytest.mark.parametrize("network", ["small_mlp"], indirect=True)
SOME = ("gradient", "smoothgrad", "input_x_gradient", "random_map")


def protocol(classifier, names=SOME, test="cascading", samples=3, **options):
    return units.protocol(classifier, names, test, denoise_samples=samples, **options)


def mean_maps(classifier, pixels, own, ids=IDS, targets=None, progress=None):
    targets = np.arange(len(pixels)) % classifier.num_classes if targets is None else targets
    return dict(denoising.maps(classifier, pixels, targets, ids[:len(pixels)], own, progress))


def test_one_copy_is_the_plain_test_bit_for_bit(network, digits):
    plain = units.protocol(network, SOME)
    assert plain.denoise_samples == 1
    rows, one = (units.run(network, digits, own) for own in (plain, protocol(network, samples=1, denoise_noise=0.7)))
    assert rows.equals(one)
    targets = np.arange(8, dtype=np.int32)
    task = methods.make_task(network, digits, targets, IDS)
    for name, maps in mean_maps(network, digits, plain, targets=targets).items():
        np.testing.assert_array_equal(maps, plain.methods[name].maps(task))


@pytest.mark.parametrize("network", ["small_cnn"], indirect=True)
def test_the_mean_is_that_of_the_copies_one_by_one(network, digits):
    """Every registered method, by hand: the clean image, and copies with noise of a tenth of the image's range."""
    own = runner.Protocol("cascading", registry.suitable_methods(network), ("spearman",), seed=4, denoise_samples=2)
    found = mean_maps(network, digits[:2], own)
    for i, (image, image_id) in enumerate(zip(digits[:2], IDS)):
        copies = denoising.copies(image[None], [image_id], 0, 2, 0.1, seed=4)
        np.testing.assert_array_equal(copies[0], image)
        for name, method in own.methods.items():
            maps = [method.maps(methods.make_task(network, copy[None], [i], [named], 4))[0] for copy, named in zip(
                copies, (image_id, f"{image_id}, copy 1"))]
            tolerance = 2e-3 if name == "perturbation_mask" else 1e-5
            np.testing.assert_allclose(found[name][i], np.mean(maps, axis=0), atol=tolerance * np.abs(maps).max(), err_msg=name)


def test_noise_has_the_deviation_asked_for_in_each_image():
    pixels = np.random.default_rng(0).random((3, 40, 40, 2), np.float32) * np.reshape([1, 10, 0], (3, 1, 1, 1)).astype(np.float32)
    copies = denoising.copies(pixels, "abc", 0, 6, 0.1, 0).reshape(3, 6, 40, 40, 2)
    np.testing.assert_array_equal(copies[:, 0], pixels)
    np.testing.assert_array_equal(copies[2], 0)
    noise = copies[:2, 1:] - pixels[:2, None]
    spans = 0.1 * (pixels.max((1, 2, 3)) - pixels.min((1, 2, 3)))[:2]
    # 16,000 values: a standard error of 0.6 %
    np.testing.assert_allclose(noise.std(axis=(1, 2, 3, 4)), spans, rtol=0.025)
    assert np.abs(np.corrcoef(noise.reshape(10, -1)) - np.eye(10)).max() < 5 / np.sqrt(3200)


def test_copies_are_named_by_image_seed_and_number(digits):
    whole = denoising.copies(digits, IDS, 0, 5, 0.1, 0).reshape(8, 5, -1)
    part = denoising.copies(digits[::-1][:3], IDS[::-1][:3], 2, 2, 0.1, 0).reshape(3, 2, -1)
    np.testing.assert_array_equal(part, whole[::-1][:3, 2:4])
    assert (whole[:, 1:] != denoising.copies(digits, IDS, 0, 5, 0.1, 1).reshape(8, 5, -1)[:, 1:]).mean() > 0.9


@pytest.mark.parametrize("network", ["small_cnn"], indirect=True)
@pytest.mark.parametrize("test", [test for test in units.SIMILARITIES if not states.explains_another(test)])
def test_zero_blocks_give_similarity_exactly_one(network, digits, test):
    """The noise is the same in every state of the weights."""
    own = protocol(network, ("gradient", "smoothgrad", "guided_backprop", "edge_detector"), test, metrics=tuple(metrics.METRICS))
    rows = units.run(network, digits[:2], own, sequence=units.unchanged(network, test))
    assert (rows.value.dropna() == 1).all() and rows.value.notna().mean() > 0.9


@ONE
def test_rows_do_not_depend_on_units_or_batches(network, digits):
    whole = units.run(network, digits, protocol(network, samples=5))
    for batch_size, images in ((7, 3), (19, 2)):
        parts = units.run(network, digits, protocol(network, samples=5, batch_size=batch_size), runs.units(1, 8, images)[::-1])
        assert whole[units.KEY].equals(parts[units.KEY])
        np.testing.assert_allclose(whole.value, parts.value, atol=3e-4, equal_nan=True)


@ONE
def test_the_clean_image_decides_the_explained_class(network, digits):
    plain, denoised = (units.run(network, digits, protocol(network, samples=samples)) for samples in (1, 4))
    assert denoised.explained_class.equals(plain.explained_class)
    assert not np.allclose(denoised.value, plain.value, equal_nan=True)


@ONE
@pytest.mark.parametrize("batch_size", (None, 4))
def test_progress_counts_the_passes(network, digits, batch_size):
    done, own = [], protocol(network, ("gradient", "smoothgrad", "input_x_gradient"), samples=4, batch_size=batch_size)
    units.run(network, digits[:3], own, progress=done.append)
    assert own.passes(network.image_shape) == 1 + 4 * (1 + 3)
    assert sum(done) == 3 * len(states.stages(network, "cascading")) * own.passes(network.image_shape)


@ONE
def test_few_copies_are_held_at_a_time(network, digits, monkeypatch):
    made, make = [], methods.make_task
    monkeypatch.setattr(methods, "make_task", lambda *arguments: made.append(len(arguments[1])) or make(*arguments))
    mean_maps(network, digits, protocol(network, ("gradient",), samples=11, batch_size=20))
    assert made == [16, 16, 16, 16, 16, 8]


def test_a_linear_models_gradient_has_no_noise():
    """Of a linear model the gradient is the same everywhere, and gradient times input has the copies' mean."""
    import tf_keras
    layers = tf_keras.layers
    linear = models.load_classifier(tf_keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3)]))
    pixels = np.random.default_rng(0).random((2, 4, 4, 1), np.float32)
    own = protocol(linear, ("gradient", "input_x_gradient"), samples=6)
    maps, weights = mean_maps(linear, pixels, own), linear.model.layers[-1].kernel.numpy().T[:2].reshape(2, 4, 4, 1)
    np.testing.assert_allclose(maps["gradient"], weights, rtol=1e-6)
    copies = denoising.copies(pixels, IDS[:2], 0, 6, 0.1, 0).reshape(2, 6, 4, 4, 1).mean(axis=1)
    np.testing.assert_allclose(maps["input_x_gradient"], weights * copies, rtol=1e-5)


def test_a_run_is_held_to_both_settings():
    """And to neither where there is one copy: a plain run is what it was."""
    plain = jobs_of.held(jobs_of.job())
    assert plain == jobs_of.held(jobs_of.job(denoise_noise=0.3)) and "denoise_samples" not in plain
    found = [jobs_of.held(jobs_of.job(denoise_samples=samples, denoise_noise=noise)) for samples, noise in ((2, 0.1), (3, 0.1), (2, 0.2))]
    assert [(one["denoise_samples"], one["denoise_noise"]) for one in found] == [(2, 0.1), (3, 0.1), (2, 0.2)]
    assert jobs_of.job(denoise_samples=5).steps == 4 * (1 + 5 * 1)


@ONE
def test_from_python(network, digits):
    report = sanity_checks.run(network, digits[:2], methods=["gradient"], progress=False, denoise_samples=3, null_draws=1)
    expected = units.run(network, digits[:2], protocol(network, ("gradient",), metrics=("spearman",)))
    found = report.rows[(report.rows.test == "cascading") & (report.rows.metric == "spearman")]
    assert runs.read_run(report.directories["cascading"])["settings"]["denoise_samples"] == 3
    assert not np.allclose(found.value, expected.value), "the images' ids name the noise"


@ONE
@pytest.mark.parametrize("wrong, message", [
    ({"samples": 0}, "denoise_samples: expected at least 1, got 0"),
    ({"denoise_noise": -0.1}, "denoise_noise: expected a number from 0 up, got -0.1"),
    ({"denoise_noise": float("nan")}, "denoise_noise: expected a number from 0 up, got nan")])
def test_other_settings_are_refused(network, wrong, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        protocol(network, **wrong)
