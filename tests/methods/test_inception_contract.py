"""The methods' and tests' contract on Inception v3, at the smallest input: what the paper's small networks must hold,
with batch normalization, branches and three colours."""


import types

import numpy as np
import pandas as pd
import pytest
import saliency.core as saliency
import saliency.tf1 as saliency_tf1
import tensorflow as tf
from tensorflow.python.framework import convert_to_constants
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import runner
from sanity_checks.methods import base
from sanity_checks.methods import pair
from sanity_checks.models import inception_v3
from sanity_checks.weights import initialization
from sanity_checks.weights import states
from tests import registry

pytestmark = pytest.mark.slow       # the network takes seconds to trace; small ones hold every method to the same

v1 = tf.compat.v1
SHAPE, CLASSES, TARGET = (75, 75, 3), 7, 4
# Those whose time at this size is the network's alone; the others go image by image, or pixel by pixel.
NAMES = [name for name in methods.METHODS
         if name not in ("xrai", "blur_ig", "guided_ig", "occlusion", "perturbation_mask")]
SETTINGS = {name: registry.SETTINGS.get(name, {}) for name in NAMES}
NESTED = initialization.Randomization(redraw="nested")     # draws each block once, not at every later stage again
KEY = ["draw", "stage_index", "method", "metric", "image_id"]


@pytest.fixture(scope="module")
def inception():
    """Untrained, with biases and statistics of batch normalization that are not their constant start."""
    classifier = models.load_classifier(inception_v3.build(SHAPE, CLASSES), weights="random", seed=3)
    generator = np.random.default_rng(0)
    for block in classifier.blocks.values():
        for variable in block:
            if len(variable.shape) == 1:
                variable.assign_add(generator.uniform(0.05, 0.2, variable.shape))
    return classifier


@pytest.fixture(scope="module")
def photographs():
    return np.random.default_rng(1).uniform(-1, 1, (4, *SHAPE)).astype(np.float32)


# A constant baseline is all ties to max-pooling, which rounding decides, and so the size of a batch. This one has none.
BASELINE = np.random.default_rng(5).uniform(-1, 1, SHAPE).astype(np.float32)


def assert_close(actual, expected, tolerance=1e-5):
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("name", list(SETTINGS))
def test_batched_maps_equal_get_mask(inception, photographs, name):
    targets, ids = np.array([1, 5]), ["a", "b"]
    settings = {**SETTINGS[name], **({"baseline": BASELINE} if "integrated" in name else {})}
    maps = methods.explain(inception, photographs[:2], name, targets, image_ids=ids, **settings)
    assert maps.shape == (2, *SHAPE) and maps.dtype == np.float32
    method, call = methods.make(name, **settings), pair.call_model_function(inception)
    for i, key in enumerate(base.noise_keys(0, ids)):
        noise = {"noise_key": key} if registry.is_stochastic(name) else {}
        assert_close(maps[i], method.GetMask(photographs[i], call, {"target": targets[i]}, **noise))


@pytest.mark.parametrize("name, make", [
    ("gradient", lambda: saliency.GradientSaliency()),
    ("integrated_gradients", lambda: saliency.IntegratedGradients()),
    ("gradcam", lambda: saliency.GradCam()),
])
def test_maps_equal_pairs_own_classes(inception, photographs, name, make):
    call = pair.call_model_function(inception)
    extra = {"integrated_gradients": {"x_steps": 4, "batch_size": 4}, "gradcam": {"three_dims": False}}.get(name, {})
    expected = make().GetMask(photographs[0], call, {"target": TARGET}, **extra)
    found = methods.explain(inception, photographs[:1], name, np.array([TARGET]), **SETTINGS[name])[0]
    assert_close(found, expected[..., None] if name == "gradcam" else expected)


def frozen(model):
    """The network's graph with its weights as constants, and the names of its input and output."""
    traced = tf.function(lambda images: model(images, training=False)).get_concrete_function(
        tf.TensorSpec([None, *SHAPE]))
    constant = convert_to_constants.convert_variables_to_constants_v2(traced)
    return constant.graph.as_graph_def(), constant.inputs[0].name, constant.outputs[0].name


