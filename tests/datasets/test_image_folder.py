"""Photographs: every kind of file, list and preprocessing, and what cannot be read."""

import csv
import json

import numpy as np
from PIL import Image
import pytest

from sanity_checks import datasets
from sanity_checks.comparison import gallery
from sanity_checks.datasets import preprocessing
from sanity_checks.figures import shading

MODES = {"grey.png": "L", "alpha.png": "RGBA", "palette.png": "P", "colour.jpg": "RGB", "UPPER.JPEG": "RGB"}


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for i, (name, mode) in enumerate(MODES.items()):
        pixels = rng.integers(0, 256, (20 + 7 * i, 30 - 3 * i, 3)).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def load(images, **options):
    return datasets.load("image_folder", images=str(images), image_size=(16, 12), **options)


def test_every_kind_of_image_equals_pil(folder):
    found = load(folder)
    assert found.test.ids == tuple(sorted(MODES)) and found.image_shape == (16, 12, 3) and found.test.labels is None
    for name, image in zip(found.test.ids, found.test[:]):
        expected = Image.open(folder / name).convert("RGB").resize((12, 16), Image.Resampling.LANCZOS)
        assert np.allclose(image, np.asarray(expected) / 127.5 - 1, atol=1e-6)
        assert image.dtype == np.float32


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    Image.fromarray(np.full((9, 9), 128 * 257, np.uint16)).save(tmp_path / "deep.png")
    assert np.allclose(load(tmp_path, preprocess="unit").test[:], 128 / 255)


def test_slices_lists_and_masks_agree(folder):
    split = load(folder).test
    assert np.array_equal(split[1:3], split[np.array([False, True, True, False, False])])
    assert np.array_equal(split[[3, 0]], split[:][[3, 0]]) and split[[]].shape == (0, 16, 12, 3)
    assert np.array_equal(split[1:3], split[[1, 2]]) and split[4:2].shape == (0, 16, 12, 3)


def test_globs_and_sub_folders(folder):
    assert load(folder / "*.png").test.ids == ("alpha.png", "grey.png", "palette.png")
    (folder / "sub").mkdir()
    Image.new("RGB", (9, 9)).save(folder / "sub" / "grey.png")
    ids = load(folder).test.ids
    assert len(load(folder / "**" / "*.png").test) == 4
    assert "sub/grey.png" in ids and "grey.png" in ids and len(set(ids)) == 6


def write_csv(path, rows):
    with open(path, "w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("column", ["label", "class_index"])
def test_csv_with_labels(folder, column):
    path = write_csv(folder / "list.csv", [{"file": "grey.png", column: 3, "class_name": "owl"},
                                           {"file": "colour.jpg", column: 1, "class_name": "fox"}])
    found = load(path)
    assert found.test.ids == ("grey.png", "colour.jpg") and list(found.test.labels) == [3, 1]
    assert found.class_names == ("0", "fox", "2", "owl")


def test_csv_with_a_byte_order_mark_and_absolute_paths(folder, tmp_path):
    path = write_csv(tmp_path / "list.csv", [{"file": str(folder / "grey.png"), "label": 7}])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    found = load(path)
    assert found.test.ids == ("grey.png",) and found.test.labels.dtype == np.int64 and found.test.labels[0] == 7


def test_csv_without_labels(folder):
    assert load(write_csv(folder / "list.csv", [{"file": "grey.png"}])).test.labels is None


@pytest.mark.parametrize("rows, message", [
    ([{"name": "grey.png"}], "expected a column file, found name"),
    ([{"file": "grey.png", "label": "owl"}], "line 2: expected a class number, found 'owl'"),
    ([{"file": "grey.png"}, {"file": "./grey.png"}], "grey.png is listed twice"),
    ([{"file": "none.png", "label": "1"}], "lists 1 files that do not exist, first .*none.png"),
])
def test_wrong_csvs_are_refused(folder, rows, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load(write_csv(folder / "list.csv", rows))


@pytest.mark.parametrize("content", [b"", b"no image at all", None])
def test_unreadable_files_are_named_or_skipped_and_counted(folder, content):
    if content is None:
        content = (folder / "colour.jpg").read_bytes()[:300]          # truncated
    (folder / "bad.jpg").write_bytes(content)
    with pytest.raises(ValueError, match="cannot read .*bad.jpg as an image .*skip_unreadable"):
        load(folder)
    found = load(folder, skip_unreadable=True)
    assert found.skipped == (str(folder / "bad.jpg"),) and len(found.test) == len(MODES)


def test_labels_stay_with_their_images_when_one_is_skipped(folder):
    (folder / "bad.jpg").write_bytes(b"")
    path = write_csv(folder / "list.csv", [{"file": "bad.jpg", "label": 1}, {"file": "grey.png", "label": 2}])
    found = load(path, skip_unreadable=True)
    assert found.test.ids == ("grey.png",) and list(found.test.labels) == [2]


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="images: no images"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such file or folder: .*nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="expected a folder, a glob or a CSV"):
        datasets.load("image_folder")
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(ValueError, match="has no image that can be read"):
        load(tmp_path, skip_unreadable=True)


@pytest.mark.parametrize("name", list(preprocessing.PREPROCESSING))
def test_preprocessing_equals_keras(name):
    import tf_keras
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)
    way = preprocessing.PREPROCESSING[name]
    mode = "tf" if name == "inception" else name
    ours = {"unit": pixels / 255., "raw": pixels, "efficientnet_lite": (pixels - 127.) / 128}      # Keras has no mode for these
    expected = ours[name] if name in ours else tf_keras.applications.imagenet_utils.preprocess_input(pixels.astype(np.float32), mode=mode)
    found = way.function(pixels)
    assert np.allclose(found, expected, atol=1e-4)
    assert np.all(way.input_range[0] <= found.min((0, 1, 2))) and np.all(found.max((0, 1, 2)) <= way.input_range[1])


