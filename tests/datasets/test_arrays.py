"""Arrays as a data set: .npz and .npy files, what they may hold and what is refused by file and array."""

import io
import re
import zipfile

import numpy as np
import pytest

from sanity_checks import datasets

BYTES = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.uint8)
FLOATS = np.random.default_rng(1).normal(size=(4, 6, 5, 3))


def saved(folder, **arrays):
    np.savez(folder / "a.npz", **arrays)
    return folder / "a.npz"


def load(path, **options):
    return datasets.load("arrays", images=path, **options)


@pytest.mark.parametrize("images", [BYTES, FLOATS, FLOATS.astype(np.float16), FLOATS.astype(">f4")], ids=lambda x: x.dtype.str)
@pytest.mark.parametrize("form", ["npz", "compressed", "npy"])
def test_values_are_taken_as_they_are(tmp_path, images, form):
    path = tmp_path / f"a.{'npy' if form == 'npy' else 'npz'}"
    {"npz": lambda: np.savez(path, images=images), "compressed": lambda: np.savez_compressed(path, images=images),
     "npy": lambda: np.save(path, images)}[form]()
    found = load(path)
    assert found.test[:].dtype == np.float32 and np.array_equal(found.test[:], images.astype(np.float32))
    assert found.test[[2, 0]].tolist() == images[[2, 0]].astype(np.float32).tolist() and len(found.test) == 4
    assert found.image_shape == (6, 5, 3) and found.test.labels is None and found.test.ids == ("0", "1", "2", "3")
    expected = (0, 255) if images.dtype == np.uint8 else (images.astype(np.float32).min(), images.astype(np.float32).max())
    assert found.input_range == expected and not found.bgr and found.name == "arrays"


def test_grey_images_may_lack_the_axis(tmp_path):
    found = load(saved(tmp_path, images=BYTES[..., 0]))
    assert found.image_shape == (6, 5, 1) and np.array_equal(found.test[:], BYTES[..., :1])


@pytest.mark.parametrize("labels", [[0, 3, 1, 2], [0., 3., 1., 2.], [[0], [3], [1], [2]]], ids=str)
@pytest.mark.parametrize("ids", [["d", "c", "b", "a"], [7, 5, 3, 1], [b"w", b"x", b"y", "é".encode()]], ids=["str", "int", "bytes"])
def test_labels_and_ids(tmp_path, labels, ids):
    found = load(saved(tmp_path, images=BYTES, labels=labels, ids=ids))
    assert found.test.labels.tolist() == [0, 3, 1, 2] and found.test.labels.dtype == np.int64
    assert found.test.ids == tuple(name.decode() if isinstance(name, bytes) else str(name) for name in ids)


@pytest.mark.parametrize("way", ["unit", "raw", "caffe", "torch", "100,50"])
def test_bytes_are_preprocessed_on_request(tmp_path, way):
    found, expected = load(saved(tmp_path, images=BYTES), preprocess=way), datasets.find_preprocessing(way)
    assert np.allclose(found.test[1:3], expected.function(BYTES[1:3])) and found.test[:1].dtype == np.float32
    assert found.input_range == expected.input_range and found.bgr == (way == "caffe")


def test_the_checksum_follows_values_labels_ids_and_preparation(tmp_path):
    def of(preprocess=None, **arrays):
        found = load(saved(tmp_path, images=BYTES, **arrays), preprocess=preprocess)
        assert datasets.sha256(found.test) == found.sha256
        return found.sha256
    assert of() == of() == of("raw") and len({of(), of("unit"), of(labels=[0] * 4), of(ids=list("abcd"))}) == 4
    assert load(saved(tmp_path, images=FLOATS)).sha256 != load(saved(tmp_path, images=FLOATS + 1e-3)).sha256


def test_constant_images_have_a_range(tmp_path):
    assert load(saved(tmp_path, images=np.ones((2, 3, 3)))).input_range == (1, 2)


def nan(position, value=np.nan):
    images = FLOATS.copy()
    images[position, 0, 0, 0] = value
    return images


