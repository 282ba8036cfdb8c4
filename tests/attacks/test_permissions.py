"""Files and folders that may not be read or written: one line that names them, and nothing is made."""

import contextlib
import os
import shutil
import tempfile

import pytest

from experiments import cascading_randomization
from tests.attacks import attack
from tests.attacks import command_table
from tests.attacks import files

NOBODY = 65534          # a user without rights, where the tests are root's


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as found:
        os.chmod(found, 0o777)
        made, closed = os.path.join(found, "files"), os.path.join(found, "closed")
        files.make(made)
        os.mkdir(closed)
        for name in ("small.keras", "small.weights.h5", "images.npz", "list.csv", "right.flags"):
            shutil.copy(os.path.join(made, name), closed)
            os.chmod(os.path.join(closed, name), 0)
        for name in ("photos", "saved"):
            shutil.copytree(os.path.join(made, name), os.path.join(closed, name))
            os.chmod(os.path.join(closed, name), 0)
        os.mkdir(os.path.join(closed, "full"), 0o555)
        yield found
        for name in os.listdir(closed):
            os.chmod(os.path.join(closed, name), 0o700)


@contextlib.contextmanager
def nobody():
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("argument", [
    "--model={closed}/small.keras", "--model={closed}/saved", "--weights={closed}/small.weights.h5", "--images={closed}/images.npz",
    "--images={closed}/list.csv", "--images={closed}/photos", "--images={closed}/photos/*.png", "--output_dir={closed}/full",
    "--output_dir={closed}/full/run", "--flagfile={closed}/right.flags"])
def test_what_may_not_be_touched_is_named(argument, folder):
    places = {"files": os.path.join(folder, "files"), "closed": os.path.join(folder, "closed"), "out": folder}
    arguments = [text.format(**places) for text in (*command_table.RUN, argument)]
    with nobody():
        ended = attack.run(cascading_randomization, arguments, os.path.join(folder, "run"))
    attack.assert_refused(ended, arguments[-1].partition("=")[2].removesuffix("/run").removesuffix("/*.png"))
    assert not os.path.exists(os.path.join(folder, "run"))
