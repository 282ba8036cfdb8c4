"""Training until the training set is known: it ends where it should, fails in one line, and resumes."""

import numpy as np
import pytest
import tf_keras

from sanity_checks import models
from sanity_checks.datasets import base
from sanity_checks.training import optimization
from sanity_checks.training import training_goal
from sanity_checks.training import training_run

SIDE = 8


def linear(input_shape, num_classes):
    layers = tf_keras.layers
    return tf_keras.Sequential([layers.InputLayer(input_shape), layers.Flatten(),
                                layers.Dense(num_classes, kernel_initializer="zeros", name="logits")], name="linear")


def split(count, contradictory=False):
    """Images with one bright row, the label's: linearly separable. Contradictory: every image has both labels."""
    labels = np.arange(count) % 2
    pixels = np.zeros((count, SIDE, SIDE, 1), np.uint8)
    pixels[np.arange(count), 0 if contradictory else labels] = 200
    return base.PixelSplit(pixels, labels, tuple(map(str, range(count))))


def dataset(**options):
    return base.Dataset("rows", "memory", "0" * 64, split(100, **options), split(20), split(40), (SIDE, SIDE, 1))


def train(directory, data=None, seed=0, progress=None, **goal):
    goal = training_goal.Goal(**{"learning_rate": 0.01, **goal})
    return training_goal.train("linear", models.Architecture(linear, None), data or dataset(), str(directory), seed, goal,
                               progress)


def test_separable_data_are_learned(tmp_path):
    metrics = train(tmp_path, target_accuracy=0.99)
    assert metrics["train_accuracy"] == metrics["test_accuracy"] == 1.0 and metrics["epochs"] <= 5
    assert metrics["test_chance"]["z"] == pytest.approx(1)          # the most that two classes can show
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.json", "training.json", "weights.h5"]


def test_it_goes_on_for_the_least_number_of_epochs(tmp_path):
    assert train(tmp_path, min_epochs=9)["epochs"] == 9


def test_contradictory_labels_fail_in_one_line(tmp_path):
    """Each image has both labels: no network is right on more than half of them."""
    with pytest.raises(ValueError, match=r"training accuracy 0.5000 after 3 epochs, expected above 0.95 "
                                         r"\(target_accuracy\); raise max_epochs to go on, now 3") as error:
        train(tmp_path, dataset(contradictory=True), max_epochs=3)
    assert "\n" not in str(error.value)


def test_a_failed_training_goes_on_from_there(tmp_path):
    for epochs in (2, 5):
        seen = []
        with pytest.raises(ValueError, match=f"after {epochs} epochs"):
            train(tmp_path, dataset(contradictory=True), max_epochs=epochs, progress=lambda done, *_, seen=seen: seen.append(done))
    assert seen == [4, 6, 8, 10]        # two steps an epoch, from the second epoch on


def test_a_killed_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "SAVE_EVERY", 4)

    def kill(done, loss, accuracy):
        if done == 10:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", min_epochs=8, progress=kill)
    seen = []
    resumed = train(tmp_path / "killed", min_epochs=8, progress=lambda done, *_, seen=seen: seen.append(done))
    whole = train(tmp_path / "whole", min_epochs=8)
    assert seen == [8, 10, 12, 14, 16] and resumed["epochs"] == whole["epochs"] == 8
    a, b = (network.get_weights() for network in map(load, (tmp_path / "killed", tmp_path / "whole")))
    assert all(np.allclose(x, y, rtol=1e-5, atol=1e-7) for x, y in zip(a, b))


def load(directory):
    model = linear((SIDE, SIDE, 1), 2)
    model.load_weights(directory / "weights.h5")
    return model


def test_a_finished_training_is_left_alone(tmp_path):
    first = train(tmp_path)
    changed = (tmp_path / "weights.h5").stat().st_mtime_ns
    assert train(tmp_path, max_epochs=7) == first and (tmp_path / "weights.h5").stat().st_mtime_ns == changed


@pytest.mark.parametrize("other", [{"target_accuracy": 0.9}, {"min_epochs": 2}, {"learning_rate": 0.1}, {"l2": False},
                                   {"seed": 1}])
def test_other_settings_are_refused(tmp_path, other):
    train(tmp_path)
    with pytest.raises(ValueError, match=f"{next(iter(other))}: .* holds a training with"):
        train(tmp_path, **other)


@pytest.mark.parametrize("wrong, message", [
    ({"target_accuracy": 1.}, "target_accuracy: expected a number between 0 and 1, got 1.0"),
    ({"min_epochs": 5, "max_epochs": 4}, r"min_epochs: expected 1 to 4 \(max_epochs\), got 5"),
    ({"learning_rate": 0.}, "learning_rate: expected a number above 0, got 0.0"),
])
def test_goals_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        training_goal.Goal(**wrong)


def decaying():
    layers = tf_keras.layers
    return tf_keras.Sequential([layers.InputLayer((SIDE, SIDE, 1)), layers.Flatten(), layers.Dense(
        2, kernel_initializer="ones", kernel_regularizer=tf_keras.regularizers.L2(0.1))])


@pytest.mark.parametrize("regularized", [True, False])
def test_the_l2_term_can_be_left_out(regularized):
    """On black images the kernel has no gradient but that of the L2 term."""
    model = decaying()
    optimization.Trainer(model, np.zeros((50, SIDE, SIDE, 1), np.uint8), np.arange(50) % 2, regularized=regularized).run(1)
    assert (model.get_weights()[0] < 1).all() == regularized


def test_several_steps_are_those_of_keras_adam():
    """The fused kernel against Keras' own optimizer on the same batch."""
    data, labels = split(50), np.arange(50) % 5 // 4      # not half and half: then the bias has a gradient
    ours, theirs = linear((SIDE, SIDE, 1), 2), linear((SIDE, SIDE, 1), 2)
    optimization.Trainer(ours, data.pixels, labels, learning_rate=0.01).run(5)
    loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(tf_keras.optimizers.Adam(0.01, epsilon=optimization.ADAM_EPSILON), loss)
    theirs.fit(data[:], labels, batch_size=50, epochs=5, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights()):
        assert np.allclose(a, b, rtol=1e-4, atol=1e-6) and np.abs(a).max() > 0.01