def test_guided_backprop_equals_that_of_a_tf1_graph(inception, photographs, tmp_path):
    """On the network's lower half, which has all kinds of its steps; PAIR's class takes a minute for the whole."""
    lower = inception.model.get_layer("mixed3").output
    hidden = tf_keras.layers.GlobalAveragePooling2D()(lower)
    network = tf_keras.Model(inception.model.input, tf_keras.layers.Dense(CLASSES, kernel_initializer=tf_keras.initializers.GlorotUniform(1))(hidden))
    definition, *names = frozen(network)
    graph = tf.Graph()
    with graph.as_default(), v1.Session(graph=graph) as session:
        v1.import_graph_def(definition, name="")
        v1.get_variable("needed_to_save", [])           # PAIR's class writes a checkpoint, which cannot be empty
        session.run(v1.global_variables_initializer())
        images, logits = (graph.get_tensor_by_name(name) for name in names)
        guided = saliency_tf1.GuidedBackprop(graph, session, logits[:, TARGET], images,
                                             tmp_ckpt_path=str(tmp_path / "guided"))
        expected = guided.GetMask(photographs[0], feed_dict={})
    found = methods.explain(models.load_classifier(network), photographs[:1], "guided_backprop", np.array([TARGET]))[0]
    assert_close(found, expected)


@pytest.mark.parametrize("name", list(SETTINGS))
def test_results_do_not_depend_on_batch_size_or_order(inception, photographs, name):
    whole = methods.explain(inception, photographs[:3], name, batch_size=64, **SETTINGS[name])
    parts = methods.explain(inception, photographs[2::-1], name, batch_size=2, **SETTINGS[name])[::-1]
    assert_close(parts, whole, 1e-4)
    assert np.array_equal(whole, methods.explain(inception, photographs[:3], name, batch_size=64, **SETTINGS[name]))


def values(classifier):
    return {name: [variable.numpy() for variable in block] for name, block in classifier.blocks.items()}


@pytest.mark.parametrize("test", list(states.TESTS))
def test_the_trainable_variables_of_the_named_blocks_differ_and_all_come_back(inception, test):
    before = values(inception)
    with pytest.raises(KeyError), states.weight_states(inception, test, randomization=NESTED) as walk:
        for state in walk:
            if state.index in (0, 1, 9, len(inception.blocks)):
                for name, block in inception.blocks.items():
                    for variable, value in zip(block, before[name]):
                        drawn = name in state.randomized and variable.trainable
                        assert np.array_equal(variable.numpy(), value) != drawn, (state, variable.name)
        raise KeyError
    after = values(inception)
    assert all(np.array_equal(a, b) for name in before for a, b in zip(after[name], before[name], strict=True))


class Pixels:
    """A split of a data set: images, ids and no labels."""
    labels = None

    def __init__(self, images):
        self.images, self.ids = images, [f"photo{i}" for i in range(len(images))]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index]


def rows_of(classifier, photographs, units, **options):
    named = {name: methods.make(name, **SETTINGS[name]) for name in ("gradient", "gradcam")}
    protocol = runner.Protocol("cascading", named, metrics=("spearman_abs", "ssim", "hog"), randomization=NESTED,
                               **options)
    data = types.SimpleNamespace(bgr=False, name="photos", input_range=(-1., 1.), test=Pixels(photographs), class_names=None)
    tables = [runner.run_unit(classifier, data, unit, protocol)[0] for unit in units]
    return pd.concat(tables).sort_values(KEY).reset_index(drop=True)


def test_rows_are_complete_and_do_not_depend_on_units_and_batches(inception, photographs):
    whole = rows_of(inception, photographs, runs.units(1, 4, 64))
    assert len(whole) == 18 * 2 * 3 * 4 and not whole.duplicated(KEY).any()
    assert (whole[whole.stage_index == 0].value.dropna() == 1).all()
    stages = [state.name for state in states.stages(inception, "cascading")]
    assert list(whole.drop_duplicates("stage_index").stage) == stages
    parts = rows_of(inception, photographs, runs.units(1, 4, 3), batch_size=5)
    assert whole[KEY].equals(parts[KEY])
    # Single precision sums in another order move ranks, and a cell's histogram, by a little.
    assert np.allclose(whole.value, parts.value, atol=5e-3, equal_nan=True)
