"""Any Keras model as a classifier: softmax off, blocks, initializers, feature map, files, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.methods import gradcam
from sanity_checks.models import implementations

layers = tf_keras.layers


def small(*end, **options):
    return tf_keras.Sequential([
        layers.InputLayer((6, 6, 1)), layers.Conv2D(3, 3, activation="relu", name="conv"), layers.MaxPool2D(2, name="pool"),
        layers.Flatten(name="flatten"), *end], **options)


ENDS = {
    "logits": lambda: [layers.Dense(4, name="top")],
    "dense softmax": lambda: [layers.Dense(4, activation="softmax", name="top")],
    "dense sigmoid": lambda: [layers.Dense(4, activation="sigmoid", name="top")],
    "Activation": lambda: [layers.Dense(4, name="top"), layers.Activation("softmax")],
    "Softmax": lambda: [layers.Dense(4, name="top"), layers.Softmax()],
    "nested": lambda: [tf_keras.Sequential([layers.InputLayer((12,)), layers.Dense(4, activation="softmax", name="top")])],
}


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 6, 6, 1), np.float32)


@pytest.mark.parametrize("end", list(ENDS))
def test_the_softmax_is_taken_off(end, images):
    model = small(*ENDS[end]())
    before = model(images).numpy()
    classifier = models.load_classifier(model)
    top = next(layer for layer in model.submodules if layer.name == "top")
    hidden = model.get_layer("flatten").output
    flat = tf_keras.Model(model.input, hidden)(images)
    expected = (flat @ top.kernel + top.bias).numpy()
    assert np.allclose(classifier.model(images), expected, atol=1e-6)
    assert np.array_equal(model(images).numpy(), before), "the user's model is left as it is"


def test_a_softmax_operation_of_a_functional_model_is_taken_off(images):
    inputs = layers.Input((6, 6, 1))
    top = layers.Dense(4, name="top")(layers.Flatten()(inputs))
    classifier = models.load_classifier(tf_keras.Model(inputs, tf.nn.softmax(top)))
    assert np.allclose(classifier.model(images), tf_keras.Model(inputs, top)(images))


def test_variables_are_shared_with_the_users_model(images):
    model = small(*ENDS["dense softmax"]())
    classifier = models.load_classifier(model)
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    assert not np.any(classifier.model(images).numpy())


def test_a_softmax_that_cannot_be_taken_off_is_refused():
    with pytest.raises(ValueError, match="ends in Softmax"):
        models.load_classifier(small(layers.Dense(4), layers.Lambda(lambda x: tf.nn.softmax(x))))


class Subclassed(tf_keras.Model):
    def __init__(self, end):
        super().__init__(name="subclassed")
        self.flatten, self.top, self.end = layers.Flatten(), layers.Dense(2, name="top"), end

    def call(self, inputs):
        return self.end(self.top(self.flatten(inputs)))

    def compute_output_shape(self, shape):
        return (shape[0], 2)


def test_subclassed_models_work_if_they_end_in_logits(images):
    model = Subclassed(tf.identity)
    model.build((None, 6, 6, 1))
    model(images)
    classifier = models.load_classifier(model)
    assert list(classifier.blocks) == ["top"]
    maps = methods.explain(classifier, images, "gradient", np.zeros(3, int))
    assert np.allclose(maps.reshape(3, 36), model.top.kernel[:, 0])
    softmaxed = Subclassed(tf.nn.softmax)
    softmaxed(images)
    with pytest.raises(ValueError, match="ends in Softmax"):
        models.load_classifier(softmaxed)


@pytest.mark.parametrize("model, message", [
    (lambda: tf_keras.Sequential([layers.InputLayer((784,)), layers.Dense(10)]), r"put a Reshape layer in front"),
    (lambda: tf_keras.Sequential([layers.Dense(10)]), "must be built"),
    (lambda: tf_keras.Sequential([layers.InputLayer((6, 6, 1)), layers.Conv2D(2, 3)]), r"expected \[B, classes\]"),
    (lambda: tf_keras.Sequential([layers.InputLayer((None, None, 1)), layers.GlobalMaxPool2D(), layers.Dense(2)]),
     "fixed size"),
    (lambda: np.zeros(3), "expected a model of Keras 3 or tf_keras, got numpy.ndarray"),
])
def test_unsuitable_models_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        models.load_classifier(model())


def test_blocks_are_the_layers_from_the_top_and_cover_every_variable_once():
    body = tf_keras.Sequential([layers.InputLayer((4, 4, 3)), layers.Conv2D(2, 3, name="inner"),
                                layers.BatchNormalization(name="norm")], name="body")
    model = tf_keras.Sequential([layers.InputLayer((6, 6, 1)), layers.Conv2D(3, 3, name="outer"), body,
                                 layers.Flatten(), layers.Dense(2, activation="softmax", name="top")])
    classifier = models.load_classifier(model)
    assert list(classifier.blocks) == ["top", "norm", "inner", "outer"]
    references = [v.ref() for block in classifier.blocks.values() for v in block]
    assert sorted(map(hash, references)) == sorted(hash(v.ref()) for v in model.variables)


def test_blocks_by_patterns():
    classifier = models.load_classifier(small(*ENDS["logits"]()), blocks=["head=top|dense.*", "body=.*"])
    assert [len(block) for block in classifier.blocks.values()] == [2, 2]
    assert list(classifier.blocks) == ["head", "body"]


@pytest.mark.parametrize("patterns, message", [
    (["head=top"], "no pattern matches layer 'conv'"),
    (["head=top", "body=conv", "rest=x.*"], "rest=x.* matches no layer"),
    (["head"], "expected name=regular expression, found 'head'"),
    (["head=("], "is not a regular expression"),
])
def test_wrong_patterns_are_refused(patterns, message):
    with pytest.raises(ValueError, match=message):
        models.load_classifier(small(*ENDS["logits"]()), blocks=patterns)


def test_every_variable_of_common_layers_tells_its_initializer():
    model = tf_keras.Sequential([
        layers.InputLayer((8, 8, 2)), layers.SeparableConv2D(3, 3), layers.BatchNormalization(), layers.DepthwiseConv2D(2),
        layers.PReLU(), layers.Conv2DTranspose(2, 2), layers.LayerNormalization(), layers.Flatten(), layers.Dense(2)])
    classifier = models.load_classifier(model)
    assert {v.ref() for v in model.variables} == set(classifier.initializers)


def test_weights_of_a_users_layer_are_drawn():
    class Scale(layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight("scale", (1,), initializer="ones")

        def call(self, inputs):
            return self.scale * inputs
    scale = Scale()
    model = small(scale, layers.Dense(2))
    scale.scale.assign([3.])
    models.load_classifier(model, weights="random")
    assert scale.scale.numpy() == [1.]


def test_gradcam_layer_can_be_named(images):
    model = small(*ENDS["logits"]())
    classifier = models.load_classifier(model, gradcam_layer="pool")
    assert (classifier.features.size, classifier.features.channels) == ((2, 2), 3)
    with pytest.raises(ValueError, match="gradcam_layer: no layer 'con'; layers: conv"):
        models.load_classifier(model, gradcam_layer="con")
    with pytest.raises(ValueError, match="expected a feature map"):
        models.load_classifier(model, gradcam_layer="flatten")


@pytest.mark.parametrize("pooled", [False, True])
def test_the_feature_map_of_a_nested_model_is_read(images, pooled):
    conv, top = layers.Conv2D(3, 3, activation="relu", name="conv"), layers.Dense(4, name="top")
    inner = [conv, layers.GlobalAveragePooling2D(name="pool")]
    body = tf_keras.Sequential([layers.InputLayer((6, 6, 1)), *inner[:1 + pooled]], name="body")
    model = tf_keras.Sequential([layers.InputLayer((6, 6, 1)), body, *inner[1 + pooled:], top])
    for layer in (None, "conv"):
        classifier = models.load_classifier(model, gradcam_layer=layer)
        features, gradients = gradcam.feature_gradient(classifier)(images, np.array([0, 1, 2]))
        assert np.allclose(features, conv(images), atol=1e-6)
        assert np.allclose(gradients[:, 1, 2], top.kernel.numpy().T[:3] / 16, atol=1e-6)


@pytest.mark.parametrize("ending", ["model.keras", "model.h5", "saved_model"])
def test_keras_files(tmp_path, ending, images):
    model = small(*ENDS["dense softmax"]())
    model.save(tmp_path / ending)
    classifier = models.load_classifier(str(tmp_path / ending))
    assert classifier.name == ending.partition(".")[0] and list(classifier.blocks) == ["top", "conv"]
    expected = models.load_classifier(model)
    for name in ("gradient", "guided_backprop", "gradcam"):
        assert np.allclose(methods.explain(classifier, images, name), methods.explain(expected, images, name), atol=1e-6)


def test_weights_files(tmp_path, cnn, digits):
    cnn.model.save_weights(tmp_path / "weights.h5")
    loaded = models.load_classifier("cnn", weights=str(tmp_path / "weights.h5"))
    assert np.array_equal(loaded.model(digits), cnn.model(digits))
    with pytest.raises(ValueError, match="weights: .*weights.h5 does not fit model 'mlp'"):
        models.load_classifier("mlp", weights=str(tmp_path / "weights.h5"))


def test_truncated_and_missing_files_are_named(tmp_path, cnn):
    path = tmp_path / "weights.h5"
    cnn.model.save_weights(path)
    path.write_bytes(path.read_bytes()[:1000])
    for arguments in ({"model": "cnn", "weights": str(path)}, {"model": str(path)}):
        with pytest.raises(ValueError, match="weights.h5"):
            models.load_classifier(**arguments)
    for arguments in ({"model": "cnn", "weights": "no.h5"}, {"model": "no.h5"}):
        with pytest.raises(FileNotFoundError, match="no such file"):
            models.load_classifier(**arguments)


def test_names_and_missing_weights_are_refused():
    with pytest.raises(ValueError, match="unknown model 'cn'; did you mean 'cnn'"):
        models.load_classifier("cn", weights="random")
    with pytest.raises(ValueError, match="needs a weights file, or 'random'"):
        models.load_classifier("cnn")


def test_random_weights_follow_the_seed(digits):
    load = lambda seed: models.load_classifier("mlp", weights="random", seed=seed).model(digits).numpy()
    assert np.array_equal(load(3), load(3)) and not np.allclose(load(3), load(4))


def test_the_papers_networks_have_the_papers_sizes(cnn, mlp):
    # conv 5*5*1*32 + 32, conv 5*5*32*64 + 64, dense 3136*1024 + 1024, dense 1024*10 + 10
    assert cnn.model.count_params() == 832 + 51264 + 3212288 + 10250
    assert mlp.model.count_params() == 784 * 2500 + 2500 + 2500 * 1500 + 1500 + 1500 * 500 + 500 + 500 * 10 + 10
    assert list(cnn.blocks) == ["softmax_linear", "fc1", "conv2", "conv1"]
    assert list(mlp.blocks) == ["logits", "hidden3", "hidden2", "hidden1"]
    assert (cnn.features.size, cnn.features.channels) == ((14, 14), 64) and mlp.features is None


def test_the_cnns_regularization_is_the_papers(cnn):
    expected = sum(0.001 * np.square(cnn.blocks[name][0].numpy().astype(float)).sum() / 2 for name in ("conv1", "conv2", "fc1"))
    assert float(tf.add_n(cnn.model.losses)) == pytest.approx(expected, rel=1e-5)


def test_unwrap_keeps_a_model_that_ends_in_logits():
    model = small(*ENDS["logits"]())
    assert implementations.implementation_of(model).to_logits(model) is model
