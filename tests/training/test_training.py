"""Training: it learns, it resumes exactly, and it knows what it was started with."""

import concurrent.futures
import functools
import json
import pickle
import shutil
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
    return small_halves()


def small_halves():
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
    with pytest.raises(ValueError, match="is not the state of this training; remove it"):
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


# What a directory holds

DAMAGES = [b"", b"{}", b"[]", b"null", b'{"model": "mlp"', b"\xff\xfe"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished training of 12 iterations with seed 0."""
    directory, own = tmp_path_factory.mktemp("trained"), small_halves()
    run(own, directory)
    return directory


@pytest.fixture
def copied(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


@pytest.mark.parametrize("name", ["training.json", "metrics.json"])
@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_record_is_named_in_a_line(halves, copied, name, content):
    (copied / name).write_bytes(content)
    with pytest.raises(ValueError) as caught:
        run(halves, copied)
    assert str(caught.value).startswith(f"{copied / name} is damaged: expected what is recorded of a training")
    assert "\n" not in str(caught.value)


def test_the_record_of_another_training_is_refused(halves, copied):
    metrics = json.loads((copied / "metrics.json").read_text())
    (copied / "metrics.json").write_text(json.dumps({**metrics, "seed": 5}))
    with pytest.raises(ValueError, match="metrics.json is of another training: seed 5, expected 0"):
        run(halves, copied)


def test_weights_that_were_removed_are_trained_again(halves, copied):
    expected = (copied / "weights.h5").stat().st_size
    (copied / "weights.h5").unlink()
    run(halves, copied)
    assert (copied / "weights.h5").stat().st_size == expected


def test_a_run_is_not_trained_into(halves, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "flags.flags").write_text("--draws=3\n")
    with pytest.raises(ValueError, match="holds a run .run.json.; train into a folder of its own"):
        run(halves, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flags.flags", "run.json"]


def test_a_file_is_reused_for_the_training_that_it_has_had_alone(halves, copied, tmp_path):
    path = str(copied / "weights.h5")
    training_run.check_reusable(path, "mlp", halves, 12, 0)
    for changed, message in (({"iterations": 13}, "iterations 12, asked for 13"), ({"seed": 1}, "seed 0, asked for 1"),
                             ({"model": "cnn"}, "model mlp, asked for cnn")):
        asked = {"model": "mlp", "dataset": halves, "iterations": 12, "seed": 0, **changed}
        with pytest.raises(ValueError, match=f"weights: .*weights.h5 was trained otherwise: {message}"):
            training_run.check_reusable(path, **asked)
    other = types.SimpleNamespace(name="halves", sha256="1" * 64)
    with pytest.raises(ValueError, match="data_sha256 0+, asked for 1+"):
        training_run.check_reusable(path, "mlp", other, 12, 0)
    (copied / "training.json").unlink()
    with pytest.raises(ValueError, match="seed 0, asked for 1"):
        training_run.check_reusable(path, "mlp", halves, 12, 1)
    (copied / "metrics.json").unlink()
    training_run.check_reusable(path, "mlp", halves, 99, 7)


def test_a_file_with_a_damaged_record_is_not_reused(halves, copied):
    (copied / "training.json").write_text("{}")
    with pytest.raises(ValueError, match="training.json is damaged"):
        training_run.check_reusable(str(copied / "weights.h5"), "mlp", halves, 12, 0)


def test_a_network_on_permuted_labels_is_not_reused(halves, copied):
    record = json.loads((copied / "training.json").read_text())
    del record["iterations"]
    (copied / "training.json").write_text(json.dumps({**record, "target_accuracy": 0.9}))
    with pytest.raises(ValueError, match="was trained otherwise: to an accuracy, asked for a number of iterations"):
        training_run.check_reusable(str(copied / "weights.h5"), "mlp", halves, 12, 0)


# The saved state

def save_state(path, training="a"):
    state = optimization.State(5, [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2)])
    optimization.save_state(str(path), state, training)
    return state


def test_a_state_comes_back(tmp_path):
    state = save_state(tmp_path / "state.npz")
    found = optimization.load_state(str(tmp_path / "state.npz"), "a")
    assert found.iteration == 5 and all(map(np.array_equal, found.variables, state.variables))


def rewritten(path, change):
    """The state's archive with other arrays: `change` takes and returns a dict."""
    with np.load(path) as arrays:
        kept = dict(arrays)
    np.savez(path, **change(kept))


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:200]),
    lambda path: path.write_bytes(path.read_bytes()[:-30]),
    lambda path: path.write_bytes(path.read_bytes().replace(np.float32(4).tobytes(), np.float32(8).tobytes())),
    lambda path: np.save(path.open("wb"), np.zeros(3)),
    lambda path: path.write_bytes(pickle.dumps({"iteration": 5})),
    lambda path: np.savez(path, weights=np.zeros(3)),
    lambda path: rewritten(path, lambda arrays: {**arrays, "iteration": np.array(6)}),
    lambda path: rewritten(path, lambda arrays: {**arrays, "iteration": np.arange(3)}),
    lambda path: rewritten(path, lambda arrays: {**arrays, "0": arrays["0"] + 1}),
    lambda path: rewritten(path, lambda arrays: {name: array for name, array in arrays.items() if name != "1"}),
    lambda path: rewritten(path, lambda arrays: {name: array for name, array in arrays.items() if name != "sha256"}),
    lambda path: rewritten(path, lambda arrays: {**arrays, "0": np.array([{}], object)}),
    lambda path: save_state(path, "another"),
])
def test_a_state_that_is_damaged_or_of_another_training_is_refused_in_a_line(tmp_path, damage):
    path = tmp_path / "state.npz"
    save_state(path)
    damage(path)
    with pytest.raises(ValueError) as caught:
        optimization.load_state(str(path), "a")
    assert str(caught.value).startswith(f"{path} is not the state of this training; remove it to start again (")
    assert "\n" not in str(caught.value)


# Races

def test_of_trainings_with_different_seeds_one_is_accepted(halves, tmp_path):
    def attempt(folder, seed):
        try:
            with training_run.opened(folder, halves, {"model": "mlp", "dataset": "halves", "seed": seed, "data_sha256": "0"}):
                return seed
        except ValueError as error:
            assert f"this one has {seed}; use another directory" in str(error)
            return None
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        for number in range(300):
            folder = str(tmp_path / str(number))
            accepted = [seed for seed in executor.map(functools.partial(attempt, folder), range(4)) if seed is not None]
            assert accepted == [json.loads((tmp_path / str(number) / "training.json").read_text())["seed"]]


def test_equal_trainings_at_once_train_once(halves, tmp_path, monkeypatch):
    trained, train = [], training_run._train
    monkeypatch.setattr(training_run, "_train", lambda *arguments: trained.append(1) or train(*arguments))
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        found = list(executor.map(lambda _: run(halves, tmp_path), range(3)))
    assert found[0] == found[1] == found[2] and len(trained) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["metrics.json", "training.json", "weights.h5"]


def test_who_waits_takes_over_from_who_has_failed(halves, tmp_path):
    def fail(*_):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        run(halves, tmp_path, progress=fail)
    (tmp_path / "training.claim").write_text("left by a killed process")
    assert run(halves, tmp_path)["iterations"] == 12 and not (tmp_path / "training.claim").exists()
