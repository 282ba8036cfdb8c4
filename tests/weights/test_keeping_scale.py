"""Draws made from the trained weights themselves: permuted, and normal of their mean and standard deviation."""

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import models
from sanity_checks.models import classification
from sanity_checks.weights import initialization
from sanity_checks.weights import states
from tests import registry

DRAWN = [test for test in states.TESTS if not states.explains_another(test)]
RANDOMIZATIONS = {name: {redraw: initialization.Randomization(name, redraw=redraw) for redraw in initialization.REDRAWS}
                  for name in initialization.KEEP_SCALE}


def values(classifier):
    return {name: [variable.numpy() for variable in block] for name, block in classifier.blocks.items()}


@pytest.fixture(scope="module", params=list(registry.NETWORKS))
def trained(request):
    """A network whose variables have means and deviations of their own, none of them a constant."""
    made, generator = registry.classifier(request.param), np.random.default_rng(0)
    made.model.set_weights([value + generator.normal(0.1, 0.05 * (1 + i), value.shape).astype(np.float32)
                            for i, value in enumerate(made.model.get_weights())])
    return made


def walked(classifier, test, randomization, **arguments):
    """The values of the random blocks at each stage: list of dict."""
    with states.weight_states(classifier, test, randomization=randomization, **arguments) as walk:
        return [{name: block for name, block in values(classifier).items() if name in state.randomized} for state in walk]


@pytest.mark.parametrize("test", DRAWN)
@pytest.mark.parametrize("redraw", initialization.REDRAWS)
def test_a_permutation_has_the_trained_values_at_every_stage(trained, test, redraw):
    """Those of the original, whatever was drawn at the stages before; biases too."""
    original = values(trained)
    stages = walked(trained, test, RANDOMIZATIONS["permutation"][redraw])
    for name, block in ((name, block) for stage in stages for name, block in stage.items()):
        for found, before in zip(block, original[name]):
            np.testing.assert_array_equal(np.sort(found, axis=None), np.sort(before, axis=None))
            assert (found != before).any() or found.size < 9
    assert len(stages[-1]) == (1 if test == "independent" else len(original))


@pytest.mark.parametrize("test", DRAWN)
@pytest.mark.parametrize("redraw", initialization.REDRAWS)
def test_a_matched_normal_has_the_trained_mean_and_deviation_at_every_stage(trained, test, redraw):
    """Within five standard errors of a normal sample's, of the kernels of more than 100 values."""
    original, count = values(trained), 0
    for stage in walked(trained, test, RANDOMIZATIONS["matched_normal"][redraw]):
        for found, before in ((stage[name][0], original[name][0]) for name in stage if original[name][0].size > 100):
            error = before.std() / np.sqrt(found.size)
            assert abs(found.mean() - before.mean()) < 5 * error and abs(found.std() - before.std()) < 5 * error / np.sqrt(2)
            assert np.isin(found, before).mean() < 0.01, "a new draw, not the values"
            count += 1
    assert count


