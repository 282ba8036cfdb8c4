"""Any model becomes one from float32 images to logits, or is refused, on either Keras; logits are those of the model's own layers."""

import keras
import numpy as np
import pytest
from scipy import stats
import tensorflow as tf
import tf_keras

import sanity_checks
from sanity_checks import methods
from sanity_checks import models
from sanity_checks.keras2 import graph as keras2_graph
from sanity_checks.keras3 import graph as keras3_graph
from sanity_checks.keras_shared import endings
from tests import registry

SIZE, CLASSES = 6, 4


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    request.param.utils.set_random_seed(0)
    return request.param


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, SIZE, SIZE, 1), np.float32)


def sequential(library, *layers, shape=(SIZE, SIZE, 1), **options):
    return library.Sequential([library.Input(shape), *layers], **options)


def small(library, *end):
    layers = library.layers
    return sequential(library, layers.Conv2D(3, 3, activation="relu", name="conv"), layers.Flatten(name="flatten"), *end)


def functional(library, end, name="top", units=CLASSES):
    """A model whose Dense layer is followed by a function of tensors."""
    inputs = library.Input((SIZE, SIZE, 1))
    hidden = library.layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    return library.Model(inputs, end(library.layers.Dense(units, name=name)(library.layers.Flatten(name="flatten")(hidden))))


def top(library, activation=None, units=CLASSES, **options):
    return library.layers.Dense(units, activation=activation, name="top", **options)


def head(library, *end):
    return sequential(library, *end, shape=(48,))


class Shouting:
    """An activation that is an object of the user's."""

    def __call__(self, values):
        return tf.nn.softmax(values)


ENDS = {
    "logits": lambda k: small(k, top(k)),
    "Dense": lambda k: small(k, top(k, "softmax")),
    "Dense of a function": lambda k: small(k, top(k, tf.nn.softmax)),
    "Dense of an object": lambda k: small(k, top(k, Shouting())),
    "Dense of a layer": lambda k: small(k, top(k, k.layers.Softmax())),
    "Dense, log": lambda k: small(k, top(k, tf.nn.log_softmax)),
    "Dense, sigmoid": lambda k: small(k, top(k, "sigmoid")),
    "Activation": lambda k: small(k, top(k), k.layers.Activation("softmax")),
    "Activation of a function": lambda k: small(k, top(k), k.layers.Activation(tf.nn.softmax)),
    "Activation, log": lambda k: small(k, top(k), k.layers.Activation(tf.nn.log_softmax)),
    "Activation, sigmoid": lambda k: small(k, top(k), k.layers.Activation("sigmoid")),
    "Softmax": lambda k: small(k, top(k), k.layers.Softmax()),
    "function": lambda k: functional(k, tf.nn.softmax if k is tf_keras else k.ops.softmax),
    "function, by name": lambda k: functional(k, lambda x: tf.nn.softmax(logits=x, axis=1) if k is tf_keras else k.ops.softmax(x, axis=1)),
    "function of activations": lambda k: functional(k, k.activations.softmax),
    "function, log": lambda k: functional(k, tf.nn.log_softmax if k is tf_keras else k.ops.log_softmax),
    "function, sigmoid": lambda k: functional(k, tf.nn.sigmoid if k is tf_keras else k.ops.sigmoid),
    "softmax of log": lambda k: small(k, top(k, tf.nn.log_softmax), k.layers.Softmax()),
    "nested": lambda k: small(k, head(k, top(k, "softmax"))),
    "nested twice": lambda k: small(k, head(k, head(k, top(k), k.layers.Softmax()))),
    "nested, log": lambda k: small(k, head(k, top(k, tf.nn.log_softmax))),
    "nested and cast": lambda k: small(k, head(k, top(k, "softmax"), k.layers.Dropout(.5)), k.layers.Activation("linear", dtype="float32")),
    "cast": lambda k: small(k, top(k, "softmax"), k.layers.Activation("linear", dtype="float32")),
    "function that casts": lambda k: functional(k, lambda x: tf.cast(tf.nn.softmax(x), tf.float16) if k is tf_keras else (
        k.ops.cast(k.ops.softmax(x), "float16"))),
    "Reshape, Dropout": lambda k: small(k, top(k, "softmax"), k.layers.Reshape((CLASSES,)), k.layers.Dropout(.5)),
    "Flatten": lambda k: small(k, k.layers.Reshape((1, 1, 48)), k.layers.Conv2D(CLASSES, 1, activation="softmax", name="top"),
                               k.layers.Flatten(name="rows")),
    "Softmax of 1 x 1": lambda k: small(k, k.layers.Reshape((1, 1, 48)), k.layers.Conv2D(CLASSES, 1, name="top"), k.layers.Softmax()),
    "logits of 1 x 1": lambda k: small(k, k.layers.Reshape((1, 1, 48)), k.layers.Conv2D(CLASSES, 1, name="top")),
    "one class": lambda k: small(k, top(k, "softmax", units=1)),
    "many classes": lambda k: small(k, top(k, "softmax", units=5000)),
    "subclassed": lambda k: called(own(k, top(k, "softmax"))),
    "subclassed, of a function": lambda k: called(own(k, top(k, tf.nn.softmax))),
    "subclassed, sigmoid": lambda k: called(own(k, top(k), k.layers.Activation("sigmoid"))),
    "subclassed, then Dropout": lambda k: called(own(k, top(k, "softmax"), k.layers.Dropout(.5))),
    "subclassed, nested": lambda k: small(k, k.layers.Reshape((1, 1, 48)), called(own(k, top(k, "softmax")), (1, 1, 1, 48))),
}


