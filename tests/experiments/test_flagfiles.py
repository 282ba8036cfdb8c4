"""Flagfiles: each says what runs it, and that binary takes its flags."""

import collections
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "experiments" / "flagfiles"
COMMAND = re.compile(r"^#   python -m experiments\.(\w+) --flagfile=experiments/flagfiles/(\w+)\.flags", re.MULTILINE)
FRAGMENTS = ("protocol_paper", "protocol_released")      # settings that other flagfiles include

PARSE = """
import importlib, sys
from absl import flags
binary = importlib.import_module("experiments." + sys.argv[1])
getattr(binary, "define_flags", lambda: None)()
for path in sys.argv[2:]:
    flags.FLAGS.unparse_flags()
    flags.FLAGS([sys.argv[1], "--flagfile=" + path])
    print(flags.FLAGS.output_dir)
"""


def commands():
    """Binary -> names of the flagfiles whose headers run it."""
    found = collections.defaultdict(list)
    for path in sorted(FOLDER.glob("*.flags")):
        for binary, name in COMMAND.findall(path.read_text()):
            if name == path.stem:
                found[binary].append(name)
    return found


def test_every_flagfile_says_what_runs_it_or_is_a_fragment():
    named = {name for names in commands().values() for name in names}
    assert named | set(FRAGMENTS) == {path.stem for path in FOLDER.glob("*.flags")}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.flags")), ids=lambda path: path.stem)
def test_what_a_flagfile_includes_is_there_and_lines_fit(path):
    for included in re.findall(r"^--flagfile=(\S+)", path.read_text(), re.MULTILINE):
        assert (ROOT / included).exists()
    assert all(len(line) <= 160 and not re.search(r"TIME|TODO", line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("binary", sorted(commands()))
def test_the_binary_takes_the_flags_and_runs_do_not_share_a_folder(binary):
    names = commands()[binary]
    paths = [f"experiments/flagfiles/{name}.flags" for name in names]
    found = subprocess.run([sys.executable, "-c", PARSE, binary, *paths], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-1000:]
    folders = found.stdout.split()
    assert len(set(folders)) == len(names) and "None" not in folders
