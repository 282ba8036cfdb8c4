"""Files with code inside load only when they are trusted, and the code runs only then."""

import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import models

BOTH = pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras3", "tf_keras"])
SHAPE = (4, 4, 1)
FORMS = ["model.keras", "model.h5"]
FORMS_OF_BOTH = [(keras, "model.keras"), (keras, "model.h5"), (tf_keras, "model.keras"), (tf_keras, "model.h5"), (tf_keras, "folder")]
REASON = "loading it runs code that the file's author chose; load only files that you trust, with --trust_model [(]trust=True[)]"


def with_layer(library, layer, depth=0):
    """A model with a layer inside `depth` models."""
    layers = library.layers
    inputs = layers.Input(SHAPE)
    for _ in range(depth):
        layer = library.Sequential([layers.Input(SHAPE), layer])
    return library.Model(inputs, layers.Dense(2, name="top")(layers.Flatten()(layer(inputs))))


def marking(library, marker):
    """A layer Lambda that writes a file when it runs."""
    text = str(marker)
    return library.layers.Lambda(eval(f"lambda x: (open({text!r}, 'w').close(), 2 * x)[1]"), output_shape=SHAPE, name="mark")


@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("library, name", FORMS_OF_BOTH)
def test_a_lambda_runs_only_when_trusted(library, name, depth, tmp_path):
    marker = tmp_path / "marker"
    model = with_layer(library, marking(library, marker), depth)
    model.save(tmp_path / name)
    marker.unlink(missing_ok=True)
    with pytest.raises(ValueError, match=f"^model: .*{name} holds a layer Lambda [(]'mark'[)]: {REASON}$"):
        models.load_classifier(tmp_path / name)
    assert not marker.exists(), "the code has run"
    images = np.random.default_rng(0).random((2, *SHAPE), np.float32)
    assert np.allclose(models.load_classifier(tmp_path / name, trust=True).logits(images), model(images), atol=1e-5)
    assert marker.exists()


def doubled(x):
    return 2 * x


@BOTH
@pytest.mark.parametrize("name", FORMS)
def test_a_lambda_of_a_named_function_is_refused_too(library, name, tmp_path):
    with_layer(library, library.layers.Lambda(doubled, output_shape=SHAPE, name="twice")).save(tmp_path / name)
    with pytest.raises(ValueError, match="holds a layer Lambda [(]'twice'[)]"):
        models.load_classifier(tmp_path / name)
    with library.saving.custom_object_scope({"doubled": doubled}):
        assert models.load_classifier(tmp_path / name, trust=True).num_classes == 2


def test_a_lambda_as_activation_or_in_a_wrapper_is_found(tmp_path):
    model = with_layer(tf_keras, tf_keras.layers.TimeDistributed(marking(tf_keras, tmp_path / "marker")))
    model.save(tmp_path / "model.h5")
    with pytest.raises(ValueError, match="holds a layer Lambda"):
        models.load_classifier(tmp_path / "model.h5")
    with pytest.raises(ValueError, match="^weights: .*model.h5 holds a layer Lambda"):
        from sanity_checks import keras2
        keras2.load(tmp_path / "model.h5", "weights")


def edited(source, target, edit):
    """A copy of a file with another configuration."""
    if source.suffix == ".h5":
        target.write_bytes(source.read_bytes())
        with h5py.File(target, "a") as file:
            config = json.loads(file.attrs["model_config"])
            edit(config)
            file.attrs["model_config"] = json.dumps(config)
        return
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)


@BOTH
@pytest.mark.parametrize("name", FORMS)
def test_a_module_that_keras_would_import_is_not_imported(library, name, tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with_layer(library, library.layers.ReLU()).save(tmp_path / name)
    for place in ("activation", "kernel_initializer"):
        def edit(config, place=place):
            config["config"]["layers"][-1]["config"][place] = {
                "module": "evil_module", "class_name": "function", "config": "run", "registered_name": "run"}
        edited(tmp_path / name, tmp_path / f"evil_{name}", edit)
        with pytest.raises(ValueError, match="^model: .* names 'run' of the module 'evil_module', which is not Keras' own and not "
                                             "registered; bring it in .*--model=package.module:function; or, if you trust"):
            models.load_classifier(tmp_path / f"evil_{name}")
    assert not (tmp_path / "marker").exists()


@BOTH
def test_files_and_modules_of_the_system_are_not_taken_for_layers(library, tmp_path):
    with_layer(library, library.layers.ReLU()).save(tmp_path / "model.keras")
    for entry in ({"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
                  {"module": "keras.saving", "class_name": "function", "config": "load_model", "registered_name": "load_model"},
                  {"module": "tf_keras.src.utils.data_utils", "class_name": "function", "config": "get_file", "registered_name": None},
                  {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}, "registered_name": None},
                  {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}):
        edited(tmp_path / "model.keras", tmp_path / "evil.keras", lambda config, entry=entry: config["config"]["layers"][-1][
            "config"].update(activation=[{"deep": {"deeper": entry}}]))
        with pytest.raises(ValueError, match="evil.keras (holds|names)"):
            models.load_classifier(tmp_path / "evil.keras")


def test_tensorflow_functions_that_only_compute_need_no_trust(tmp_path):
    inputs = tf_keras.layers.Input(SHAPE)
    x = tf.nn.relu(tf.concat([inputs, tf.math.square(inputs) * 2.0], axis=-1)) - 0.5
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, activation=tf.nn.gelu)(tf_keras.layers.Flatten()(tf.clip_by_value(x, -1, 1))))
    for name in (*FORMS, "folder"):
        model.save(tmp_path / name)
        assert models.load_classifier(tmp_path / name).num_classes == 2
    edited(tmp_path / "model.keras", tmp_path / "evil.keras",
           lambda config: next(layer for layer in config["config"]["layers"] if layer["class_name"] == "TFOpLambda")["config"].update(
               function="io.read_file"))
    with pytest.raises(ValueError, match="holds a call of 'io.read_file'"):
        models.load_classifier(tmp_path / "evil.keras")


def test_a_saved_model_whose_graph_writes_files_is_refused(tmp_path):
    class Writing(tf_keras.layers.Layer):
        def call(self, inputs):
            with tf.control_dependencies([tf.io.write_file(str(tmp_path / "marker"), "x")]):
                return tf.identity(inputs)
    with_layer(tf_keras, Writing()).save(tmp_path / "folder")
    (tmp_path / "marker").unlink(missing_ok=True)
    with pytest.raises(ValueError, match="folder holds an operation WriteFile"):
        models.load_classifier(tmp_path / "folder")
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras3", "tf_keras"])
def test_what_the_user_has_registered_needs_no_trust(library, tmp_path):
    @library.saving.register_keras_serializable("tests_trust")
    class Doubled(library.layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    model = with_layer(library, Doubled())
    model.compile("adam", loss=lambda true, found: 0.0)
    for name in FORMS:
        model.save(tmp_path / name)
        assert models.load_classifier(tmp_path / name).num_classes == 2
