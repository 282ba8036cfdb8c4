"""flags.flags of a moved run or training runs where it lies; everything else is left as it is."""

import os

from absl import flags
import pytest

from sanity_checks.runs import flag_file


def make(folder, output_dir, record="run.json"):
    """A folder with a flagfile that names `output_dir`; returns the flagfile's path."""
    os.makedirs(folder)
    if record:
        (folder / record).write_text("{}")
    (folder / "flags.flags").write_text(f"--draws=3\n# --output_dir=comment\n--output_dir=earlier\n--output_dir={output_dir}\n")
    return str(folder / "flags.flags")


def output_dir(arguments):
    """What absl makes of the relocated arguments."""
    values = flags.FlagValues()
    flags.DEFINE_string("output_dir", None, "", flag_values=values)
    flags.DEFINE_integer("draws", None, "", flag_values=values)
    values(["binary", *flag_file.relocated(arguments)])
    return values.output_dir


@pytest.mark.parametrize("record", flag_file.RECORDS)
def test_a_moved_folder_is_where_its_flagfile_lies(tmp_path, record):
    path = make(tmp_path / "new", tmp_path / "old", record)
    for arguments in ([f"--flagfile={path}"], ["--flagfile", path], [f"-flagfile={path}", "--draws=1"],
                      ["--draws", "1", "-flagfile", path]):
        assert output_dir(arguments) == str(tmp_path / "new"), arguments


def test_later_arguments_win_and_earlier_ones_lose(tmp_path):
    path = make(tmp_path / "new", tmp_path / "old")
    other = make(tmp_path / "other", tmp_path / "chosen", record=None)
    assert output_dir([f"--flagfile={path}", "--output_dir=mine"]) == "mine"
    assert output_dir([f"--flagfile={path}", "--output_dir", "mine"]) == "mine"
    assert output_dir(["--output_dir=mine", f"--flagfile={path}"]) == str(tmp_path / "new")
    assert output_dir([f"--flagfile={path}", f"--flagfile={other}"]) == str(tmp_path / "chosen")


def test_a_relative_path_is_that_of_the_folder(tmp_path, monkeypatch):
    make(tmp_path / "new", "old")
    monkeypatch.chdir(tmp_path / "new")
    assert output_dir(["--flagfile=flags.flags"]) == "."
    monkeypatch.chdir(tmp_path)
    assert output_dir(["--flagfile=new/flags.flags"]) == "new"


def test_nothing_is_added_where_nothing_was_moved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    same = make(tmp_path / "same", "same")
    os.symlink(tmp_path / "same", tmp_path / "link")
    no_run = make(tmp_path / "no_run", "old", record=None)
    moved = make(tmp_path / "moved", "old")
    os.rename(moved, tmp_path / "moved" / "mine.flags")
    for arguments in ([f"--flagfile={same}"], ["--flagfile=link/flags.flags"], [f"--flagfile={no_run}"],
                      [f"--flagfile={tmp_path}/moved/mine.flags"], ["--flagfile"], ["--flagfile=nowhere/flags.flags"],
                      ["--output_dir=x"], ["--", f"--flagfile={make(tmp_path / 'after', 'old')}"], []):
        assert flag_file.relocated(arguments) == arguments


def test_a_flagfile_that_cannot_be_read_is_left_to_the_parser(tmp_path):
    path = make(tmp_path / "new", "old")
    (tmp_path / "new" / "flags.flags").write_bytes(b"--output_dir=\xff\n")
    assert flag_file.relocated([f"--flagfile={path}"]) == [f"--flagfile={path}"]
