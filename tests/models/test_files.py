"""Files and live models of both Keras versions in one process: what is loaded computes what was saved."""

import pathlib
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import models
from sanity_checks.models import implementations

SHAPE = (8, 8, 3)
BOTH = pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras3", "tf_keras"])


@keras.saving.register_keras_serializable("tests_files")
class Scaled(keras.layers.Layer):
    """A user's layer on Keras 3, registered."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale


@keras.saving.register_keras_serializable("tests_files")
class Subclassed(keras.Model):
    """A user's model on Keras 3, registered."""

    def __init__(self, **options):
        super().__init__(**options)
        self.conv, self.pool = keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()
        self.top = keras.layers.Dense(2)

    def call(self, inputs):
        return self.top(self.pool(self.conv(inputs)))


def functional(library, body):
    inputs = library.layers.Input(SHAPE)
    return library.Model(inputs, library.layers.Dense(4)(body(library.layers, inputs)))


def plain(layers, x):
    return layers.Flatten()(layers.BatchNormalization()(layers.Conv2D(3, 3, activation="relu")(x)))


def branched(layers, x):
    first, second = layers.Conv2D(3, 3, padding="same")(x), layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    return layers.GlobalAveragePooling2D()(layers.Concatenate()([layers.Add()([first, x]), second]))


def attention(layers, x):
    tokens = layers.Reshape((4, 5))(layers.Conv2D(5, 4, strides=4)(x))
    return layers.Flatten()(layers.LayerNormalization()(layers.Add()([tokens, layers.MultiHeadAttention(2, 3)(tokens, tokens)])))


def reused(layers, x):
    shared = layers.Conv2D(3, 3, padding="same", activation="relu")
    return layers.Flatten()(shared(shared(x)))


def frozen(layers, x):
    layer = layers.Conv2D(3, 3, activation="relu")
    layer.trainable = False
    return layers.Flatten()(layer(x))


def operations(layers, x):
    x = keras.ops.relu(layers.Conv2D(4, 3)(x) * 2 - 0.1)
    x = keras.ops.multiply(x, layers.Multiply()([x, x]))
    return keras.ops.mean(keras.ops.concatenate([x, keras.ops.abs(x)], axis=-1), axis=(1, 2))


def custom(layers, x):
    return layers.Flatten()(Scaled()(x))


def sequential(library):
    layers = library.layers
    first = layers.Input(SHAPE) if library is keras else layers.InputLayer(SHAPE)
    return library.Sequential([first, layers.Conv2D(3, 3, activation="relu"), layers.Dropout(0.3), layers.Flatten(),
                               layers.Dense(4)])


def nested(library):
    body = library.Sequential([library.layers.Input((8, 8, 3)), library.layers.Conv2D(3, 3, activation="relu"),
                               library.layers.BatchNormalization()], name="backbone")
    head = library.Sequential([library.layers.Input((3,)), library.layers.Dense(4)], name="head")
    inputs = library.layers.Input(SHAPE)
    x = library.layers.GlobalAveragePooling2D()(body(library.layers.Rescaling(1 / 255)(inputs)))
    return library.Model(inputs, head(x))


def policy(name):
    return lambda library: library.Sequential([
        library.layers.Input(SHAPE), library.layers.Conv2D(3, 3, activation="relu", dtype=name),
        library.layers.Flatten(dtype=name), library.layers.Dense(4, dtype="float32")])


COMMON = {**{body.__name__: lambda library, body=body: functional(library, body)
             for body in (plain, branched, attention, reused, frozen)}, "sequential": sequential, "nested": nested}
OF_KERAS_3 = {**{body.__name__: lambda library, body=body: functional(library, body) for body in (operations, custom)},
              "mixed_float16": policy("mixed_float16"), "mixed_bfloat16": policy("mixed_bfloat16")}
KINDS = [pytest.param(keras, build, id=f"keras3-{name}") for name, build in {**COMMON, **OF_KERAS_3}.items()] + [
    pytest.param(tf_keras, build, id=f"tf_keras-{name}") for name, build in COMMON.items()]


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, *SHAPE), np.float32)


def varied(model):
    """The model with weights that no initializer gives, so that a lost one shows."""
    values = np.random.default_rng(1)
    model.set_weights([0.3 + 0.5 * values.random(weight.shape) for weight in model.get_weights()])
    return model


def assert_same(classifier, expected, images):
    """Logits up to the rounding of a traced pass; two images differ by far more."""
    low = any("float16" in str(weight.dtype) or "float16" in str(layer.compute_dtype)
              for layer in classifier.model.layers for weight in layer.weights)
    assert np.allclose(classifier.logits(images), expected, rtol=1e-2 if low else 1e-5, atol=1e-4)


@pytest.mark.parametrize("library, build", KINDS)
def test_a_loaded_classifier_computes_what_was_saved(library, build, tmp_path, images):
    model = varied(build(library))
    expected = np.asarray(model(images), np.float32)
    for name in ("model.keras", "model.h5"):
        model.save(tmp_path / name)
        classifier = models.load_classifier(tmp_path / name)
        assert classifier.name == "model" and classifier.keras.is_model(classifier.model)
        assert_same(classifier, expected, images)
    assert_same(models.load_classifier(model), expected, images)
    assert library.__name__ == {"keras2": "tf_keras", "keras3": "keras"}[classifier.keras.__name__.rpartition(".")[2]]


def test_a_registered_subclassed_model_of_keras_3(tmp_path, images):
    model = Subclassed()
    model(images)
    varied(model).save(tmp_path / "model.keras")
    assert_same(models.load_classifier(tmp_path / "model.keras"), model(images), images)


