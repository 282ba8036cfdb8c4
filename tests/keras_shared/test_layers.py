"""Which variables of a model are drawn anew, and from what, on tf_keras and on Keras 3."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import keras2
from sanity_checks import keras3

PACKAGES = {"tf_keras": (tf_keras, keras2), "keras": (keras, keras3)}


@pytest.fixture(params=list(PACKAGES))
def both(request):
    """(Keras, the package that knows its inside)."""
    return PACKAGES[request.param]


def model_of(library, layer, shape):
    inputs = library.layers.Input(shape)
    return library.Model(inputs, layer(inputs))


def drawn_values(package, layer, model, seed, found=None):
    """What the layer's weights would be under a seed: list of arrays, None where the initializer is not known."""
    found = package.initializers(model) if found is None else found
    return [None if package.key(v) not in found else np.asarray(
        package.initial_values(found[package.key(v)], tuple(v.shape), v.dtype, seed)) for v in layer.weights]


def normal(library, stddev):
    return library.initializers.RandomNormal(0., stddev)


def constant(library, value):
    return library.initializers.Constant(value)


IMAGE, SEQUENCE, VIDEO = (8, 8, 4), (5, 3), (2, 6, 6, 3)
NORMALS = {"kernel_initializer": .3, "recurrent_initializer": .2}

# Kind of layer -> (arguments, shape of its inputs, for each weight of the layer in order the standard deviation of its
# normal or the list of its constants). What is expected is written down by hand from the documentation of the layer.
KINDS = {
    "Dense": ({"units": 300, "kernel_initializer": .3}, (40,), [.3, [0.]]),
    "Conv2D": ({"filters": 90, "kernel_size": 5, "kernel_initializer": .3, "bias_initializer": .1}, IMAGE, [.3, .1]),
    "Conv2DTranspose": ({"filters": 90, "kernel_size": 5, "kernel_initializer": .3}, IMAGE, [.3, [0.]]),
    "DepthwiseConv2D": ({"kernel_size": 5, "depth_multiplier": 90, "depthwise_initializer": .3}, IMAGE, [.3, [0.]]),
    "SeparableConv2D": ({"filters": 90, "kernel_size": 5, "depth_multiplier": 90, "depthwise_initializer": .3,
                         "pointwise_initializer": .1}, IMAGE, [.3, .1, [0.]]),
    "EinsumDense": ({"equation": "ab,bc->ac", "output_shape": 300, "bias_axes": "c", "kernel_initializer": .3}, (40,),
                    [.3, [0.]]),
    "Embedding": ({"input_dim": 200, "output_dim": 50, "embeddings_initializer": .3}, (4,), [.3]),
    "BatchNormalization": ({}, IMAGE, [[1.], [0.], [0.], [1.]]),
    "LayerNormalization": ({}, IMAGE, [[1.], [0.]]),
    "GroupNormalization": ({"groups": 2}, IMAGE, [[1.], [0.]]),
    "PReLU": ({"alpha_initializer": .3}, (50, 50, 4), [.3]),
    "LSTM": ({"units": 60, **NORMALS}, SEQUENCE, [.3, .2, [0.] * 60 + [1.] * 60 + [0.] * 120]),
    "LSTM, no forget bias": ({"units": 60, "unit_forget_bias": False, **NORMALS}, SEQUENCE, [.3, .2, [0.]]),
    "GRU": ({"units": 60, **NORMALS}, SEQUENCE, [.3, .2, [0.]]),
    "GRU, reset before": ({"units": 60, "reset_after": False, **NORMALS}, SEQUENCE, [.3, .2, [0.]]),
    "SimpleRNN": ({"units": 60, **NORMALS}, SEQUENCE, [.3, .2, [0.]]),
    "ConvLSTM2D": ({"filters": 9, "kernel_size": 3, **NORMALS}, VIDEO, [.3, .2, [0.] * 9 + [1.] * 9 + [0.] * 18]),
}
RELATIVE_ERROR = 6.         # of a sample's standard deviation, in standard errors


def made(library, kind):
    arguments, shape, expected = KINDS[kind]
    arguments = {name: normal(library, value) if name.endswith("initializer") else value for name, value in arguments.items()}
    return getattr(library.layers, kind.partition(",")[0])(**arguments), shape, expected


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_weight_is_drawn_from_its_own_initializer(both, kind):
    library, package = both
    layer, shape, expected = made(library, kind)
    model = model_of(library, layer, shape)
    one, other = (drawn_values(package, layer, model, seed) for seed in (1, 2))
    assert len(one) == len(expected)
    for value, again, wanted in zip(one, other, expected):
        if isinstance(wanted, list):
            assert np.array_equal(value, again) and np.array_equal(value.ravel(), np.resize(wanted, value.size))
        else:
            assert value.std() == pytest.approx(wanted, rel=RELATIVE_ERROR / np.sqrt(2 * value.size))
            assert abs(value.mean()) < 5 * wanted / np.sqrt(value.size) and (value != again).mean() > .99


