"""Every call of the table ends as it must; and what a call may not change, it does not."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tests import registry
from tests.attacks import calls


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return calls.Material(str(tmp_path_factory.mktemp("calls")))


def test_there_are_enough():
    assert len(calls.attacks()) >= 150


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in calls.attacks()])
def test_call(one, material):
    calls.run(one, material)


@pytest.mark.parametrize("name", ["run", "smoothgrad", "guided_backprop", "random_map"])
def test_tensorflow_draws_the_same_after_a_call_as_without(name, material):
    def drawn(call):
        tf.random.set_seed(3)
        call()
        return tf.random.normal([3]).numpy()

    call = material.run if name == "run" else functools.partial(
        material.explain, method=registry.suitable(material.classifier, name))
    assert np.array_equal(drawn(call), drawn(lambda: None))