@BOTH
def test_files_of_both_versions_load_side_by_side(library, tmp_path, images):
    made = {kind: varied(sequential(kind)) for kind in (keras, tf_keras)}
    for kind, model in made.items():
        model.save(tmp_path / f"{kind.__name__}.keras")
    classifier = models.load_classifier(str(tmp_path / f"{library.__name__}.keras"))
    assert isinstance(classifier.model, library.Model)
    assert_same(classifier, made[library](images), images)


@BOTH
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_the_version_stands_in_the_file_or_shows_in_its_form(library, ending, tmp_path):
    path = tmp_path / f"model.{ending}"
    sequential(library).save(path)
    assert implementations.saved_by(path) == library.__version__
    if ending == "h5":
        with h5py.File(path, "a") as file:
            del file.attrs["keras_version"], file["model_weights"].attrs["keras_version"]
    else:
        with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "bare.keras", "w") as bare:
            for name in ("config.json", "model.weights.h5"):
                bare.writestr(name, whole.read(name))
        path = tmp_path / "bare.keras"
    assert isinstance(models.load_classifier(path).model, library.Model)
    assert implementations.saved_by(path) == {"keras": "3", "tf_keras": "2"}[library.__name__]


def test_an_hdf5_model_of_any_name_is_read(tmp_path, images):
    model = varied(sequential(keras))
    model.save(tmp_path / "model.h5")
    (tmp_path / "model.h5").rename(tmp_path / "net")
    assert_same(models.load_classifier(tmp_path / "net"), model(images), images)


def test_a_saved_model_of_tf_keras(tmp_path, images):
    model = varied(sequential(tf_keras))
    model.save(tmp_path / "folder")
    assert_same(models.load_classifier(pathlib.Path(tmp_path / "folder")), model(images), images)


@BOTH
def test_an_exported_model_is_refused(library, tmp_path):
    sequential(library).export(str(tmp_path / "folder"))
    with pytest.raises(ValueError, match=r"^model: .*folder is an exported model \(model.export\), whose ReLUs cannot be overridden "
                                         r"for Guided Backprop; give the .keras file of model.save$"):
        models.load_classifier(tmp_path / "folder")


def test_a_saved_model_of_something_else_is_refused(tmp_path):
    module = tf.Module()
    module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None, *SHAPE])])
    tf.saved_model.save(module, str(tmp_path / "folder"))
    with pytest.raises(ValueError, match="^model: .*folder is a SavedModel of something else than a Keras model; give"):
        models.load_classifier(tmp_path / "folder")


@pytest.mark.parametrize("backend", ["jax", "torch", "numpy"])
def test_keras_3_on_another_backend_is_refused_first(backend, tmp_path, monkeypatch):
    model = sequential(keras)
    model.save(tmp_path / "model.keras")
    sequential(tf_keras).save(tmp_path / "old.keras")
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(keras.saving, "load_model", None)
    for given in (model, tmp_path / "model.keras"):
        with pytest.raises(ValueError, match=f"^model: Keras 3 runs on {backend} here, expected TensorFlow; set KERAS_BACKEND=tensor"):
            models.load_classifier(given)
    assert models.load_classifier(tmp_path / "old.keras").num_classes == 4


@pytest.mark.parametrize("content", [b"rubbish", b"\x89HDF\r\n\x1a\nrubbish", b"PK\x03\x04rubbish"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_damaged_files_are_refused_in_one_line(content, ending, tmp_path):
    (tmp_path / f"model.{ending}").write_bytes(content)
    with pytest.raises(ValueError, match=f"^model: .*model.{ending} is not a Keras model that .* can load: .") as caught:
        models.load_classifier(tmp_path / f"model.{ending}")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_a_class_that_keras_does_not_know_is_named_with_the_way_to_bring_it_in(tmp_path):
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    for library, base in ((keras, Own), (tf_keras, type("Own", (tf_keras.layers.Layer,), {"call": lambda self, x: x}))):
        model = functional(library, lambda layers, x, base=base: layers.Flatten()(base()(x)))
        for ending in ("keras", "h5"):
            path = tmp_path / f"{library.__name__}.{ending}"
            model.save(path)
            with pytest.raises(ValueError, match="^model: .*'Own'.*--model=package.module:function") as caught:
                models.load_classifier(path, trust=True)
            assert "\n" not in str(caught.value) and len(str(caught.value)) < 300 + len(str(path))


@pytest.mark.parametrize("name, content, what", [
    ("a.h5", b"", "an empty file"), ("a.keras", b"<!DOCTYPE html><html>", "a web page"),
    ("a.keras", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, not the file itself; fetch it with git lfs pull"),
    ("a.tflite", b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"), ("a.npy", b"\x93NUMPY\x01", "an array of NumPy"),
    ("a.pkl", b"\x80\x04rest", "a pickle of Python"), ("a.onnx", b"\x08\x07", "an ONNX model"),
    ("saved_model.pb", b"\x08", "a part of a SavedModel; give its folder ."), ("frozen.pb", b"\x08", "a graph of TensorFlow, not a"),
    ("a.json", b"{}", "a configuration, without weights"),
])
def test_what_keras_has_not_written_is_told(name, content, what, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"^model: .*{name} is {what}"):
        models.load_classifier(tmp_path / name)


def test_a_file_of_pytorch_and_weights_alone_are_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"")
    with pytest.raises(ValueError, match="^model: .*net.pt is a file of PyTorch"):
        models.load_classifier(tmp_path / "net.pt")
    sequential(keras).save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match="^model: .*w.weights.h5 holds weights without a model; give it as the weights of a model"):
        models.load_classifier(tmp_path / "w.weights.h5")
