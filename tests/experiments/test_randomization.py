"""The randomization binaries from flags to files: shards, batch sizes, kills, changed settings, careless users."""

import glob
import importlib
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import tf_keras

from experiments import aggregate
from experiments import cascading_randomization
from experiments import from_flags
from experiments import other_class
from sanity_checks import runs
from sanity_checks.comparison import runner
from tests.experiments import binary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = ["draw", "stage_index", "method", "metric", "image_id"]
SMALL = ["--model=mlp", "--weights=random", "--dataset=mnist_5k", "--num_images=6", "--draws=2", "--images_per_unit=2",
         "--methods=gradient,smoothgrad,input_x_gradient", "--smoothgrad_samples=3", "--metrics=spearman,spearman_abs",
         "--figure_images=1"]


def run(directory, *more, test="cascading", draw=lambda run_dirs, output_dir: None):
    """Runs the body of a binary; tables and figures, which take most of the time, only where a test looks at them."""
    module = importlib.import_module(f"experiments.{test}_randomization")
    binary.run(module, *SMALL, *more, f"--output_dir={directory}", patches=[(aggregate, "draw", draw)])


def refusal(directory, *more, test="cascading"):
    module = importlib.import_module(f"experiments.{test}_randomization")
    return binary.refusal(module, *SMALL, f"--output_dir={directory}", *more)


def table(directory):
    return runs.read_rows([str(directory)]).sort_values(KEY).reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole") / "run"
    run(directory, draw=aggregate.draw)
    return directory


def assert_same(directory, expected, tolerance=0.):
    found, expected = table(directory), table(expected)
    assert found[KEY].astype(str).equals(expected[KEY].astype(str))
    assert np.allclose(found.value, expected.value, rtol=0, atol=tolerance, equal_nan=True)


def test_a_run_directory_has_everything(whole):
    assert len(glob.glob(f"{whole}/similarities/*.parquet")) == 6
    for name in ("flags.flags", "run.json", "tables/summary.csv", "tables/mlp_mnist_5k_cascading_spearman.tex",
                 "figures/stage_curves_cascading_rank_correlation.png"):
        binary.assert_drawn(whole / name)
    assert len(glob.glob(f"{whole}/maps/*.npz")) == 1 and len(glob.glob(f"{whole}/figures/masks_*.png")) == 2
    rows = table(whole)
    assert len(rows) == 2 * 5 * 3 * 2 * 6 and rows.image_id.nunique() == 6
    totals = runs.read_run(str(whole))["totals"]
    assert totals["units_done"] == totals["units_total"] == 6 and totals["rows"] == len(rows)
    summary = pd.read_csv(whole / "tables" / "summary.csv")
    assert (summary[summary.stage_index > 0].n == 12).all()


@pytest.mark.slow
def test_three_shards_in_any_order_give_the_same_rows(whole, tmp_path):
    drawn = []
    for shard in (2, 0, 1):
        assert not drawn
        run(tmp_path / "run", "--num_shards=3", f"--shard={shard}", draw=lambda *where: drawn.append(where))
    assert_same(tmp_path / "run", whole)
    assert drawn == [([str(tmp_path / "run")], str(tmp_path / "run"))], "the shard that finishes draws"


@pytest.mark.slow
def test_other_batch_sizes_give_the_same_rows(whole, tmp_path):
    run(tmp_path / "run", "--batch_size=5")
    assert_same(tmp_path / "run", whole, tolerance=1e-4)      # of ranks, when single precision rounds otherwise


@pytest.mark.slow
def test_a_killed_run_goes_on_and_computes_nothing_twice(whole, tmp_path, monkeypatch):
    run_unit, computed = runner.run_unit, []

    def killed_in_the_third_unit(classifier, dataset, unit, *arguments, **keywords):
        computed.append(unit.name)
        if len(computed) == 3:
            raise KeyboardInterrupt
        return run_unit(classifier, dataset, unit, *arguments, **keywords)

    monkeypatch.setattr(runner, "run_unit", killed_in_the_third_unit)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run")
    run(tmp_path / "run")
    assert len(computed) == 7 and len(set(computed)) == 6      # only the unit that was under way
    assert_same(tmp_path / "run", whole)


@pytest.mark.slow
def test_its_own_flagfile_runs_it_again(whole, tmp_path):
    binary.run(cascading_randomization, f"--flagfile={whole}/flags.flags", f"--output_dir={tmp_path}/run",
               patches=[(aggregate, "draw", lambda *where: None)])
    assert_same(tmp_path / "run", whole)


