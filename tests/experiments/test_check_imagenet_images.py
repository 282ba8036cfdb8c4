"""Tests of `python -m experiments.check_imagenet_images`, run as users run it."""

import pathlib
import subprocess
import sys

import pytest

from sanity_checks.paper import paper_images

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2]


def check(*arguments):
    command = [sys.executable, "-m", "experiments.check_imagenet_images", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def make(folder, images):
    for image in images:
        (folder / f"{image.image_id}.JPEG").touch()


def test_a_complete_folder_exits_with_zero_and_is_listed(tmp_path):
    make(tmp_path, paper_images.manifest())
    found = check(f"--images={tmp_path}", f"--csv={tmp_path / 'paper.csv'}")
    assert found.returncode == 0, found.stderr
    assert "200 of 200 images found" in found.stdout
    assert len((tmp_path / "paper.csv").read_text().splitlines()) == 201


def test_an_incomplete_folder_exits_with_one_and_names_what_is_missing(tmp_path):
    make(tmp_path, paper_images.manifest()[1:])
    found = check(f"--images={tmp_path}")
    assert found.returncode == 1 and "199 of 200 images found" in found.stdout
    assert f"missing: {paper_images.manifest()[0].image_id}\n" in found.stdout


def test_a_missing_folder_is_one_line(tmp_path):
    found = check(f"--images={tmp_path / 'nowhere'}")
    assert found.returncode == 1 and found.stderr == f"error: --images: no such folder: {tmp_path / 'nowhere'}\n"
