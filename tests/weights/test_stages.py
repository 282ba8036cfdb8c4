"""Which blocks are stages, on tf_keras and on Keras 3: those that drawing can change. Everything is put back, bit for bit."""

import keras
import numpy as np
import pytest
import tf_keras

import sanity_checks
from sanity_checks import models
from sanity_checks.comparison import packing
from sanity_checks.models import classification
from sanity_checks.weights import actions
from sanity_checks.weights import finite
from sanity_checks.weights import initialization
from sanity_checks.weights import states

SHAPE = (6, 6, 1)
IMAGES = np.random.default_rng(0).random((3, *SHAPE), np.float32)
UNIFORM = initialization.Randomization("uniform")


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    return request.param


def network(library, *hidden, dtype=None, shape=SHAPE):
    layers = library.layers
    normalization = layers.Normalization(name="scaled")
    normalization.adapt(IMAGES)
    return library.Sequential([layers.Input(shape), normalization, layers.Conv2D(3, 3, name="conv", dtype=dtype), *hidden,
                               layers.Flatten(), layers.Dense(3, name="top", dtype=dtype)])


def classified(model, *patterns):
    return classification.classify(model, patterns=list(patterns) or None)


def names(classifier, test="cascading", randomization=initialization.Randomization()):
    return [state.name for state in states.stages(classifier, test, randomization)]


def bits(classifier):
    return [variable.numpy().tobytes() for variable in classifier.model.weights]


def test_normalization_is_no_stage(library):
    classifier = classified(network(library))
    for randomization in (initialization.Randomization(), UNIFORM, initialization.Randomization(batch_norm_statistics=True)):
        assert names(classifier, randomization=randomization) == ["original", "top", "conv"]
        assert names(classifier, "bottom_up", randomization) == ["original", "conv", "top"]
    assert states.not_drawn(classifier) == {"scaled": 3}


def test_constants_that_are_held_already_are_no_stage(library):
    norm = library.layers.BatchNormalization(name="norm")
    classifier = classified(network(library, norm))
    assert names(classifier) == ["original", "top", "conv"], "gamma is one and beta zero, which they would be drawn to"
    assert names(classifier, randomization=UNIFORM) == ["original", "top", "norm", "conv"]
    assert states.not_drawn(classifier) == {"scaled": 3, "norm": 4}
    norm.beta.assign([0., 0., 1e-7])
    assert names(classifier) == ["original", "top", "norm", "conv"]
    assert states.not_drawn(classifier) == {"scaled": 3, "norm": 2}


def test_statistics_alone_are_a_stage_where_they_are_reset(library):
    norm = library.layers.BatchNormalization(scale=False, center=False, name="norm")
    classifier = classified(network(library, norm))
    reset = initialization.Randomization(batch_norm_statistics=True)
    assert names(classifier) == names(classifier, randomization=reset) == ["original", "top", "conv"]
    norm.moving_mean.assign([1, 2, 3])
    norm.moving_variance.assign([4, 5, 6])
    before = bits(classifier)
    assert names(classifier) == ["original", "top", "conv"]
    assert names(classifier, randomization=reset) == ["original", "top", "norm", "conv"]
    with states.weight_states(classifier, "cascading", randomization=reset) as walk:
        list(walk)
        assert list(norm.moving_mean.numpy()) == [0, 0, 0] and list(norm.moving_variance.numpy()) == [1, 1, 1]
        scaled = {id(v) for v in classifier.fixed["scaled"]}
        assert all(v.numpy().tobytes() == value for v, value in zip(classifier.model.weights, before) if id(v) in scaled)
    assert bits(classifier) == before


@pytest.mark.parametrize("reset", [False, True])
def test_statistics_of_a_drawn_block_are_kept_unless_asked(library, reset):
    norm = library.layers.BatchNormalization(name="norm")
    classifier = classified(network(library, norm))
    norm.moving_mean.assign([1, 2, 3])
    randomization = initialization.Randomization("uniform", batch_norm_statistics=reset)
    with states.weight_states(classifier, "cascading", randomization=randomization) as walk:
        list(walk)
        assert list(norm.moving_mean.numpy()) == ([0, 0, 0] if reset else [1, 2, 3])


def test_frozen_layers_are_drawn_like_the_others(library):
    model = network(library)
    for layer in model.layers:
        layer.trainable = False
    model.trainable = False
    classifier = classified(model)
    before = bits(classifier)
    with states.weight_states(classifier, "cascading") as walk:
        assert [state.name for state in walk] == ["original", "top", "conv"]
        kernels = [classifier.blocks[name][0].numpy().tobytes() for name in ("top", "conv")]
        assert not set(kernels) & set(before)
    assert bits(classifier) == before


