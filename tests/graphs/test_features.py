"""GradCAM's feature map: the last convolutional one of more than one pixel, before pooling, however the model is written."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.graphs import features
from sanity_checks.graphs import forward
from sanity_checks.methods import gradcam
from tests.models import bodies

SHAPE = (12, 12, 3)


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    return request.param


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, *SHAPE), np.float32)


def sequential(library, *stack):
    return library.Sequential([library.layers.Input(SHAPE), *stack])


def features_of(model, **options):
    return models.load_classifier(model, **options).features


def by_hand(model, images, target):
    """GradCAM written out over a model that gives feature map [B, h, w, K] and logits [B, classes]: float [B, h, w]."""
    with tf.GradientTape() as tape:
        tape.watch(images)
        maps, logits = model(images, training=False)
        explained = tf.gather(logits, target, axis=1)
    weights = tf.reduce_mean(tape.gradient(explained, maps), (1, 2))
    cam = tf.nn.relu(tf.einsum("bhwk,bk->bhw", maps, weights)).numpy()
    largest = cam.max(axis=(1, 2), keepdims=True)
    return np.divide(cam, largest, out=np.zeros_like(cam), where=largest > 0)


def both(library, model, name):
    """The same model with the output of a layer as another output."""
    return library.Model(model.inputs, [model.get_layer(name).output, model.outputs[0]])


def assert_gradcam(classifier, with_features, images, name):
    assert classifier.features.name == name
    small = gradcam.GradCam().work()[0].run(methods.make_task(classifier, images, np.array([1, 1])))
    expected = by_hand(with_features, tf.constant(images), 1)
    assert np.ptp(expected) > 0 and np.allclose(small, expected, atol=1e-5)


# Name of the layer whose output must be read -> the layers of a model.
STACKS = {
    "after activation, dropout and pooling": ("relu", lambda L: [
        L.Conv2D(4, 3), L.Activation("relu", name="relu"), L.Dropout(.5), L.MaxPooling2D(2), L.Flatten(), L.Dense(3)]),
    "pooled, then normalized": ("conv", lambda L: [
        L.Conv2D(4, 3, activation="relu", name="conv"), L.MaxPooling2D(2), L.BatchNormalization(), L.Flatten(), L.Dense(3)]),
    "pooled, then rectified": ("conv", lambda L: [
        L.Conv2D(4, 3, name="conv"), L.AveragePooling2D(2), L.ReLU(), L.Flatten(), L.Dense(3)]),
    "a head of 1 x 1 convolutions": ("relu", lambda L: [
        L.Conv2D(4, 3, strides=2), L.BatchNormalization(), L.ReLU(name="relu"), L.GlobalAveragePooling2D(keepdims=True),
        L.Conv2D(6, 1, activation="relu"), L.Conv2D(3, 1), L.Flatten()]),
    "dense layers on 1 x 1": ("conv", lambda L: [
        L.Conv2D(4, 3, name="conv"), L.GlobalAveragePooling2D(keepdims=True), L.Dense(5, activation="relu"), L.Flatten(), L.Dense(3)]),
    "separable": ("last", lambda L: [
        L.SeparableConv2D(4, 3, activation="relu"), L.SeparableConv2D(4, 3, activation="relu", name="last"),
        L.GlobalAveragePooling2D(), L.Dense(3)]),
    "depthwise": ("last", lambda L: [L.DepthwiseConv2D(3, activation="relu", name="last"), L.GlobalMaxPooling2D(), L.Dense(3)]),
    "transposed": ("last", lambda L: [
        L.Conv2D(4, 3, strides=3), L.Conv2DTranspose(3, 2, name="last"), L.GlobalAveragePooling2D(), L.Dense(3)]),
    "padded and cropped": ("conv", lambda L: [
        L.Conv2D(4, 3, name="conv"), L.ZeroPadding2D(1), L.Cropping2D(1), L.UpSampling2D(2), L.Flatten(), L.Dense(3)]),
    "dense at every pixel": ("dense", lambda L: [
        L.Conv2D(4, 3), L.LayerNormalization(), L.Dense(5, activation="relu", name="dense"), L.GlobalAveragePooling2D(), L.Dense(3)]),
    "normalized by layer": ("norm", lambda L: [
        L.Conv2D(4, 3), L.LayerNormalization(name="norm"), L.GlobalAveragePooling2D(), L.Dense(3)]),
    "leaky": ("act", lambda L: [L.Conv2D(4, 3), L.LeakyReLU(name="act"), L.GlobalAveragePooling2D(), L.Dense(3)]),
    "dilated": ("last", lambda L: [
        L.Conv2D(4, 3), L.DepthwiseConv2D(3, dilation_rate=2, name="last"), L.GlobalAveragePooling2D(), L.Dense(3)]),
}


@pytest.mark.parametrize("stack", list(STACKS))
def test_the_last_map_before_pooling_is_read(library, stack, images):
    name, layers = STACKS[stack]
    model = sequential(library, *layers(library.layers))
    for seed in range(20):          # an untrained network's map may be nowhere positive
        classifier = models.load_classifier(model, weights="random", seed=seed)
        if np.ptp(by_hand(both(library, model, name), tf.constant(images), 1)) > 0:
            break
    assert_gradcam(classifier, both(library, model, name), images, name)


def test_a_nested_body_is_read_as_a_flat_one(library):
    layers = library.layers
    body = sequential(library, layers.Conv2D(4, 3, activation="relu", name="conv"), layers.MaxPooling2D(2))
    model = sequential(library, layers.Rescaling(1 / 255), body, layers.Flatten(), layers.Dense(3))
    found = features_of(model)
    assert found.name == f"{body.name}/conv" and (found.size, found.channels, found.layout) == ((10, 10), 4, "channels_last")


def test_branches_and_residual_sums_are_read_where_they_join(library, images):
    layers = library.layers
    image = layers.Input(SHAPE)
    stem = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    branches = [layers.Conv2D(2, 1)(stem), layers.Conv2D(2, 3, padding="same")(stem), layers.MaxPooling2D(3, 1, "same")(stem)]
    joined = layers.Add(name="sum")([layers.Conv2D(8, 1)(stem), layers.Concatenate()(branches)])
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(joined))
    gated = layers.Multiply(name="gated")([joined, gate])
    model = library.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(gated)))
    assert_gradcam(models.load_classifier(model, weights="random", seed=2), both(library, model, "gated"), images, "gated")


def test_functions_in_the_place_of_layers_are_read(images):
    layers = keras.layers
    image = layers.Input(SHAPE)
    hidden = keras.ops.relu(layers.Conv2D(4, 3)(image))
    model = keras.Model(image, layers.Dense(3)(keras.ops.mean(hidden, axis=(1, 2))))
    classifier = models.load_classifier(model, weights="random", seed=1)
    assert classifier.features.name.endswith("Relu") and classifier.features.size == (10, 10)
    twin = keras.Model(image, [hidden, model.output])
    small = gradcam.GradCam().work()[0].run(methods.make_task(classifier, images, np.array([1, 1])))
    assert np.allclose(small, by_hand(twin, tf.constant(images), 1), atol=1e-5)


def test_subclassed_models_are_read(library, images):
    layers = library.layers

    class Network(library.Model):
        def __init__(self):
            super().__init__()
            self.top, self.conv = layers.Dense(3), layers.Conv2D(4, 3, activation="relu", name="conv")

        def call(self, inputs):
            return self.top(tf.reduce_mean(self.conv(inputs), (1, 2)))

    model = Network()
    model(images)
    image = layers.Input(SHAPE)
    flat = model.conv(image)
    twin = library.Model(image, [flat, model.top(layers.GlobalAveragePooling2D()(flat))])
    classifier = models.load_classifier(model, weights="random", seed=1)
    assert classifier.features.name.endswith("conv")
    small = gradcam.GradCam().work()[0].run(methods.make_task(classifier, images, np.array([1, 1])))
    assert np.allclose(small, by_hand(twin, tf.constant(images), 1), atol=1e-5)


def test_channels_first_is_read_as_channels_last(library, images):
    """A CPU has no convolutions of this form: the map is turned round right behind one."""
    layers = library.layers

    def network(form):
        image = layers.Input(SHAPE)
        hidden = layers.Conv2D(5, 3)(image)
        hidden = hidden if form == "channels_last" else layers.Permute((3, 1, 2))(hidden)
        hidden = layers.ReLU()(layers.BatchNormalization(axis=1 if form == "channels_first" else -1)(hidden))
        return library.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D(data_format=form)(hidden)))
    first, last = network("channels_first"), network("channels_last")
    b = models.load_classifier(last, weights="random", seed=2)
    first.set_weights(last.get_weights())
    a = models.load_classifier(first)
    assert (a.features.layout, a.features.size, a.features.channels) == ("channels_first", (10, 10), 5)
    found = methods.explain(a, images, "gradcam", [0, 0])
    assert np.allclose(found, methods.explain(b, images, "gradcam", [0, 0]), atol=1e-5) and np.ptp(found) > 0


def test_a_convolutions_own_channels_first_is_seen(library, images):
    layers = library.layers
    model = sequential(library, layers.Permute((3, 1, 2)), layers.Conv2D(5, 3, activation="relu", data_format="channels_first"),
                       layers.GlobalAveragePooling2D(data_format="channels_first"), layers.Dense(4))
    found = features.find(forward.traced(models.implementation_of(model), model))[0]
    assert (found.layout, found.size, found.channels) == ("channels_first", (10, 10), 5)
    if bodies.channels_first_refused():
        with pytest.raises(ValueError, match="cannot be run here: The Conv2D op currently only supports the NHWC tensor format on the CPU"):
            models.load_classifier(model)
        return
    twin = sequential(library, layers.Conv2D(5, 3, activation="relu"), layers.GlobalAveragePooling2D(), layers.Dense(4))
    twin.set_weights(model.get_weights())
    maps = [methods.explain(models.load_classifier(network), images, "gradcam", [1, 2]) for network in (model, twin)]
    assert np.allclose(*maps, atol=1e-5)


def test_images_of_channels_first_are_refused(library):
    layers = library.layers
    convolution = [layers.Rescaling(.1), layers.Conv2D(5, 3, data_format="channels_first")]
    turned = [layers.Permute((2, 3, 1)), layers.Conv2D(5, 3)]
    for stack in (convolution, turned):
        model = library.Sequential([layers.Input((3, 12, 14)), *stack, layers.Flatten(), layers.Dense(4)])
        with pytest.raises(ValueError, match=r"images of .* are channels first, \[3, 12, 14\]; expected channels last: put a layer Permute\(\(3, 1, 2\)\)"):
            models.load_classifier(model)
    last = library.Sequential([layers.Input((4, 12, 14)), layers.Conv2D(5, 3), layers.Flatten(), layers.Dense(4)])
    assert models.load_classifier(last).image_shape == (4, 12, 14)


def vision_transformer(library, class_token=False):
    layers = library.layers
    image = layers.Input(SHAPE)
    tokens = layers.Reshape((16, 8))(layers.Conv2D(8, 3, strides=3, name="patches")(image))
    if class_token:
        tokens = layers.ZeroPadding1D((1, 0))(tokens)
    hidden = layers.LayerNormalization()(tokens)
    tokens = layers.Add()([tokens, layers.MultiHeadAttention(2, 4, name="attention")(hidden, hidden)])
    tokens = layers.LayerNormalization(name="encoded")(layers.Add()([tokens, layers.Dense(8, activation="gelu")(tokens)]))
    return library.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(tokens)))


@pytest.mark.parametrize("class_token", [False, True])
def test_a_transformers_patches_are_not_read_unless_named(library, images, class_token):
    model = vision_transformer(library, class_token)
    classifier = models.load_classifier(model)
    with pytest.raises(ValueError, match=r"gradcam.*after its last convolution \(patches\) it computes on tokens, in .*; name the "
                                         r"layer to read with gradcam_layer"):
        methods.explain(classifier, images, "gradcam")
    named = models.load_classifier(model, gradcam_layer="encoded", weights="random", seed=3)
    assert (named.features.layout, named.features.size) == ("tokens", (4, 4))
    twin = both(library, model, "encoded")
    with tf.GradientTape() as tape:
        tokens, logits = twin(tf.constant(images), training=False)
        explained = logits[:, 1]
    gradients = tape.gradient(explained, tokens)[:, -16:]
    tokens = tokens[:, -16:]
    cam = np.maximum(np.einsum("btk,bk->bt", tokens, np.mean(gradients, axis=1)), 0).reshape(2, 4, 4)
    cam /= np.maximum(cam.max(axis=(1, 2), keepdims=True), 1e-12)
    small = gradcam.GradCam().work()[0].run(methods.make_task(named, images, np.array([1, 1])))
    assert np.allclose(small, cam, atol=1e-4)


def test_no_convolution_no_map(library):
    model = sequential(library, library.layers.Flatten(), library.layers.Dense(3))
    assert features_of(model) is None
    with pytest.raises(ValueError, match="no convolutional feature map; name one with gradcam_layer"):
        methods.explain(models.load_classifier(model), np.ones((1, *SHAPE)), "gradcam")


def test_a_convolution_out_of_sight_is_not_passed_over(library):
    layers = library.layers

    class Hidden(layers.Layer):
        def __init__(self):
            super().__init__(name="hidden")
            self.conv = layers.Conv2D(4, 3)

        def build(self, shape):
            self.conv.build(shape)

        @tf.function
        def call(self, inputs):
            return self.conv(inputs)

        def compute_output_shape(self, shape):
            return self.conv.compute_output_shape(shape)

    model = sequential(library, layers.Conv2D(4, 3, name="seen"), Hidden(), layers.GlobalAveragePooling2D(), layers.Dense(3))
    with pytest.raises(ValueError, match="calls a function that holds a convolution .*hidden.*name the layer"):
        methods.explain(models.load_classifier(model), np.ones((1, *SHAPE)), "gradcam")
    assert features_of(model, gradcam_layer="hidden").size == (8, 8)


def test_names_of_layers(library):
    layers = library.layers
    twice = [sequential(library, layers.Conv2D(4, 3, padding="same", name="conv"), layers.Conv2D(3, 3, padding="same", name="top"))
             for _ in range(2)]
    model = sequential(library, *twice, layers.GlobalAveragePooling2D(name="pool"), layers.Dense(3, name="head"))
    with pytest.raises(ValueError, match=f"gradcam_layer: several layers are called 'conv'; expected one of {twice[0].name}/conv, "
                                         f"{twice[1].name}/conv"):
        features_of(model, gradcam_layer="conv")
    assert features_of(model, gradcam_layer=f"{twice[0].name}/conv").channels == 4
    with pytest.raises(ValueError, match="gradcam_layer: no layer 'con'; layers: .*conv"):
        features_of(model, gradcam_layer="con")
    with pytest.raises(ValueError, match=r"the output of 'head' has shape \[None, 3\], expected a feature map"):
        features_of(model, gradcam_layer="head")


def test_one_pixel_is_no_feature_map(library):
    layers = library.layers
    model = sequential(library, layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(keepdims=True), layers.Conv2D(3, 1, name="one"),
                       layers.Flatten())
    with pytest.raises(ValueError, match="the output of 'one' is 1 x 1, expected a feature map of more than one pixel"):
        features_of(model, gradcam_layer="one")


def test_a_cast_to_another_precision_makes_no_map(library):
    """Keras 3 averages float16 in float32: the map is that of the layer, not its copy inside the pooling."""
    layers = library.layers
    model = sequential(library, layers.Conv2D(4, 3, dtype="mixed_float16", name="conv"), layers.GlobalAveragePooling2D(
        dtype="mixed_float16"), layers.Dense(3, dtype="mixed_float16"))
    assert features_of(model).name == "conv"
