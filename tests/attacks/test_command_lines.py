"""Every command line of the tables ends as it must."""

import pytest

from tests import test_readme
from tests.attacks import command_lines
from tests.attacks import files


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacks") / "files"
    files.make(folder)
    return str(folder)


def test_there_are_enough_over_all_binaries():
    attacks = command_lines.attacks()
    assert len(attacks) >= 300 and {one.target for one in attacks} == set(test_readme.BINARIES)
    assert sum(not one.is_refused for one in attacks) >= 15


@pytest.mark.parametrize("one", [pytest.param(one, id=f"{one.target}-{one.name}", marks=[pytest.mark.slow] * one.slow)
                                 for one in command_lines.attacks()])
def test_command_line(one, made, tmp_path):
    command_lines.run(one, made, str(tmp_path))
