"""Calls that careless or hostile programs make of the library, and how each must end.

    python -m tests.attacks.calls           # all of them; exit status 1 if one has not ended as it must

A call is refused with a ValueError (of a file: OSError; in a thread too many: RuntimeError) of one line, or its
result is right. Either way the model's weights, the arrays that were given and the global random states are as they were.
"""

import os
import pickle
import random
import sys
import tempfile

import numpy as np
import tensorflow as tf

import sanity_checks
from tests.attacks import attack
from tests.attacks import call_table
from tests.attacks import files

REFUSALS = (ValueError, OSError, RuntimeError)


class Material:
    """What calls are made with.

    Attributes:
        files: str, folder of `files.make`.
        out: str, an empty folder.
        model: Keras model; `classifier` is the `Classifier` of it; `spare` are two of other models.
        images: float32 [4, 16, 16, 1]; labels: int [4].
    """

    def __init__(self, folder):
        self.files, self.out = os.path.join(folder, "files"), os.path.join(folder, "out")
        files.make(self.files)
        os.makedirs(self.out)
        self.model = files.model()
        self.classifier = sanity_checks.load_classifier(self.model)
        self.spare = [sanity_checks.load_classifier(files.model()) for _ in range(2)]
        self.images = np.random.default_rng(0).random((files.COUNT, files.SIDE, files.SIDE, 1), np.float32)
        self.labels = np.arange(files.COUNT) % files.CLASSES

    def run(self, images=None, **arguments):
        """`sanity_checks.run` of one cheap method, with other arguments."""
        given = {"methods": ["gradient"], "metrics": ["spearman"], "null_draws": 1, "progress": False, **arguments}
        return sanity_checks.run(self.classifier, self.images if images is None else images, **given)

    def explain(self, images=None, method="gradient", **arguments):
        return sanity_checks.explain(self.classifier, self.images if images is None else images, method, **arguments)

    def states(self):
        """What no call may change: list of bytes."""
        return [pickle.dumps(random.getstate()), pickle.dumps(np.random.get_state()), tf.random.get_global_generator().state.numpy().tobytes(),
                self.images.tobytes(), self.labels.tobytes(),
                *(weights.tobytes() for weights in self.model.get_weights())]


def attacks():
    """list of `attack.Attack`, whose targets are functions of `Material`."""
    return [attack.Attack(name, call, (), expected) for name, call, expected in call_table.CALLS]


def run(one, material):
    """Makes a call; AssertionError if it has not ended as expected."""
    before = material.states()
    try:
        found = one.target(material)
        refused = None
    except REFUSALS as error:
        refused = str(error)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {str(error)[:500]}") from error
    if one.is_refused:
        assert refused is not None, f"was not refused: {str(found)[:200]}"
        assert one.expected in refused and "\n" not in refused, refused
    else:
        assert refused is None, refused
        one.expected(material, found)
    changed = [position for position, (old, new) in enumerate(zip(before, material.states())) if old != new]
    assert not changed, f"it has changed what it was given, or global states: {changed}"


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        material = Material(folder)
        for one in attacks():
            try:
                run(one, material)
            except AssertionError as error:
                failed += 1
                print(f"NOT AS EXPECTED {one.name}\n    {error}")
    print(f"{len(attacks())} calls, {failed} not as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
