"""AlexNet: its sizes, its grouped convolutions and normalization, and Caffe's weights in an array file."""

import pickle

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from sanity_checks import methods
from sanity_checks import models
from sanity_checks.models import alexnet

pytestmark = pytest.mark.slow

SHAPES = {"conv1": (11, 11, 3, 96), "conv2": (5, 5, 48, 256), "conv3": (3, 3, 256, 384), "conv4": (3, 3, 192, 384),
          "conv5": (3, 3, 192, 256), "fc6": (9216, 4096), "fc7": (4096, 4096), "fc8": (4096, 1000)}


@pytest.fixture(scope="module")
def network():
    return models.load_classifier("alexnet", weights="random", seed=2)


@pytest.fixture
def image():
    return np.random.default_rng(0).normal(0, 60, (1, 227, 227, 3)).astype(np.float32)


def test_the_parameters_are_krizhevskys(network):
    assert network.model.count_params() == 60_965_224


def test_kernels_have_caffes_shapes(network):
    found = {name: tuple(kernel.shape) for name, (kernel, _) in network.blocks.items()}
    assert found == {alexnet.block(name): shape for name, shape in SHAPES.items()}


def test_blocks_go_from_fc8_to_conv1(network):
    assert list(network.blocks) == ["FC8", "FC7", "FC6", "Conv5", "Conv4", "Conv3", "Conv2", "Conv1"]


def test_feature_maps_have_the_papers_sizes(network):
    sizes = {name: network.model.get_layer(name).output_shape[1:] for name in ("Conv1", "pool1", "pool2", "pool5")}
    assert sizes == {"Conv1": (55, 55, 96), "pool1": (27, 27, 96), "pool2": (13, 13, 256), "pool5": (6, 6, 256)}
    assert (network.features.name, network.features.size, network.features.channels) == ("Conv5", (13, 13), 256)


def test_a_grouped_convolution_is_two_convolutions():
    rng = np.random.default_rng(1)
    layer = alexnet.GroupedConvolution(6, 3, padding="same", groups=2, activation="relu")
    images = rng.normal(size=(2, 5, 5, 4)).astype(np.float32)
    layer.build(images.shape)
    kernel, bias = (rng.normal(size=variable.shape).astype(np.float32) for variable in layer.variables)
    layer.set_weights([kernel, bias])
    halves = [tf.nn.conv2d(images[..., 2 * i:2 * i + 2], kernel[..., 3 * i:3 * i + 3], 1, "SAME") for i in (0, 1)]
    assert kernel.shape == (3, 3, 2, 6)
    assert np.allclose(layer(images), np.maximum(np.concatenate(halves, axis=3) + bias, 0), atol=1e-6)


def test_normalization_is_caffes():
    """Caffe: x / (1 + alpha / 5 * sum over 5 channels of x**2)**beta with alpha 1e-4, beta 0.75."""
    values = np.random.default_rng(2).normal(0, 100, (1, 1, 1, 9)).astype(np.float32)
    padded = np.pad(values[0, 0, 0].astype(float) ** 2, 2)
    expected = values[0, 0, 0] / (1 + 1e-4 / 5 * np.array([padded[i:i + 5].sum() for i in range(9)])) ** 0.75
    assert np.allclose(alexnet.LocalResponseNormalization()(values)[0, 0, 0], expected, rtol=1e-5)


def test_initial_weights_are_caffes(network):
    kernel, bias = (variable.numpy() for variable in network.blocks["FC7"])
    assert (bias == np.float32(0.1)).all() and kernel.std() == pytest.approx(0.005, rel=1e-3)


@pytest.mark.parametrize("name", ["gradient", "guided_backprop", "gradcam"])
def test_methods_explain_it(network, image, name):
    found = methods.explain(network, image, name, np.array([5]))
    assert found.shape == image.shape and np.isfinite(found).all() and found.any()


