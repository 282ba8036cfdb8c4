"""The binary of the input times random vectors from flags to files."""

import os
import subprocess
import sys

import numpy as np
import pytest

from experiments import aggregate
from experiments import input_times_random
from sanity_checks import runs
from sanity_checks.paper import random_products
from tests.experiments import binary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEY = ["draw", "stage_index", "method", "metric", "image_id"]
SMALL = ["--dataset=mnist_5k", "--num_images=4", "--draws=2", "--images_per_unit=2", "--scales=0,1,3",
         "--metrics=spearman_abs,spearman"]


def run(directory, *more, draw=lambda run_dirs, output_dir: None):
    binary.run(input_times_random, *SMALL, f"--output_dir={directory}", *more, patches=[(aggregate, "draw", draw)])


def table(directory):
    return runs.read_rows([str(directory)]).sort_values(KEY).reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole") / "run"
    run(directory, draw=aggregate.draw)
    return directory


def test_a_run_has_rows_tables_and_figures(whole):
    assert len(table(whole)) == 2 * 3 * 2 * 2 * 4
    for name in ("tables/none_mnist_5k_input_times_random_spearman.tex",
                 "figures/stage_curves_input_times_random_rank_correlation.png"):
        assert os.path.getsize(whole / name) > 0


def test_draws_have_vectors_of_their_own(whole):
    rows = table(whole)
    rows = rows[rows.stage_index > 0]
    assert not np.isin(rows[rows.draw == 1].value, rows[rows.draw == 0].value).any()


@pytest.mark.slow
def test_a_kill_between_units_computes_none_twice(whole, tmp_path, monkeypatch):
    compare, computed = random_products.compare, []

    def kill(*arguments):
        computed.append(arguments[1])
        if len(computed) == 3:
            raise KeyboardInterrupt
        return compare(*arguments)
    monkeypatch.setattr(random_products, "compare", kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    run(tmp_path)
    a, b = table(tmp_path), table(whole)
    assert len(computed) == 5 and a[KEY].astype(str).equals(b[KEY].astype(str)) and np.array_equal(a.value, b.value)


def test_another_center_is_another_run(whole):
    line = binary.refusal(input_times_random, *SMALL, f"--output_dir={whole}", "--center=0")
    assert "--center: the run has 1.0, got 0.0" in line


@pytest.mark.parametrize("flag", ["--model=inception_v3", "--weights=nowhere.h5", "--smoothgrad_samples=3"])
def test_flags_of_models_are_unknown(tmp_path, flag):
    line = binary.refusal(input_times_random, *SMALL, f"--output_dir={tmp_path}/run", flag)
    assert f"Unknown command line flag '{flag[2:].partition('=')[0]}'" in line


@pytest.mark.slow
def test_the_binary_ends_in_one_line(tmp_path):
    command = [sys.executable, "-m", "experiments.input_times_random", *SMALL, "--scales=0,much",
               f"--output_dir={tmp_path}/run"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines()[-1] == "error: --scales: expected numbers, got 'much'"
    assert not os.path.exists(tmp_path / "run")
