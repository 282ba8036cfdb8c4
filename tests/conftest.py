"""Fixtures shared by the tests: small networks and images, the folder of real data, and a guard over what they share."""

import functools
import os
import signal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:       # started in the background: programs that tests start would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)

import numpy as np
import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n: each worker begins with its own run of consecutive tests, so that few networks are traced in both."""
    from xdist import scheduler
    return scheduler.WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


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


@pytest.fixture(scope="session")
def shared():
    """Classifiers that tests share, each traced once in a process: dict, name -> (classifier, its weights)."""
    return {}


def _share(shared, name, make):
    if name not in shared:
        made = make()
        shared[name] = made, made.model.get_weights()
    return shared[name][0]


def _papers(name):
    from sanity_checks import models
    return models.load_classifier(name, weights="random", seed=1)


def _small(name):
    from tests import registry
    return registry.classifier(name)


@pytest.fixture(scope="session")
def cnn(shared, segmentation):
    """The paper's CNN, untrained. Tests leave its weights as they are."""
    return _share(shared, "cnn", lambda: _papers("cnn"))


@pytest.fixture(scope="session")
def mlp(shared, segmentation):
    """The paper's MLP, untrained. Tests leave its weights as they are."""
    return _share(shared, "mlp", lambda: _papers("mlp"))


@pytest.fixture(scope="session", params=["cnn", "mlp"])
def papers_network(request):
    """Each of the paper's networks for MNIST."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session", params=["small_cnn", "small_mlp", "small_cnn_of_keras_3"])
def network(request, shared, segmentation):
    """Each network of `registry.NETWORKS`, untrained, on the paper's blocks. Tests leave its weights as they are."""
    return _share(shared, request.param, lambda: _small(request.param))


@pytest.fixture(scope="module", autouse=True)
def shared_weights_are_left_as_they_were(shared):
    """After each module: shared classifiers have their weights, bit for bit; else its last test fails."""
    yield
    changed = []
    for name, (classifier, weights) in shared.items():
        if not all(map(np.array_equal, classifier.model.get_weights(), weights)):
            changed.append(name)
            classifier.model.set_weights(weights)
    assert not changed, f"a test of this module changed the weights of {', '.join(changed)}"


@pytest.fixture(scope="session")
def segmentation():
    """XRAI's segments of an image take half a second and depend on it alone; they are found once in a process."""
    from saliency.core import xrai
    found, segment = {}, xrai._get_segments_felzenszwalb

    @functools.wraps(segment)
    def once(image):
        key = image.tobytes(), image.shape
        if key not in found:
            found[key] = segment(image)
        return list(found[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xrai, "_get_segments_felzenszwalb", once)
        yield
