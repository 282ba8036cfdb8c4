"""TensorFloat-32 is off until it is asked for, and a run is held to it."""

import pytest
import tensorflow as tf

from experiments import cascading_randomization
from sanity_checks import datasets
from sanity_checks import methods
from sanity_checks import numerics
from sanity_checks.comparison import jobs
from sanity_checks.comparison import runner
from sanity_checks.comparison import sources
from tests import registry
from tests.experiments import binary


@pytest.fixture(autouse=True)
def as_before():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    yield
    tf.config.experimental.enable_tensor_float_32_execution(before)


def job(classifier, **options):
    protocol = runner.Protocol("cascading", {"gradient": methods.make("gradient")}, ("spearman",), **options)
    return jobs.weight_states(sources.given(classifier), sources.given(datasets.load("mnist_5k")), protocol, jobs.Units(1, 2))


def test_loading_a_model_turns_it_off():
    tf.config.experimental.enable_tensor_float_32_execution(True)
    assert numerics.present() == "tensorfloat32"
    registry.classifier("small_mlp")
    assert numerics.present() == "float32"


def test_a_run_has_the_precision_that_it_is_held_to():
    classifier = registry.classifier("small_mlp")
    plain, fast = job(classifier), job(classifier, precision="tensorfloat32")
    assert "precision" not in plain.settings and fast.settings["precision"] == "tensorfloat32"
    fast.build()
    assert numerics.present() == "tensorfloat32"
    plain.build()
    assert numerics.present() == "float32"


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        numerics.use("half")
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        runner.Protocol("cascading", {}, ("spearman",), precision="half")
    assert "precision" in binary.refusal(cascading_randomization, "--precision=half")
