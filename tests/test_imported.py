"""Functions by name: what is imported, and what a line says when that fails."""

import sys

import keras
import numpy as np
import pytest
import tf_keras

from sanity_checks import imported
from sanity_checks import models

MODULE = """
import keras, tf_keras

def small(library, **options):
    return library.Sequential([library.layers.Input((4, 4, 1)), library.layers.Flatten(), library.layers.Dense(2)], **options)

def of_keras_3(): return small(keras)
def of_tf_keras(): return small(tf_keras, name="mine")
def fails(): return 1 / 0
def leaves(): raise SystemExit(3)
def number(): return 3
constant = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder with a package of the user's; nothing of it stays imported."""
    (tmp_path / "own_code").mkdir()
    (tmp_path / "own_code" / "nets.py").write_text(MODULE)
    (tmp_path / "own_code" / "broken.py").write_text("raise RuntimeError('a\\n b')")
    (tmp_path / "own_code" / "lacking.py").write_text("import no_such_module_anywhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "own_code"]:
        del sys.modules[name]


@pytest.mark.parametrize("name, library, called", [("of_keras_3", keras, "of_keras_3"), ("of_tf_keras", tf_keras, "mine")])
def test_a_function_returns_the_model(name, library, called):
    classifier = models.load_classifier(f"own_code.nets:{name}")
    assert isinstance(classifier.model, library.Model) and classifier.name == called
    images = np.ones((1, 4, 4, 1), np.float32)
    assert np.allclose(classifier.logits(images), images.reshape(1, 16) @ classifier.model.get_weights()[0], atol=1e-6)


def test_its_weights_can_be_given():
    one, two = (models.load_classifier("own_code.nets:of_keras_3", weights="random", seed=seed).model.get_weights()[0] for seed in (1, 2))
    assert not np.allclose(one, two)


@pytest.mark.parametrize("reference, message", [
    ("own_code.nest:of_keras_3", "own_code.nest:of_keras_3: no module 'own_code.nest' in .* or among those installed; expected package"),
    ("nowhere.nets:build", "no module 'nowhere' in"),
    ("own_code.nets:of_keras_4", "module 'own_code.nets' has no function 'of_keras_4'; did you mean 'of_keras_3'"),
    ("own_code.nets:constant", "own_code.nets:constant is a int, expected a function"),
    ("own_code.nets:fails", "own_code.nets:fails raised ZeroDivisionError: division by zero"),
    ("own_code.nets:leaves", "own_code.nets:leaves raised SystemExit: 3"),
    ("own_code.nets:number", "own_code.nets:number: expected a model of Keras 3 or tf_keras, got builtins.int"),
    ("own_code.broken:build", "importing 'own_code.broken' raised RuntimeError: a b"),
    ("own_code.lacking:build", "importing 'own_code.lacking' raised ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
])
def test_what_fails_is_told_in_a_line(reference, message):
    with pytest.raises(ValueError, match=f"^model: .*{message}") as caught:
        models.load_classifier(reference)
    assert "\n" not in str(caught.value)


def test_what_has_the_form(here):
    assert all(map(imported.is_reference, ("a:b", "a.b_1.c:d")))
    assert not any(map(imported.is_reference, ("a", "a.h5", "a:", ":b", "a b:c", "a:b.c", "C:\\model", "/a:b", None, here)))
    (here / "nets:build").touch()
    assert not imported.is_reference("nets:build")
