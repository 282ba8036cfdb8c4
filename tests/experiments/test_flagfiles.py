"""Flagfiles: each says what runs it, and that binary takes its flags."""

import collections
import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FOLDER = ROOT / "experiments" / "flagfiles"
COMMAND = re.compile(r"^#   python -m experiments\.(\w+) --flagfile=experiments/flagfiles/(\w+)\.flags", re.MULTILINE)
FRAGMENTS = ("protocol_paper", "protocol_released", "similarity_paper", "similarity_released")      # settings that other flagfiles include

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
    assert all((len(line) <= 160 or line.startswith("--methods=")) and not re.search(r"TIME|TODO", line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("binary", sorted(commands()))
def test_the_binary_takes_the_flags_and_runs_do_not_share_a_folder(binary, monkeypatch):
    module, folders = importlib.import_module(f"experiments.{binary}"), []
    monkeypatch.chdir(ROOT)
    for name in commands()[binary]:
        folders.append(module.define().parse([f"--flagfile=experiments/flagfiles/{name}.flags"]).output_dir)
    assert len(set(folders)) == len(folders) and None not in folders
