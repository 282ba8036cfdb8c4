"""A model's blocks: their order, their names, and what is no block, on tf_keras and on Keras 3."""

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import models
from sanity_checks.models import classification
from sanity_checks.models import identity

SHAPE = (6, 6, 1)
IMAGES = np.random.default_rng(0).random((3, *SHAPE), np.float32)


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    return request.param


def called(model):
    """The model, called on images: built."""
    model(IMAGES)
    return model


def classified(model, *patterns):
    return classification.classify(model, patterns=list(patterns) or None)


def backwards(library):
    """A subclassed model whose attributes are in the opposite order of its calls, at every depth."""
    layers = library.layers

    class Encoder(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.last, self.first = layers.Conv2D(3, 3, name="last"), layers.Conv2D(2, 3, name="first")

        def call(self, images):
            return self.last(self.first(images))

    class Net(library.Model):
        def __init__(self):
            super().__init__(name="net")
            self.top, self.dense = layers.Dense(3, name="top"), layers.Dense(4, activation="relu", name="dense")
            self.flatten, self.encoder = layers.Flatten(), Encoder(name="encoder")

        def call(self, images):
            return self.top(self.dense(self.flatten(self.encoder(images))))
    return called(Net())


def test_blocks_of_a_subclassed_model_are_in_call_order(library):
    assert list(classified(backwards(library)).blocks) == ["top", "dense", "last", "first"]


def test_a_softmax_inside_changes_no_name(library):
    layers = library.layers
    inputs = layers.Input(SHAPE)
    model = library.Model(inputs, layers.Dense(3, activation="softmax", name="top")(layers.Flatten()(inputs)))
    assert list(classified(model).blocks) == ["top"]


def test_each_block_has_its_own_layers_variables(library):
    model = backwards(library)
    blocks = classified(model).blocks
    for name, layer in {"top": model.top, "dense": model.dense, "last": model.encoder.last, "first": model.encoder.first}.items():
        assert [id(variable) for variable in blocks[name]] == [id(variable) for variable in layer.weights]


def test_a_layer_called_twice_stands_where_its_first_call_is(library):
    layers = library.layers

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.top, self.between = layers.Dense(3, name="top"), layers.Conv2D(2, 3, padding="same", name="between")
            self.shared, self.flatten = layers.Conv2D(2, 3, padding="same", name="shared"), layers.Flatten()
            self.first = layers.Conv2D(2, 1, name="first")

        def call(self, images):
            return self.top(self.flatten(self.shared(self.between(self.shared(self.first(images))))))

    assert list(classified(called(Net())).blocks) == ["top", "between", "shared", "first"]
    inputs = layers.Input(SHAPE)
    shared, between = (layers.Conv2D(2, 3, padding="same", name=name) for name in ("shared", "between"))
    hidden = shared(between(shared(layers.Conv2D(2, 1, name="first")(inputs))))
    functional = library.Model(inputs, layers.Dense(3, name="top")(layers.Flatten()(hidden)))
    assert list(classified(functional).blocks) == ["top", "between", "shared", "first"]


def test_weights_of_the_model_itself_are_a_block(library):
    layers = library.layers

    class Net(library.Model):
        def __init__(self):
            super().__init__(name="net")
            self.flatten, self.dense = layers.Flatten(), layers.Dense(4, name="dense")
            self.top = self.add_weight(name="top", shape=(4, 3), initializer=library.initializers.RandomNormal(0., 2.))
            self.flag = self.add_weight(name="flag", shape=(), initializer="ones", trainable=False)

        def call(self, images):
            return self.flag * (self.dense(self.flatten(images)) @ self.top)
    model = called(Net())
    classifier = classified(model)
    assert list(classifier.blocks) == ["net", "dense"]
    keys = [classifier.keras.key(variable) for variable in classifier.blocks["net"]]
    assert set(keys) == {classifier.keras.key(model.top), classifier.keras.key(model.flag)}
    assert classifier.keras.key(model.flag) not in classifier.drawn and classifier.keras.key(model.top) in classifier.drawn
    assert classifier.initializers[classifier.keras.key(model.top)].stddev == 2.


def test_layers_of_one_name_are_told_apart_by_where_they_are(library):
    layers = library.layers

    def part(name):
        return library.Sequential([layers.Input(SHAPE), layers.Conv2D(1, 3, padding="same", name="conv")], name=name)
    inputs = layers.Input(SHAPE)
    outer = layers.Conv2D(1, 3, padding="same", name="conv")
    hidden = part("decoder")(part("encoder")(outer(inputs)))
    model = library.Model(inputs, layers.Dense(3, name="top")(layers.Flatten()(hidden)))
    classifier = classified(model)
    assert list(classifier.blocks) == ["top", "decoder/conv", "encoder/conv", "conv"]
    assert {classifier.keras.key(v) for v in classifier.blocks["conv"]} == {classifier.keras.key(v) for v in outer.weights}
    chosen = classified(model, "head=top", "middle=(de|en)coder/conv", "rest=conv")
    assert {name: len(block) for name, block in chosen.blocks.items()} == {"head": 2, "middle": 4, "rest": 2}


def test_two_layers_of_one_name_in_one_place_are_numbered_in_call_order(library):
    layers = library.layers

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.second, self.first = layers.Dense(3, name="same"), layers.Dense(4, name="same")
            self.flatten = layers.Flatten()

        def call(self, images):
            return self.second(self.first(self.flatten(images)))
    model = called(Net())
    blocks = classified(model).blocks
    assert list(blocks) == ["same#2", "same"] and tuple(blocks["same"][0].shape) == (36, 4)


def original(library):
    layers = library.layers
    return library.Sequential([layers.Input(SHAPE), layers.Flatten(), layers.Dense(4, name="another"),
                               layers.Dense(3, name="original")])


def test_a_layer_with_the_name_of_a_stage_has_another(library):
    assert list(classified(original(library)).blocks) == ["layer original", "layer another"]


@pytest.mark.parametrize("patterns, message", [
    (["a=original", "a=another"], "^blocks: 'a' is named twice; join the expressions"),
    (["a=original", "a =another"], "^blocks: 'a' is named twice; join the expressions"),
    (["original=.*"], "^blocks: 'original' is the name of a stage"),
    (["random network=.*"], "^blocks: 'random network' is the name of a stage"),
    (["head=original"], "^blocks: no pattern matches layer 'another'"),
    (["head=original", "x=nothing", "rest=.*"], "^blocks: pattern x=nothing matches no layer with variables; layers: another, original$"),
])
def test_patterns_that_are_not_clear_are_refused(library, patterns, message):
    with pytest.raises(ValueError, match=message):
        classified(original(library), *patterns)


def with_fixed(library):
    """Normalization, a batch normalization without weights, weights that are not trained, a head that is not used."""
    layers = library.layers

    class Frozen(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(name="kernel", shape=(shape[-1], 5), initializer="ones", trainable=False)
            super().build(shape)

        def call(self, values):
            return values @ self.kernel

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.scaled, self.conv = layers.Normalization(name="scaled"), layers.Conv2D(2, 3, name="conv")
            self.norm = layers.BatchNormalization(scale=False, center=False, name="norm")
            self.hub, self.top = Frozen(name="hub"), layers.Dense(3, name="top")
            self.unused, self.dropped = layers.Dense(3, name="unused"), layers.Dense(3, name="dropped")
            self.flatten = layers.Flatten()

        def call(self, images, auxiliary=False):
            hidden = self.hub(self.flatten(self.norm(self.conv(self.scaled(images)))))
            self.dropped(hidden)
            return self.unused(hidden) if auxiliary else self.top(hidden)

    model = Net()
    model.scaled.adapt(IMAGES)
    model(IMAGES, auxiliary=True)
    return called(model)


def test_what_cannot_be_drawn_is_no_block_and_is_kept_apart(library):
    model = with_fixed(library)
    classifier = classified(model)
    assert list(classifier.blocks) == ["top", "norm", "conv"]       # norm: its statistics can be reset
    assert set(classifier.fixed) == {"scaled", "hub", "unused", "dropped"}
    keys = [classifier.keras.key(variable) for variables in classifier.parts.values() for variable in variables]
    assert sorted(map(hash, keys)) == sorted(hash(classifier.keras.key(variable)) for variable in classifier.model.weights)
    assert classifier.drawn == {classifier.keras.key(v) for layer in (model.conv, model.top) for v in layer.weights}


def test_what_cannot_be_drawn_needs_no_pattern(library):
    classifier = classified(with_fixed(library), "head=top", "body=conv|norm", "rest=unused|dropped")
    assert list(classifier.blocks) == ["head", "body"] and set(classifier.fixed) == {"rest", "scaled", "hub"}


def test_a_layer_whose_call_is_called_is_read_all_the_same(library):
    """Tied weights, and layers that another layer calls without Keras."""
    layers = library.layers

    class Net(library.Model):
        def __init__(self):
            super().__init__()
            self.top, self.dense, self.flatten = layers.Dense(3, name="top"), layers.Dense(4, name="dense"), layers.Flatten()

        def call(self, images):
            hidden = self.flatten(images) @ self.dense.kernel if self.dense.built else self.dense(self.flatten(images))
            return self.top.call(hidden) if self.top.built else self.top(hidden)
    assert list(classified(called(Net())).blocks) == ["top", "dense"]


def test_built_again_the_model_has_its_names_and_its_structure(library):
    layers = library.layers

    def build():
        inputs = layers.Input(SHAPE)
        encoder = library.Sequential([layers.Input(SHAPE), layers.Conv2D(1, 3, padding="same", name="conv"), layers.Conv2D(1, 3)])
        hidden = layers.Conv2D(1, 3, name="conv")(encoder(inputs))
        return library.Model(inputs, layers.Dense(3)(layers.Flatten()(hidden)))
    one, other = (classified(build()) for _ in range(2))
    assert models.structure(one) == models.structure(other)
    named = [name for name, _ in identity.structure(one)["blocks"]]
    assert named[0] == "" and named[1] == "conv" and named[2] == ""


def test_what_is_drawn_is_part_of_the_structure(library):
    layers = library.layers

    def build(trainable):
        class Own(layers.Layer):
            def build(self, shape):
                self.gain = self.add_weight(name="gain", shape=(2,), initializer="ones")
                self.shift = self.add_weight(name="shift", shape=(2,), initializer="ones", trainable=trainable)

            def call(self, values):
                return values * self.gain + self.shift
        return library.Sequential([layers.Input(SHAPE), layers.Flatten(), layers.Dense(2), Own(), layers.Dense(3)])
    one, same, other = (models.structure(classified(build(trainable))) for trainable in (True, True, False))
    assert one == same and (one["drawn"], other["drawn"]) == ([0, 1, 2, 3, 4, 5], [0, 1, 2, 4, 5])
