"""Files in one step: errors name the file, of many that create one does, JSON is what it should be or refused in a line."""

import concurrent.futures
import errno
import functools
import os
import resource

import pytest

from sanity_checks.runs import files

REQUIRED = {"settings": dict, "seed": int, "seconds": (float, type(None))}


@pytest.mark.parametrize("content, found", [
    (b"", "found no JSON (Expecting value: line 1 column 1 (char 0))"),
    (b'{"settings": {}, "seed"', "found no JSON"), (b"\xff\xfe{\x00}\x00", "found no JSON ('utf-8' codec"),
    (b"[" * 100_000, "found no JSON"), (b"9" * 5000, "found no JSON"),
    (b"null", "an object with settings, seed, seconds, found null"), (b"[]", "found []"),
    (b"{}", "with 'settings', found {}"), (b'{"settings": {}, "x": 1}', "with 'seed', found [\"settings\", \"x\"]"),
    (b'{"settings": []}', "with 'settings' of type object, found []"),
    (b'{"settings": {}, "seed": true}', "with 'seed' of type whole number, found true"),
    (b'{"settings": {}, "seed": "a\\nb"}', 'found "a\\nb"'),
    (b'{"settings": {}, "seed": 1, "seconds": "' + b"1" * 500 + b'"}', "of type number or null, found \"111"),
])
def test_json_of_another_form_is_refused_in_a_line(tmp_path, content, found):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        files.read_json(str(path), "the record of a run", REQUIRED)
    message = str(caught.value)
    assert message.startswith(f"{path} is damaged: expected the record of a run") and found in message
    assert "\n" not in message and len(message) < 400


def test_json_of_the_right_form_comes_back(tmp_path):
    files.write_text(str(tmp_path / "a.json"), '{"settings": {"ü": 1}, "seed": 3, "seconds": 2, "more": []}')
    found = files.read_json(str(tmp_path / "a.json"), "the record of a run", REQUIRED)
    assert found == {"settings": {"ü": 1}, "seed": 3, "seconds": 2, "more": []}


def test_a_full_disk_is_named_with_the_file_and_leaves_nothing(tmp_path):
    path = str(tmp_path / "a" / "rows.parquet")
    with pytest.raises(OSError) as caught:
        with files.replacing(path):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, path) and not os.listdir(tmp_path / "a")


def test_a_file_that_cannot_grow_is_named(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            files.write_text(str(tmp_path / "a.txt"), "x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(tmp_path / "a.txt") and not os.listdir(tmp_path)


def test_an_error_of_a_library_without_number_gets_the_path(tmp_path):
    with pytest.raises(OSError, match="Unable to write") as caught:
        with files.replacing(str(tmp_path / "weights.h5")):
            raise OSError("Unable to write (disk?)\nmore")
    assert caught.value.filename == str(tmp_path / "weights.h5") and "more" not in str(caught.value)


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        with files.replacing(str(tmp_path / "a.txt")):
            os.stat(tmp_path / "missing")
    assert caught.value.filename == str(tmp_path / "missing")


def test_a_long_name_has_a_temporary_one_that_fits(tmp_path):
    files.write_text(str(tmp_path / ("x" * 250)), "text")
    assert os.listdir(tmp_path) == ["x" * 250]


@pytest.mark.parametrize("links", [True, False])
def test_of_many_that_create_a_file_one_does(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise PermissionError("no hard links here")
    if not links:
        monkeypatch.setattr(files.os, "link", refuse)
    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        for attempt in range(40):
            path = tmp_path / f"{attempt}.json"
            created = list(executor.map(functools.partial(files.create_text, str(path)), map(str, range(8))))
            assert sum(created) == 1 and path.read_text() == str(created.index(True))
    assert len(os.listdir(tmp_path)) == 40


def test_a_folder_is_checked_before_it_is_written(tmp_path):
    files.check_writable(str(tmp_path / "new" / "folder"))
    assert not os.listdir(tmp_path / "new" / "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as caught:
        files.check_writable(str(tmp_path / "file" / "folder"))
    assert str(tmp_path / "file") in str(caught.value)


def test_files_are_listed_and_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path):
    for name in ("b.npz", "a.npz", ".c.npz", "d.txt"):
        (tmp_path / name).write_text("")
    assert files.listed(str(tmp_path), ".npz") == [str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]
    assert files.listed(str(tmp_path / "nowhere"), ".npz") == []
    with pytest.raises(OSError, match="d.txt"):
        files.listed(str(tmp_path / "d.txt"), ".npz")
