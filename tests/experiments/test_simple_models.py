"""The binary of the simple models from flags to files, and what it does where a closed form fails."""

import sys

import numpy as np
from PIL import Image
import pytest

from experiments import command
from experiments import simple_models
from sanity_checks import runs
from sanity_checks.paper import closed_form_units
from sanity_checks.paper import closed_forms
from sanity_checks.paper import simple
from tests.experiments import binary

pytestmark = pytest.mark.slow

KEY = ["model", "stage_index", "method", "metric", "image_id"]
SMALL = ["--smoothgrad_samples=3", "--integrated_gradients_steps=5", "--images_per_unit=2", "--figure_images=1"]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for i in range(3):
        pixels = np.random.default_rng(i).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"photo {i}.png")
    return folder


def run(directory, images, *more, draw=lambda output_dir, image_ids: None):
    binary.run(simple_models, *SMALL, f"--images={images}", f"--output_dir={directory}", *more,
               patches=[(simple_models, "draw", draw)])


def table(directory):
    return runs.read_rows([str(directory)]).sort_values(KEY).reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, photographs):
    directory = tmp_path_factory.mktemp("whole") / "run"
    run(directory, photographs, draw=simple_models.draw)
    return directory


def test_all_closed_forms_hold_in_colour_and_grey(whole):
    summary = closed_forms.summarized(table(whole))
    assert list(summary.model.unique()) == ["linear", "convolution_rgb", "convolution_grey"]
    assert summary.holds.all() and len(summary) == 4 + 3 + 3 and (summary.images == 3).all()


def test_a_run_has_a_table_and_figures(whole):
    for name in ("tables/deviations.csv", "tables/deviations.tex", "figures/simple_convolution_grey.png",
                 "figures/simple_convolution_diverging.pdf"):
        binary.assert_drawn(whole / name)
    assert (whole / "tables/deviations.md").read_text().count("| yes |") == 10


def test_maps_of_the_chosen_image_are_kept_in_colour_and_grey(whole):
    maps = [shown for _, shown in runs.figure_maps([str(whole)])]
    assert sorted(shown.image_id for shown in maps) == ["photo 1.png convolution_grey", "photo 1.png convolution_rgb"]
    assert all(set(shown.maps) == set(closed_forms.SHOWN) for shown in maps)


def test_a_kill_between_units_computes_none_twice(whole, photographs, tmp_path, monkeypatch):
    compare, computed = closed_form_units.compare, []

    def kill(dataset, unit, *arguments):
        computed.append(unit.name)
        if len(computed) == 2:
            raise KeyboardInterrupt
        return compare(dataset, unit, *arguments)
    monkeypatch.setattr(closed_form_units, "compare", kill)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, photographs)
    run(tmp_path, photographs)
    a, b = table(tmp_path), table(whole)
    assert len(computed) == 3 and a[KEY].astype(str).equals(b[KEY].astype(str)) and np.allclose(a.value, b.value)


def test_another_filter_is_another_run(whole, photographs):
    line = binary.refusal(simple_models, *SMALL, f"--images={photographs}", f"--output_dir={whole}", "--filter=difference")
    assert "--filter: the run has normal, got difference" in line


def test_a_closed_form_that_fails_ends_the_binary_in_one_line(whole, photographs, tmp_path, monkeypatch, capsys):
    """A formula with the sign of a turned round stands in for a wrong gradient."""
    closed_form = simple.closed_form_gradient
    monkeypatch.setattr(simple, "closed_form_gradient", lambda images, weights: closed_form(-images, weights))
    monkeypatch.setattr(sys, "argv", ["test", *SMALL, f"--images={photographs}", f"--output_dir={tmp_path}/run"])
    with pytest.raises(SystemExit) as ended:
        command.run(simple_models.main, simple_models.define)
    assert ended.value.code == 1
    assert capsys.readouterr().err.strip().splitlines()[-1].startswith(
        "error: Convolution, RGB: gradient differs from its closed form sum of a w by ")
    assert "| no |" in (tmp_path / "run/tables/deviations.md").read_text()


def test_a_map_that_is_not_finite_does_not_hold():
    found = [("w", "gradient", np.array([0., np.nan]))]
    summary = closed_forms.summarized(closed_forms.rows("linear", "mnist", ["a", "b"], 0, found))
    assert np.isinf(summary.deviation[0]) and not summary.holds[0]


def test_deviations_are_relative_and_skip_what_is_not_certain():
    maps, expected = np.array([1., 2., 9.]).reshape(1, 1, 3, 1), np.array([1., 4., 5.]).reshape(1, 1, 3, 1)
    assert closed_forms.deviations(maps, expected) == 4 / 5
    assert closed_forms.deviations(maps, expected, np.array([[[True, True, False]]])) == 2 / 5


def test_a_figure_position_that_is_no_number_is_refused(photographs, tmp_path):
    line = binary.refusal(simple_models, *SMALL, f"--images={photographs}", f"--output_dir={tmp_path}/run",
                          "--figure_images=first")
    assert line == "--figure_images: expected positions from 0, got first"
