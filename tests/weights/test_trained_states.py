"""Weight states that are networks trained apart: bits, restoring, and what the runner makes of them."""

import types

import numpy as np
import pytest

import sanity_checks
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.vocabulary import stages
from sanity_checks.weights import states

pytestmark = pytest.mark.slow


def weights_of(classifier):
    return [v.numpy() for v in classifier.model.weights]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture
def networks(mlp):
    rng = np.random.default_rng(3)
    return {kind: [rng.normal(0, 0.05, v.shape).astype(np.float32) for v in mlp.model.weights]
            for kind in (stages.TRUE_LABELS, stages.RANDOM_LABELS)}


def test_each_state_has_its_networks_bits(mlp, networks):
    with states.trained_states(mlp, networks) as walk:
        for state, (name, weights) in zip(walk, networks.items(), strict=True):
            assert (state.name, state.randomized) == (name, ()) and same(weights_of(mlp), weights)


def test_leaving_restores_every_bit(mlp, networks):
    before = weights_of(mlp)
    with states.trained_states(mlp, networks) as walk:
        assert [state.index for state in walk] == [0, 1]
    assert same(weights_of(mlp), before)


def test_an_error_restores_every_bit(mlp, networks):
    before = weights_of(mlp)
    with pytest.raises(KeyError), states.trained_states(mlp, networks) as walk:
        next(walk), next(walk)
        raise KeyError
    assert same(weights_of(mlp), before)


def test_weights_that_do_not_fit_are_refused(mlp, networks):
    with pytest.raises(ValueError, match="weights of 'random labels': expected arrays of shapes"):
        with states.trained_states(mlp, {**networks, "random labels": networks["random labels"][:-1]}):
            pass


def test_the_drawn_tests_say_where_labels_are(mlp):
    with pytest.raises(ValueError, match="test 'labels' compares networks that were trained apart.*trained_states"):
        with sanity_checks.weight_states(mlp, test="labels"):
            pass


class Images:
    labels, ids = None, ("a", "b", "c")

    def __init__(self, pixels):
        self._pixels = pixels

    def __len__(self):
        return len(self._pixels)

    def __getitem__(self, index):
        return self._pixels[index]


def run(classifier, pixels, networks):
    own = runner.Protocol("labels", {name: methods.make(name, **few) for name, few in [
        ("gradient", {}), ("smoothgrad", {"samples": 3}), ("integrated_gradients", {"steps": 3}),
        ("guided_backprop", {})]}, ("spearman_abs", "spearman"))
    data = types.SimpleNamespace(bgr=False, name="digits", input_range=(0., 1.), class_names=None, test=Images(pixels))
    sequence = states.trained_states(classifier, networks)
    return runner.run_unit(classifier, data, runs.Unit(0, 0, len(pixels)), own, [0], sequence=sequence)


def test_identical_networks_have_similarity_exactly_one(mlp, digits, networks):
    first = networks[stages.TRUE_LABELS]
    rows, _ = run(mlp, digits[:3], {stages.TRUE_LABELS: first, stages.RANDOM_LABELS: first})
    assert len(rows) == 2 * 4 * 2 * 3 and (rows.value == 1).all()


def test_the_runner_compares_one_network_with_the_other(mlp, digits, networks):
    rows, (shown,) = run(mlp, digits[:3], networks)
    maps = []
    for weights in networks.values():
        with states.trained_states(mlp, {"this": weights}) as walk:
            next(walk)
            maps.append(methods.explain(mlp, digits[:3], "gradient"))
    found = rows[(rows.stage_index == 1) & (rows.method == "gradient") & (rows.metric == "spearman")]
    assert np.allclose(found.value, metrics.similarity(*maps, "spearman"), atol=1e-3)
    assert list(rows.stage.unique()) == list(shown.stages) == [stages.TRUE_LABELS, stages.RANDOM_LABELS]
    assert set(rows.test) == {"labels"}


def test_one_trace_serves_both_networks(mlp, digits, networks):
    run(mlp, digits[:3], networks)
    before = mlp.traces()
    run(mlp, digits[:3], dict(reversed(networks.items())))
    assert mlp.traces() == before
