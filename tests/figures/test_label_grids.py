"""The grid of maps under true and random labels."""

import numpy as np
import pytest

from sanity_checks import runs
from sanity_checks.figures import label_grids
from sanity_checks.vocabulary import stages


def maps(methods=("gradcam", "gradient")):
    values = np.random.default_rng(0).normal(size=(2, 6, 6, 1)).astype(np.float32)
    return runs.FigureMaps(np.zeros((6, 6, 1), np.float32), "a", (0, 1), 3, stages.LABEL_STAGES,
                              dict.fromkeys(methods, values), np.array([3, 7]), {7: "Sneaker"})


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in figure.axes[0].texts]


def test_rows_are_networks_and_columns_methods():
    found = texts(label_grids.label_grid(maps()))
    assert [text for text in found if "labels" in text] == [
        "Absolute, true labels (class 3)", "Absolute, random labels (Sneaker)",
        "Diverging, true labels (class 3)", "Diverging, random labels (Sneaker)"]
    assert [text for text in found if text.startswith("Grad")] == ["Gradient", "GradCAM"] and "class 3" in found


def test_each_row_shows_its_own_map():
    shown = maps(["gradient"])
    shown.maps["gradient"][1] = 0
    found = texts(label_grids.label_grid(shown))
    assert found.count("constant") == 2


def test_a_method_without_maps_is_refused():
    with pytest.raises(ValueError, match="unknown method with maps 'vargrad'"):
        label_grids.label_grid(maps(), ["vargrad"])
