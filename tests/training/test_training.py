"""Training: it learns, it resumes exactly, and it knows what it was started with."""

import types

import numpy as np
import pytest

from sanity_checks import models
from sanity_checks.training import optimization
from sanity_checks.training import training_run

pytestmark = pytest.mark.slow


class Split:
    """Images of two classes told apart by which half is bright."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 2, count)
        self.pixels = rng.integers(0, 60, (count, 28, 28, 1)).astype(np.uint8)
        for image, label in zip(self.pixels, self.labels):
            image[:, 14 * label:14 * label + 14] += 100
        self.ids = tuple(map(str, range(count)))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.pixels[index].astype(np.float32) / 255


@pytest.fixture
def halves():
    return types.SimpleNamespace(name="halves", train=Split(120, 0), validation=Split(20, 1), test=Split(40, 2),
                                 sha256="0" * 64, image_shape=(28, 28, 1))


def trainer(halves, seed=0):
    classifier = models.load_classifier("mlp", weights="random")
    return classifier, optimization.Trainer(classifier.model, halves.train.pixels, halves.train.labels, seed, batch_size=20)


def test_it_learns(halves):
    classifier, own = trainer(halves)
    before = optimization.accuracy(classifier, halves.test)
    own.run(40)
    assert optimization.accuracy(classifier, halves.test) == 1.0 > before


def test_one_step_is_adams():
    """The first Adam step moves every weight by the learning rate, against the sign of its gradient."""
    halves_train = Split(20, 0)
    classifier = models.load_classifier("mlp", weights="random")
    before = classifier.blocks["logits"][0].numpy()
    optimization.Trainer(classifier.model, halves_train.pixels, halves_train.labels, batch_size=20).run(1)
    moved = classifier.blocks["logits"][0].numpy() - before
    used = moved[:, 0][np.abs(moved[:, 0]) > 1e-6]          # hidden units that are on
    assert len(used) > 50 and np.allclose(np.abs(used), 1e-4, rtol=0.02)


def test_every_image_is_used_once_an_epoch(halves):
    _, own = trainer(halves)
    order = own._order(0)
    assert sorted(order.ravel()) == list(range(120)) and not np.array_equal(order, own._order(1))


@pytest.mark.slow
def test_a_resumed_training_equals_an_unbroken_one(halves, tmp_path):
    whole, unbroken = trainer(halves)
    unbroken.run(15)
    _, first = trainer(halves)
    first.run(9)
    optimization.save_state(str(tmp_path / "state.npz"), first.state())
    resumed_classifier, second = trainer(halves)
    second.restore(optimization.load_state(str(tmp_path / "state.npz")))
    second.run(6)
    for a, b in zip(whole.model.variables, resumed_classifier.model.variables):
        assert np.allclose(a, b, rtol=1e-5, atol=1e-7)


def test_damaged_states_are_refused(halves, tmp_path):
    path = tmp_path / "state.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="is not a saved training state.*remove it"):
        optimization.load_state(str(path))
    _, own = trainer(halves)
    with pytest.raises(ValueError, match="this network has"):
        own.restore(optimization.State(1, [np.zeros(3)]))


def test_batch_size_is_checked(halves):
    with pytest.raises(ValueError, match="batch_size must be between 1 and the number of images 120, got 121"):
        optimization.Trainer(models.load_classifier("mlp", weights="random").model, halves.train.pixels,
                         halves.train.labels, batch_size=121)


def run(halves, directory, iterations=12, **options):
    return training_run.train("mlp", models.MODELS["mlp"], halves, str(directory), iterations, options.pop("seed", 0),
                              **options)


def test_a_run_leaves_weights_and_metrics(halves, tmp_path):
    metrics = run(halves, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.json", "training.json", "weights.h5"]
    halves_classifier = models.load_classifier(
        models.MODELS["mlp"].build(num_classes=2), weights=str(tmp_path / "weights.h5"))
    assert metrics["test_accuracy"] == optimization.accuracy(halves_classifier, halves.test)
    assert metrics["iterations"] == 12 and metrics["dataset"] == "halves"


@pytest.mark.slow
def test_a_killed_run_goes_on(halves, tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "SAVE_EVERY", 5)
    monkeypatch.setattr(training_run, "REPORT_EVERY", 5)

    def kill(done, loss, accuracy):
        if done == 10:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run(halves, tmp_path / "killed", progress=kill)
    seen = []
    resumed = run(halves, tmp_path / "killed", progress=lambda done, *_: seen.append(done))
    whole = run(halves, tmp_path / "whole")
    assert seen == [5, 10, 12]
    assert resumed["test_accuracy"] == whole["test_accuracy"]
    assert not (tmp_path / "killed" / "training_state.npz").exists()


def test_a_finished_run_is_left_alone(halves, tmp_path):
    first = run(halves, tmp_path)
    changed = (tmp_path / "weights.h5").stat().st_mtime_ns
    assert run(halves, tmp_path) == first and (tmp_path / "weights.h5").stat().st_mtime_ns == changed


def test_other_settings_are_refused(halves, tmp_path):
    run(halves, tmp_path)
    with pytest.raises(ValueError, match="seed: .* holds a training with 0, this one has 1"):
        run(halves, tmp_path, seed=1)
