"""The weights that the model inception_v3 takes: imagenet, a Keras file, a TF-Slim checkpoint."""

import hashlib
import os
import socket

from absl import logging
import h5py
import tf_keras

from sanity_checks import keras2
from sanity_checks import messages
from sanity_checks import randomness
from sanity_checks.models import implementations
from sanity_checks.models import inception_body
from sanity_checks.models import inception_v3
from sanity_checks.models import paths
from sanity_checks.models import slim_checkpoint

IMAGENET = "imagenet"
# Keras' port of TF-Slim's weights: 1000 classes, no background.
IMAGENET_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
IMAGENET_URL = "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/" + IMAGENET_FILE
IMAGENET_MD5 = "9a0d58056eeedaa3f26cb7ebd46da564"
CACHE_FOLDER = "models"         # inside Keras' cache, ~/.keras
TIMEOUT = 20                    # seconds without an answer before a download is given up
FEATURES = 2048                 # channels of the body's output


def load(weights, seed=0):
    """Reads an Inception v3.

    Args:
        weights: "imagenet" (Keras' download, kept in its cache); a weights file of
            `tf_keras.applications.InceptionV3` with or without top; a whole Keras file on this body; or the
            path of a TF-Slim checkpoint.
        seed: int, of the head where the file has none.

    Returns:
        tf_keras.Model.

    Raises:
        FileNotFoundError: no such file.
        OSError: "imagenet" is neither in the cache nor can it be downloaded.
        ValueError: the file is of another kind, damaged, or does not fit.
    """
    if weights == IMAGENET:
        return _load_weights_file(_download(), seed)
    checkpoint = paths.checkpoint(weights)
    if os.path.exists(checkpoint + ".index"):
        return slim_checkpoint.load(checkpoint)
    if not os.path.exists(weights):
        raise FileNotFoundError(f"weights: no such file: {weights}; expected 'imagenet', 'random', a Keras "
                                f"file or the path of a TF-Slim checkpoint")
    if os.path.isdir(weights) or weights.endswith(".keras") or _is_whole_model(weights):
        return _load_whole(weights)
    if weights.endswith(implementations.ENDINGS) or h5py.is_hdf5(weights):
        return _load_weights_file(weights, seed)
    return slim_checkpoint.load(weights)


def _download():
    """The path of Keras' ImageNet weights in its cache, downloaded if they are not there."""
    cached = os.path.join(os.path.expanduser("~"), ".keras", CACHE_FOLDER, IMAGENET_FILE)
    if os.path.exists(cached) and md5(cached) != IMAGENET_MD5:      # Keras would delete it
        raise ValueError(f"weights: {cached} has md5 {md5(cached)}, expected {IMAGENET_MD5}; "
                         f"remove it to download it again, or give it as {cached}")
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        return tf_keras.utils.get_file(
            IMAGENET_FILE, IMAGENET_URL, cache_subdir=CACHE_FOLDER, file_hash=IMAGENET_MD5)
    except Exception as error:      # Keras raises plain Exception
        reason = messages.one_line(error)
        raise OSError(f"weights: {IMAGENET_FILE} is not in Keras' cache and cannot be downloaded "
                      f"({reason}); get it from {IMAGENET_URL} and put it at {cached}") from error
    finally:
        socket.setdefaulttimeout(timeout)


def md5(path):
    """The md5 of a file, in hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _is_whole_model(path):
    if not h5py.is_hdf5(path):
        return False
    with _open(path) as file:
        return "model_config" in file.attrs


def _load_whole(path):
    model = keras2.load(path, "weights")
    if inception_body.find(model) is None:
        raise ValueError(f"weights: {path} holds the model {model.name!r}, whose body is not Inception v3; "
                         f"give {path} as the model for a model of another architecture")
    return model


def _load_weights_file(path, seed):
    """A network with the weights of an HDF5 file; the head is drawn where the file holds the body alone."""
    kernels, heads = _shapes(path)
    expected = len(inception_body.scopes())
    if kernels != expected or len(heads) > 1:
        raise ValueError(f"weights: {path} does not fit Inception v3: expected {expected} convolution "
                         f"kernels and at most one dense kernel, found {kernels} and {len(heads)}; a model "
                         f"with another head is read from a file of the whole model")
    if not heads:
        model = inception_v3.build()
        keras2.load_weights(tf_keras.Model(model.input, inception_body.find(model).features), path)
        _draw_head(model.layers[-1], seed)
        logging.warning("weights: %s holds no head: the %d logits are untrained, drawn from their "
                        "initializer", path, model.output_shape[-1])
        return model
    if heads[0][0] != FEATURES:
        raise ValueError(f"weights: {path}: the head's kernel has shape {heads[0]}, "
                         f"expected ({FEATURES}, classes)")
    model = inception_v3.build(num_classes=heads[0][1])
    keras2.load_weights(model, path)
    return model


def _draw_head(dense, seed):
    drawn = inception_v3.KernelInitializer(randomness.key("untrained head", seed) % 2 ** 31)
    dense.kernel.assign(drawn(dense.kernel.shape))


def _shapes(path):
    """The number of four-dimensional arrays in an HDF5 file, and the shapes of the two-dimensional ones."""
    found = []
    with _open(path) as file:
        file.visititems(lambda name, item: found.append(getattr(item, "shape", ())))
    return sum(len(shape) == 4 for shape in found), [shape for shape in found if len(shape) == 2]


def _open(path):
    try:
        return h5py.File(path)
    except OSError as error:
        reason = messages.one_line(error)
        raise ValueError(f"weights: {path} is not an HDF5 file that can be read: {reason}") from error
