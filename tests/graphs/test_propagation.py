"""Relevance through a model's graph: what every rule must keep, on every kind of layer, of both Keras versions."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import models
from sanity_checks.graphs import forward as forward_module
from sanity_checks.graphs.propagation import plan
from sanity_checks.graphs.propagation import rules
from sanity_checks.graphs.propagation import walk

SHAPE = (8, 8, 3)
EPSILON = rules.Epsilon(1e-9)
Z_PLUS, SIGNED, UNBIASED = rules.AlphaBeta(1., 0.), rules.AlphaBeta(2., 1.), rules.AlphaBeta(1., 0., bias=False)
RULES = {
    "epsilon": walk.RuleSet(EPSILON, EPSILON),
    "alpha 1 beta 0": walk.RuleSet(Z_PLUS, Z_PLUS),
    "alpha 2 beta 1": walk.RuleSet(SIGNED, SIGNED),
    "deep taylor": walk.RuleSet(UNBIASED, UNBIASED, rules.Bounded(0., 1.), positive=True),
    "flat": walk.RuleSet(Z_PLUS, EPSILON, rules.Flat()),
}


@pytest.fixture(params=[tf_keras, keras], ids=["tf_keras", "keras"])
def library(request):
    request.param.utils.set_random_seed(0)
    return request.param


def traced(model):
    return forward_module.traced(models.implementation_of(model), model)


def propagated(model, images, classes=None, rule_sets=RULES, shift=0.):
    """(explained logits [N], dict, rule -> relevance [N, H, W, C], gradient [N, H, W, C]) of a model plus a shift of all logits."""
    package = models.implementation_of(model)
    classes = np.argmax(model(images), axis=1) if classes is None else classes

    @tf.function(autograph=False)
    def run(images, classes):
        forward = forward_module.within(package, model, images)
        found = {name: walk.relevance(forward, classes, rule_set) for name, rule_set in rule_sets.items()}
        explained = tf.gather(forward.logits, classes, axis=1, batch_dims=1)
        return explained, found, tf.gradients(explained, images)[0]
    explained, found, gradient = run(tf.constant(images), tf.constant(classes, tf.int32))
    return explained.numpy(), {name: value.numpy() for name, value in found.items()}, gradient.numpy()


def without_offsets(model, seed=0):
    """Sets weights so that no layer has an offset, and the scale of a normalization either sign."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        name = getattr(variable, "path", variable.name)
        if any(part in name for part in ("bias", "beta", "moving_mean")):
            variable.assign(np.zeros(variable.shape, np.float32))
        elif "variance" in name or "gamma" in name:
            sign = generator.choice([-1, 1], variable.shape) if "gamma" in name else 1
            variable.assign(sign * generator.uniform(.5, 2, variable.shape))
    return model


def with_offsets(model, seed=0):
    generator = np.random.default_rng(seed)
    for variable in without_offsets(model, seed).weights:
        if len(variable.shape) == 1 and not any(part in getattr(variable, "path", variable.name) for part in ("gamma", "variance")):
            variable.assign(generator.uniform(-.3, .3, variable.shape))
    return model


def images_of(shape=SHAPE, count=4):
    return np.random.default_rng(1).uniform(.05, 1, (count, *shape)).astype(np.float32)


def sequential(k, *made, shape=SHAPE, classes=3):
    return k.Sequential([k.layers.Input(shape), *made, k.layers.Flatten(), k.layers.Dense(classes)])


def branched(k):
    """Branches that are added, averaged and concatenated, with and without activations, in front of one normalization."""
    layers, image = k.layers, k.layers.Input(SHAPE)
    one = layers.Conv2D(3, 1, activation="relu")(image)
    two = layers.Conv2D(3, 3, padding="same")(one)
    joined = layers.Concatenate()([layers.Average()([one, image]), layers.Add()([one, two, image]), two])
    return k.Model(image, layers.Dense(3)(layers.Flatten()(layers.ReLU()(layers.BatchNormalization()(joined)))))


def reused(k):
    """A layer called twice, inside a model that is called twice."""
    layers, inner, image = k.layers, k.layers.Input(SHAPE), k.layers.Input(SHAPE)
    convolution = layers.Conv2D(3, 3, padding="same", activation="relu")
    block = k.Model(inner, convolution(convolution(inner)))
    return k.Model(image, layers.Dense(3)(layers.Flatten()(layers.Add()([block(block(image)), block(image)]))))