def test_a_seed_gives_what_the_initializer_of_that_seed_gives(both):
    library, package = both
    layer = library.layers.LSTM(6, kernel_initializer=normal(library, .3))
    value = drawn_values(package, layer, model_of(library, layer, SEQUENCE), 7)[0]
    assert np.array_equal(value, library.initializers.RandomNormal(0., .3, seed=7)((3, 24)))


@pytest.mark.parametrize("kind", ["Bidirectional", "MultiHeadAttention", "RNN"])
def test_layers_inside_a_layer_have_their_own(both, kind):
    library, package = both
    layers = library.layers
    inputs = layers.Input(SEQUENCE)
    if kind == "Bidirectional":
        layer = layers.Bidirectional(layers.LSTM(60, **{name: normal(library, value) for name, value in NORMALS.items()}))
        outputs, expected = layer(inputs), [.3, .2, None] * 2
    elif kind == "RNN":
        cells = [layers.GRUCell(60, kernel_initializer=normal(library, sd), recurrent_initializer=normal(library, .2))
                 for sd in (.3, .5)]
        layer = layers.RNN(cells)
        outputs, expected = layer(inputs), [.3, .2, None, .5, .2, None]
    else:
        layer = layers.MultiHeadAttention(4, 60, kernel_initializer=normal(library, .3))
        outputs, expected = layer(inputs, inputs), [.3, None] * 4
    found = drawn_values(package, layer, library.Model(inputs, outputs), 1)
    for value, wanted in zip(found, expected, strict=True):
        assert value is not None
        if wanted is None:
            assert set(value.ravel()) <= {0., 1.}
        else:
            assert value.std() == pytest.approx(wanted, rel=RELATIVE_ERROR / np.sqrt(2 * value.size))


def test_a_random_bias_with_a_forget_gate_is_random(both):
    library, package = both
    layer = library.layers.LSTM(200, bias_initializer=normal(library, .3))
    model = model_of(library, layer, SEQUENCE)
    found = package.initializers(model)
    biases = [drawn_values(package, layer, model, seed, found)[2] for seed in (1, 2, 1)]
    assert np.array_equal(biases[0], biases[2]) and (biases[0][200:400] == 1).all() and (biases[0][:200] != biases[1][:200]).all()
    assert biases[0][:200].std() == pytest.approx(.3, rel=RELATIVE_ERROR / np.sqrt(400))


def owning(library, given, keep=True):
    """A user's layer with weights of its own: four initializers, one weight that is not trained, one without a name."""
    class Owning(library.layers.Layer):
        def __init__(self, units, **options):
            super().__init__(**options)
            self.units, self.shift = units, given

        def build(self, shape):
            self.statistic = self.add_weight(name="statistic", shape=(7,), initializer="ones", trainable=False)
            self.first = self.add_weight(name="first", shape=(shape[-1], self.units), initializer=normal(library, .3))
            self.second = self.add_weight(name="second", shape=(self.units,), initializer=constant(library, 5.))
            self.third = self.add_weight(name="third", shape=(self.units,), initializer=self.shift)
            self.gain = self.add_weight(shape=(), initializer=constant(library, 3.))
            self.default = self.add_weight(name="default", shape=(30, 30))
            super().build(shape)

        def call(self, values):
            return self.gain * values @ self.first + self.second * self.third

    if keep:
        Owning.get_config = lambda self: {**super(Owning, self).get_config(), "units": self.units}
    return Owning(50)


@pytest.mark.parametrize("keep", [True, False])
def test_weights_of_a_users_layer(both, keep):
    library, package = both
    layer = owning(library, constant(library, .5), keep)
    model = model_of(library, layer, (40,))
    before = [v.numpy() for v in model.weights]
    for variable in model.weights:
        variable.assign(variable.numpy() + 1)
    names = {variable.name.partition(":")[0].rpartition("/")[2]: value for variable, value in zip(
        layer.weights, drawn_values(package, layer, model, 1))}
    assert names["first"].std() == pytest.approx(.3, rel=RELATIVE_ERROR / np.sqrt(4000))
    assert set(names["second"]) == {5.} and set(names["third"]) == {.5}
    assert np.abs(names["default"]).max() == pytest.approx(np.sqrt(6 / 60), rel=.02), "Glorot's limit"
    assert all(np.array_equal(variable.numpy(), value + 1) for variable, value in zip(model.weights, before, strict=True))


def test_layer_scale_of_convnext_is_known(both):
    library, package = both
    model = library.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3), classes=2) if library is tf_keras else None
    if model is None:
        class LayerScale(library.layers.Layer):         # Keras 3's own is not public
            def __init__(self, value, **options):
                super().__init__(**options)
                self.value = value

            def build(self, shape):
                self.gamma = self.add_weight(shape=(shape[-1],), initializer=library.initializers.Constant(self.value))
        layer = LayerScale(1e-6)
        layer.call = lambda values: values
        layer.build((None, 4))
        inner = library.Sequential([library.layers.Input((4,)), layer])
        assert set(drawn_values(package, layer, inner, 1)[0]) == {np.float32(1e-6)}
    else:
        layer = next(layer for layer in package.inside(model) if type(layer).__name__ == "LayerScale")
        assert set(drawn_values(package, layer, model, 1)[0]) == {np.float32(1e-6)}


