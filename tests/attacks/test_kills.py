"""A few kills of a training and of a report; `python -m tests.attacks.kills` makes a hundred, of runs and reproductions too."""

import random
import shutil

import numpy as np
import pytest

from sanity_checks import runs
from tests.attacks import kills
from tests.runs import test_damage


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return test_damage.run(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train", "report"])
def test_what_is_killed_and_resumed_ends_bit_for_bit_as_what_is_not(tmp_path, finished, name):
    subject = kills.subjects(str(finished.parent))[name]
    tally = kills.attack(subject, str(tmp_path), 2, random.Random(1))
    assert not tally.wrong and sum(tally.kills.values()) == 2 and tally.compared


def test_a_bit_a_file_and_a_setting_are_seen(tmp_path, finished):
    expected = kills.digest(str(finished))
    assert len(expected) == 6 and kills.digest(str(test_damage.run(tmp_path / "again"))) == expected
    assert kills.digest(str(test_damage.run(tmp_path / "other", seed=1))) != expected
    copied = shutil.copytree(finished, tmp_path / "copy")
    assert kills.digest(str(copied)) == expected
    path = str(copied / "maps" / "draw000_0.npz")
    maps = runs.read_maps(path)
    maps.image[0, 0] = np.nextafter(np.float32(0), np.float32(1))
    runs.write_maps(path, maps, runs.reading.identity(runs.read_run(str(copied))))
    changed = kills.digest(str(copied))
    assert [name for name in expected if changed[name] != expected[name]] == ["maps/draw000_0.npz"]
    (copied / "maps" / ".a.tmp").write_text("")
    assert kills.leftovers(str(copied)) == [str(copied / "maps" / ".a.tmp")]
