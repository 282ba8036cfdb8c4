"""The binary that compares maps with edges: its rows against the metrics, its figures, and that it goes on."""

import os
import subprocess
import sys

import numpy as np
import pytest

import sanity_checks
from sanity_checks import datasets
from sanity_checks import runs

pytestmark = pytest.mark.slow

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def run(output_dir, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "experiments.edge_comparison", "--model=cnn", "--weights=random", "--dataset=mnist_5k",
         "--num_images=3", "--methods=gradient,gradcam", "--metrics=spearman_abs,ssim", "--figure_images=0,2",
         "--images_per_unit=2", f"--output_dir={output_dir}", *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edges") / "run"
    found = run(folder)
    assert found.returncode == 0, found.stderr[-2000:]
    return folder, found


def test_rows_are_similarities_to_the_edges(whole):
    rows = runs.read_rows([str(whole[0])])
    assert len(rows) == 2 * 2 * 2 * 3 and set(rows["stage"]) == {"edges", "edges x input"}
    classifier = sanity_checks.load_classifier("cnn", weights="random")
    test = datasets.load("mnist_5k").test
    maps = {name: sanity_checks.explain(classifier, test[:3], method=name)
            for name in ("gradient", "edge_detector", "input_x_edges")}
    assert np.array_equal(maps["input_x_edges"], test[:3] * maps["edge_detector"])
    for stage, edges in (("edges", "edge_detector"), ("edges x input", "input_x_edges")):
        found = rows.query("stage == @stage and method == 'gradient' and metric == 'spearman_abs'")
        expected = sanity_checks.similarity(maps["gradient"], maps[edges], metric="spearman_abs")
        assert np.allclose(found.set_index("image_id").loc[list(test.ids[:3])]["value"], expected, atol=2e-4)


def test_tables_and_figures_are_there(whole):
    folder, found = whole
    assert {"maps_grey.png", "maps_diverging.pdf"} <= set(os.listdir(folder / "figures"))
    assert "Gradient" in found.stdout and (folder / "tables" / "summary.csv").exists()


@pytest.mark.slow
def test_a_finished_run_is_kept_and_other_settings_are_refused(whole):
    folder, _ = whole
    before = os.stat(next((folder / "similarities").iterdir())).st_mtime_ns
    assert run(folder).returncode == 0
    assert os.stat(next((folder / "similarities").iterdir())).st_mtime_ns == before
    found = run(folder, "--seed=1")
    assert found.returncode == 1 and "seed" in found.stderr.splitlines()[-1] and "Traceback" not in found.stderr