def own(library, *end):
    class Own(library.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.end = library.layers.Flatten(name="flatten"), list(end)

        def call(self, inputs):
            values = self.flatten(inputs)
            for layer in self.end:
                values = layer(values)
            return values

    return Own()


def called(model, shape=(1, SIZE, SIZE, 1)):
    model(np.zeros(shape, np.float32))
    return model


def inside(model):
    """The layers of a model at any depth, by public names alone."""
    for layer in [*getattr(model, "layers", ()), *(getattr(model, "end", ()))]:
        yield layer
        yield from inside(layer)


def layer_of(model, name):
    return next(layer for layer in inside(model) if layer.name == name)


def own_logits(model, images):
    """What the layer "top" of a model computes before its activation, from the layer's own variables."""
    values = images
    if any(layer.name == "conv" for layer in inside(model)):
        conv = layer_of(model, "conv")
        values = tf.nn.relu(tf.nn.conv2d(images, conv.kernel, 1, "VALID") + conv.bias)
    last = layer_of(model, "top")
    kernel = tf.reshape(tf.convert_to_tensor(last.kernel), (-1, last.kernel.shape[-1]))
    return (tf.reshape(values, (images.shape[0], -1)) @ kernel + last.bias).numpy()


@pytest.mark.parametrize("end", list(ENDS))
def test_logits_are_explained(library, end, images):
    model = ENDS[end](library)
    before = np.asarray(model(images))
    classifier = models.load_classifier(model)
    found = classifier.model(images)
    assert found.dtype == tf.float32 and np.allclose(found, own_logits(model, images), atol=1e-5)
    assert np.array_equal(np.asarray(model(images)), before), "the user's model is left as it is"
    assert tuple(classifier.model.output_shape) == (None, classifier.num_classes)
    assert np.allclose(classifier.logits(images), found, atol=1e-5)


@pytest.mark.parametrize("end", ["Dense of a function", "nested twice", "subclassed", "function, sigmoid"])
def test_variables_are_shared_and_nothing_is_saturated(library, end, images):
    model = ENDS[end](library)
    classifier = models.load_classifier(model)
    layer_of(model, "top").bias.assign(np.arange(CLASSES) * 100.)
    assert np.allclose(classifier.model(images), own_logits(model, images), rtol=1e-5)
    assert {classifier.keras.key(variable) for block in classifier.blocks.values() for variable in block} == {
        classifier.keras.key(variable) for variable in model.weights}
    gradients = methods.explain(classifier, images, "gradient", np.array([0, 1, 2]))
    with tf.GradientTape() as tape:
        variable = tf.Variable(images)
        values = tf.gather(numbers(model, variable), [0, 1, 2], axis=1, batch_dims=1)
    assert np.allclose(gradients, tape.gradient(values, variable), atol=1e-6)


def numbers(model, images):
    """`own_logits` as tensors."""
    values = images
    if any(layer.name == "conv" for layer in inside(model)):
        conv = layer_of(model, "conv")
        values = tf.nn.relu(tf.nn.conv2d(images, conv.kernel, 1, "VALID") + conv.bias)
    last = layer_of(model, "top")
    return tf.reshape(values, (images.shape[0], -1)) @ tf.convert_to_tensor(last.kernel) + last.bias


def test_an_activation_that_layers_share_is_taken_off_one_of_them(library, images):
    activation = library.layers.Activation("sigmoid")
    inputs = library.Input((SIZE, SIZE, 1))
    flat = activation(library.layers.Dense(5, name="hidden")(library.layers.Flatten()(inputs)))
    model = library.Model(inputs, activation(top(library)(flat)))
    expected = top_of_hidden(model, images)
    assert np.allclose(models.load_classifier(model).model(images), expected, atol=1e-5)


def top_of_hidden(model, images):
    hidden, last = (model.get_layer(name) for name in ("hidden", "top"))
    return (tf.sigmoid(images.reshape(images.shape[0], -1) @ hidden.kernel + hidden.bias) @ last.kernel + last.bias).numpy()


def twice_called(library):
    class Twice(library.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.top = library.layers.Flatten(), library.layers.Dense(SIZE ** 2, activation="softmax")

        def call(self, inputs):
            return self.top(self.top(self.flatten(inputs)))

    return called(Twice())


def traced_by_the_user(library):
    class Traced(library.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.top = library.layers.Flatten(), library.layers.Dense(CLASSES, activation="softmax")

        @tf.function
        def call(self, inputs):
            return self.top(self.flatten(inputs))

    return called(Traced())


def temperature(library):
    class Temperature(library.layers.Layer):
        def call(self, inputs):
            return tf.nn.softmax(inputs / 2)

    return small(library, top(library), Temperature())


def ensemble(library, function):
    inputs = library.Input((SIZE, SIZE, 1))
    flat = library.layers.Flatten()(inputs)
    members = [library.layers.Dense(CLASSES, activation=function)(flat) for _ in range(3)]
    return library.Model(inputs, library.layers.Average()(members))


def scaled(library):
    class Scaled(library.layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    return small(library, Scaled(CLASSES, activation="softmax"))


REFUSED = {
    "scaled": (scaled, "ends in Softmax"),
    "Lambda": (lambda k: small(k, top(k), k.layers.Lambda(lambda x: tf.nn.softmax(x))), "ends in Softmax"),
    "clipped": (lambda k: functional(k, lambda x: tf.clip_by_value(tf.nn.softmax(x), 1e-7, 1.) if k is tf_keras else (
        k.ops.clip(k.ops.softmax(x), 1e-7, 1.))), "ends in Softmax"),
    "clipped to [0, 1]": (lambda k: functional(k, lambda x: tf.clip_by_value(tf.nn.sigmoid(x), 0., 1.) if k is tf_keras else (
        k.ops.clip(k.ops.sigmoid(x), 0., 1.))), "ends in Sigmoid"),
    "ensemble": (lambda k: ensemble(k, "softmax"), "ends in Softmax .* and Softmax"),
    "ensemble of sigmoids": (lambda k: ensemble(k, "sigmoid"), "ends in Sigmoid"),
    "by hand": (lambda k: functional(k, lambda x: tf.exp(x) / tf.reduce_sum(tf.exp(x), 1, keepdims=True) if k is tf_keras else (
        k.ops.exp(x) / k.ops.sum(k.ops.exp(x), 1, keepdims=True))), "gives probabilities"),
    "temperature": (temperature, "ends in Softmax"),
    "averaged pixels": (lambda k: sequential(k, k.layers.Conv2D(CLASSES, 3, activation="softmax"), k.layers.GlobalAveragePooling2D()),
                        "ends in Softmax"),
    "softmax twice": (lambda k: small(k, top(k, "softmax"), k.layers.Softmax()), "ends in Softmax"),
    "groups": (lambda k: small(k, top(k), k.layers.Reshape((2, 2)), k.layers.Softmax(), k.layers.Flatten(name="rows")), "ends in Softmax"),
    "the layer is called elsewhere too": (twice_called, "ends in Softmax"),
    "a layer that a user's tf.function calls": (traced_by_the_user, "gives probabilities"),
}


@pytest.mark.parametrize("end", list(REFUSED))
def test_probabilities_that_cannot_be_taken_off_are_refused(library, end, images):
    build, message = REFUSED[end]
    model = build(library)
    before = np.asarray(model(images))
    with pytest.raises(ValueError, match=f"^model: .*{message}") as caught:
        models.load_classifier(model)
    assert "\n" not in str(caught.value)
    assert np.array_equal(np.asarray(model(images)), before)


def test_a_layer_that_is_called_elsewhere_too_is_not_switched_off(library):
    graph = keras2_graph if library is tf_keras else keras3_graph
    inputs = library.Input((SIZE, SIZE, 1))
    assert endings.find(graph, library.Model(inputs, twice_called(library)(inputs)).outputs[0]) is None
    once = called(own(library, top(library, "softmax")))
    assert endings.find(graph, library.Model(inputs, once(inputs)).outputs[0]).kind == "softmax"


def test_an_activation_is_switched_on_again_after_an_error(library, images):
    class Failing(library.layers.Dense):
        fails = False

        def call(self, inputs):
            if self.fails:
                raise RuntimeError("stop")
            return super().call(inputs)

    layer = Failing(CLASSES, activation="softmax", name="top")
    model = small(library, layer)
    classifier = models.load_classifier(model)
    layer.fails = True
    with pytest.raises(Exception, match="stop"):
        classifier.model(images)
    assert layer.activation is not library.activations.linear
    layer.fails = False
    assert np.allclose(np.asarray(model(images)).sum(axis=1), 1)


def test_a_function_of_the_name_of_softmax_is_not_taken_for_it(library, images):
    def sigmoid(values):
        return 3 * tf.sigmoid(values / 2)
    model = small(library, top(library, sigmoid))
    with pytest.raises(ValueError, match="ends in Sigmoid"):
        models.load_classifier(model)


def test_a_recurrent_layer_is_not_taken_for_its_activation(library, images):
    for activation in ("softmax", "sigmoid"):
        model = sequential(library, library.layers.Reshape((SIZE, SIZE)), library.layers.LSTM(CLASSES, activation=activation))
        try:
            found = models.load_classifier(model).model(images)
        except ValueError as error:
            assert "ends in" in str(error)
        else:
            assert np.allclose(found, model(images), atol=1e-6)


ONE_SIGMOID = {
    "Dense": lambda k: small(k, top(k, "sigmoid", units=1)),
    "function": lambda k: functional(k, tf.sigmoid if k is tf_keras else k.ops.sigmoid, units=1),
    "nested": lambda k: small(k, head(k, top(k, tf.nn.sigmoid, units=1))),
    "1 x 1": lambda k: small(k, k.layers.Reshape((1, 1, 48)), k.layers.Conv2D(1, 1, activation="sigmoid", name="top")),
    "subclassed": lambda k: called(own(k, top(k, "sigmoid", units=1))),
}


def equivalent(library, model):
    """The model of two outputs over (-z / 2, z / 2): its softmax has the sigmoid's probabilities."""
    kernel = np.asarray(layer_of(model, "top").kernel).reshape(-1, 1)
    if any(layer.name == "conv" for layer in inside(model)):
        twin = small(library, top(library, "softmax", units=2))
        layer_of(twin, "conv").set_weights(layer_of(model, "conv").get_weights())
    else:
        twin = sequential(library, library.layers.Flatten(), top(library, "softmax", units=2))
    layer_of(twin, "top").set_weights([np.concatenate([-kernel / 2, kernel / 2], axis=1),
                                       np.asarray(layer_of(model, "top").bias) / 2 * np.array([-1, 1])])
    return twin


@pytest.mark.parametrize("end", list(ONE_SIGMOID))
def test_one_sigmoid_is_two_classes(library, end, images):
    model = ONE_SIGMOID[end](library)
    layer_of(model, "top").bias.assign([-own_logits(model, images).mean()])
    classifier, twin = models.load_classifier(model), models.load_classifier(equivalent(library, model))
    probability = np.asarray(model(images)).reshape(-1)
    assert classifier.num_classes == 2
    assert np.allclose(tf.nn.softmax(twin.model(images))[:, 1], probability, atol=1e-6), "the twin is one"
    predicted = methods.predict(classifier, images, 2)
    assert predicted.tolist() == (probability > .5).tolist() and len(set(predicted)) == 2
    for target in (0, 1):
        targets = np.full(3, target)
        for name in ("gradient", "integrated_gradients"):
            found, expected = (methods.explain(c, images, name, targets) for c in (classifier, twin))
            assert np.abs(expected).max() > 1e-3 and np.allclose(found, 2 * expected, atol=1e-6)
    if classifier.features is not None and twin.features is not None:
        found, expected = (methods.explain(c, images, "gradcam", np.ones(3, int)) for c in (classifier, twin))
        assert np.allclose(found, expected, atol=1e-5)


def test_labels_of_one_sigmoid_are_explained_and_named_in_the_rows(library, images):
    classifier = models.load_classifier(ONE_SIGMOID["Dense"](library))
    report = sanity_checks.run(classifier, images, methods=["gradient"], labels=[0, 1, 1], explained_class="label",
                               metrics=["spearman"], progress=False, null_draws=1)
    explained = report.rows[report.rows["test"] == "cascading"].groupby("image_id").explained_class.unique()
    assert [list(classes) for classes in explained] == [[0], [1], [1]]


def test_one_output_without_a_sigmoid_stays_one(library, images):
    classifier = models.load_classifier(small(library, top(library, units=1)))
    assert classifier.num_classes == 1 and methods.predict(classifier, images, 3).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="^targets: .*end the model in a sigmoid to have classes 0 and 1$"):
        methods.explain(classifier, images, "gradient", np.ones(3, int))
    with pytest.raises(ValueError, match="^explained_class: label 1 of image 0 .*end the model in a sigmoid"):
        sanity_checks.run(classifier, images, methods=["gradient"], labels=[1, 0, 0], explained_class="label", progress=False)


def two_heads(library, form):
    inputs = library.Input((SIZE, SIZE, 1), name="image")
    flat = library.layers.Flatten()(inputs)
    kind, age = library.layers.Dense(3, activation="softmax", name="kind")(flat), library.layers.Dense(2, name="age")(flat)
    outputs = {"list": [kind, age], "dict": {"first": kind, "second": age}}[form]
    return library.Model(inputs, outputs, name="heads")


@pytest.mark.parametrize("form, names", [("list", ("kind", "age")), ("dict", ("first", "second")), ("dict", ("kind", "age"))])
def test_an_output_is_chosen_by_name(library, form, names, images):
    model = two_heads(library, form)
    for name, layer in zip(names, ("kind", "age")):
        classifier, dense = models.load_classifier(model, output=name), model.get_layer(layer)
        assert np.allclose(classifier.model(images), images.reshape(3, -1) @ dense.kernel + dense.bias, atol=1e-6)
        assert list(classifier.blocks) == [layer]


@pytest.mark.parametrize("form, names", [("list", "kind, age"), ("dict", "first, second")])
def test_several_outputs_are_listed(library, form, names):
    with pytest.raises(ValueError, match=f"^output: model 'heads' has several outputs, expected one of {names}, found none$"):
        models.load_classifier(two_heads(library, form))
    with pytest.raises(ValueError, match=f"^output: model 'heads' has no output 'other', expected one of {names}$"):
        models.load_classifier(two_heads(library, form), output="other")


def test_the_name_of_the_only_output_may_be_given(library):
    model = small(library, top(library))
    assert models.load_classifier(model, output="top").model is model
    with pytest.raises(ValueError, match="^output: .*expected one of top$"):
        models.load_classifier(model, output="bottom")


def test_outputs_of_subclassed_models_are_chosen(library, images):
    class Heads(library.Model):
        def __init__(self):
            super().__init__(name="heads")
            self.flatten, self.one, self.two = library.layers.Flatten(), library.layers.Dense(2), library.layers.Dense(3, activation="softmax")

        def call(self, inputs):
            flat = self.flatten(inputs)
            return {"one": self.one(flat), "two": self.two(flat)}

    model = called(Heads())
    with pytest.raises(ValueError, match="^output: .*expected one of one, two, found none"):
        models.load_classifier(model)
    found = models.load_classifier(model, output="two").model(images)
    assert np.allclose(found, images.reshape(3, -1) @ model.two.kernel + model.two.bias, atol=1e-6)


def test_several_inputs_are_refused_by_name(library):
    inputs = [library.Input((SIZE, SIZE, 1), name="image"), library.Input((SIZE, SIZE, 1), name="mask")]
    outputs = library.layers.Dense(2)(library.layers.Flatten()(library.layers.Add()(inputs)))
    for given in (inputs, {"image": inputs[0], "mask": inputs[1]}):
        with pytest.raises(ValueError, match=r"^model: 'two' takes several inputs \(image, mask\), expected one"):
            models.load_classifier(library.Model(given, outputs, name="two"))


@pytest.mark.parametrize("form", [list, lambda inputs: {"image": inputs[0]}])
def test_one_input_in_a_list_or_a_dict_is_taken(library, form, images):
    inputs = library.Input((SIZE, SIZE, 1), name="image")
    model = library.Model(form([inputs]), [top(library, "softmax")(library.layers.Flatten()(inputs))])
    assert np.allclose(models.load_classifier(model).model(images), own_logits(model, images), atol=1e-6)


def test_a_subclassed_model_of_a_dict_of_one_input_is_taken(library, images):
    class Asking(library.Model):
        def __init__(self):
            super().__init__()
            self.flatten, self.top = library.layers.Flatten(), top(library, "softmax")

        def call(self, inputs):
            return self.top(self.flatten(inputs["image"]))

    model = Asking()
    model({"image": images})
    assert np.allclose(models.load_classifier(model).model(images), images.reshape(3, -1) @ model.top.kernel + model.top.bias, atol=1e-6)


@pytest.mark.parametrize("layers, message", [
    (lambda k: [k.layers.Conv2D(2, 3)], r"gives outputs of shape \(None, 4, 4, 2\), expected \[B, classes\]"),
    (lambda k: [k.layers.Reshape((SIZE ** 2,)), k.layers.Reshape((4, 9))], r"gives outputs of shape \(None, 4, 9\)"),
])
def test_outputs_of_other_shapes_are_refused(library, layers, message):
    with pytest.raises(ValueError, match=f"^model: .*{message}"):
        models.load_classifier(sequential(library, *layers(library)))


def integer_model(library, dtype, first, units=CLASSES):
    inputs = library.Input((SIZE, SIZE, 1), dtype=dtype)
    hidden = library.layers.Conv2D(3, 3, activation="relu", name="conv")(first(inputs))
    return library.Model(inputs, top(library, "softmax", units)(library.layers.Flatten()(hidden)))


def cast(library):
    return (lambda x: tf.cast(x, tf.float32) / 255) if library is tf_keras else (lambda x: keras.ops.cast(x, "float32") / 255)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("first", [lambda k: k.layers.Rescaling(1 / 255), cast], ids=["Rescaling", "cast"])
def test_integer_images_have_the_gradient_behind_the_cast(library, dtype, first):
    model = integer_model(library, dtype, first(library))
    images = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 1)).astype(np.float32)
    classifier = models.load_classifier(model)
    assert np.allclose(tf.nn.softmax(classifier.model(images)), model(images.astype(dtype)), atol=1e-5)
    with tf.GradientTape() as tape:
        variable = tf.Variable(images)
        values = tf.gather(numbers(model, variable / 255), [0, 1, 2], axis=1, batch_dims=1)
    expected = tape.gradient(values, variable)
    assert np.abs(expected).max() > 0
    assert np.allclose(methods.explain(classifier, images, "gradient", np.arange(3)), expected, atol=1e-7)
    assert np.abs(classifier.model(images + .5) - classifier.model(images)).max() > 1e-6, "not rounded"
    assert list(classifier.blocks) == ["top", "conv"]


def test_a_nested_model_of_integer_images_is_not_rounded_either(library):
    body = integer_model(library, "uint8", library.layers.Rescaling(1 / 255))
    inputs = library.Input((SIZE, SIZE, 1), dtype="uint8")
    classifier = models.load_classifier(library.Model(inputs, body(inputs)))
    images = np.full((1, SIZE, SIZE, 1), 100, np.float32)
    assert np.abs(methods.explain(classifier, images, "gradient", np.zeros(1, int))).max() > 0


WRONG_INTEGERS = {
    "overflow": (lambda k: lambda x: _real(k, x + np.uint8(200) if k is keras else x + tf.constant(200, tf.uint8)), "uint8",
                 "images of uint8"),
    "division": (lambda k: lambda x: _real(k, x // 16), "int32", "Floor"),
    "embedding": (lambda k: lambda x: k.layers.Reshape((SIZE, SIZE, 2))(k.layers.Embedding(256, 2)(x)), "int32", "int32"),
    "one hot": (lambda k: lambda x: k.layers.Reshape((SIZE, SIZE, 8))(
        tf.one_hot(x, 8) if k is tf_keras else keras.ops.one_hot(x, 8)), "uint8", "uint8|int"),
}


def _real(library, values):
    return tf.cast(values, tf.float32) if library is tf_keras else keras.ops.cast(values, "float32")


@pytest.mark.parametrize("name", list(WRONG_INTEGERS))
def test_models_that_compute_in_integers_are_refused_by_type(library, name):
    first, dtype, message = WRONG_INTEGERS[name]
    with pytest.raises(ValueError, match=f"^model: .*({message})") as caught:
        models.load_classifier(integer_model(library, dtype, first(library)))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_images_of_other_real_types_are_taken(library, dtype, images):
    model = integer_model(library, dtype, lambda x: _real(library, x))
    classifier = models.load_classifier(model)
    with tf.GradientTape() as tape:
        variable = tf.Variable(images)
        values = tf.gather(numbers(model, variable), [0, 1, 2], axis=1, batch_dims=1)
    assert np.allclose(methods.explain(classifier, images, "gradient", np.arange(3)), tape.gradient(values, variable), atol=1e-2)


# Least rank correlation with the float32 twin's maps; float16 has 11 bits, bfloat16 8.
POLICIES = {"mixed_float16": .95, "mixed_bfloat16": .85, "float16": .95, "bfloat16": .85, "float64": .999}
# These choose among near-equals, or draw by the weights' bytes; Blur IG multiplies gradients with the blur's small changes.
SELECTIVE = ("xrai", "guided_ig", "perturbation_mask", "random_map", "blur_ig")


def of_policy(library, policy, weights=None):
    kept = library.mixed_precision.global_policy() if library is tf_keras else library.config.dtype_policy()
    setter = library.mixed_precision.set_global_policy if library is tf_keras else library.config.set_dtype_policy
    setter(policy)
    try:
        layers = library.layers
        model = sequential(library, layers.Conv2D(4, 5, activation="relu", padding="same"), layers.MaxPooling2D(2),
                           layers.BatchNormalization(), layers.Conv2D(6, 3, activation="relu"), layers.Flatten(),
                           layers.Dense(5, activation="softmax"), shape=(16, 16, 1))
    finally:
        setter(kept)
    if weights is not None:
        model.set_weights(weights)
    return model


# All methods at two precisions; at the others those with a traced pass of their own.
ALL_METHODS = ("float16", "mixed_bfloat16")
PASSES = ("gradient", "integrated_gradients", "guided_backprop", "gradcam", "occlusion", "perturbation_mask")


@pytest.mark.parametrize("policy", [pytest.param(policy, marks=() if policy.startswith("mixed") else pytest.mark.slow)
                                    for policy in POLICIES])
def test_all_methods_work_at_every_precision(library, policy, segmentation):
    library.utils.set_random_seed(0)
    exact = of_policy(library, "float32")
    classifier, twin = models.load_classifier(of_policy(library, policy, exact.get_weights())), models.load_classifier(exact)
    pixels = np.random.default_rng(1).random((2, 16, 16, 1), np.float32)
    targets = np.array([1, 3])
    assert classifier.model(pixels).dtype == tf.float32
    for name in methods.METHODS if policy in ALL_METHODS else PASSES:
        options = {**registry.SETTINGS.get(name, {}), **({"size": 4} if name == "occlusion" else {})}
        found, expected = (methods.explain(c, pixels, name, targets, **options) for c in (classifier, twin))
        assert found.dtype == np.float32 and np.isfinite(found).all() and found.shape == pixels.shape, name
        assert found.any(), name
        for one, other in zip(found, expected):
            if name == "deep_taylor" and not other.any():       # a negative logit
                assert not one.any()
            elif name not in SELECTIVE:
                assert stats.spearmanr(one, other, axis=None).statistic > POLICIES[policy], name


def of_any_size(library, channels=3, end=None):
    layers = library.layers
    return sequential(library, layers.Conv2D(4, 3, activation="relu", name="conv"), layers.GlobalAveragePooling2D(),
                      layers.Dense(2, activation="softmax", name="top"), shape=(None, None, channels), name="any")


def test_a_model_of_any_size_is_given_one(library):
    model = of_any_size(library)
    classifier = models.load_classifier(model, image_size=(9, 7))
    images = np.random.default_rng(0).random((2, 9, 7, 3), np.float32)
    assert classifier.image_shape == (9, 7, 3) and classifier.name == "any" and list(classifier.blocks) == ["top", "conv"]
    assert np.allclose(tf.nn.softmax(classifier.model(images)), model(images), atol=1e-6)
    assert classifier.features.size == (7, 5)
    model.get_layer("top").bias.assign([3., 0.])
    assert np.allclose(tf.nn.softmax(classifier.model(images)), model(images), atol=1e-6)
    assert model.input_shape == (None, None, None, 3)
    assert models.load_classifier(model, image_size=[12, 12]).image_shape == (12, 12, 3)


@pytest.mark.parametrize("size, message", [
    (None, r"^image_size: model 'any' takes images of any size, \[B, None, None, 3\]; expected a fixed size, \(height, width\), found none"),
    (5, r"^image_size: expected \(height, width\) in pixels, found 5"), ((5,), "found .5,"), ((0, 5), "found .0, 5"), ("ab", "found 'ab'"),
    ((2, 2), "^image_size: model 'any' "),
])
def test_wrong_sizes_are_refused(library, size, message):
    with pytest.raises(ValueError, match=message):
        models.load_classifier(of_any_size(library), image_size=size)


def test_a_model_of_a_fixed_size_has_that_size(library):
    model = small(library, top(library))
    assert models.load_classifier(model, image_size=(SIZE, SIZE)).model is model
    with pytest.raises(ValueError, match="^image_size: model .* takes images of 6 x 6, found 8 x 8$"):
        models.load_classifier(model, image_size=(8, 8))


def test_an_unknown_number_of_channels_is_refused(library):
    inputs = library.Input((None, None, None))
    outputs = library.layers.GlobalAveragePooling2D()(inputs)
    with pytest.raises(ValueError, match="^model: .*expected a fixed number of channels"):
        models.load_classifier(library.Model(inputs, outputs), image_size=(9, 9))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["InceptionV3", "MobileNetV2"])
def test_backbones_of_any_size(library, name):
    body = getattr(library.applications, name)(weights=None, include_top=False, pooling="avg", input_shape=(None, None, 3))
    model = library.Sequential([library.Input((None, None, 3)), body, library.layers.Dense(3, activation="softmax", name="head")])
    classifier = models.load_classifier(model, image_size=(96, 96))
    assert (classifier.name == "inception_v3" and len(classifier.blocks) == 17) or name != "InceptionV3"
    images = np.random.default_rng(0).random((1, 96, 96, 3), np.float32)
    features = library.Model(body.inputs, body.outputs)(images)
    features = features[0] if isinstance(features, list) else features
    layer = model.get_layer("head")
    assert np.allclose(classifier.model(images), features @ layer.kernel + layer.bias, atol=1e-5)
    assert classifier.features.size[0] > 1


def test_models_that_were_not_built_are_refused(library):
    unbuilt = [library.Sequential([library.layers.Flatten(), top(library)]), own(library, top(library))]
    for model in unbuilt:
        for size in (None, (SIZE, SIZE)):
            with pytest.raises(ValueError, match="^model: .* must be built, .*; call it on a batch of images first$"):
                models.load_classifier(model, image_size=size)


def test_a_sequential_model_that_was_called_is_built(library, images):
    model = library.Sequential([library.layers.Flatten(), top(library, "softmax")])
    model(images)
    assert np.allclose(models.load_classifier(model).model(images), images.reshape(3, -1) @ model.layers[-1].kernel, atol=1e-6)


def test_vectors_are_no_images(library):
    with pytest.raises(ValueError, match="^model: .*put a Reshape layer in front"):
        models.load_classifier(sequential(library, top(library), shape=(784,)))