def test_what_no_initializer_is_known_for_is_left_out(both):
    library, package = both

    class Bare(library.layers.Layer):
        def __init__(self):
            super().__init__()
            self.free = tf.Variable([2.]) if library is tf_keras else library.Variable([2.])

        def call(self, values):
            return values * self.free

    layer = Bare()
    model = model_of(library, layer, (4,))
    assert drawn_values(package, layer, model, 1) == [None]
    assert package.drawn(model) == {package.key(layer.free)}


def functions(library):
    """Initializers that draw from global states, by what they draw from."""
    def of_tensorflow(shape, dtype=None):
        return tf.random.normal(shape, dtype=dtype) + tf.random.uniform(shape, dtype=dtype)

    def of_numpy(shape, dtype=None):
        return np.random.normal(size=shape).astype("float32")

    def of_python(shape, dtype=None):
        return np.reshape([random.gauss(0, 1) for _ in range(int(np.prod(shape)))], shape)

    def of_keras(shape, dtype=None):
        return library.initializers.RandomNormal()(shape, dtype=dtype)

    def of_the_generator(shape, dtype=None):
        return tf.random.get_global_generator().normal(shape)

    found = [of_tensorflow, of_numpy, of_python, of_keras, of_the_generator]
    return found + ([lambda shape, dtype=None: keras.random.normal(shape, dtype=dtype)] if library is keras else [])


def next_draws(library):
    """What comes next of every global stream."""
    drawn = [random.random(), np.random.random(), float(tf.random.uniform(())), float(tf.random.get_global_generator().uniform(()))]
    layer = library.layers.Dense(2)
    return drawn + [float(library.initializers.RandomNormal()((1,))[0]), layer.name] + (
        [float(keras.random.uniform(()))] if library is keras else [])


@pytest.fixture
def reset(both):
    """Function that sets every global stream to the same point."""
    library, _ = both

    def start():
        library.utils.set_random_seed(3)
        tf.random.set_seed(3)
        tf.random.get_global_generator().reset_from_seed(3)
        library.backend.clear_session()
    kept = random.getstate(), np.random.get_state()
    yield start
    random.setstate(kept[0])
    np.random.set_state(kept[1])


def test_a_function_gives_the_same_for_a_seed_and_leaves_no_trace(both, reset):
    library, package = both
    reset()
    expected = next_draws(library)
    for function in functions(library):
        reset()
        one, again, other = (np.asarray(package.initial_values(function, (60, 5), "float32", seed)) for seed in (1, 1, 2))
        assert np.array_equal(one, again) and (one != other).mean() > .99, function.__name__
        assert one.shape == (60, 5) and one.dtype == np.float32 and len(np.unique(one)) > 290
        assert next_draws(library) == expected, function.__name__


def test_learning_initializers_leaves_no_trace(both, reset):
    library, package = both

    def found():
        layer = owning(library, lambda shape, dtype=None: tf.random.normal(shape, dtype=dtype), keep=False)
        return model_of(library, library.Sequential([layer, library.layers.Dense(2)]), (40,))
    reset()
    found()
    expected = next_draws(library)
    reset()
    model = found()
    before, names = [v.numpy() for v in model.weights], [layer.name for layer in package.inside(model)]
    add_weight = library.layers.Layer.add_weight
    assert len(package.initializers(model)) == 8
    assert next_draws(library) == expected and library.layers.Layer.add_weight is add_weight
    assert [layer.name for layer in package.inside(model)] == names
    assert all(map(np.array_equal, before, [v.numpy() for v in model.weights]))


def test_a_frozen_layer_is_drawn_and_statistics_are_not(both):
    library, package = both
    layers = library.layers
    frozen_first = layers.Dense(2, trainable=False, name="frozen_first")
    model = library.Sequential([layers.Input((4, 4, 1)), layers.Normalization(), layers.Conv2D(2, 3), layers.BatchNormalization(),
                                layers.Flatten(), layers.Dropout(.5), owning(library, constant(library, 1.)), frozen_first])
    model.layers[1].trainable = False
    for layer in model.layers:
        layer.trainable = False
    expected = [v for layer in (model.layers[1], frozen_first) for v in layer.weights]
    batch_norm, mine = model.layers[2], model.layers[5]
    expected += [batch_norm.gamma, batch_norm.beta, mine.first, mine.second, mine.third, mine.gain, mine.default]
    assert package.drawn(model) == {package.key(variable) for variable in expected}
    assert package.statistics(model) == {package.key(batch_norm.moving_mean), package.key(batch_norm.moving_variance)}
    assert {package.key(v) for leaf in package.leaves(model) for v in leaf.variables} == {package.key(v) for v in model.weights}
