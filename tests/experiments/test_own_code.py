"""Models, methods and trusted files of a user's own, from the command line."""

import os
import pickle
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest

from experiments import aggregate
from experiments import cascading_randomization
from experiments import edge_comparison
from experiments import from_flags
from sanity_checks import runs
from tests.experiments import binary

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULE = """
import keras
import numpy as np

def build():
    return keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])

def pixels(classifier, images, targets, seed):
    return np.abs(images[..., 0])

def gradient(classifier, images, targets, seed):
    return images[..., 0]

class other:
    def pixels(classifier, images, targets, seed):
        return images[..., 0]
again = other.pixels
"""
SMALL = ["--dataset=mnist_5k", "--num_images=3", "--images_per_unit=3", "--metrics=spearman", "--figure_images=0"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with the user's module."""
    (tmp_path / "own_saliency.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("own_saliency", None)


def test_a_run_of_ones_own_model_and_method(here):
    given = [*SMALL, "--model=own_saliency:build", "--weights=random", "--methods=gradient,own_saliency:pixels", "--output_dir=run"]
    binary.run(cascading_randomization, *given, patches=[(aggregate, "draw", lambda *_: None)])
    rows = runs.read_rows(["run"])
    assert set(rows["model"]) == {"build"} and set(rows["method"]) == {"gradient", "pixels"}
    assert (rows[rows["method"] == "pixels"]["value"] > 0.999).all() and (
        rows[(rows["method"] == "gradient") & (rows["stage_index"] > 0)]["value"].abs() < 0.5).all()
    found = binary.parsed(cascading_randomization, *given)
    again = pickle.loads(pickle.dumps(from_flags.classifier(found.values, None)))
    made = pickle.loads(pickle.dumps(from_flags.make_methods(found.values, again.get())))
    images = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    assert again.get().name == "build" and np.array_equal(made["pixels"].function(None, images, None, 0), images[..., 0])
    done = subprocess.run([sys.executable, "-m", "experiments.cascading_randomization", "--flagfile=run/flags.flags",
                           "--output_dir=second"], cwd=here, env={**os.environ, "PYTHONPATH": ROOT}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    key = ["stage_index", "method", "image_id"]
    pd.testing.assert_series_equal(*(runs.read_rows([folder]).sort_values(key).reset_index(drop=True)["value"]
                                     for folder in ("run", "second")), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("methods, message", [
    ("own_saliency:gradient", "--methods: own_saliency:gradient is called 'gradient' like a registered method; give the function another"),
    ("own_saliency:pixels,own_saliency:again", "--methods: own_saliency:pixels and own_saliency:again are both called 'pixels'"),
    ("own_saliency:pixels,own_saliency:pixels", "--methods: own_saliency:pixels and own_saliency:pixels are both called 'pixels'"),
    ("own_saliency:pixel", "--methods: own_saliency:pixel: module 'own_saliency' has no function 'pixel'; did you mean 'pixels'"),
    ("no_saliency:pixels", "--methods: no_saliency:pixels: no module 'no_saliency' in "),
    ("own_saliency:pixels,gradent", "--methods: unknown method 'gradent'; did you mean 'gradient'"),
])
@pytest.mark.parametrize("program", [cascading_randomization, edge_comparison])
def test_methods_that_cannot_be_are_refused_before_anything_is_loaded(here, methods, message, program):
    def load(*_):
        raise AssertionError("refused only after the work")
    line = binary.refusal(program, *SMALL[:-1], "--model=mlp", "--weights=random", f"--methods={methods}", "--output_dir=run",
                          patches=[(from_flags, "classifier", load), (from_flags, "dataset", load)])
    assert line.startswith(message) and not os.path.exists("run")


def test_a_file_with_code_needs_trust_model(here):
    model = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Lambda(lambda x: 2 * x), keras.layers.Flatten(),
                              keras.layers.Dense(10)])
    model.save("net.keras")
    given = [*SMALL, "--model=net.keras", "--methods=gradient", "--output_dir=run"]
    line = binary.refusal(cascading_randomization, *given)
    assert line.startswith("--model: net.keras holds a layer Lambda ('lambda")
    assert line.endswith("load only files that you trust, with --trust_model (trust=True)") and not os.path.exists("run/run.json")
    binary.run(cascading_randomization, *given, "--trust_model", patches=[(aggregate, "draw", lambda *_: None)])
    assert set(runs.read_rows(["run"])["model"]) == {"net"} and "--trust_model" in (here / "run" / "flags.flags").read_text()