@pytest.mark.parametrize("initializer", initialization.KEEP_SCALE)
def test_streams_are_named(trained, initializer):
    """The same seed and draw give the same values; another draw, seed, or stage of fresh draws gives others."""
    first, *_ = trained.blocks
    fresh, nested = (RANDOMIZATIONS[initializer][redraw] for redraw in ("fresh", "nested"))
    kernel = [stage[first][0] for stage in walked(trained, "cascading", fresh, draw=1, seed=2)[1:]]
    again = [stage[first][0] for stage in walked(trained, "cascading", fresh, draw=1, seed=2)[1:]]
    np.testing.assert_array_equal(kernel, again)
    others = [walked(trained, "cascading", fresh, **names)[1][first][0] for names in ({"draw": 0, "seed": 2}, {"draw": 1, "seed": 3})]
    assert all((kernel[0] != other).any() for other in [*others, *kernel[1:]])
    kept = [stage[first][0] for stage in walked(trained, "cascading", nested)[1:]]
    assert all(np.array_equal(kept[0], other) for other in kept[1:])


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["tf_keras", "keras"])
@pytest.mark.parametrize("initializer", initialization.KEEP_SCALE)
class TestLayers:
    def make(self, library, **options):
        """1 x 1 kernels, equal shapes, a frozen layer, BatchNormalization."""
        layers = library.layers
        convolutions = [layers.Conv2D(8, 1, name=f"conv{i}", **options) for i in (1, 2)]
        frozen = layers.Conv2D(8, 3, name="frozen", trainable=False)
        model = library.Sequential([layers.Input((6, 6, 8)), *convolutions, frozen, layers.BatchNormalization(name="norm"),
                                    layers.Flatten(), layers.Dense(9, name="top")])
        generator = np.random.default_rng(0)
        model.set_weights([generator.random(value.shape) for value in model.get_weights()])
        return classification.classify(model)

    def test_every_kind_of_layer_is_drawn(self, library, initializer):
        classifier = self.make(library)
        original = values(classifier)
        changed = walked(classifier, "cascading", RANDOMIZATIONS[initializer]["fresh"])[-1]
        same = {name: [np.array_equal(*pair) for pair in zip(original[name], changed[name])] for name in original}
        # gamma and beta, but not the moving mean and variance
        assert same == {"top": [False] * 2, "norm": [False, False, True, True], "frozen": [False] * 2, "conv2": [False] * 2,
                        "conv1": [False] * 2}
        places = [np.argsort(changed[name][0], axis=None) for name in ("conv1", "conv2")]
        assert (places[0] != places[1]).mean() > 0.9

    def test_a_constant_that_its_values_cannot_change_is_no_stage(self, library, initializer):
        classifier = self.make(library, use_bias=False)
        for variable in (*classifier.blocks["conv2"], *classifier.blocks["norm"][:2]):
            variable.assign(np.full(variable.shape, 0.3))
        stages = states.stages(classifier, "cascading", RANDOMIZATIONS[initializer]["fresh"])
        assert [stage.name for stage in stages] == ["original", "top", "frozen", "conv1"]

    def test_other_precisions_are_kept(self, library, initializer):
        for dtype in ("float64", "float16", "bfloat16"):
            classifier = self.make(library, dtype=dtype)
            before = classifier.blocks["conv1"][0].numpy()
            found = walked(classifier, "independent", RANDOMIZATIONS[initializer]["fresh"])[-1]["conv1"][0]
            assert found.dtype == before.dtype and (found != before).mean() > 0.9
            assert found.astype(float).std() == pytest.approx(before.astype(float).std(), rel=0.5)


def test_models_whose_initializers_are_not_known_are_permuted():
    class Free(tf_keras.layers.Layer):
        def __init__(self):
            super().__init__(name="free")
            self.gain = tf_keras.backend.variable(np.arange(3.0), name="gain")

        def call(self, inputs):
            return inputs * self.gain
    layers = tf_keras.layers
    classifier = models.load_classifier(tf_keras.Sequential([layers.Input((1, 1, 3)), layers.Flatten(), Free(),
                                                             layers.Dense(2, name="top")]))
    with pytest.raises(ValueError, match="expected truncated_normal, uniform, permutation or matched_normal .*gain"):
        states.stages(classifier, "cascading")
    stages = walked(classifier, "independent", RANDOMIZATIONS["permutation"]["fresh"])
    np.testing.assert_array_equal(np.sort(stages[2]["free"][0]), [0, 1, 2])


@pytest.mark.parametrize("size", (1, 2, 3, 1000))
def test_orders_are_permutations(size):
    np.testing.assert_array_equal(np.sort(initialization._random_order(5, size)), np.arange(size))


def test_all_permutations_are_equally_likely():
    """Chi-squared of the 24 orders of four values, 23 degrees of freedom: mean 23, sd 6.8."""
    orders = np.array([initialization._random_order(key, 4) for key in range(4800)])
    _, counts = np.unique(orders, axis=0, return_counts=True)
    assert len(counts) == 24 and ((counts - 200) ** 2 / 200).sum() < 23 + 4 * 6.8