def test_a_model_that_cannot_be_drawn_is_refused_in_one_line(library):
    layers = library.layers

    class Fixed(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(name="kernel", shape=(36, 3), initializer="ones", trainable=False)
            super().build(shape)

        def call(self, values):
            return values @ self.kernel
    inputs = layers.Input(SHAPE)
    model = library.Model(inputs, Fixed(name="fixed")(layers.Flatten()(inputs)), name="hub")
    for randomization in (initialization.Randomization(), UNIFORM):
        with pytest.raises(ValueError, match="^model: 'hub' has no block that drawing its weights anew can change; not drawn: fixed$"):
            states.stages(classified(model), "cascading", randomization)


def unknown(library):
    layers = library.layers

    class Free(layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            make = library.Variable if library is keras else tf_keras.backend.variable
            self.gain, self.shift = make(np.ones(3), name="gain"), make(np.ones(3), name="shift")

        def call(self, values):
            return values * self.gain + self.shift
    return classified(network(library, Free("free")))


def test_unknown_initializers_are_named_before_any_work(library):
    classifier = unknown(library)
    before = bits(classifier)
    message = "^initializer: expected truncated_normal, .* or matched_normal .--initializer., .* is not known: .*gain.* \\[3\\], .*shift.* \\[3\\]$"
    for context in (lambda: states.stages(classifier, "cascading"), lambda: states.weight_states(classifier, "independent").__enter__(),
                    lambda: sanity_checks.run(classifier, IMAGES, methods=["gradient"], progress=False)):
        with pytest.raises(ValueError, match=message) as caught:
            context()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="^weights: 'random' cannot draw .*gain.* \\[3\\], .*shift.* \\[3\\]$"):
        initialization.randomize_all(classifier, 0)
    assert names(classifier, randomization=UNIFORM) == ["original", "top", "free", "conv"]
    assert bits(classifier) == before


def test_a_function_that_cannot_be_called_is_named_before_any_work(library):
    def own(shape, dtype=None):
        if broken == ["raises"]:
            raise RuntimeError("no\nnumbers")
        return np.ones(shape if not broken else (2, 2), "float32")
    broken = []
    layer = library.layers.Dense(3, kernel_initializer=own, name="own")
    classifier = classified(network(library, library.layers.Flatten(), layer))
    assert names(classifier) == ["original", "top", "conv"], "it gives what the layer holds"
    for broken[:] in (["raises"], ["shape"]):
        with pytest.raises(ValueError, match="^initializer: that of variable '.*own/kernel' is a function that cannot be called") as caught:
            states.stages(classifier, "cascading")
        assert "\n" not in str(caught.value)


def test_a_function_is_drawn_by_stage_and_seed_and_put_back(library):
    def own(shape, dtype=None):
        return 3. * np.random.normal(size=shape)
    layer = library.layers.Dense(9, kernel_initializer=own, name="own")
    classifier = classified(network(library, library.layers.Flatten(), layer))
    before, found = bits(classifier), []
    for seed in (0, 0, 1):
        with states.weight_states(classifier, "cascading", seed=seed) as walk:
            for state in walk:
                if "own" in state.randomized:
                    found.append(layer.kernel.numpy())
    assert bits(classifier) == before and len(found) == 6
    assert np.array_equal(found[0], found[2]) and np.array_equal(found[1], found[3])
    assert not np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[4])
    assert found[0].std() == pytest.approx(3, rel=.1)


@pytest.mark.parametrize("error", [False, True])
@pytest.mark.parametrize("test", list(states.TESTS))
def test_every_bit_is_put_back(library, test, error):
    norm = library.layers.BatchNormalization(name="norm", dtype="mixed_bfloat16")
    model = network(library, norm, dtype="bfloat16")
    classifier = classified(model)
    statistic = classifier.fixed["scaled"][0]
    statistic.assign(statistic.numpy() + .1)
    norm.gamma.assign([1e-40, -0., 1e30])
    before, initial = bits(classifier), initialization.weights_sha256(classifier)
    try:
        with states.weight_states(classifier, test, randomization=initialization.Randomization("uniform")) as walk:
            for state in walk:
                pass
            assert (initialization.weights_sha256(classifier) != initial) != states.explains_another(test)
            for variable in classifier.model.weights:
                variable.assign(np.zeros(variable.shape))
            if error:
                raise KeyError
    except KeyError:
        assert error
    assert bits(classifier) == before and initialization.weights_sha256(classifier) == initial


def test_what_is_not_drawn_is_held_all_the_same(library):
    classifier = classified(network(library))
    before = initialization.weights_sha256(classifier)
    mean = classifier.fixed["scaled"][0]
    value = mean.numpy()
    mean.assign(value + 1)
    assert initialization.weights_sha256(classifier) != before, "a run is held to it"
    mean.assign(value * np.nan)
    with pytest.raises(ValueError, match="^weights: variable '.*mean.*' holds 1 values that are not finite"):
        finite.check(classifier)
    mean.assign(value)
    weights = [variable.numpy() + 1 for variable in classifier.model.weights]
    actions.Load(weights).apply(classifier, (), initialization.Randomization())
    assert np.array_equal(mean.numpy(), value + 1) and "scaled" in actions.Load(weights).touched(classifier)


def test_a_packed_classifier_has_the_same_parts(library):
    classifier = classified(network(library), "head=top", "body=conv")
    load, arguments = packing.Packed(classifier).__reduce__()
    again = load(*arguments)()
    assert [list(again.blocks), list(again.fixed)] == [["head", "body"], ["scaled"]]
    assert models.structure_sha256(again) == models.structure_sha256(classifier)
    assert initialization.weights_sha256(again) == initialization.weights_sha256(classifier)


def test_the_random_map_is_sensitive_on_a_model_that_normalizes(library):
    norms = [library.layers.BatchNormalization(**options) for options in ({"scale": False, "center": False}, {})]
    images = np.random.default_rng(1).random((16, 28, 28, 1), np.float32)
    classifier = classified(network(library, *norms, shape=images.shape[1:]))
    report = sanity_checks.run(classifier, images, methods=["random_map"], tests=["independent"], progress=False)
    assert set(report.verdicts["verdict"]) == {"sensitive"}