def test_guided_backprop_is_not_the_gradient(network, image):
    plain, guided = (methods.explain(network, image, name, np.array([5])) for name in ("gradient", "guided_backprop"))
    assert np.abs(plain - guided).max() > 0.1 * np.abs(plain).max()


def arrays(fill=0.):
    """The dict of an array file whose biases are 1, 2, 3 ... and whose kernels are constant."""
    return {name: [np.broadcast_to(np.float32(fill), shape), np.full(shape[-1], i, np.float32)]
            for i, (name, shape) in enumerate(SHAPES.items(), 1)}


def write(path, content):
    np.save(path, np.array(content, dtype=object), allow_pickle=True)


@pytest.mark.slow
def test_array_files_are_loaded(tmp_path, monkeypatch):
    build = alexnet.build
    monkeypatch.setattr(alexnet, "build", lambda: build(num_classes=7))
    content = arrays()
    content["fc8"] = [np.full((4096, 7), 0.5, np.float32), np.arange(7, dtype=np.float32)]
    for name in ("fc6", "fc7", "conv2"):
        content[name][0] = np.full(SHAPES[name], 0.25, np.float32)
    write(tmp_path / "bvlc_alexnet.npy", content)
    model = alexnet.load(str(tmp_path / "bvlc_alexnet.npy"))
    for name, pair in content.items():
        for variable, array in zip(model.get_layer(alexnet.block(name)).variables, pair):
            assert np.array_equal(variable, array)


@pytest.mark.parametrize("content, message", [
    ({name: pair for name, pair in arrays().items() if name == "conv1"}, r"expected conv2 .*\(5, 5, 48, 256\).*none"),
    ({"conv1": [np.zeros((11, 11, 3, 64)), np.zeros(64)]}, r"expected conv1 .*\(11, 11, 3, 96\).*\(11, 11, 3, 64\)"),
    (["conv1"], "not an array file of a dict"),
])
def test_array_files_of_another_network_are_refused(tmp_path, content, message):
    write(tmp_path / "other.npy", content)
    with pytest.raises(ValueError, match=f"weights: .*other.npy .*{message}"):
        models.load_classifier("alexnet", weights=str(tmp_path / "other.npy"))


class Harm:
    def __reduce__(self):
        return print, ("code from a pickle ran",)


def test_array_files_cannot_run_code(tmp_path, capsys):
    write(tmp_path / "harm.npy", {"conv1": Harm()})
    with pytest.raises(ValueError, match="harm.npy is not an array file.*it names builtins.print"):
        models.load_classifier("alexnet", weights=str(tmp_path / "harm.npy"))
    assert "ran" not in capsys.readouterr().out


def test_array_files_of_python_2_are_loaded(tmp_path):
    """Written by NumPy 1 under another module name, with Latin-1 text."""
    plain = pickle.dumps(np.array({"conv1": [np.ones(3, np.float32)]}, dtype=object), protocol=2)
    with open(tmp_path / "old.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
        file.write(plain.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    found = alexnet._read_arrays(str(tmp_path / "old.npy"))
    assert list(found) == ["conv1"] and np.array_equal(found["conv1"][0], np.ones(3))


def test_damaged_and_missing_files_are_named(tmp_path):
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00")
    with pytest.raises(ValueError, match="short.npy is not an array file"):
        models.load_classifier("alexnet", weights=str(tmp_path / "short.npy"))
    with pytest.raises(FileNotFoundError, match="no such file: no.npy"):
        models.load_classifier("alexnet", weights="no.npy")


def test_a_small_one_goes_through_a_keras_file(tmp_path):
    model = alexnet.build((67, 67, 3), num_classes=3)
    small = tf_keras.Sequential(model.layers[:6] + [tf_keras.layers.Flatten(), tf_keras.layers.Dense(3)])
    small.build((None, 67, 67, 3))
    small.save(tmp_path / "small.keras")
    images = np.random.default_rng(0).random((2, 67, 67, 3), np.float32)
    assert np.array_equal(models.load_classifier(str(tmp_path / "small.keras")).model(images), small(images))
