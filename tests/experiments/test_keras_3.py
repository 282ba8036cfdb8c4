"""A file of Keras 3 through a binary: shards in any order and a killed run give the rows of an undisturbed one."""

import os

import keras
import pytest

from experiments import aggregate
from experiments import cascading_randomization
from sanity_checks import runs
from sanity_checks.comparison import runner
from tests import registry
from tests.experiments import binary

KEY = ["draw", "stage_index", "method", "metric", "image_id"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.keras"
    keras.utils.set_random_seed(0)
    registry.NETWORKS["small_cnn_of_keras_3"]().save(path)
    return path


def run(model, directory, *more):
    binary.run(cascading_randomization, f"--model={model}", "--dataset=mnist_5k", "--num_images=6", "--images_per_unit=2", "--draws=2",
               "--methods=gradient,guided_backprop,gradcam", "--metrics=spearman", f"--output_dir={directory}", *more,
               patches=[(aggregate, "draw", lambda run_dirs, output_dir: None)])


def rows(directory):
    return runs.read_rows([str(directory)]).sort_values(KEY).reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole") / "run"
    run(model, directory)
    return rows(directory)


def test_the_rows_are_those_of_every_block(whole):
    assert list(whole.stage.unique()) == ["original", "softmax_linear", "fc1", "conv2", "conv1"] and len(whole) == 2 * 5 * 3 * 6
    assert (whole.value[whole.stage_index == 0].dropna() == 1).all() and whole.value[whole.stage_index == 4].mean() < .5


def test_shards_give_the_same_rows(model, whole, tmp_path):
    for shard in (1, 0):
        run(model, tmp_path / "run", "--num_shards=2", f"--shard={shard}")
    assert rows(tmp_path / "run").equals(whole)


def test_a_killed_run_goes_on(model, whole, tmp_path, monkeypatch):
    run_unit, computed = runner.run_unit, []

    def killed_in_the_third(classifier, dataset, unit, *arguments, **keywords):
        computed.append(unit.name)
        if len(computed) == 3:
            raise KeyboardInterrupt
        return run_unit(classifier, dataset, unit, *arguments, **keywords)
    monkeypatch.setattr(runner, "run_unit", killed_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        run(model, tmp_path / "run")
    assert len(os.listdir(tmp_path / "run" / "similarities")) == 2
    run(model, tmp_path / "run")
    assert len(computed) == 7 and rows(tmp_path / "run").equals(whole)
