"""Reading Inception v3 from a TF-Slim checkpoint, inception_v3_2016_08_28.ckpt, variable by variable.

    InceptionV3/<block>/[Branch_i/<convolution>/]weights                            kernel
    InceptionV3/<block>/[Branch_i/<convolution>/]BatchNorm/beta, moving_mean, ...    BatchNorm, without gamma
    InceptionV3/Logits/Conv2d_1c_1x1/weights, biases                                 a 1 x 1 convolution

A name that is neither one of these nor known to be of no use here is an error: nothing is left out silently.
"""

import re

import tensorflow as tf

from sanity_checks import messages
from sanity_checks import tensorflow_paths
from sanity_checks.models import inception_body
from sanity_checks.models import inception_v3

SCOPE = "InceptionV3/"
HEAD = SCOPE + "Logits/Conv2d_1c_1x1/"

# Parts of the names that are passed over: the auxiliary head, and what only training needs. Where a
# checkpoint holds moving averages of the weights beside the weights, the weights themselves are read.
PASSED_OVER = re.compile(
    r"(^|/)(AuxLogits|global_step|beta[12]_power|ExponentialMovingAverage|biased|local_step"
    r"|(RMSProp|Momentum|Adam|Adagrad|Adadelta|Ftrl)(_\d+)?)(/|$)")

ERRORS = (tf.errors.OpError, ValueError, RuntimeError, OSError)     # of no checkpoint, or a damaged one


def load(path):
    """Builds the network of a checkpoint and fills it.

    Args:
        path: str, prefix of the checkpoint.

    Returns:
        tf_keras.Model ending in logits, with the checkpoint's number of classes.

    Raises:
        ValueError: not a checkpoint; or it lacks a variable, has one of another shape, or one that is not
        known.
    """
    with tensorflow_paths.literal(path) as readable:
        return _load(path, readable)


def _load(path, readable):
    try:
        reader = tf.train.load_checkpoint(readable)
        shapes = reader.get_variable_to_shape_map()
    except ERRORS as error:
        reason = messages.one_line(error)
        raise ValueError(f"weights: {path} is not a checkpoint that can be read: {reason}") from error
    _require(path, HEAD + "biases", shapes)
    model = inception_v3.build(num_classes=shapes[HEAD + "biases"][-1])
    variables = variables_by_name(model)
    _check(path, variables, shapes)
    for name, variable in variables.items():
        try:
            value = reader.get_tensor(name)
        except ERRORS as error:
            reason = messages.one_line(error)
            raise ValueError(f"weights: {path}: variable {name} cannot be read: {reason}") from error
        variable.assign(value.reshape(variable.shape))
    return model


def variables_by_name(model):
    """The variables of an `inception_v3.build` by TF-Slim's names: dict, name -> tf.Variable."""
    variables = {}
    for scope, (convolution, norm) in inception_body.find(model).layers.items():
        variables[f"{SCOPE}{scope}/weights"] = convolution.kernel
        for part in ("beta", "moving_mean", "moving_variance"):
            variables[f"{SCOPE}{scope}/BatchNorm/{part}"] = getattr(norm, part)
    head = model.layers[-1]
    return {**variables, HEAD + "weights": head.kernel, HEAD + "biases": head.bias}


def _check(path, variables, shapes):
    for name in sorted(shapes):
        if name not in variables and not PASSED_OVER.search(name):
            raise ValueError(f"weights: {path} holds the variable {name} of shape {shapes[name]}, "
                             f"which the classifier of TF-Slim's Inception v3 does not have")
    for name, variable in variables.items():
        _require(path, name, shapes)
        shape = list(variable.shape)
        expected = [1, 1, *shape] if name == HEAD + "weights" else shape
        if shapes[name] != expected:
            raise ValueError(f"weights: {path}: variable {name} has shape {shapes[name]}, "
                             f"expected {expected}")


def _require(path, name, shapes):
    if name not in shapes:
        raise ValueError(f"weights: {path} lacks the variable {name}, found {len(shapes)} variables: "
                         f"{', '.join(sorted(shapes)[:3])} ...")
