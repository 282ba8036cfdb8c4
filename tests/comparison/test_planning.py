"""What a set of tests costs, and what fits into a time."""

import time

import numpy as np
import pytest
import tf_keras

from sanity_checks import models
from sanity_checks.comparison import planning
from sanity_checks.graphs import memory
from sanity_checks.methods import base
from sanity_checks.vocabulary import methods as records
from sanity_checks.weights import initialization
from tests import registry

COUNTS = {"cascading": 5, "independent": 5, "random_networks": 2}


def test_a_plan_counts_images_states_and_draws():
    plan = planning.Plan(num_images=6, draws=3, null_draws=8, seconds=.5)
    assert plan.image_states(COUNTS) == 6 * (3 * 10 + 8 * 2) and plan.duration(COUNTS) == .5 * 6 * 46


@pytest.mark.parametrize("minutes, images, draws", [(1e9, 24, 10), (0, 8, 2), (40, 24, 2)])
def test_as_much_as_fits_into_the_time(minutes, images, draws):
    found = planning.fitting(1., 500, COUNTS, minutes)
    assert (found.num_images, found.draws, found.null_draws) == (images, draws, max(8, 2 * draws)) or minutes == 40
    if minutes == 40:
        assert found.duration(COUNTS) <= 2400 and found.num_images == 24 and found.draws > 2


def test_few_images_are_all_used_and_what_is_given_stays():
    assert planning.fitting(1., 3, COUNTS, 1e9).num_images == 3 and planning.fitting(1., 3, COUNTS, 0).num_images == 3
    found = planning.fitting(1., 500, COUNTS, 0, num_images=90, draws=7, null_draws=1)
    assert (found.num_images, found.draws, found.null_draws) == (90, 7, 1)


def test_states_are_counted(cnn):
    assert planning.states_of(cnn, list(COUNTS), initialization.Randomization()) == COUNTS


def test_methods_of_many_passes_or_that_do_not_suit_are_left_out_with_the_reason(mlp):
    chosen, left = planning.affordable(mlp, ["gradient", "smoothgrad", "gradcam", "integrated_gradients_smoothgrad"])
    assert chosen == ["gradient", "smoothgrad"]
    assert left["integrated_gradients_smoothgrad"] == "needs 1,251 passes an image" and "feature map" in left["gradcam"]


class Slow(base.Work):
    """A piece of work that takes a known time an image."""
    def passes(self, image_shape):
        return 1

    def run(self, task):
        time.sleep(.02 * len(task.images))
        return task.images


class Method(base.Method):
    def __post_init__(self):
        pass

    def work(self):
        return (SLOW,)

    def maps(self, task):
        return task.result(SLOW)


SLOW = Slow()


def test_the_time_is_that_of_each_piece_of_work_once(cnn, digits):
    one, two = (planning.seconds_per_image(cnn, digits, made, ["spearman"]) for made in (
        {"a": Method()}, {"a": Method(), "b": Method()}))
    assert one > .02 and two - one < .02            # sleeping takes at least its time; the second method has it for nothing


def test_the_memory_of_a_pass_bounds_the_batch():
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((8, 8, 3)), tf_keras.layers.Conv2D(5, 3, activation="relu"),
                                 tf_keras.layers.Flatten(), tf_keras.layers.Dense(4)])
    classifier = models.load_classifier(model)
    found = memory.bytes_per_row(classifier.inspected.logits)
    image, maps = 8 * 8 * 3, 6 * 6 * 5
    assert 2 * 4 * (image + 3 * maps) <= found <= 2 * 4 * (2 * image + 5 * maps + 20)     # map: convolution, bias, ReLU, reshape
    assert planning.batch_size(classifier, available=2 ** 40) == 256
    assert planning.batch_size(classifier, available=40 * found) == 10 and planning.batch_size(classifier, available=1) == 1


def test_all_registered_methods_can_be_measured(network, digits):
    names = [name for name in records.METHODS if registry.is_suitable(network, name) and name not in ("xrai", "perturbation_mask")]
    made = {name: registry.make(name) for name in names}
    assert 0 < planning.seconds_per_image(network, digits[:2], made, ["spearman_abs", "ssim"]) < 600
    assert np.isfinite(planning.seconds_per_image(network, digits[:1], {"random_map": registry.make("random_map")}, []))
