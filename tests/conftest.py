"""Fixtures shared by the tests: small real networks, images, and the folder of real data if there is one."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import pytest


@pytest.fixture(scope="session")
def real_data():
    """Path of the folder with real data, from SANITY_CHECKS_TEST_DATA; skips where it is not set."""
    path = os.environ.get("SANITY_CHECKS_TEST_DATA")
    if not path or not os.path.isdir(path):
        pytest.skip("SANITY_CHECKS_TEST_DATA does not name a folder")
    return path


@pytest.fixture(scope="session")
def digits():
    """Eight images like MNIST's, mostly zero: float32 [8, 28, 28, 1] in [0, 1]."""
    images = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
    return np.where(images < 0.6, 0, images).astype(np.float32)


def _classifier(name):
    from sanity_checks import models
    return models.load_classifier(name, weights="random", seed=1)


@pytest.fixture(scope="session")
def cnn():
    """The paper's CNN, untrained. Tests leave its weights as they are."""
    return _classifier("cnn")


@pytest.fixture(scope="session")
def mlp():
    """The paper's MLP, untrained. Tests leave its weights as they are."""
    return _classifier("mlp")


@pytest.fixture(scope="session", params=["cnn", "mlp"])
def network(request):
    """Each of the paper's networks for MNIST."""
    return request.getfixturevalue(request.param)
