"""The calibration binary from flags to files: rows, tables, resuming, careless users."""

import os
import sys

import numpy as np
import pandas as pd
import pytest

from experiments import from_flags
from experiments import metric_calibration
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import sources
from sanity_checks.paper import calibration
from sanity_checks.paper import calibration_units
from sanity_checks.paper import simple
from tests.experiments import binary

pytestmark = pytest.mark.slow

TINY = models.load_classifier(simple.linear(simple.random_weights((28, 28, 1))))
KEY = ["draw", "method", "metric", "image_id"]
SMALL = ["--dataset=mnist_5k", "--num_images=6", "--images_per_unit=3",
         "--metrics=spearman,ssim,spearman_released", "--integrated_gradients_steps=2"]


def run(directory, *more, draw=lambda output_dir: None):
    """Runs the binary on a linear model; tables and figures, which take most of the time, only where it matters."""
    binary.run(metric_calibration, *SMALL, f"--output_dir={directory}", *more, patches=[
        (from_flags, "classifier", tiny), (metric_calibration, "draw", draw)])


def tiny(options, weights):
    return sources.given(TINY)


def table(directory):
    return runs.read_rows([str(directory)]).sort_values(KEY).reset_index(drop=True)


def same_rows(a, b):
    a, b = table(a), table(b)
    return a[KEY].astype(str).equals(b[KEY].astype(str)) and np.array_equal(a.value, b.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole") / "run"
    run(directory, draw=metric_calibration.draw)
    return directory


def test_there_is_a_row_for_every_pair_metric_and_image(whole):
    rows = table(whole)
    assert len(rows) == 5 * 4 * 6 and set(rows.method) == set(calibration.PAIRS)
    assert set(rows.test) == {"calibration"} and set(rows.model) == {"linear"} and rows.value.abs().max() < 1


def test_the_papers_metrics_and_the_released_ones_have_tables_and_figures_of_their_own(whole):
    for name in ("tables/compared.csv", "tables/calibration.md", "tables/calibration.tex", "figures/calibration.png",
                 "tables/calibration_released.csv", "figures/calibration_released.pdf"):
        binary.assert_drawn(whole / name)
    assert (whole / "tables/calibration.md").read_text().count("Two uniform masks") == 1
    assert (whole / "tables/calibration.tex").read_text().count("released") == 0


def test_compared_holds_means_of_the_rows(whole):
    compared = pd.read_csv(whole / "tables/compared.csv").set_index(["pair", "metric"])
    rows = table(whole)
    values = rows[(rows.method == "gradient") & (rows.metric == "spearman")].value
    found = compared.loc[("gradient", "spearman")]
    assert np.isclose(found["mean"], values.mean()) and np.isclose(found.standard_error, values.std() / np.sqrt(6))
    assert found.paper == -0.00049 and found.n == 6


def test_the_same_command_computes_nothing_again(whole, monkeypatch):
    monkeypatch.setattr(calibration_units, "compare", None)
    run(whole)


@pytest.mark.slow
def test_a_kill_between_units_computes_none_twice(whole, tmp_path, monkeypatch):
    compare, computed = calibration_units.compare, []

    def kill(classifier, dataset, unit, *arguments):
        computed.append(unit.name)
        if len(computed) == 2:
            raise KeyboardInterrupt
        return compare(classifier, dataset, unit, *arguments)
    monkeypatch.setattr(calibration_units, "compare", kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    run(tmp_path)
    assert len(computed) == 3 and len(set(computed)) == 2 and same_rows(tmp_path, whole)


@pytest.mark.slow
def test_shards_give_the_same_rows_and_the_last_draws(whole, tmp_path):
    drawn = []
    for shard in (1, 0):
        run(tmp_path, "--num_shards=2", f"--shard={shard}", draw=drawn.append)
    assert same_rows(tmp_path, whole) and drawn == [str(tmp_path)]


@pytest.mark.slow
def test_masks_do_not_depend_on_the_number_of_images(whole, tmp_path):
    run(tmp_path, "--num_images=2", "--images_per_unit=1")
    expected = table(whole)
    expected = expected[expected.image_id.isin(table(tmp_path).image_id) & expected.method.str.endswith("masks")]
    found = table(tmp_path)
    assert np.array_equal(found[found.method.str.endswith("masks")].value, expected.value)


def test_draws_have_masks_of_their_own(tmp_path):
    run(tmp_path, "--num_images=2", "--draws=2")
    rows = table(tmp_path)
    assert len(rows) == 2 * 5 * 4 * 2
    assert not np.isin(rows[rows.draw == 1].value, rows[rows.draw == 0].value).any()


@pytest.mark.parametrize("flag", ["--initializer=uniform", "--redraw=nested", "--methods=gradcam", "--figure_images=5"])
def test_flags_of_drawn_weights_are_unknown(whole, flag):
    line = binary.refusal(metric_calibration, *SMALL, f"--output_dir={whole}", flag)
    assert f"Unknown command line flag '{flag[2:].partition('=')[0]}'" in line


@pytest.mark.parametrize("wrong, message", [
    (["--metrics=cosine"], "unknown metric 'cosine'"),
    (["--num_images=6000"], "--num_images: mnist_5k has"),
    (["--seed=1"], "--seed: the run has 0, got 1"),
    (["--integrated_gradients_steps=0"], "--integrated_gradients_steps: "),
    (["--output_dir="], "--output_dir: expected a folder for the run, got nothing"),
])
def test_wrong_flags_are_refused(whole, wrong, message):
    line = binary.refusal(metric_calibration, *SMALL, f"--output_dir={whole}", *wrong,
                          patches=[(from_flags, "classifier", tiny)])
    assert message in line


def test_images_of_another_shape_are_refused_before_the_run_begins(tmp_path, monkeypatch):
    small = models.load_classifier(simple.linear(simple.random_weights((9, 9, 1))))
    monkeypatch.setattr(sys.modules[__name__], "TINY", small)
    line = binary.refusal(metric_calibration, *SMALL, f"--output_dir={tmp_path}/run",
                          patches=[(from_flags, "classifier", tiny)])
    assert line.startswith("--dataset: images of mnist_5k have shape")
    assert not os.path.exists(tmp_path / "run")
