"""The settings that contract tests share: for every method, cheap on networks that are small."""

import numpy as np
import pytest

from sanity_checks import methods
from tests import registry

MOST_PASSES = 60        # per image; the defaults of costly methods need hundreds


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_every_method_is_cheap_with_its_settings(network, digits, name):
    done, method = [], registry.suitable(network, name)
    method.maps(methods.make_task(network, digits[:1], np.zeros(1, int), progress=done.append))
    assert sum(done) <= MOST_PASSES, f"add small settings of {name} to tests/registry.py"


def test_settings_are_of_registered_methods():
    assert set(registry.SETTINGS) <= set(methods.METHODS) and set(registry.MAY_BE_DEGENERATE) <= set(methods.METHODS)


def test_stochastic_methods_are_those_that_noise_changes(network, digits):
    """Another seed is another map of exactly these methods."""
    changed = set()
    for name, method in registry.suitable_methods(network).items():
        maps = [method.maps(methods.make_task(network, digits[:1], np.zeros(1, int), ["a"], seed)) for seed in (0, 1)]
        if not np.allclose(*maps):
            changed.add(name)
    assert changed == {name for name in registry.suitable_methods(network) if registry.is_stochastic(name)}


def test_the_shared_networks_are_those_of_the_registry(network):
    assert network.name in registry.NETWORKS and len(registry.NETWORKS) == 3


def test_a_copy_has_the_weights_and_no_traces(network):
    made = registry.copy(network)
    assert made.model is not network.model and list(made.blocks) == list(network.blocks)
    for ours, theirs in zip(made.model.get_weights(), network.model.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
