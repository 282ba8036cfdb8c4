"""A TF-Slim checkpoint gives the network that TF-Slim would run, and nothing in it is left out silently."""

import numpy as np
import pytest
import tensorflow as tf

from sanity_checks import models
from sanity_checks.models import inception_v3
from sanity_checks.models import paths
from sanity_checks.models import slim_checkpoint

pytestmark = pytest.mark.slow

CLASSES = 1001


class Slim:
    """TF-Slim's Inception v3 in plain TensorFlow operations; makes the variables that it meets, by name."""

    def __init__(self):
        self.variables = {}
        self._random = np.random.default_rng(0)

    def logits(self, images):
        x = self._conv(images, "Conv2d_1a_3x3", 32, 2, "VALID")
        x = self._conv(x, "Conv2d_2a_3x3", 32, 1, "VALID")
        x = tf.nn.max_pool2d(self._conv(x, "Conv2d_2b_3x3", 64), 3, 2, "VALID")
        x = self._conv(self._conv(x, "Conv2d_3b_1x1", 80, 1, "VALID"), "Conv2d_4a_3x3", 192, 1, "VALID")
        x = tf.nn.max_pool2d(x, 3, 2, "VALID")
        x = self._mixed_35(x, "Mixed_5b", 32)
        x = self._mixed_35(x, "Mixed_5c", 64, ("Conv2d_0b_1x1", "Conv_1_0c_5x5"))
        x = self._mixed_35(x, "Mixed_5d", 64)
        side = self._chain(x, "Mixed_6a/Branch_1", ("Conv2d_0a_1x1", 64), ("Conv2d_0b_3x3", 96))
        x = tf.concat([self._conv(x, "Mixed_6a/Branch_0/Conv2d_1a_1x1", 384, 2, "VALID", (3, 3)),
                       self._conv(side, "Mixed_6a/Branch_1/Conv2d_1a_1x1", 96, 2, "VALID", (3, 3)),
                       tf.nn.max_pool2d(x, 3, 2, "VALID")], 3)
        for block, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            x = self._mixed_17(x, block, width)
        first = self._conv(x, "Mixed_7a/Branch_0/Conv2d_0a_1x1", 192)
        second = self._chain(x, "Mixed_7a/Branch_1", ("Conv2d_0a_1x1", 192), ("Conv2d_0b_1x7", 192),
                             ("Conv2d_0c_7x1", 192))
        x = tf.concat([self._conv(first, "Mixed_7a/Branch_0/Conv2d_1a_3x3", 320, 2, "VALID"),
                       self._conv(second, "Mixed_7a/Branch_1/Conv2d_1a_3x3", 192, 2, "VALID"),
                       tf.nn.max_pool2d(x, 3, 2, "VALID")], 3)
        x = self._mixed_8(self._mixed_8(x, "Mixed_7b", "Conv2d_0b_3x1"), "Mixed_7c", "Conv2d_0c_3x1")
        x = tf.nn.avg_pool2d(x, x.shape[1:3], 1, "VALID")
        head = "InceptionV3/Logits/Conv2d_1c_1x1/"
        kernel = self._variable(head + "weights", (1, 1, x.shape[-1], CLASSES), 0.05)
        return (tf.nn.conv2d(x, kernel, 1, "SAME") + self._variable(head + "biases", (CLASSES,), 1.))[:, 0, 0]

    def _conv(self, x, scope, filters, stride=1, padding="SAME", kernel=None):
        height, width = kernel or map(int, scope.rpartition("_")[2].split("x"))
        name = "InceptionV3/" + scope
        weights = self._variable(name + "/weights", (height, width, x.shape[-1], filters),
                                 (2 / (height * width * x.shape[-1])) ** 0.5)
        beta = self._variable(name + "/BatchNorm/beta", (filters,), 0.3)
        mean = self._variable(name + "/BatchNorm/moving_mean", (filters,), 0.3)
        variance = self._variable(name + "/BatchNorm/moving_variance", (filters,), 0.2, positive=True)
        x = tf.nn.conv2d(x, weights, stride, padding)
        return tf.nn.relu((x - mean) / tf.sqrt(variance + 0.001) + beta)

    def _variable(self, name, shape, scale, positive=False):
        value = scale * self._random.standard_normal(shape, np.float32)
        assert name not in self.variables
        self.variables[name] = np.float32(1) + np.abs(value) if positive else value
        return self.variables[name]

    def _chain(self, x, branch, *convolutions):
        for name, filters in convolutions:
            x = self._conv(x, f"{branch}/{name}", filters)
        return x

    def _pooled(self, x, block, filters):
        return self._conv(tf.nn.avg_pool2d(x, 3, 1, "SAME"), f"{block}/Branch_3/Conv2d_0b_1x1", filters)

    def _mixed_35(self, x, block, pooled, second=("Conv2d_0a_1x1", "Conv2d_0b_5x5")):
        return tf.concat([
            self._conv(x, f"{block}/Branch_0/Conv2d_0a_1x1", 64),
            self._chain(x, f"{block}/Branch_1", (second[0], 48), (second[1], 64)),
            self._chain(x, f"{block}/Branch_2", ("Conv2d_0a_1x1", 64), ("Conv2d_0b_3x3", 96),
                        ("Conv2d_0c_3x3", 96)),
            self._pooled(x, block, pooled)], 3)

    def _mixed_17(self, x, block, width):
        return tf.concat([
            self._conv(x, f"{block}/Branch_0/Conv2d_0a_1x1", 192),
            self._chain(x, f"{block}/Branch_1", ("Conv2d_0a_1x1", width), ("Conv2d_0b_1x7", width),
                        ("Conv2d_0c_7x1", 192)),
            self._chain(x, f"{block}/Branch_2", ("Conv2d_0a_1x1", width), ("Conv2d_0b_7x1", width),
                        ("Conv2d_0c_1x7", width), ("Conv2d_0d_7x1", width), ("Conv2d_0e_1x7", 192)),
            self._pooled(x, block, 192)], 3)

    def _mixed_8(self, x, block, tall):
        second = self._conv(x, f"{block}/Branch_1/Conv2d_0a_1x1", 384)
        third = self._chain(x, f"{block}/Branch_2", ("Conv2d_0a_1x1", 448), ("Conv2d_0b_3x3", 384))
        return tf.concat([
            self._conv(x, f"{block}/Branch_0/Conv2d_0a_1x1", 320),
            self._conv(second, f"{block}/Branch_1/Conv2d_0b_1x3", 384),
            self._conv(second, f"{block}/Branch_1/{tall}", 384),
            self._conv(third, f"{block}/Branch_2/Conv2d_0c_1x3", 384),
            self._conv(third, f"{block}/Branch_2/Conv2d_0d_3x1", 384),
            self._pooled(x, block, 192)], 3)