@pytest.mark.parametrize("changed, message", [
    (["--num_images=8"], "--num_images: the run has 6, got 8"),
    (["--smoothgrad_samples=4"], "--smoothgrad_samples: the run has 3, got 4"),
    (["--initializer=uniform", "--draws=1"], "--draws: the run has 2, got 1; --initializer: the run has original"),
    (["--methods=gradient"], "--methods: the run has gradient,smoothgrad,input_x_gradient, got gradient"),
    (["--initializer=permutation"], "--initializer: the run has original, got permutation"),
    (["--denoise_samples=2"], "--denoise_noise: the run has nothing, got 0.1; --denoise_samples: the run has nothing, got 2"),
])
def test_changed_settings_are_refused_by_name(whole, changed, message):
    assert message in refusal(whole, *changed)


def test_other_weights_are_refused(whole, tmp_path, mlp):
    mlp.model.save_weights(tmp_path / "weights.h5")
    with pytest.raises(ValueError, match="sha256 of the weights: the run has"):
        run(whole, f"--weights={tmp_path / 'weights.h5'}")


def test_another_test_is_refused(whole):
    assert "test: the run has cascading, got independent" in refusal(whole, test="independent")


@pytest.mark.parametrize("test", ["independent", "bottom_up"])
@pytest.mark.slow
def test_the_other_tests_run(tmp_path, test):
    run(tmp_path / "run", "--draws=1", "--num_images=2", test=test, draw=aggregate.draw)
    assert set(table(tmp_path / "run").test) == {test}
    assert os.path.exists(tmp_path / "run" / "figures" / f"stage_curves_{test}_rank_correlation.png")


def test_another_class_runs(tmp_path):
    binary.run(other_class, *SMALL, "--methods=gradient", "--metrics=spearman", f"--output_dir={tmp_path / 'run'}")
    rows = table(tmp_path / "run")
    assert set(rows.test) == {"other_class"} and len(rows) == 2 * 2 * 6
    classes = rows.pivot(index=["draw", "image_id"], columns="stage_index", values="explained_class")
    assert (classes[0] != classes[1]).all()
    for name in ("figures/other_class_bars_rank_correlation.png", "tables/mlp_mnist_5k_other_class_spearman.md"):
        binary.assert_drawn(tmp_path / "run" / name)
    assert "--draws: expected at most 9, as many as model 'mlp'" in binary.refusal(
        other_class, *SMALL, "--draws=10", f"--output_dir={tmp_path / 'other'}")


def test_denoised_maps_of_scale_keeping_draws_run_and_go_on(tmp_path):
    more = ("--denoise_samples=3", "--initializer=permutation", "--num_images=2", "--draws=1", "--methods=gradient")
    run(tmp_path / "run", *more)
    settings = runs.read_run(str(tmp_path / "run"))["settings"]
    assert (settings["denoise_samples"], settings["denoise_noise"], settings["initializer"]) == (3, 0.1, "permutation")
    run(tmp_path / "run", *more)
    assert "--denoise_noise: the run has 0.1, got 0.2" in refusal(tmp_path / "run", *more, "--denoise_noise=0.2")


@pytest.mark.parametrize("wrong, message", [
    (["--output_dir="], "--output_dir: expected a folder"),
    (["--num_shards=2", "--shard=2"], "--shard: expected 0 to 1 (--num_shards=2), got 2"),
    (["--metrics="], "--metrics: expected at least one of"),
    (["--metrics=spearmann"], "unknown metric 'spearmann'; did you mean 'spearman"),
    (["--methods=gradients"], "unknown method 'gradients'; did you mean 'gradient'"),
    (["--methods=gradcam"], "'gradcam' cannot explain model 'mlp'"),
    (["--num_images=501"], "--num_images: mnist_5k has 500 test images, got 501"),
    (["--figure_images=a"], "--figure_images: expected positions from 0, got a"),
    (["--weights="], "--weights: model 'mlp' needs a weights file"),
    (["--weights=no.h5"], "--weights: no such file: no.h5"),
    (["--model=resnet"], "unknown model 'resnet'"),
    (["--images=photos"], "--images: expected --dataset=image_folder with photographs, got --dataset=mnist_5k"),
    (["--train_if_missing"], "--train_if_missing: --weights must name the file to write"),
    (["--initializer_stddev=0"], "--initializer_stddev: must be above 0"),
    (["--smoothgrad_samples=0"], "--smoothgrad_samples: "),
    (["--denoise_samples=0"], "flag --denoise_samples=0: 0 is not "),
    (["--denoise_noise=-1"], "flag --denoise_noise=-1: -1.0 is not "),
    (["--denoise_noise=nan"], "--denoise_noise"),
    (["--methods=gradient,gradient"], "--methods: 'gradient' is named twice"),
    (["--metrics=ssim,ssim"], "--metrics: 'ssim' is named twice"),
    (["--smoothgrad_sample=3"], "Unknown command line flag 'smoothgrad_sample'"),
    (["--draws=few"], "flag --draws=few: invalid literal"),
    (["smoothgrad"], "expected flags alone, got 'smoothgrad'"),
    (["--flagfile=nowhere.flags"], "nowhere.flags"),
])
def test_wrong_flags_are_refused(tmp_path, wrong, message):
    assert message in refusal(tmp_path / "run", *wrong)
    assert not os.path.exists(tmp_path / "run")


