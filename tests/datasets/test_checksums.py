"""The checksum of the images that a run explains, and what is accepted as labels."""

import time

import numpy as np
from PIL import Image
import pytest

from sanity_checks import datasets
from sanity_checks.datasets import base
from sanity_checks.datasets import image_folder

PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3, 1)


def pixels(change=0, order=(0, 1), ids=("a", "b"), labels=(0, 1)):
    values = PIXELS.copy()
    values[1, 2, 2, 0] += change
    return base.PixelSplit(values[list(order)], labels and np.array(labels), ids)


def arrays(change=0, order=(0, 1), ids=("a", "b"), labels=(0, 1)):
    values = (PIXELS / 255).astype(np.float32)
    values[1, 2, 2, 0] += change
    return base.ArraySplit(values[list(order)], labels and np.array(labels), ids)


@pytest.fixture
def files(tmp_path):
    def make(change=0, order=(0, 1), ids=("a", "b"), labels=(0, 1)):
        folder = tmp_path / f"{change}{order}{ids}{labels}"
        folder.mkdir(exist_ok=True)
        values = PIXELS[..., 0].copy()
        values[1, 2, 2] += change
        lines = ["file,label" if labels else "file"]
        for position, (image, name) in enumerate(zip(order, ids)):
            Image.fromarray(values[image]).save(folder / f"{name}.png")
            lines.append(f"{name}.png,{labels[position]}" if labels else f"{name}.png")
        (folder / "list.csv").write_text("\n".join(lines))
        return datasets.load("image_folder", images=folder / "list.csv").test
    return make


@pytest.fixture(params=["pixels", "arrays", "files"])
def split(request):
    return {"pixels": pixels, "arrays": arrays}.get(request.param) or request.getfixturevalue("files")


@pytest.mark.parametrize("change", [
    {"change": 1}, {"order": (1, 0)}, {"ids": ("b", "a")}, {"ids": ("a", "c")}, {"labels": (0, 2)}, {"labels": (1, 0)},
    {"labels": None}, {"ids": ("b", "a"), "order": (1, 0), "labels": (1, 0)}], ids=str)
def test_order_ids_pixels_and_labels_change_it(split, change):
    assert datasets.sha256(split()) == datasets.sha256(split())
    assert datasets.sha256(split(**change)) != datasets.sha256(split())


def test_only_the_first_images_count(split):
    assert datasets.sha256(split(change=1), 1) == datasets.sha256(split(), 1) != datasets.sha256(split())
    assert datasets.sha256(split(), 2) == datasets.sha256(split())


def test_photographs_are_not_decoded_and_their_preparation_counts(tmp_path, monkeypatch):
    Image.new("RGB", (5, 5)).save(tmp_path / "a.png")
    load = lambda **options: datasets.load("image_folder", images=tmp_path, **options).test
    splits = [load(), load(preprocess="unit"), load(image_size=(8, 8))]
    monkeypatch.setattr(image_folder, "read_pixels", None)
    assert len({datasets.sha256(split) for split in splits}) == 3


def test_it_takes_well_under_a_second_for_mnists_test_set():
    split = base.PixelSplit(np.zeros((10_000, 28, 28, 1), np.uint8), np.zeros(10_000, int), tuple(map(str, range(10_000))))
    started = time.monotonic()
    datasets.sha256(split)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("values", [[1, 2], [[1], [2]], np.array([1, 2], np.uint8), [1., 2.]], ids=str)
def test_class_numbers_are_accepted(values):
    found = base.class_labels(values, 2)
    assert found.dtype == np.int64 and found.tolist() == [1, 2]


@pytest.mark.parametrize("values, message", [
    ([[0, 1], [1, 0]], r"found one-hot of shape \(2, 2\); give labels.argmax\(axis=1\)"),
    ([0.5, 1], "found 0.5, which is no whole number"),
    ([np.nan, 1], "found nan, which is no whole number"),
    ([1, 2, 3], r"found shape \(3,\)"),
    (["cat", "dog"], "found values of type <U3"),
])
def test_other_labels_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=f"^labels: expected 2 class numbers, {message}$"):
        base.class_labels(values, 2)
