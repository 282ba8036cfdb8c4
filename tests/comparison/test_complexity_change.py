"""The test of the maps' complexity: the two ends, Quantus' number for each image, method and draw, degenerate maps counted."""

import pathlib

import numpy as np
import pytest
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.weights import states
from tests.comparison import test_runner as units
from tests.metrics import test_complexity

IDS = [f"image{i}" for i in range(8)]


@pytest.mark.parametrize("samples", (1, 3))
def test_rows_have_quantus_number(network, digits, samples):
    own = units.protocol(network, ("gradient", "smoothgrad", "guided_backprop"), "complexity_change", metrics=("spearman",),
                         denoise_samples=samples)
    assert own.metrics == ("efficient_mprt",)
    rows, _ = runner.run_unit(network, units.dataset(digits), runs.Unit(2, 0, 8), own)
    assert list(rows.drop_duplicates("stage_index").stage) == ["original", "random network"]
    assert len(rows) == 2 * 3 * 8 and (rows[rows.stage_index == 0].value == 0).all()
    if samples > 1:
        return
    maps = {}
    with states.weight_states(network, "complexity_change", draw=2) as walk:
        for state in walk:
            assert len(state.randomized) == (len(network.blocks) if state.index else 0)
            for name, method in own.methods.items():
                maps[name, state.index] = method.maps(methods.make_task(network, digits, None, IDS))
    for name in own.methods:
        expected = [test_complexity.quantus(*pair) for pair in zip(maps[name, 0], maps[name, 1])]
        found = rows[(rows.stage_index == 1) & (rows.method == name)].value
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_constant_maps_are_counted():
    """GradCAM of a network whose feature map is dead is constant."""
    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.Input((6, 6, 1)), layers.Conv2D(2, 3, activation="relu", name="conv"), layers.Flatten(),
                                 layers.Dense(3, name="top")])
    model.get_layer("conv").set_weights([-np.ones((3, 3, 1, 2)), -np.ones(2)])
    images = np.random.default_rng(0).random((4, 6, 6, 1), np.float32)
    report = sanity_checks.run(models.load_classifier(model), images, methods=["gradcam", "edge_detector"],
                               tests=["complexity_change"], progress=False, null_draws=1)
    of_test = report.table[report.table.test == "complexity_change"].set_index(["method", "stage_index"])
    assert of_test.loc[("gradcam", 1), "n"] == 0 and of_test.loc[("gradcam", 1), "n_degenerate"] == 4
    assert of_test.loc[("edge_detector", 1), "mean"] == 0 and of_test.loc[("edge_detector", 1), "n_degenerate"] == 0


@pytest.mark.parametrize("network", ["small_mlp"], indirect=True)
def test_the_report_shows_it_without_a_verdict(network, digits, tmp_path):
    report = sanity_checks.run(network, digits[:3], methods=["gradient", "edge_detector"], tests=["complexity_change"], draws=2,
                               progress=False, null_draws=1)
    assert report.verdicts.empty and set(report.rows[report.rows.test == "complexity_change"].metric) == {"efficient_mprt"}
    assert "<table>" in report._repr_html_(), "a notebook has no verdict to show, and shows that"
    text = pathlib.Path(report.to_html(tmp_path / "page")).read_text(encoding="utf-8")
    assert "Relative Rise of Entropy (eMPRT)" in text and "Maps of “random network” against those of “original”" in text
    assert list((tmp_path / "page" / "figures").glob("further_complexity_change_*.png"))
