"""Weight states: which variables change, how they are drawn, and that everything is put back."""

import dataclasses
import pickle

import numpy as np
import pytest

from sanity_checks.weights import actions
from sanity_checks.weights import initialization
from sanity_checks.weights import states

TESTS = list(states.TESTS)


def values(classifier):
    return {name: [v.numpy() for v in block] for name, block in classifier.blocks.items()}


def perturb(classifier):
    """Moves every variable off its constant initial value, as training would."""
    for block in classifier.blocks.values():
        for variable in block:
            variable.assign_add(0.01 * np.ones(variable.shape, np.float32))


@pytest.fixture
def trained(network):
    before = values(network)
    perturb(network)
    yield network
    for name, block in network.blocks.items():
        for variable, value in zip(block, before[name]):
            variable.assign(value)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("redraw", initialization.REDRAWS)
def test_exactly_the_named_blocks_differ(trained, test, redraw):
    original = values(trained)
    randomization = initialization.Randomization(redraw=redraw)
    with states.weight_states(trained, test, randomization=randomization) as walk:
        for state in walk:
            for name, block in trained.blocks.items():
                for variable, before in zip(block, original[name]):
                    same = np.array_equal(variable.numpy(), before)
                    assert same == (name not in state.randomized), (state, variable.name)


@pytest.mark.parametrize("initializer", list(initialization.INITIALIZERS))
def test_every_entry_of_a_kernel_is_drawn_anew(trained, initializer):
    original = values(trained)
    with states.weight_states(trained, "cascading", randomization=initialization.Randomization(initializer)) as walk:
        list(walk)
        for name, block in trained.blocks.items():
            same = np.count_nonzero(block[0].numpy() == original[name][0])
            # of a permutation, one value on average stays at its place
            assert same < 7 if initializer == "permutation" else same <= 0.001 * original[name][0].size


@pytest.mark.parametrize("test", TESTS)
def test_leaving_restores_every_bit(trained, test):
    before = values(trained)
    with states.weight_states(trained, test) as walk:
        list(walk)
    for name, block in values(trained).items():
        assert all(np.array_equal(a, b) for a, b in zip(block, before[name]))


@pytest.mark.parametrize("test", TESTS)
def test_an_error_restores_every_bit(trained, test):
    before = values(trained)
    with pytest.raises(KeyError), states.weight_states(trained, test) as walk:
        next(walk), next(walk)
        raise KeyError
    for name, block in values(trained).items():
        assert all(np.array_equal(a, b) for a, b in zip(block, before[name]))


def test_stage_names_and_order(cnn):
    assert [s.name for s in states.stages(cnn, "cascading")] == ["original", "softmax_linear", "fc1", "conv2", "conv1"]
    assert [s.name for s in states.stages(cnn, "bottom_up")] == ["original", "conv1", "conv2", "fc1", "softmax_linear"]
    assert [s.randomized for s in states.stages(cnn, "independent")] == [
        (), ("softmax_linear",), ("fc1",), ("conv2",), ("conv1",)]


@pytest.mark.parametrize("redraw", initialization.REDRAWS)
def test_random_networks_are_two_that_share_nothing(trained, redraw):
    original = values(trained)
    with states.weight_states(trained, "random_networks", randomization=initialization.Randomization(redraw=redraw)) as walk:
        one, other = [values(trained) for _ in walk]
    for name, block in original.items():
        assert (one[name][0] != other[name][0]).mean() > 0.999 and (one[name][0] != block[0]).mean() > 0.999


def drawn(classifier, stage, **arguments):
    with states.weight_states(classifier, "cascading", **arguments) as walk:
        for state in walk:
            if state.index == stage:
                return values(classifier)
    raise AssertionError(f"no stage {stage}")


def test_same_seed_and_draw_give_the_same_weights(mlp):
    a, b = drawn(mlp, 2, draw=3, seed=5), drawn(mlp, 2, draw=3, seed=5)
    assert all(np.array_equal(x, y) for name in a for x, y in zip(a[name], b[name]))


@pytest.mark.parametrize("other", [{"draw": 1}, {"seed": 1}])
def test_other_draws_and_seeds_give_other_weights(mlp, other):
    a, b = drawn(mlp, 1), drawn(mlp, 1, **other)
    assert (a["logits"][0] != b["logits"][0]).all()


def test_fresh_redraws_at_every_stage_and_nested_keeps(mlp):
    for redraw, same in (("fresh", False), ("nested", True)):
        randomization = initialization.Randomization(redraw=redraw)
        first = drawn(mlp, 1, randomization=randomization)["logits"][0]
        second = drawn(mlp, 2, randomization=randomization)["logits"][0]
        assert np.array_equal(first, second) == same


def test_nested_draws_agree_between_tests(mlp):
    randomization = initialization.Randomization(redraw="nested")
    cascading = drawn(mlp, 4, randomization=randomization)
    with states.weight_states(mlp, "independent", randomization=randomization) as walk:
        for state in walk:
            if state.index:
                assert np.array_equal(mlp.blocks[state.name][0].numpy(), cascading[state.name][0])


def test_same_shaped_layers_get_different_draws():
    import tf_keras

    from sanity_checks import models
    layers = [tf_keras.layers.Dense(6, name=f"dense{i}") for i in range(2)]
    model = tf_keras.Sequential([tf_keras.layers.InputLayer((2, 3, 1)), tf_keras.layers.Flatten(), *layers])
    classifier = models.load_classifier(model)
    a, b = drawn(classifier, 2).values()
    assert (a[0] != b[0]).all()


