"""Channels followed through a randomization: which tensors, which numbers, and answers known by analysis."""

import keras
import numpy as np
import pytest
import scipy.stats
import tf_keras

from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models
from sanity_checks import runs
from sanity_checks.comparison import activation_units
from sanity_checks.comparison import sources
from sanity_checks.methods import activations
from sanity_checks.weights import initialization
from sanity_checks.weights import states
from tests.comparison import test_identity as jobs_of
from tests.comparison import test_runner as units

NESTED = initialization.Randomization(redraw="nested")


def profiles(classifier, images):
    return methods.make_task(classifier, images, np.zeros(len(images), int)).result(activations.ChannelProfiles())


def test_profiles_are_mean_magnitudes_of_each_layers_output(network, digits):
    """On the small networks blocks are layers, which end in their ReLU."""
    found = profiles(network, digits)
    assert set(found) == set(list(network.blocks)[1:])
    for name, profile in found.items():
        library = keras if isinstance(network.model, keras.Model) else tf_keras
        output = np.asarray(library.Model(network.model.inputs, network.model.get_layer(name).output)(digits))
        np.testing.assert_allclose(profile, np.abs(output).mean(axis=tuple(range(1, output.ndim - 1))), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("library", [tf_keras, keras], ids=["tf_keras", "keras"])
def test_activations_and_branches_after_a_block_belong_to_it(library):
    """Convolution, BatchNormalization and ReLU are one block with the sum of branches; its last tensor is what is read."""
    layers = library.layers
    inputs = layers.Input((6, 6, 2))
    first = layers.Conv2D(3, 3, padding="same", name="first")(inputs)
    first = layers.ReLU(name="after_first")(first)
    branch = layers.BatchNormalization(name="norm")(layers.Conv2D(3, 1, name="branch")(first))
    summed = layers.ReLU(name="after_sum")(layers.Add()([branch, first]))
    logits = layers.Dense(2, name="top")(layers.GlobalAveragePooling2D()(summed))
    model = library.Model(inputs, logits)
    generator = np.random.default_rng(0)
    model.set_weights([generator.random(value.shape) - 0.4 * (value.ndim > 1) for value in model.get_weights()])
    classifier = models.load_classifier(model, blocks=["top=top", "body=branch|norm", "low=first"])
    images = generator.random((3, 6, 6, 2)).astype(np.float32)
    expected = {"body": "after_sum", "low": "after_first"}
    for name, profile in profiles(classifier, images).items():
        output = np.asarray(library.Model(inputs, model.get_layer(expected.pop(name)).output)(images))
        np.testing.assert_allclose(profile, output.mean(axis=(1, 2)), rtol=1e-4)
    assert not expected


def rows_of(classifier, pixels, order, count=8, **options):
    settings = activation_units.Settings(order, **options)
    return activation_units.compare(classifier, units.dataset(pixels), runs.Unit(0, 0, count), settings)


@pytest.mark.parametrize("order", list(activation_units.TESTS))
def test_rows_compare_each_blocks_channels_with_the_originals(network, digits, order):
    rows = rows_of(network, digits, order, seed=2)
    blocks, found = list(network.blocks), {}
    with states.weight_states(network, order, seed=2) as walk:
        stages = [(state.name, found.setdefault(state.index, profiles(network, digits))) for state in walk]
    assert list(rows.drop_duplicates("stage_index").stage) == [name for name, _ in stages]
    assert set(rows.method) == set(blocks[1:]) and set(rows.test) == {f"activations_{order}"}
    for block in blocks[1:]:
        for index, (_, state) in enumerate(stages):
            part = rows[(rows.method == block) & (rows.stage_index == index) & (rows.metric == "channel_rank")]
            constant = [np.ptp(profile[block][i]) == 0 for profile in (stages[0][1], state) for i in range(8)]
            if not any(constant):
                expected = [scipy.stats.spearmanr(*pair).statistic for pair in zip(stages[0][1][block], state[block])]
                np.testing.assert_allclose(part.value, expected, atol=2e-2)


@pytest.mark.parametrize("order", list(activation_units.TESTS))
def test_what_lies_below_the_random_blocks_survives_whole(network, digits, order):
    """From the top, the k topmost blocks are random and all others' channels are as they were; from the bottom none is."""
    rows, hidden = rows_of(network, digits, order), list(network.blocks)[1:]
    kept = rows[rows.metric == "channel_rank"].groupby(["stage_index", "method"]).value.apply(lambda values: (values.dropna() == 1).all())
    for index in range(1, len(network.blocks) + 1):
        whole = hidden[index - 1:] if order == "cascading" else []
        assert [kept[index, name] for name in hidden] == [name in whole for name in hidden], index


def test_the_top_tenth_is_known_on_paper():
    metric = metrics.find("top_channels")
    a = np.arange(40.0).reshape(1, 1, 1, 40)
    b = a.copy()
    b[..., 5] = 100             # one of the four largest is another
    np.testing.assert_array_equal(metric.similarity(np.concatenate([a, a, a]), np.concatenate([a, b, -a])), [1, 0.75, 0])
    assert np.isnan(metric.similarity(a, np.ones_like(a)))
    few = np.arange(3.0).reshape(1, 1, 1, 3)
    np.testing.assert_array_equal(metric.similarity(few, few), 1)


def test_a_job_is_held_to_the_order_and_the_draws():
    classifier = models.load_classifier(jobs_of.network())
    made = [activation_units.job(sources.given(classifier), sources.given(jobs_of.dataset()), settings, jobs_of.jobs.Units())
            for settings in (activation_units.Settings("cascading"), activation_units.Settings("bottom_up"),
                             activation_units.Settings("cascading", randomization=NESTED))]
    assert len({str(jobs_of.held(one)) for one in made}) == 3 and made[0].steps == 4
    done = []
    (unit,) = made[0].units
    rows, maps = made[0].build()(unit, done.append)
    assert sum(done) == made[0].work(made[0].units) and maps == [] and tuple(rows.columns) == runs.COLUMNS


def test_a_model_of_one_block_is_refused():
    layers = tf_keras.layers
    model = models.load_classifier(tf_keras.Sequential([layers.Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, name="top")], name="flat"))
    with pytest.raises(ValueError, match="^model: 'flat' has one block, top, so there are no hidden activations to follow$"):
        activation_units.job(sources.given(model), sources.given(jobs_of.dataset()), activation_units.Settings("cascading"), jobs_of.jobs.Units())
    with pytest.raises(ValueError, match="unknown order 'sideways'"):
        activation_units.Settings("sideways")
