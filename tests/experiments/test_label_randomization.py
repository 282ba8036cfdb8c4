"""The data randomization binary from flags to files: two networks a seed, trained once, compared like other states."""

import contextlib
import glob
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tf_keras

from experiments import aggregate
from experiments import from_flags
from experiments import label_randomization
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from sanity_checks.datasets import base
from sanity_checks.training import label_networks
from sanity_checks.training import label_permutation
from sanity_checks.training import training_run
from sanity_checks.vocabulary import stages
from tests.experiments import binary

pytestmark = pytest.mark.slow

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = ["draw", "stage_index", "method", "metric", "image_id"]
SMALL = ["--model=linear", "--draws=2", "--learning_rate=0.05", "--images_per_unit=3", "--figure_images=1",
         "--methods=gradient,input_x_gradient,smoothgrad", "--smoothgrad_samples=2", "--metrics=spearman_abs,spearman"]


def linear(input_shape, num_classes):
    layers = tf_keras.layers
    return tf_keras.Sequential([layers.InputLayer(input_shape), layers.Flatten(),
                                layers.Dense(num_classes, name="logits")], name="linear")


def split(count, seed):
    """Noise on 400 pixels: 100 such images are linearly separable, whatever their labels."""
    rng = np.random.default_rng(seed)
    return base.PixelSplit(rng.integers(0, 256, (count, 20, 20, 1), np.uint8), np.arange(count) % 10,
                           tuple(f"{seed}-{i}" for i in range(count)))


DATASET = base.Dataset("noise", "memory", "0" * 64, split(100, 0), split(10, 1), split(6, 2), (20, 20, 1))


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """A linear model and noise in the place of the paper's networks and MNIST."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.MODELS, "linear", models.Architecture(linear, trainable=True))
        patch.setattr(from_flags, "dataset", lambda options: sources.given(DATASET))
        yield


def run(directory, *more, draw=lambda run_dirs, output_dir: None):
    binary.run(label_randomization, *arguments(directory), *more, patches=[(aggregate, "draw", draw)])


def arguments(directory):
    return [*SMALL, f"--training_dir={directory}/networks", f"--output_dir={directory}/run"]


def table(directory):
    return runs.read_rows([f"{directory}/run"]).sort_values(KEY).reset_index(drop=True)


def metrics_of(directory, seed, kind):
    return training_run.read_metrics(label_networks.directory_of(f"{directory}/networks", seed, kind))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole")
    run(directory, draw=aggregate.draw)
    return directory


def same_rows(directory, expected):
    a, b = table(directory), table(expected)
    return a[KEY].astype(str).equals(b[KEY].astype(str)) and np.array_equal(a.value, b.value)


def test_a_run_has_rows_of_both_networks_for_every_seed(whole):
    rows = table(whole)
    assert len(rows) == 2 * 2 * 3 * 2 * 6 and set(rows.test) == {"labels"} and set(rows.draw) == {0, 1}
    assert list(rows.drop_duplicates("stage_index").stage) == [stages.TRUE_LABELS, stages.RANDOM_LABELS]
    assert (rows[rows.stage_index == 0].value == 1).all() and (rows[rows.stage_index == 1].value < 1).all()


def test_a_run_has_tables_and_figures(whole):
    for name in ("tables/linear_noise_labels_spearman.md", "figures/label_bars_rank_correlation.pdf",
                 "figures/masks_linear_noise_labels_draw000_2-1.png"):
        binary.assert_drawn(whole / "run" / name)


def test_both_networks_start_alike_and_know_their_labels(whole):
    for seed in (0, 1):
        true, random = (metrics_of(whole, seed, kind) for kind in stages.LABEL_STAGES)
        assert true["initial_weights_sha256"] == random["initial_weights_sha256"]
        assert true["weights_sha256"] != random["weights_sha256"]
        assert min(true["train_accuracy"], random["train_accuracy"]) > 0.95
    assert metrics_of(whole, 0, "true labels")["initial_weights_sha256"] != true["initial_weights_sha256"]


def test_the_permutation_is_recorded(whole):
    provenance = json.loads((whole / "run" / "run.json").read_text())["provenance"]
    found = {(network["seed"], network["labels"]): network["labels_sha256"] for network in provenance["networks"]}
    labels = DATASET.train.labels
    expected = {(seed, kind): label_permutation.sha256(
        labels if kind == stages.TRUE_LABELS else label_permutation.permuted(labels, seed))
        for seed in (0, 1) for kind in stages.LABEL_STAGES}
    assert found == expected and all("z" in network["test_chance"] for network in provenance["networks"])


def test_the_same_command_trains_and_computes_nothing_again(whole, monkeypatch):
    def fail(*_, **__):
        raise AssertionError
    monkeypatch.setattr(training_run, "network", fail)
    monkeypatch.setattr(runner, "run_unit", fail)
    run(whole)


@pytest.mark.slow
def test_loaded_networks_give_the_same_rows(whole, tmp_path):
    run(tmp_path, f"--training_dir={whole}/networks", "--batch_size=4")
    a, b = table(tmp_path), table(whole)
    assert np.allclose(a.value, b.value, atol=1e-4)


def test_another_seed_is_another_pair(whole, tmp_path):
    run(tmp_path, f"--training_dir={whole}/networks", "--training_seed=1", "--draws=1")
    a, b = table(tmp_path), table(whole)
    assert np.array_equal(a.value, b[b.draw == 1].value)


def test_other_networks_are_refused(whole, tmp_path):
    with pytest.raises(ValueError, match="sha256 of the weights: the run has"):
        run(whole, f"--training_dir={whole}/networks", "--training_seed=1")


@pytest.mark.slow
def test_a_kill_between_the_trainings_loses_neither(tmp_path, whole, monkeypatch):
    train, trained = label_networks.train, []

    def kill(*arguments):
        trained.append(arguments[4:6])
        if len(trained) == 2:
            raise KeyboardInterrupt
        return train(*arguments)
    monkeypatch.setattr(label_networks, "train", kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    network, built = training_run.network, []
    monkeypatch.setattr(training_run, "network", lambda *arguments: built.append(arguments[3]) or network(*arguments))
    run(tmp_path)
    assert built == [0, 1, 1]       # seed 0 on true labels is there


@pytest.mark.slow
def test_a_kill_between_units_computes_none_twice(whole, tmp_path, monkeypatch):
    run_unit, computed = runner.run_unit, []

    def kill(classifier, dataset, unit, *arguments):
        computed.append(unit.name)
        if len(computed) == 3:
            raise KeyboardInterrupt
        return run_unit(classifier, dataset, unit, *arguments)
    monkeypatch.setattr(runner, "run_unit", kill)
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt):
            run(tmp_path, f"--training_dir={whole}/networks")
    assert len(computed) == 5 and len(set(computed)) == 4 and same_rows(tmp_path, whole)


@pytest.mark.slow
def test_shards_train_first_and_then_give_the_same_rows(whole, tmp_path):
    shards = [("--num_shards=3", f"--shard={i}") for i in range(3)]
    with pytest.raises(ValueError, match="num_shards: the network on true labels, seed 0, is not in --training_dir"):
        run(tmp_path, *shards[0])
    for shard in shards:
        run(tmp_path, "--train_only", *shard)
    assert len(glob.glob(f"{tmp_path}/networks/*/*/weights.h5")) == 4 and not os.path.exists(tmp_path / "run")
    drawn = []
    for shard in reversed(shards):
        run(tmp_path, *shard, draw=lambda *where: drawn.append(where))
    assert len(drawn) == 1 and table(tmp_path)[KEY].astype(str).equals(table(whole)[KEY].astype(str))


def test_its_own_flagfile_runs_it_again(whole, tmp_path):
    binary.run(label_randomization, f"--flagfile={whole}/run/flags.flags", f"--output_dir={tmp_path}/run",
               patches=[(aggregate, "draw", lambda *where: None)])
    assert same_rows(tmp_path, whole)


@pytest.mark.parametrize("flag", ["--initializer=uniform", "--weights=a.h5", "--train_if_missing", "--blocks=a=b"])
def test_flags_of_drawn_or_given_weights_are_unknown(whole, flag):
    line = binary.refusal(label_randomization, *arguments(whole), flag)
    assert f"Unknown command line flag '{flag[2:].partition('=')[0]}'" in line


def test_an_accuracy_above_chance_is_refused(whole, monkeypatch):
    """The check itself, with the true labels' network in the place of the other; it is far above chance on its images."""
    perfect = {**metrics_of(whole, 0, stages.RANDOM_LABELS),
               "test_chance": {"accuracy": 0.9, "expected": 0.1, "standard_error": 0.05, "z": 16.}}
    monkeypatch.setattr(label_networks.training_goal, "train", lambda *_, **__: perfect)
    with pytest.raises(ValueError, match=r"test accuracy 0.9000 is 16.0 standard errors above chance, 0.1000 \+- 0.05"):
        run(whole)


