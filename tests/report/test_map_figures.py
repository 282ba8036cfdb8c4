"""Figures of maps in the page: those that a run has drawn are taken over, and another network's are said to be that."""

import os
import pathlib
import shutil

import numpy as np
from PIL import Image
import pytest

from sanity_checks import figures
from sanity_checks import report
from sanity_checks import runs as run_files
from sanity_checks.analysis import aggregation
from tests.report import conftest
from tests.report import test_page


@pytest.fixture(scope="module")
def drawn_run(tmp_path_factory):
    """A run of an MLP that has drawn its figures, as every finished one has."""
    path = conftest.write_run(tmp_path_factory.mktemp("drawn") / "cascading", "cascading")
    figures.draw_all(aggregation.aggregate(run_files.read_rows([path]), 10), run_files.figure_maps([path]), path)
    return path


def mark(run):
    """Paints the run's figure of the first image's absolute values; its path."""
    path = pathlib.Path(run, "figures", "masks_mlp_mnist_cascading_draw000_00_grey.png")
    Image.new("RGB", (30, 20), "red").save(path)
    return path


def test_what_a_run_has_drawn_is_taken_over(drawn_run, tmp_path):
    run = shutil.copytree(drawn_run, tmp_path / "run")
    path = mark(str(run))
    report.write(str(tmp_path / "page"), [str(run)], bootstrap_samples=10)
    folder = tmp_path / "page" / "figures"
    assert [name for name in os.listdir(folder) if (folder / name).read_bytes() == path.read_bytes()] == ["figure_34_1_1_grey.png"]


def test_what_is_older_than_the_runs_maps_is_drawn_again(drawn_run, tmp_path):
    run = shutil.copytree(drawn_run, tmp_path / "run")
    os.utime(mark(str(run)), (1, 1))
    report.write(str(tmp_path / "page"), [str(run)], bootstrap_samples=10)
    assert Image.open(tmp_path / "page" / "figures" / "figure_34_1_1_grey.png").size != (30, 20)


def another_network(path):
    """A run of EfficientNet-Lite0 with maps of one photograph."""
    stages = conftest.STAGES["cascading"]
    generator = np.random.default_rng(0)
    maps = run_files.FigureMaps(
        image=generator.random((9, 9, 3), np.float32), image_id="chelsea.png", input_range=(0., 1.), label=281, stages=stages,
        maps={name: generator.normal(size=(len(stages), 9, 9, 3)).astype(np.float32) for name in ("gradient", "guided_backprop")},
        explained_class=np.zeros(len(stages), np.int64))
    rows = conftest.rows_of("cascading", 0)
    rows = rows.assign(model="efficientnet_lite0", dataset="sample_photographs", metric=rows["metric"].map(
        {"spearman_abs": "ssim", "spearman": "hog"}))
    directory = run_files.RunDirectory.open(str(path), {"test": "cascading"}, "", {"versions": {}, "devices": [], "host": "", "command": ""})
    directory.write_unit(run_files.Unit(0, 0, conftest.IMAGES), rows, 1., [maps])
    directory.finish(1)
    return str(path)


def test_another_network_stands_in_the_papers_layout_and_is_called_that(tmp_path):
    page = report.write(str(tmp_path / "page"), [another_network(tmp_path / "run")], missing={2: "--images not given"}, bootstrap_samples=10)
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for figure_id, pictures in (("1", 1), ("2", 1), ("5", 1), ("8", 1)):
        begin = text.index(f'<article class="figure" id="figure-{figure_id}"')
        article = test_page.Reader(text[begin:text.index("</article>", begin)] + "</article>")
        assert "Another network. This is EfficientNet-Lite0 on Sample photographs" in article.text and len(article.all("img")) == pictures
        assert "Not complete" not in article.text and article.text.count("Inception v3") == 1
    assert "needs its weights (--images not given)." in test_page.Reader(text).text
    assert 'id="figure-3"' not in text                      # no independent randomization
    assert text.count("Another network.") == 4