TRAINING_ONLY = {
    "global_step": np.int64(7),
    "InceptionV3/AuxLogits/Conv2d_1b_1x1/weights": np.zeros((1, 1, 768, 128), np.float32),
    "InceptionV3/AuxLogits/Conv2d_1b_1x1/BatchNorm/beta": np.zeros(128, np.float32),
    "InceptionV3/AuxLogits/Conv2d_2b_1x1/biases": np.zeros(CLASSES, np.float32),
    "InceptionV3/Conv2d_1a_3x3/weights/RMSProp": np.zeros((3, 3, 3, 32), np.float32),
    "InceptionV3/Conv2d_1a_3x3/weights/RMSProp_1": np.zeros((3, 3, 3, 32), np.float32),
    "InceptionV3/Conv2d_1a_3x3/weights/ExponentialMovingAverage": np.zeros((3, 3, 3, 32), np.float32),
    "InceptionV3/Conv2d_1a_3x3/BatchNorm/beta/Momentum": np.zeros(32, np.float32),
    "beta1_power": np.float32(0.9),
}


def save(path, variables, form=2):
    names, values = list(variables), [tf.constant(value) for value in variables.values()]
    if form == 1:
        tf.raw_ops.Save(filename=path, tensor_names=names, data=values)
    else:
        tf.raw_ops.SaveV2(prefix=path, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)
    return path


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(1).uniform(-1, 1, (1, 299, 299, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def slim(image):
    """(variables by name, logits of `image`) of TF-Slim's network with random weights."""
    network = Slim()
    logits = network.logits(image).numpy()
    return network.variables, logits


@pytest.fixture(scope="module")
def classifier(slim, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("slim") / "inception_v3.ckpt")
    save(path, {**slim[0], **TRAINING_ONLY})
    return models.load_classifier("inception_v3", weights=path)


@pytest.mark.slow
def test_logits_are_those_of_the_network_that_wrote_it(classifier, slim, image):
    assert np.allclose(classifier.model(image), slim[1], rtol=1e-3, atol=1e-3 * np.abs(slim[1]).max())


def test_every_variable_is_used_exactly_once(classifier, slim):
    named = slim_checkpoint.variables_by_name(classifier.model)
    assert set(named) == set(slim[0])
    assert {v.ref() for v in named.values()} == {v.ref() for v in classifier.model.variables}
    assert all(np.array_equal(named[name].numpy().ravel(), value.ravel()) for name, value in slim[0].items())


def test_blocks_are_the_scopes_of_its_variables(classifier):
    for name, variable in slim_checkpoint.variables_by_name(classifier.model).items():
        assert any(variable is member for member in classifier.blocks[name.split("/")[1]]), name


def test_class_0_is_the_background(classifier):
    assert (classifier.num_classes, classifier.label_offset, classifier.name) == (1001, 1, "inception_v3")


def test_brackets_in_its_name_are_no_pattern(slim, image, tmp_path, built):
    folder = tmp_path / "a [1]"
    folder.mkdir()
    path = save(str(folder / "inception [2].ckpt"), slim[0])
    loaded = models.load_classifier("inception_v3", weights=path)
    assert np.allclose(loaded.model(image), slim[1], rtol=1e-3, atol=1e-3 * np.abs(slim[1]).max())


@pytest.mark.parametrize("end", [".index", ".data-00000-of-00001", ".meta"])
def test_any_file_of_a_checkpoint_names_it(end):
    assert paths.checkpoint("folder/inception_v3.ckpt" + end) == "folder/inception_v3.ckpt"


@pytest.fixture
def built(classifier, monkeypatch):
    """Spares the tests below the building of a network."""
    monkeypatch.setattr(inception_v3, "build", lambda num_classes: classifier.model)


BIASES = {slim_checkpoint.HEAD + "biases": np.zeros(CLASSES, np.float32)}
FIRST = "InceptionV3/Conv2d_1a_3x3/weights"


@pytest.mark.parametrize("variables, message", [
    ({**BIASES, FIRST + "/Lion": np.zeros(3, np.float32)}, r"/Lion of shape \[3\], which the classi.* not"),
    ({**BIASES, "InceptionV3/Conv2d_1a_3x3/BatchNorm/gamma": np.zeros(3, np.float32)}, "Norm/gamma of shape"),
    ({**BIASES, FIRST: np.zeros((3, 3, 1, 32), np.float32)},
     FIRST + r" has shape \[3, 3, 1, 32\], expected \[3, 3, 3, 32\]"),
    ({**BIASES, **TRAINING_ONLY}, f"lacks the variable {FIRST}"),
    (TRAINING_ONLY, f"lacks the variable {slim_checkpoint.HEAD}biases"),
])
@pytest.mark.parametrize("form", [1, 2])
def test_variables_that_do_not_fit_are_named(variables, message, form, tmp_path, built):
    path = save(str(tmp_path / "other.ckpt"), variables, form)
    with pytest.raises(ValueError, match=f"weights: {path}.*{message}"):
        models.load_classifier("inception_v3", weights=path)


@pytest.mark.slow
def test_format_1_is_read(classifier, slim, image, tmp_path, built):
    path = save(str(tmp_path / "inception_v3_2016_08_28.ckpt"), slim[0], form=1)
    kernel = classifier.blocks["Mixed_7c"][0]
    kernel.assign(tf.zeros_like(kernel))
    loaded = models.load_classifier("inception_v3", weights=path)
    assert np.allclose(loaded.model(image), slim[1], rtol=1e-3, atol=1e-3 * np.abs(slim[1]).max())


def test_damaged_checkpoints_are_refused_in_one_line(tmp_path, built):
    other = tmp_path / "weights.ckpt"
    other.write_bytes(b"no checkpoint" * 100)
    half = save(str(tmp_path / "half.ckpt"), BIASES)
    (tmp_path / "half.ckpt.data-00000-of-00001").unlink()
    for path in (str(other), half):
        with pytest.raises(ValueError, match=f"weights: {path}") as caught:
            models.load_classifier("inception_v3", weights=path)
        assert "\n" not in str(caught.value)