@pytest.mark.slow
def test_missing_weights_are_trained_once(tmp_path):
    weights = tmp_path / "network" / "weights.h5"
    for name in ("a", "b"):
        run(tmp_path / name, f"--weights={weights}", "--train_if_missing", "--training_iterations=5", "--num_images=1",
            "--draws=1", "--methods=gradient")
    assert os.path.exists(weights)
    assert_same(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("binary", ["cascading_randomization", "independent_randomization", "bottom_up_randomization"])
@pytest.mark.slow
def test_binaries_end_in_one_line(binary, tmp_path):
    command = [sys.executable, "-m", f"experiments.{binary}", "--weights=none.h5", f"--output_dir={tmp_path}/run"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert ended.stderr.strip().splitlines()[-1] == "error: --weights: no such file: none.h5"


@pytest.mark.slow
def test_train_binary(tmp_path):
    command = [sys.executable, "-m", "experiments.train", "--model=mlp", "--dataset=mnist_5k", "--iterations=3",
               f"--output_dir={tmp_path}/mlp"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 0 and "test accuracy: 0." in ended.stdout, ended.stderr
    assert sorted(os.listdir(tmp_path / "mlp")) == ["flags.flags", "metrics.json", "training.json", "weights.h5"]
    again = subprocess.run([*command[:3], f"--flagfile={tmp_path}/mlp/flags.flags", "--seed=1"], capture_output=True,
                           text=True, cwd=ROOT)
    assert again.returncode == 1 and "--seed: " in again.stderr.splitlines()[-1]


def test_what_is_not_drawn_is_said(tmp_path, caplog):
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.InputLayer((28, 28, 1)), layers.Normalization(name="scaled", mean=None), layers.Conv2D(2, 9, 9, name="conv"),
        layers.BatchNormalization(name="norm", beta_initializer="ones"), layers.Flatten(), layers.Dense(10, name="top")])
    model.get_layer("norm").beta.assign([2, 2])
    model.save(tmp_path / "model.keras")
    with caplog.at_level("INFO", logger="absl"):
        run(tmp_path / "run", f"--model={tmp_path / 'model.keras'}", "--weights=", "--methods=gradient", "--num_images=2", "--draws=1")
    assert "not drawn: scaled (3 variables), 2 variables of other blocks" in caplog.text
    assert list(table(tmp_path / "run").stage.unique()) == ["original", "top", "norm", "conv"]


def test_an_output_is_chosen_by_a_flag(tmp_path):
    inputs = tf_keras.Input((28, 28, 1))
    flat = tf_keras.layers.Flatten()(inputs)
    heads = [tf_keras.layers.Dense(units, activation="softmax", name=name) for name, units in (("kind", 3), ("age", 2))]
    path = tmp_path / "heads.keras"
    tf_keras.Model(inputs, [head(flat) for head in heads]).save(path)
    arguments = [f"--model={path}", "--dataset=mnist_5k", "--num_images=1", f"--output_dir={tmp_path / 'run'}"]
    message = binary.refusal(cascading_randomization, *arguments)
    assert message.startswith("--output: model ") and "expected one of kind, age" in message
    options = binary.parsed(cascading_randomization, *arguments, "--output=age").values
    assert list(from_flags.classifier(options, None).get().blocks) == ["age"]