@pytest.mark.parametrize("arrays, message", [
    ({"images": nan(2)}, "array images: expected finite numbers, found nan in the image at position 2"),
    ({"images": nan(1, np.inf)}, "array images: expected finite numbers, found inf in the image at position 1"),
    ({"images": nan(3, 1e300)}, "array images: expected finite numbers, found inf in the image at position 3"),
    ({"images": FLOATS * 1j}, "array images: expected uint8 or float values, found complex128"),
    ({"images": BYTES.astype(int)}, "array images: expected uint8 or float values, found int64"),
    ({"images": np.array([None, 1])}, "array images cannot be read: Object arrays cannot be loaded"),
    ({"images": BYTES[0, 0]}, r"array images: expected shape \[N, H, W, C\] or \[N, H, W\], none of them 0, found \[5, 3\]"),
    ({"images": BYTES[None]}, r"found \[1, 4, 6, 5, 3\]"),
    ({"images": BYTES[:0]}, r"none of them 0, found \[0, 6, 5, 3\]"),
    ({"images": BYTES[..., :0]}, r"none of them 0, found \[4, 6, 5, 0\]"),
    ({"image": BYTES}, "expected an array images, found image"),
    ({}, "expected an array images, found none"),
    ({"images": BYTES, "labels": [1, 2]}, r"array labels: expected 4 class numbers, found shape \(2,\)"),
    ({"images": BYTES, "labels": [0, 1.7, 0, 0]}, "array labels: expected 4 class numbers, found 1.7, which is no whole"),
    ({"images": BYTES, "labels": np.eye(4)}, r"array labels: expected 4 class numbers, found one-hot of shape \(4, 4\)"),
    ({"images": BYTES, "labels": [0, 1e30, 0, 0]}, r"array labels: expected 4 class numbers, found 1e\+30, which is above 999999"),
    ({"images": BYTES, "labels": np.array([0, 2 ** 64 - 1, 0, 0], np.uint64)}, "found 18446744073709551615, which is above"),
    ({"images": BYTES, "labels": [0j] * 4}, "array labels: expected 4 class numbers, found values of type complex128"),
    ({"images": BYTES, "labels": np.array([None] * 4)}, "array labels cannot be read: Object arrays"),
    ({"images": BYTES, "ids": ["a", "b", "a", "c"]}, "array ids: expected 4 distinct names, found 'a' twice"),
    ({"images": BYTES, "ids": ["a"]}, r"array ids: expected 4 distinct names, found shape \(1,\)"),
    ({"images": BYTES, "ids": [1., 2., 3., 4.]}, "array ids: expected 4 distinct names, found values of type float64"),
    ({"images": BYTES, "ids": [b"\xff", b"a", b"b", b"c"]}, "array ids: expected 4 distinct names, found bytes that are no UTF-8"),
])
def test_wrong_arrays_are_refused_by_file_and_name(tmp_path, arrays, message):
    path = saved(tmp_path, **arrays)
    with pytest.raises(ValueError, match=f"^images: {path}[,:] .*{message}") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def header(shape):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\3\4", b"\x93NUMPY", b"\x80\x04K\x01.", header((10 ** 6, 10 ** 6, 10 ** 6)),
                                     header((4, 6, 5, 3)) + b"few"], ids=["empty", "text", "zip", "npy", "pickle", "huge", "cut"])
@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_other_files_are_refused(tmp_path, content, ending):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^images: {path} is not an .npz or .npy file of arrays, or damaged: "):
        load(path)


def test_a_damaged_member_is_named(tmp_path):
    path = saved(tmp_path, images=BYTES)
    content = bytearray(path.read_bytes())
    content[300] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^images: {path}, array images cannot be read: "):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images", "text")
    with pytest.raises(ValueError, match="array images: expected an array, found a file that is none"):
        load(path)


@pytest.mark.parametrize("arguments, error, message", [
    ({"images": None}, ValueError, "images: expected an .npz or .npy file of arrays, got nothing"),
    ({"images": "nowhere.npz"}, FileNotFoundError, "images: no such file: nowhere.npz"),
    ({"images": "a.npz", "data_dir": "x"}, ValueError, "data_dir: arrays are given as images, got data_dir x"),
])
def test_wrong_arguments(arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        datasets.load("arrays", **arguments)


def test_preprocessing_that_cannot_act_is_refused(tmp_path):
    with pytest.raises(ValueError, match="^preprocess: expected uint8 images to be made into inputs by unit, found float64 in .*a.npz"):
        load(saved(tmp_path, images=FLOATS), preprocess="unit")
    with pytest.raises(ValueError, match="^preprocess: caffe expects images of 3 channels"):
        load(saved(tmp_path, images=BYTES[..., 0]), preprocess="caffe")


def test_arrays_that_mean_nothing_are_named(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(datasets.arrays.logging, "warning", lambda text, *values: lines.append(text % values))
    load(saved(tmp_path, images=BYTES, label=[1]))
    assert lines == [f"{tmp_path}/a.npz: the array label has no meaning here; known are images, labels, ids"]


@pytest.mark.parametrize("name, is_one", [("a.npz", True), ("A.NPY", True), ("a.png", False), ("folder.npz", False)])
def test_which_files_are_arrays(tmp_path, name, is_one):
    (tmp_path / "folder.npz").mkdir()
    assert datasets.is_file_of_arrays(str(tmp_path / name)) is is_one