KINDS = {
    "dense": lambda k: sequential(k, k.layers.Flatten(), k.layers.Dense(9, activation="relu")),
    "strides": lambda k: sequential(k, k.layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"), k.layers.Conv2D(5, 2, activation="relu")),
    "dilation": lambda k: sequential(k, k.layers.Conv2D(6, 3, dilation_rate=2, padding="same", activation="relu")),
    "groups": lambda k: sequential(k, k.layers.Conv2D(6, 3, groups=3, dilation_rate=2), k.layers.BatchNormalization(), k.layers.ReLU()),
    "depthwise": lambda k: sequential(k, k.layers.DepthwiseConv2D(3, depth_multiplier=2), k.layers.DepthwiseConv2D(3, dilation_rate=2)),
    "separable": lambda k: sequential(k, k.layers.SeparableConv2D(4, 3, activation="relu")),
    "transposed": lambda k: sequential(k, k.layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")),
    "batch norm": lambda k: sequential(k, k.layers.Conv2D(6, 3), k.layers.Dropout(.5), k.layers.BatchNormalization(), k.layers.ReLU(6),
                                       k.layers.BatchNormalization(), k.layers.Conv2D(4, 3, padding="same", activation="relu")),
    "batch norm of dense": lambda k: sequential(k, k.layers.Flatten(), k.layers.Dense(8), k.layers.BatchNormalization(), k.layers.ReLU()),
    "bound of a relu": lambda k: sequential(k, k.layers.Conv2D(6, 3), k.layers.ReLU(max_value=.2), k.layers.Conv2D(3, 3), k.layers.ReLU(6.)),
    "max and average pooling": lambda k: sequential(k, k.layers.Conv2D(6, 3, activation="relu"), k.layers.MaxPooling2D(2),
                                                    k.layers.AveragePooling2D(2, padding="same"), k.layers.GlobalAveragePooling2D()),
    "global max pooling": lambda k: sequential(k, k.layers.Conv2D(6, 3, activation="relu"), k.layers.GlobalMaxPooling2D()),
    "moves": lambda k: sequential(k, k.layers.Rescaling(1 / 255), k.layers.Normalization(mean=[0., 0., 0.], variance=[1., 2., 3.]),
                                  k.layers.ZeroPadding2D(1), k.layers.Conv2D(6, 3, activation="relu"), k.layers.Permute((2, 1, 3)),
                                  k.layers.Cropping2D(1), k.layers.Reshape((-1, 6))),
    "resizing": lambda k: sequential(k, k.layers.UpSampling2D(2), k.layers.Conv2D(4, 3, activation="relu"),
                                     k.layers.UpSampling2D(2, interpolation="bilinear")),
    "dense at every pixel": lambda k: sequential(k, k.layers.Dense(4, activation="relu"), k.layers.Reshape((64, 4)),
                                                 k.layers.Conv1D(4, 3, padding="causal", activation="relu")),
    "branches": branched,
    "reused and nested": reused,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_relevance_is_conserved(library, kind):
    """Without offsets the map's sum is the logit; on networks of ReLUs the epsilon rule without epsilon is Gradient x Input."""
    model = without_offsets(KINDS[kind](library))
    assert plan.obstacle(traced(model)) is None
    images = images_of()
    explained, found, gradient = propagated(model, images)
    for name, maps in found.items():
        expected = np.maximum(explained, 0) if name == "deep taylor" else explained
        assert maps.sum(axis=(1, 2, 3)) == pytest.approx(expected, rel=1e-4, abs=1e-6), name
        assert np.abs(maps).max() > 0
    if kind != "bound of a relu":           # behind it the gradient is zero
        assert np.abs(found["epsilon"] - images * gradient).max() <= 2e-4 * np.abs(images * gradient).max()
    assert found["deep taylor"].min() >= -1e-7
    assert (found["alpha 1 beta 0"] * np.sign(explained)[:, None, None, None]).min() >= 0


# Rules on numbers

def shares(contributions, offset, relevance, rule):
    """The relevance that inputs get of one layer's outputs, written out: contributions [inputs, outputs]."""
    plus, minus = np.maximum(contributions, 0), np.minimum(contributions, 0)
    if isinstance(rule, rules.Epsilon):
        z = contributions.sum(0) + offset
        return contributions @ (relevance / (z + rule.epsilon * np.where(z < 0, -1, 1)))
    z_plus = plus.sum(0) + (np.maximum(offset, 0) if rule.bias else 0)
    z_minus = minus.sum(0) + (np.minimum(offset, 0) if rule.bias else 0)
    alpha, beta = np.where(z_minus == 0, 1, rule.alpha), np.where(z_plus == 0, -1, rule.beta)
    safe = lambda values, z: values @ np.where(z == 0, 0, relevance / np.where(z == 0, 1, z))
    return safe(plus * alpha, z_plus) - safe(minus * beta, z_minus)


def bounded_shares(x, kernel, low, high, relevance):
    parts = x[:, None] * kernel - low * np.maximum(kernel, 0) - high * np.minimum(kernel, 0)
    return parts @ (relevance / parts.sum(0))


@pytest.mark.parametrize("rule", [rules.Epsilon(.1), Z_PLUS, SIGNED, UNBIASED], ids=str)
@pytest.mark.parametrize("first", [None, rules.Bounded(-2., 3.)], ids=["same", "bounded"])
def test_two_dense_layers_equal_the_rules_written_out(library, rule, first):
    model = with_offsets(sequential(library, library.layers.Flatten(), library.layers.Dense(7, activation="relu"), shape=(3, 2, 1)))
    images = np.random.default_rng(4).uniform(-2, 3, (3, 3, 2, 1)).astype(np.float32)
    classes = np.array([0, 2, 1])
    _, found, _ = propagated(model, images, classes, {"it": walk.RuleSet(rule, rule, first)})
    w1, b1, w2, b2 = (np.asarray(variable, np.float64) for variable in model.get_weights())
    for image, target, maps in zip(images, classes, found["it"]):
        x = image.ravel().astype(np.float64)
        hidden = np.maximum(x @ w1 + b1, 0)
        start = np.eye(3)[target] * (hidden @ w2 + b2)
        arrived = shares(hidden[:, None] * w2, b2, start, rule)
        expected = shares(x[:, None] * w1, b1, arrived, rule) if first is None else bounded_shares(x, w1, -2, 3, arrived)
        assert maps.ravel() == pytest.approx(expected, rel=2e-4, abs=1e-6)


def test_average_pooling_counts_the_cells_that_are_there(library):
    """SAME pooling of 3 x 3 by 2: an edge cell is half of an average of two, a quarter of the corner's one of one."""
    pool = library.layers.AveragePooling2D(2, padding="same")
    model = sequential(library, pool, shape=(3, 3, 1), classes=1)
    model.layers[-1].set_weights([np.ones((4, 1), np.float32), np.zeros(1, np.float32)])
    image = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    _, found, _ = propagated(model, image)
    expected = image[0, ..., 0] * [[.25, .25, .5], [.25, .25, .5], [.5, .5, 1]]
    for name in ("epsilon", "alpha 1 beta 0", "alpha 2 beta 1"):
        assert found[name][0, ..., 0] == pytest.approx(expected, rel=1e-5), name


def test_what_two_branches_are_given_is_summed(library):
    """A sum of two convolutions of one kernel size, without activation, is the convolution with the sum of their kernels."""
    layers, image = library.layers, library.layers.Input(SHAPE)
    one, two, joined = (layers.Conv2D(4, 3, use_bias=False) for _ in range(3))
    top = layers.Dense(3, use_bias=False)
    model = library.Model(image, top(layers.Flatten()(layers.ReLU()(layers.Add()([one(image), two(image)])))))
    single = library.Model(image, top(layers.Flatten()(layers.ReLU()(joined(image)))))
    joined.set_weights([one.get_weights()[0] + two.get_weights()[0]])
    epsilon = {"epsilon": RULES["epsilon"]}
    branches, whole = (propagated(made, images_of(), rule_sets=epsilon)[1]["epsilon"] for made in (model, single))
    assert np.abs(branches - whole).max() <= 1e-4 * np.abs(whole).max()


# Merging

def merged(k, model):
    """The network of `test_batch_norm_is_merged` with its normalizations multiplied into the kernels by hand."""
    first, norm, second, other, top = (layer for layer in model.layers if layer.weights)
    made = sequential(k, k.layers.Conv2D(4, 3, padding="same", activation="relu"), k.layers.DepthwiseConv2D(3, activation="relu"))
    for target, source, of in zip(made.layers[:2], (first, second), (norm, other)):
        gamma, beta, mean, variance = of.get_weights()
        scale = gamma / np.sqrt(variance + of.epsilon)
        kernel, bias = source.get_weights()
        target.set_weights([kernel * (scale if target is made.layers[0] else scale[:, None]), (bias - mean) * scale + beta])
    made.layers[-1].set_weights(top.get_weights())
    return made


def test_batch_norm_is_merged(library):
    """On every state of the weights: also behind a dropout, with scales of either sign."""
    layers = library.layers
    model = library.Sequential([
        layers.Input(SHAPE), layers.Conv2D(4, 3, padding="same"), layers.BatchNormalization(), layers.ReLU(),
        layers.DepthwiseConv2D(3), layers.Dropout(.5), layers.BatchNormalization(), layers.ReLU(), layers.Flatten(), layers.Dense(3)])
    for seed in (0, 1):
        twin = merged(library, with_offsets(drawn(model, seed), seed))
        assert np.allclose(model(images_of()), twin(images_of()), atol=1e-5)
        found, expected = (propagated(made, images_of(), np.array([0, 1, 2, 0]))[1] for made in (model, twin))
        for name in RULES:
            assert np.abs(found[name] - expected[name]).max() <= 2e-4 * np.abs(expected[name]).max(), name


def drawn(model, seed):
    generator = np.random.default_rng(seed)
    model.set_weights([generator.normal(0, .4, array.shape) for array in model.get_weights()])
    return model


def test_a_resizing_in_front_is_part_of_the_first_layer(library):
    """Of a constant image it changes nothing but the number of pixels; the bounded rule stays that of the image."""
    layers = library.layers
    model = library.Sequential([layers.Input((4, 4, 3)), layers.Resizing(8, 8), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)])
    forward = traced(without_offsets(model))
    made = plan.Plan(forward)
    first = next(value for operation in made.operations for value in operation.outputs if operation.type == "Relu").op.inputs[0]
    assert made.layer(first).inputs[0] is made.image and not made.layer(first).averages
    explained, found, _ = propagated(model, images_of((4, 4, 3)))
    for name, maps in found.items():
        expected = np.maximum(explained, 0) if name == "deep taylor" else explained
        assert maps.sum(axis=(1, 2, 3)) == pytest.approx(expected, rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize("scale, offset, padded", [(1 / 127.5, -1., True), (-2., 3., False)], ids=["usual", "reversed"])
def test_a_bounded_layer_is_so_behind_a_rescaling_and_a_padding(library, scale, offset, padded):
    """The map of the network without these, on what they make of the image."""
    layers = library.layers
    last = [layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3)]
    padding = [layers.ZeroPadding2D(1)] if padded else []
    plain = library.Sequential([layers.Input(SHAPE), *padding, *last])
    behind = library.Sequential([layers.Input(SHAPE), layers.Rescaling(scale, offset), *padding, *last])
    with_offsets(plain)
    ends = np.array([0., 255.]) if padded else np.array([0., 1.])
    images = images_of() * np.float32(ends[1])
    low, high = sorted(ends * scale + offset)
    taylor = lambda low, high: {"it": walk.RuleSet(UNBIASED, UNBIASED, rules.Bounded(low, high), positive=True)}
    found = propagated(behind, images, rule_sets=taylor(*ends))[1]["it"]
    expected = propagated(plain, (images * scale + offset).astype(np.float32), rule_sets=taylor(low, high))[1]["it"]
    assert expected.max() > 0 and np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    other = propagated(behind, images, rule_sets={"it": walk.RuleSet(UNBIASED, UNBIASED, positive=True)})[1]["it"]
    assert np.abs(other - expected).max() > .1 * np.abs(expected).max()


def test_the_opposite_class_of_one_sigmoid_is_explained_by_the_opposite_kernel(library):
    layers = library.layers
    model = library.Sequential([layers.Input(SHAPE), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
    two = models.load_classifier(model).model
    kernel, bias = model.layers[-1].get_weights()
    opposite = library.Sequential([*model.layers[:-1], layers.Dense(2)])
    opposite(images_of())
    opposite.layers[-1].set_weights([np.hstack([-kernel, kernel]), np.concatenate([-bias, bias])])
    signed = {name: RULES[name] for name in ("alpha 2 beta 1", "deep taylor")}
    for target in (0, 1):
        found, expected = (propagated(made, images_of(), np.full(4, target), signed)[1] for made in (two, opposite))
        for name in signed:
            assert np.abs(found[name] - expected[name]).max() <= 1e-4 * np.abs(expected[name]).max(), (target, name)


def test_a_negative_logit_has_no_deep_taylor_map(library):
    model = with_offsets(sequential(library, library.layers.Conv2D(4, 3, activation="relu")))
    explained, found, _ = propagated(model, images_of(), np.argmin(model(images_of()), axis=1))
    assert (explained < 0).any()
    assert (np.abs(found["deep taylor"]).max(axis=(1, 2, 3)) > 0).tolist() == (explained > 0).tolist()


def test_lower_precision_is_propagated_in_float32(library):
    layers = library.layers
    made = {}
    for dtype in ("float32", "float16", "bfloat16"):
        policy = library.mixed_precision.Policy if library is tf_keras else library.DTypePolicy
        options = {"dtype": policy(dtype)}
        image = layers.Input(SHAPE)
        hidden = layers.MaxPooling2D(2, **options)(layers.Conv2D(4, 3, activation="relu", **options)(image))
        normal = layers.ReLU(**options)(layers.BatchNormalization(dtype="float32")(layers.Conv2D(4, 2, **options)(hidden)))
        made[dtype] = library.Model(image, layers.Dense(3, dtype="float32")(layers.Flatten(dtype="float32")(normal)))
        made[dtype].set_weights(without_offsets(made["float32"]).get_weights())
        explained, found, _ = propagated(made[dtype], images_of())
        for name, maps in found.items():
            tolerance = {"float32": 1e-4, "float16": 5e-3, "bfloat16": 4e-2}[dtype]
            expected = np.maximum(explained, 0) if name == "deep taylor" else explained
            assert maps.dtype == np.float32 and maps.sum(axis=(1, 2, 3)) == pytest.approx(expected, rel=tolerance), (dtype, name)


# Refusals

REFUSED = {
    "gelu": (lambda k: k.layers.Activation("gelu", name="act"), "Erfc|Tanh"),
    "leaky": (lambda k: k.layers.LeakyReLU(name="act"), "LeakyRelu"),
    "prelu": (lambda k: k.layers.PReLU(name="act"), "Relu"),
    "sigmoid": (lambda k: k.layers.Activation("sigmoid", name="act"), "Sigmoid"),
    "unit": (lambda k: k.layers.UnitNormalization(name="act"), "Square"),
    "padding with ones": (lambda k: k.layers.Lambda(lambda x: tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=1.),
                                                    output_shape=(8, 8, 4), name="act"), "PadV2"),
    "layer normalization": (lambda k: k.layers.LayerNormalization(name="act"), "[A-Za-z0-9]+"),
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_other_layers_are_refused_by_name(library, kind):
    make, operation = REFUSED[kind]
    reason = plan.obstacle(traced(sequential(library, library.layers.Conv2D(4, 3), make(library))))
    assert reason.endswith("/act'") and "\n" not in reason
    found = reason.removeprefix("relevance is not propagated through ").partition(", in layer ")[0]
    assert found in operation.split("|") or operation.startswith("[")


def test_products_of_two_tensors_of_the_image_and_their_largest_are_refused(library):
    layers, image = library.layers, library.layers.Input(SHAPE)
    convolved = layers.Conv2D(3, 3, padding="same")(image)
    for join, operation in ((layers.Multiply(name="gate"), "Mul"), (layers.Maximum(name="gate"), "Maximum"), (layers.Subtract(name="gate"), "Sub")):
        model = library.Model(image, layers.Dense(2)(layers.Flatten()(join([convolved, image]))))
        assert f"{operation}, in layer" in plan.obstacle(traced(model)) and "gate" in plan.obstacle(traced(model))