def test_exchanged_weights_are_refused(whole, tmp_path):
    for kind, other in (stages.LABEL_STAGES, stages.LABEL_STAGES[::-1]):
        here, there = (label_networks.directory_of(place, 0, name)
                       for place, name in ((f"{tmp_path}/networks", kind), (f"{whole}/networks", other)))
        os.makedirs(here)
        own = label_networks.directory_of(f"{whole}/networks", 0, kind)
        for file, source in (("weights.h5", there), ("metrics.json", own), ("training.json", own)):
            with open(os.path.join(source, file), "rb") as read, open(os.path.join(here, file), "wb") as written:
                written.write(read.read())
    with pytest.raises(ValueError, match="the weights are not those that were trained there: expected sha256"):
        run(tmp_path, "--draws=1")


@pytest.mark.parametrize("wrong, message", [
    (["--training_dir="], "--training_dir: expected a folder for the trained networks, got nothing"),
    (["--target_accuracy=1.5"], "--target_accuracy: expected a number between 0 and 1, got 1.5"),
    (["--min_epochs=101"], "--min_epochs: expected 1 to 100 (max_epochs), got 101"),
    (["--model=inception_v3"], "unknown trainable model 'inception_v3'"),
    (["--max_epochs=1"], "raise max_epochs to go on, now 1"),
])
def test_wrong_flags_are_refused(tmp_path, wrong, message):
    line = binary.refusal(label_randomization, *arguments(tmp_path), *wrong)
    assert message in line
    assert not os.path.exists(tmp_path / "run")


@pytest.mark.slow
def test_the_binary_ends_in_one_line(tmp_path):
    command = [sys.executable, "-m", "experiments.label_randomization", "--model=mlp", "--dataset=mnist_5k",
               "--max_epochs=1", "--target_accuracy=0.9999", f"--training_dir={tmp_path}/networks",
               f"--output_dir={tmp_path}/run"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "true_labels: training accuracy 0." in ended.stderr.strip().splitlines()[-1]
