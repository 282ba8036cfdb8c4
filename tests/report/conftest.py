"""Small runs to report on, and the page that is made of them. No TensorFlow."""

import numpy as np
import pandas as pd
from PIL import Image
import pytest

from sanity_checks import report
from sanity_checks import runs as run_files

STAGES = {"cascading": ("original", "logits", "hidden2", "hidden1"),
          "random_networks": ("random network", "another")}
# Similarity of each method's maps to the first stage's, from stage 1 on.
LEVELS = {"gradient": (0.05, 0.0, 0.02), "edge_detector": (1.0, 1.0, 1.0), "<b>mine</b>": (0.9, 0.5, 0.1)}
METRICS = ("spearman_abs", "spearman")
IMAGES, DRAWS = 12, 3


def rows_of(test, draw):
    """Rows of one draw, about `LEVELS`; on random networks maps share nothing but for the edge detector's."""
    generator, lines = np.random.default_rng(draw), []
    for method, levels in LEVELS.items():
        for metric in METRICS:
            for index, stage in enumerate(STAGES[test]):
                for image in range(IMAGES):
                    level = levels[index - 1] if test == "cascading" else float(method == "edge_detector")
                    noise = 0 if level == 1 else 0.02 * generator.standard_normal()
                    value = 1.0 if index == 0 else level + noise
                    lines.append((test, draw, index, stage, method, metric, f"{image:02d}", value))
    columns = ["test", "draw", "stage_index", "stage", "method", "metric", "image_id", "value"]
    frame = pd.DataFrame(lines, columns=columns).assign(model="mlp", dataset="mnist", explained_class=3)
    return frame[list(run_files.COLUMNS)]


def maps_of(image_id):
    generator = np.random.default_rng(int(image_id))
    shape = (len(STAGES["cascading"]), 9, 9, 1)
    return run_files.FigureMaps(
        image=generator.random((9, 9, 1), np.float32), image_id=image_id, input_range=(0., 1.), label=3,
        stages=STAGES["cascading"],
        maps={method: generator.normal(size=shape).astype(np.float32) for method in LEVELS},
        explained_class=np.array([3, 1, 1, 2]))


def write_run(path, test):
    directory = run_files.RunDirectory.open(
        str(path), {"test": test, "draws": DRAWS, "seed": 7}, "--seed=7\n",
        {"versions": {"numpy": "2.0.0"}, "devices": ["CPU"], "host": "here", "command": "run"})
    for draw in range(DRAWS):
        maps = [maps_of("00"), maps_of("01")] if test == "cascading" and draw == 0 else []
        directory.write_unit(run_files.Unit(draw, 0, IMAGES), rows_of(test, draw), 1.5, maps)
    directory.finish(DRAWS)
    return str(path)


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [write_run(folder / test, test) for test in STAGES]


@pytest.fixture(scope="session")
def page(runs, tmp_path_factory):
    """Path of a page with everything that a page can have."""
    folder = tmp_path_factory.mktemp("report")
    picture = folder / "drawn.png"
    Image.new("RGB", (40, 30), "white").save(picture)
    training = {"model": "mlp", "dataset": "mnist", "iterations": 100, "seed": 0, "train_accuracy": 0.99,
                "validation_accuracy": 0.97, "test_accuracy": 0.9712}
    table = pd.DataFrame({"name": ["a", "b"], "value": [2.5, 1.5]})
    return report.write(str(folder / "page"), runs, [training], {36: "there are no AlexNet weights"},
                        {19: [str(picture)]}, {"A table of ours": table})
