"""Weights from files: of either Keras, of checkpoints; they fit the model as a whole, or are refused and the model stays as it was."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import models

SHAPE = (8, 8, 3)
BOTH = pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras3", "tf_keras"])
PAIRS = pytest.mark.parametrize("saved, given", [(keras, keras), (tf_keras, tf_keras), (keras, tf_keras), (tf_keras, keras)],
                                ids=["3 to 3", "2 to 2", "3 to 2", "2 to 3"])


def chain(library, filters=3, names=("first", "second"), extra=False):
    """Two convolutions of one shape, so that a swap would not show in shapes."""
    layers = library.layers
    first = layers.Input(SHAPE) if library is keras else layers.InputLayer(SHAPE)
    more = [layers.Dense(4, name="more")] if extra else []
    return library.Sequential([
        first, layers.Conv2D(filters, 3, padding="same", activation="relu", name=names[0]), layers.BatchNormalization(name="norm"),
        layers.Conv2D(3, 3, padding="same", name=names[1]), layers.Dropout(0.2), layers.Flatten(), layers.Dense(4, name="top"), *more])


def branched(library, names=("left", "right"), attention=False):
    layers = library.layers
    inputs = layers.Input(SHAPE)
    left, right = (layers.Conv2D(3, 3, activation="relu", name=name)(inputs) for name in names)
    x = layers.Subtract()([left, right])
    if attention:
        x = layers.Reshape((36, 3))(x)
        x = layers.MultiHeadAttention(2, 3)(x, x)
    return library.Model(inputs, layers.Dense(4, name="top")(layers.Flatten()(x)))


def varied(model, seed=1):
    values = np.random.default_rng(seed)
    model.set_weights([0.3 + 0.5 * values.random(weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, *SHAPE), np.float32)


def same(classifier, model, images):
    return np.allclose(classifier.logits(images), model(images), rtol=1e-5, atol=1e-4)


@PAIRS
@pytest.mark.parametrize("build", [chain, branched, lambda library: branched(library, attention=True)],
                         ids=["chain", "branched", "attention"])
def test_weights_of_either_keras(saved, given, build, tmp_path, images):
    source = varied(build(saved))
    source.save_weights(tmp_path / "w.weights.h5")
    source.save(tmp_path / "whole.keras")
    source.save(tmp_path / "whole.h5")
    names = ["w.weights.h5", "whole.keras", "whole.h5"]
    if saved is tf_keras:
        source.save_weights(tmp_path / "legacy.h5")
        names.append("legacy.h5")
    for name in names:
        classifier = models.load_classifier(varied(build(given), 2), weights=tmp_path / name)
        assert same(classifier, source, images), name


@PAIRS
def test_weights_for_a_model_that_is_a_file(saved, given, tmp_path, images):
    source = varied(chain(saved))
    source.save_weights(tmp_path / "w.weights.h5")
    varied(chain(given), 2).save(tmp_path / "model.keras")
    assert same(models.load_classifier(tmp_path / "model.keras", weights=tmp_path / "w.weights.h5"), source, images)


@PAIRS
def test_weights_of_a_model_that_ends_in_a_softmax(saved, given, tmp_path, images):
    def build(library):
        return library.Sequential([library.layers.Input(SHAPE), library.layers.Flatten(), library.layers.Dense(4, activation="softmax")])
    source = varied(build(saved))
    source.save_weights(tmp_path / "w.weights.h5")
    logits = models.load_classifier(build(given), weights=tmp_path / "w.weights.h5").logits(images)
    kernel, bias = source.get_weights()
    assert np.allclose(logits, images.reshape(3, -1) @ kernel + bias, rtol=1e-5)


def test_the_papers_network_takes_weights_of_keras_3(tmp_path, digits):
    named = models.load_classifier("cnn", weights="random").model
    layers = keras.layers
    other = keras.Sequential([layers.Input((28, 28, 1)), *(
        layers.Conv2D(layer.filters, layer.kernel_size, padding="same", activation="relu") if isinstance(layer, tf_keras.layers.Conv2D)
        else layers.MaxPooling2D(2, 2, padding="same") if isinstance(layer, tf_keras.layers.MaxPooling2D)
        else layers.Dense(layer.units, activation=layer.activation.__name__) if isinstance(layer, tf_keras.layers.Dense)
        else layers.Flatten() for layer in named.layers if not isinstance(layer, (tf_keras.layers.InputLayer, tf_keras.layers.Dropout)))])
    other.save_weights(tmp_path / "w.weights.h5")
    classifier = models.load_classifier("cnn", weights=tmp_path / "w.weights.h5")
    assert np.allclose(classifier.logits(digits), other(digits), atol=1e-4) and isinstance(classifier.model, tf_keras.Model)


WRONG = {"another shape": dict(filters=5), "more layers": dict(extra=True)}


@PAIRS
@pytest.mark.parametrize("kind", list(WRONG))
@pytest.mark.parametrize("swapped", [False, True], ids=["file has other", "model has other"])
def test_weights_of_another_architecture_are_refused_and_change_nothing(saved, given, kind, swapped, tmp_path):
    source, target = (chain(saved, **({} if swapped else WRONG[kind])), chain(given, **(WRONG[kind] if swapped else {})))
    before = target.get_weights()
    for name in ("w.weights.h5", "whole.keras", "whole.h5"):
        (source.save_weights if name.startswith("w.") else source.save)(tmp_path / name)
        with pytest.raises(ValueError, match=f"^weights: .*{name} does not fit model '.*': it") as caught:
            models.load_classifier(target, weights=tmp_path / name)
        assert "\n" not in str(caught.value)
        assert all(map(np.array_equal, before, target.get_weights()))


@pytest.mark.parametrize("saved, given", [(keras, tf_keras), (tf_keras, keras)], ids=["3 to 2", "2 to 3"])
def test_branches_of_other_names_cannot_be_told_apart_in_a_file_of_the_other_keras(saved, given, tmp_path):
    branched(saved, ("a", "b")).save(tmp_path / "w.h5")
    with pytest.raises(ValueError, match="^weights: .*w.h5 does not fit .*: it was saved by the other Keras, .*cannot be told apart"):
        models.load_classifier(branched(given), weights=tmp_path / "w.h5")
    chain(saved, names=("a", "b")).save(tmp_path / "w.h5")
    models.load_classifier(chain(given), weights=tmp_path / "w.h5")


@BOTH
def test_weights_in_the_order_of_frozen_layers_are_refused(library, tmp_path):
    def build(frozen):
        layers = library.layers
        body = library.Sequential([layers.Input(SHAPE), layers.BatchNormalization(name="one"), layers.BatchNormalization(name="two")],
                                  name="body")
        body.layers[-2].trainable = not frozen
        return library.Sequential([layers.Input(SHAPE), body, layers.Flatten(), layers.Dense(2, name="top")])
    build(True).save(tmp_path / "w.h5")
    with pytest.raises(ValueError, match="its layer 'body' holds its weights in another order"):
        models.load_classifier(build(False), weights=tmp_path / "w.h5")


@BOTH
@pytest.mark.parametrize("held", ["the model", "an attribute", "named by its ending", "in a folder with brackets"])
def test_checkpoints_of_tensorflow(library, held, tmp_path, images):
    source = varied(chain(library))
    folder = tmp_path / ("[1]" if "brackets" in held else "0")
    folder.mkdir()
    prefix = str(folder / "ckpt")
    if held == "an attribute":
        prefix = tf.train.Checkpoint(net=source, step=tf.Variable(3)).save(prefix)
    else:
        source.save_weights(prefix) if library is tf_keras else tf.train.Checkpoint(source).write(prefix)
    given = prefix + ".index" if held == "named by its ending" else prefix
    assert same(models.load_classifier(chain(library), weights=given), source, images)


def test_a_saved_model_as_weights(tmp_path, images):
    source = varied(chain(tf_keras))
    source.save(tmp_path / "folder")
    assert same(models.load_classifier(chain(tf_keras), weights=tmp_path / "folder"), source, images)
    for other in (chain(tf_keras, extra=True), chain(tf_keras, filters=5), chain(keras)):
        with pytest.raises(ValueError, match="^weights: .*folder does not fit model"):
            models.load_classifier(other, weights=tmp_path / "folder")


def test_a_checkpoint_with_an_optimizer(tmp_path, images):
    source = varied(chain(tf_keras))
    source.compile("adam", "mse")
    source.fit(images, np.zeros((3, 4)), verbose=0)
    source.save_weights(tmp_path / "ckpt")
    assert same(models.load_classifier(chain(tf_keras), weights=tmp_path / "ckpt"), source, images)


@BOTH
@pytest.mark.parametrize("kind", list(WRONG))
@pytest.mark.parametrize("swapped", [False, True], ids=["checkpoint has other", "model has other"])
def test_a_checkpoint_of_another_architecture_is_refused_and_changes_nothing(library, kind, swapped, tmp_path):
    source, target = (chain(library, **({} if swapped else WRONG[kind])), chain(library, **(WRONG[kind] if swapped else {})))
    tf.train.Checkpoint(source).write(str(tmp_path / "ckpt"))
    before = target.get_weights()
    with pytest.raises(ValueError, match="^weights: .*ckpt does not fit model '.*': .") as caught:
        models.load_classifier(target, weights=tmp_path / "ckpt")
    assert "\n" not in str(caught.value)
    assert all(map(np.array_equal, before, target.get_weights()))


@BOTH
def test_a_checkpoint_that_fits_up_to_its_last_layer_changes_nothing(library, tmp_path):
    layers = library.layers
    source, target = (library.Sequential([layers.Input(SHAPE), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(classes)])
                      for classes in (5, 4))
    tf.train.Checkpoint(varied(source)).write(str(tmp_path / "ckpt"))
    before = target.get_weights()
    with pytest.raises(ValueError, match="^weights: .*ckpt does not fit model"):
        models.load_classifier(target, weights=tmp_path / "ckpt")
    assert all(map(np.array_equal, before, target.get_weights()))


@pytest.mark.parametrize("saved, given", [(keras, tf_keras), (tf_keras, keras)], ids=["3 to 2", "2 to 3"])
def test_a_checkpoint_of_the_other_keras_is_refused(saved, given, tmp_path):
    tf.train.Checkpoint(chain(saved)).write(str(tmp_path / "ckpt"))
    with pytest.raises(ValueError, match="^weights: .*ckpt does not fit model"):
        models.load_classifier(chain(given), weights=tmp_path / "ckpt")


def test_a_checkpoint_of_names_is_refused(tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        kernel = tf.compat.v1.get_variable("conv/kernel", (3, 3), use_resource=True)
        session.run(kernel.initializer)
        tf.compat.v1.train.Saver([kernel]).save(session, str(tmp_path / "old.ckpt"))
    with pytest.raises(ValueError, match="it is a checkpoint of named variables of TensorFlow 1"):
        models.load_classifier(chain(tf_keras), weights=tmp_path / "old.ckpt")


@BOTH
def test_a_file_that_is_no_weights_is_refused(library, tmp_path):
    (tmp_path / "w.weights.h5").write_text("no weights")
    with pytest.raises(ValueError, match="^weights: .*w.weights.h5 does not fit model") as caught:
        models.load_classifier(chain(library), weights=tmp_path / "w.weights.h5")
    assert "\n" not in str(caught.value)
    with pytest.raises(FileNotFoundError, match="^weights: no such file: .*none.h5"):
        models.load_classifier(chain(library), weights=tmp_path / "none.h5")
