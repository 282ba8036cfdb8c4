"""What cannot be read is refused in one line before any work; what can be read is, whatever it is called."""

import os
import tarfile
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import models
from sanity_checks.models import architectures

layers = tf_keras.layers


def small():
    return tf_keras.Sequential([layers.InputLayer((6, 6, 1)), layers.Flatten(), layers.Dense(2, name="top")])


def keras_3():
    return keras.Sequential([keras.layers.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch, request):
    """Networks that take seconds to build: a refusal does not wait for them."""
    if "built" in request.fixturenames:
        return

    def build(*_):
        raise AssertionError("refused only after the work")
    for name in ("inception_v3", "mlp"):
        entry = architectures.MODELS[name]
        monkeypatch.setitem(architectures.MODELS, name, architectures.Architecture(build, load=entry.load and build))


@pytest.mark.parametrize("name", ["inception_v3", "mlp"])
@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_an_archive_is_to_be_unpacked(tmp_path, name, mode):
    path = tmp_path / "inception_v3_2016_08_28.tar.gz"
    with tarfile.open(path, mode) as archive:
        archive.add(__file__, "inception_v3.ckpt")
    with pytest.raises(ValueError, match=f"^weights: {path} is a packed archive; unpack it"):
        models.load_classifier(name, weights=path)


def test_a_zip_that_is_no_keras_file_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "weights.zip", "w") as archive:
        archive.write(__file__, "weights.h5")
    with pytest.raises(ValueError, match="^weights: .*weights.zip is a packed archive"):
        models.load_classifier("mlp", weights=tmp_path / "weights.zip")


@pytest.mark.parametrize("held, given, missing", [
    (".data-00000-of-00001", ".data-00000-of-00001", ".index"), (".data-00000-of-00001", "", ".index"),
    (".data-00001-of-00002", ".data-00001-of-00002", ".index"), (".index", "", ".data-00000-of-00001"),
    (".index", ".index", ".data-00000-of-00001")])
def test_a_missing_part_of_a_checkpoint_is_named(tmp_path, held, given, missing):
    (tmp_path / f"model.ckpt{held}").write_bytes(b"values")
    with pytest.raises(ValueError, match=f"^weights: {tmp_path}/model.ckpt{missing} is missing beside model.ckpt{held}"):
        models.load_classifier("inception_v3", weights=f"{tmp_path}/model.ckpt{given}")


def test_a_folder_that_holds_a_checkpoint_is_told_from_a_saved_model(tmp_path):
    for ending in (".index", ".data-00000-of-00001"):
        (tmp_path / f"model.ckpt{ending}").touch()
    advice = f"holds a checkpoint, not a SavedModel; give weights as {tmp_path}/model.ckpt"
    with pytest.raises(ValueError, match=f"^weights: {tmp_path} {advice}"):
        models.load_classifier("inception_v3", weights=tmp_path)
    with pytest.raises(ValueError, match=f"^model: {tmp_path} holds a checkpoint, not a SavedModel"):
        models.load_classifier(tmp_path)


def test_a_folder_of_anything_else_is_no_saved_model(tmp_path):
    (tmp_path / "notes.txt").touch()
    for arguments in ({"model": tmp_path}, {"model": "mlp", "weights": tmp_path}):
        with pytest.raises(ValueError, match=f"{tmp_path} is a folder without a SavedModel: it has no saved_model.pb"):
            models.load_classifier(**arguments)


def test_each_keras_has_its_package(tmp_path):
    for model, package in ((small(), "sanity_checks.keras2"), (keras_3(), "sanity_checks.keras3")):
        for name in ("model.keras", "model.h5"):
            model.save(tmp_path / name)
            for given in (model, tmp_path / name, str(tmp_path / name)):
                assert models.implementation_of(given).__name__ == package


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_variable(tmp_path, value):
    model = small()
    kernel = model.layers[-1].kernel
    kernel.assign(tf.where(tf.range(36)[:, None] < 3, [[value, 0.]], kernel))
    model.save(tmp_path / "model.keras")
    for given in (model, tmp_path / "model.keras"):
        with pytest.raises(ValueError, match="^weights: variable 'top/kernel:0' holds 3 values that are not finite$"):
            models.load_classifier(given)


@pytest.mark.parametrize("name", ["model [1].keras", "model [1].h5", "model [1]", "a [1]/model.keras", "a [1]/model"])
def test_brackets_in_names_are_no_pattern(tmp_path, name):
    model = small()
    (tmp_path / "a [1]").mkdir()
    model.save(tmp_path / name)
    images = np.ones((1, 6, 6, 1), np.float32)
    assert np.array_equal(models.load_classifier(str(tmp_path / name)).model(images), model(images))


@pytest.mark.parametrize("name", ["weights [1].h5", "a [1]/w.weights.h5"])
def test_brackets_in_names_of_weights_are_no_pattern(tmp_path, name):
    model, other = small(), small()
    (tmp_path / "a [1]").mkdir()
    model.save_weights(tmp_path / name)
    loaded = models.load_classifier(other, weights=tmp_path / name)
    assert np.array_equal(loaded.model.get_weights()[0], model.get_weights()[0])


def test_a_folder_of_the_name_of_a_model_is_not_taken_for_it(tmp_path, monkeypatch, built):
    monkeypatch.chdir(tmp_path)
    os.mkdir("mlp")
    assert models.load_classifier("mlp", weights="random").name == "mlp"


@pytest.fixture
def built():
    """Lets a test build the networks."""


def test_names_and_preprocessing_come_with_the_registry(built):
    inception, alexnet = models.MODELS["inception_v3"], models.MODELS["alexnet"]
    assert (inception.preprocessing, alexnet.preprocessing) == ("inception", "caffe")
    assert inception.class_names(1001)[:2] == ("background", "tench") and alexnet.class_names(1000)[0] == "tench"
    assert (inception.label_offset(1001), inception.label_offset(1000), alexnet.label_offset(1000)) == (1, 0, 0)
    assert [name for name, entry in models.MODELS.items() if entry.trainable] == ["cnn", "mlp"]
