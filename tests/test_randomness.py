"""Named random streams."""

import subprocess
import sys

import numpy as np
import pytest

from sanity_checks import randomness
from sanity_checks import registry


def test_the_same_name_gives_the_same_numbers_in_another_process():
    code = "from sanity_checks import randomness; print(randomness.key('weights', 0, 1, 'a'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(other) == randomness.key("weights", 0, 1, "a")


def test_every_part_of_a_name_counts():
    names = [("a",), ("b",), ("a", 0), ("a", 1), ("a", "1"), ("a", 0, 0), ("a", 0.5)]
    assert len({randomness.key(*name) for name in names}) == len(names)


def test_numpy_integers_are_integers():
    assert randomness.key("a", np.int64(3)) == randomness.key("a", 3)


def test_streams_are_independent():
    a, b = (randomness.generator("noise", i).normal(size=100_000) for i in range(2))
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(100_000)


def test_no_global_state_is_touched():
    before = np.random.get_state()[1].copy()
    randomness.generator("a").normal(size=10)
    assert np.array_equal(before, np.random.get_state()[1])


def test_lookup_names_the_nearest():
    with pytest.raises(ValueError, match="unknown thing 'aple'; did you mean 'apple'. Known: apple, pear"):
        registry.lookup({"apple": 1, "pear": 2}, "aple", "thing")
    with pytest.raises(ValueError, match="unknown thing 'zzz'; Known: apple, pear"):
        registry.lookup({"apple": 1, "pear": 2}, "zzz", "thing")
