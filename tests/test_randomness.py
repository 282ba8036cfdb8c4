"""Named random streams: the same on every machine and in any order, and no global state is touched."""

import random
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from sanity_checks import methods
from sanity_checks import randomness
from sanity_checks import registry as lookups
from sanity_checks.weights import initialization
from sanity_checks.weights import states
from tests import registry

# The results on disk depend on these: the first 64 bits, little end first, of the SHA-256 of the name's repr.
KEYS = {
    ("weights", 0, 0, 1, 0, 0): 12622620944304662324,
    ("noise", 0, "image0"): 18104187907296544829,
    ("a", 0.5): 6235481990161093044,
    (): 11823289474629449774,
}


@pytest.mark.parametrize("name", list(KEYS))
def test_keys_are_what_they_were(name):
    assert randomness.key(*name) == KEYS[name]


def test_numbers_of_a_stream_are_what_they_were():
    generator = randomness.generator("noise", 0, "image0")
    assert list(generator.integers(0, 2**63, 3)) == [3384154923952261723, 2799510463564444336, 5929708606549787475]
    assert list(randomness.generator("a").standard_normal(2)) == [-0.6029743565719304, -1.0482068862590288]


def test_the_same_name_gives_the_same_numbers_in_another_process():
    code = "from sanity_checks import randomness; print(randomness.key('weights', 0, 1, 'a'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           env={"PYTHONHASHSEED": "5", "PYTHONPATH": ":".join(path or "." for path in sys.path)}).stdout
    assert int(other) == randomness.key("weights", 0, 1, "a")


def test_every_part_of_a_name_counts():
    names = [("a",), ("b",), ("a", 0), ("a", 1), ("a", "1"), ("a", 0, 0), ("a", 0.5), ("a, 0",), ("a", "b"), ("b", "a"),
             ("ab",), ("a", -1), ("a", 2**63)]
    assert len({randomness.key(*name) for name in names}) == len(names)


def test_keys_of_neighbours_are_spread_over_64_bits():
    """Of 4,096 fair keys each bit is set in 2,048, with a standard deviation of 32."""
    keys = np.array([randomness.key("weights", 0, draw) for draw in range(4096)], np.uint64)
    bits = keys[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    assert len(set(keys)) == 4096 and np.abs(bits.sum(axis=0).astype(int) - 2048).max() < 5 * 32


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint32])
def test_numpy_integers_are_integers(kind):
    assert randomness.key("a", kind(3)) == randomness.key("a", 3)


def test_streams_do_not_depend_on_the_order_in_which_they_are_read():
    names = [("noise", 0, i) for i in range(5)]
    forward = {name: randomness.generator(*name).normal(size=20) for name in names}
    streams = {name: randomness.generator(*name) for name in reversed(names)}
    read = {name: [] for name in names}
    for _ in range(20):         # one number of each stream in turn
        for name, stream in streams.items():
            read[name].append(stream.normal())
    assert all(np.array_equal(read[name], forward[name]) for name in names)


def test_streams_are_independent():
    a, b = (randomness.generator("noise", i).normal(size=100_000) for i in range(2))
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(100_000)


def global_states():
    """NumPy's and Python's states."""
    return np.random.get_state()[1].tolist(), np.random.get_state()[2], random.getstate()


class Untouched:
    """Context at whose end the three global states are where they were at its start."""

    def __enter__(self):
        tf.random.set_seed(0)
        self._expected = float(tf.random.uniform([]))
        tf.random.set_seed(0)
        self._before = global_states()

    def __exit__(self, kind, *_):
        if kind is None:
            assert global_states() == self._before, "NumPy's or Python's state was used"
            assert float(tf.random.uniform([])) == self._expected, "TensorFlow's state was used"


@pytest.mark.parametrize("use", [np.random.normal, random.random, lambda: tf.random.normal([])],
                         ids=["numpy", "python", "tensorflow"])
def test_use_of_a_global_state_is_noticed(use):
    with pytest.raises(AssertionError, match="state was used"):
        with Untouched():
            use()


def test_generators_leave_global_states_alone():
    with Untouched():
        randomness.generator("a").normal(size=10)


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_methods_leave_global_states_alone(network, digits, name):
    method = registry.suitable(network, name)
    with Untouched():
        method.maps(methods.make_task(network, digits[:2]))


@pytest.mark.parametrize("test", list(states.TESTS))
@pytest.mark.parametrize("initializer", list(initialization.INITIALIZERS))
def test_weight_states_leave_global_states_alone(network, test, initializer):
    randomization = initialization.Randomization(initializer)
    with Untouched(), states.weight_states(network, test, randomization=randomization) as walk:
        list(walk)


def test_lookup_names_the_nearest():
    with pytest.raises(ValueError, match="^unknown thing 'aple'; did you mean 'apple'. Known: apple, pear$"):
        lookups.lookup({"apple": 1, "pear": 2}, "aple", "thing")
    with pytest.raises(ValueError, match="^unknown thing 'zzz'; Known: apple, pear$"):
        lookups.lookup({"apple": 1, "pear": 2}, "zzz", "thing")