def test_the_checksum_follows_the_content(folder):
    before = load(folder).sha256
    assert load(folder).sha256 == before
    Image.new("L", (9, 9)).save(folder / "grey.png")
    assert load(folder).sha256 != before


def test_figures_show_bgr_inputs_as_rgb(tmp_path):
    Image.new("RGB", (4, 4), (250, 0, 0)).save(tmp_path / "red.png")
    for way, first in (("caffe", 2), ("inception", 0)):
        data = datasets.load("image_folder", images=str(tmp_path), image_size=(4, 4), preprocess=way)
        assert data.test[:1][0, 0, 0].argmax() == first
        assert gallery.shown_image(data, data.test[:1][0])[0, 0].argmax() == 0


@pytest.mark.parametrize("images", ["photos [1]", "photos [1]/*.png", "photos [1]/a[2].png", "photos [1]/list.csv"])
def test_brackets_in_names_are_no_pattern(tmp_path, images):
    folder = tmp_path / "photos [1]"
    folder.mkdir()
    Image.new("RGB", (4, 4)).save(folder / "a[2].png")
    write_csv(folder / "list.csv", [{"file": "a[2].png"}])
    found = load(tmp_path / images)
    assert found.test.ids == ("a[2].png",) and found.test[:1].shape == (1, 16, 12, 3)


def test_a_glob_is_a_pattern(folder, tmp_path):
    assert load(folder / "gr[a-f]y.png").test.ids == ("grey.png",)
    assert len(load(f"{tmp_path}/**/*.png").test) >= 1


@pytest.mark.parametrize("channels, mode", [(1, "L"), (4, "RGBA")])
def test_models_of_one_and_four_channels(folder, channels, mode):
    found = load(folder, channels=channels, preprocess="raw")
    assert found.image_shape == (16, 12, channels) and found.test[[]].shape == (0, 16, 12, channels)
    for name, image in zip(found.test.ids, found.test[:]):
        expected = np.asarray(Image.open(folder / name).convert(mode).resize((12, 16), Image.Resampling.LANCZOS))
        assert np.array_equal(image, expected.reshape(16, 12, channels))
    if channels == 4:
        assert (found.test[[found.test.ids.index("colour.jpg")]][..., 3] == 255).all()
        alpha = found.test[[found.test.ids.index("alpha.png")]]
        assert np.allclose(shading.picture(gallery.shown_image(found, alpha[0]), (0, 255)), alpha[0, ..., :3] / 255)


def test_transparency_is_kept_in_four_channels(tmp_path):
    Image.new("RGBA", (4, 4), (10, 20, 30, 128)).save(tmp_path / "a.png")
    assert load(tmp_path, channels=4, preprocess="raw").test[:1][0, 0, 0, 3] == 128


def test_sixteen_bit_grey_in_one_channel(tmp_path):
    Image.fromarray(np.full((9, 9), 128 * 257, np.uint16)).save(tmp_path / "deep.png")
    assert np.array_equal(load(tmp_path, preprocess="raw", channels=1).test[:], np.full((1, 16, 12, 1), 128))


def test_other_numbers_of_channels_are_refused(folder):
    with pytest.raises(ValueError, match=r"^images: photographs have 1 channel \(grey\), 3 \(RGB\) or 4 \(RGBA\), the model takes 2$"):
        load(folder, channels=2)
    with pytest.raises(ValueError, match="^preprocess: caffe expects images of 3 channels, found 1$"):
        load(folder, channels=1, preprocess="caffe")


@pytest.mark.parametrize("values, message", [
    (np.full((4, 4), np.nan, np.float32), "its pixels are floats, expected 8 or 16 bits"),
    (np.full((4, 4), 70_000, np.int32), "its pixels are 70000 to 70000, expected 8 or 16 bits")])
def test_pixels_that_cannot_be_scaled_are_refused_by_file(tmp_path, values, message):
    Image.fromarray(values).save(tmp_path / "a.tif")
    (tmp_path / "list.csv").write_text("file\na.tif")
    with pytest.raises(ValueError, match=f"^images: cannot read {tmp_path}/a.tif as an image .{message}"):
        load(tmp_path / "list.csv")


def test_the_checksum_of_three_channels_is_that_of_earlier_versions(folder):
    split = load(folder).test
    assert split.content(1) == [json.dumps(["inception", [16, 12], list(split.sums[:1])]).encode()]
    assert load(folder, channels=1).test.content(1) != split.content(1)