@pytest.mark.parametrize("initializer", ["truncated_normal", "uniform"])
def test_distributions_have_the_standard_deviation_asked_for(mlp, initializer):
    randomization = initialization.Randomization(initializer, stddev=0.02)
    kernel = drawn(mlp, 4, randomization=randomization)["hidden1"][0]      # 1.96 million entries
    # A normal cut at two standard deviations keeps 0.8796 of its own.
    expected = 0.02 * (0.87962566 if initializer == "truncated_normal" else 1)
    # The relative standard error of the sample's is below 1 / sqrt(2 n) = 5e-4.
    assert kernel.std() == pytest.approx(expected, rel=2.5e-3)
    assert abs(kernel.mean()) < 5 * 0.02 / np.sqrt(kernel.size)


def test_original_initializer_is_the_variables_own(cnn):
    kernel, bias = drawn(cnn, 4)["fc1"]
    assert kernel.std() == pytest.approx(0.1 * 0.87962566, rel=2.5e-3)
    assert (bias == np.float32(0.1)).all()


def with_batch_norm():
    import tf_keras

    from sanity_checks import models
    layers = tf_keras.layers
    model = tf_keras.Sequential([layers.InputLayer((4, 4, 1)), layers.Conv2D(3, 3, name="conv"),
                                 layers.BatchNormalization(name="norm"), layers.ReLU(), layers.Flatten(),
                                 layers.Dense(2, name="top")])
    model.get_layer("norm").moving_mean.assign([1, 2, 3])
    model.get_layer("norm").moving_variance.assign([4, 5, 6])
    return models.load_classifier(model, blocks=["top=top", "conv=conv|norm"])


@pytest.mark.parametrize("reset", [False, True])
def test_batch_norm_statistics_are_kept_unless_asked(reset):
    classifier = with_batch_norm()
    randomization = initialization.Randomization("truncated_normal", batch_norm_statistics=reset)
    statistics = {v.name.split("/")[1]: v for v in classifier.blocks["conv"] if not v.trainable}
    with states.weight_states(classifier, "cascading", randomization=randomization) as walk:
        list(walk)
        assert list(statistics["moving_mean:0"].numpy()) == ([0, 0, 0] if reset else [1, 2, 3])
        assert list(statistics["moving_variance:0"].numpy()) == ([1, 1, 1] if reset else [4, 5, 6])


def test_unknown_names_are_refused(cnn):
    with pytest.raises(ValueError, match="unknown test 'cascade'; did you mean 'cascading'"):
        states.stages(cnn, "cascade")
    with pytest.raises(ValueError, match="unknown initializer"):
        initialization.Randomization("gaussian")
    with pytest.raises(ValueError, match="unknown redraw"):
        initialization.Randomization(redraw="again")
    with pytest.raises(ValueError, match="Randomization: stddev must be above 0, got 0"):
        initialization.Randomization(stddev=0)


def test_a_state_says_what_it_does(cnn):
    (_, first, second), loaded = states.stages(cnn, "cascading")[:3], actions.Load([])
    assert first.actions == (actions.Redraw("softmax_linear"),)
    assert second.actions == (actions.Redraw("softmax_linear"), actions.Redraw("fc1"))
    assert pickle.loads(pickle.dumps(second)) == second
    assert states.WeightState(1, "x", (loaded, *first.actions)).randomized == ("softmax_linear",)


@dataclasses.dataclass(frozen=True)
class Scaled(actions.Action):
    """Multiplies the kernel of a block."""
    block: str
    factor: float

    def touched(self, classifier):
        return (self.block,)

    def apply(self, classifier, stream, randomization):
        kernel = classifier.blocks[self.block][0]
        kernel.assign(self.factor * kernel)


@pytest.mark.parametrize("redraw", initialization.REDRAWS)
def test_another_kind_of_state_is_a_class_and_a_line(mlp, monkeypatch, redraw):
    """Actions start from the original weights in every state, one after the other, also where they are asked for again."""
    monkeypatch.setitem(states.TESTS, "scaled", states.Test(lambda blocks: [
        ("original", ()), ("twice", (Scaled("logits", 2.),)), ("six times", (Scaled("logits", 2.), Scaled("logits", 3.))),
        ("again", (Scaled("logits", 2.), Scaled("hidden1", 2.))), ("other", (Scaled("hidden1", 2.),))]))
    before = values(mlp)
    factors = [(1, 1), (2, 1), (6, 1), (2, 2), (1, 2)]      # of logits and hidden1
    randomization = initialization.Randomization(redraw=redraw)
    with states.weight_states(mlp, "scaled", randomization=randomization) as walk:
        for state, (logits, hidden) in zip(walk, factors, strict=True):
            assert state.randomized == ()
            for name, factor in {"logits": logits, "hidden1": hidden, "hidden2": 1}.items():
                assert np.allclose(values(mlp)[name][0], factor * before[name][0]), (state, name)


def test_states_are_of_no_use_after_their_context(mlp):
    with states.weight_states(mlp, "cascading") as walk:
        next(walk)
    before = values(mlp)
    with pytest.raises(RuntimeError, match="the with block has ended"):
        next(walk)
    assert all(np.array_equal(a, b) for name, block in values(mlp).items() for a, b in zip(block, before[name]))
    with states.weight_states(mlp, "independent") as exhausted:
        list(exhausted)
    with pytest.raises(RuntimeError, match="the with block has ended"):
        list(exhausted)
