"""Folders and globs of photographs; a folder that cannot be read is an error of its own."""

import os

from PIL import Image
import pytest

from sanity_checks import datasets
from sanity_checks.datasets import listing
from sanity_checks.paper import paper_images


@pytest.fixture
def folder(tmp_path):
    for name in ("photos/a.png", "photos/sub/b.JPG", "photos/sub/deep/c.png", "photos/.hidden/d.png", "photos/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name, "PNG")
    return tmp_path / "photos"


@pytest.fixture
def locked(monkeypatch):
    """Makes folders unreadable, also for root, whom permissions do not stop."""
    def lock(*paths, scandir=os.scandir):
        def refusing(path="."):
            if os.fspath(path) in map(str, paths):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)
        monkeypatch.setattr(os, "scandir", refusing)
    return lock


@pytest.mark.parametrize("pattern, names", [
    ("", ["a.png", "sub/b.JPG"]), ("/", ["a.png", "sub/b.JPG"]), ("/*.png", ["a.png"]), ("/*/*", ["sub/b.JPG"]),
    ("/**/*.png", ["a.png", "sub/deep/c.png"]), ("/**", ["a.png", "sub/b.JPG", "sub/deep/c.png"]), ("/sub/b.JPG", ["sub/b.JPG"])])
def test_what_is_found(folder, pattern, names):
    assert listing.photographs(f"{folder}{pattern}") == [f"{folder}/{name}" for name in names]


@pytest.mark.parametrize("pattern", ["", "/", "/*.png", "/**/*.png", "/**", "/*/*.png", "/sub/*"])
@pytest.mark.parametrize("closed", ["", "/sub"])
def test_a_folder_that_cannot_be_read_is_an_error(folder, locked, pattern, closed):
    locked(f"{folder}{closed}", f"{folder}{closed}/")
    if (pattern, closed) in (("/*.png", "/sub"), ("/sub/*", "")):      # not looked into
        assert listing.photographs(f"{folder}{pattern}")
        return
    with pytest.raises(PermissionError, match=f"^images: folder {folder}{closed}/? cannot be read: Permission denied$"):
        listing.photographs(f"{folder}{pattern}")


def test_a_deep_folder_that_cannot_be_read_is_an_error(folder, locked):
    locked(folder / "sub" / "deep")
    for pattern in ("**", "**/*.png", "*/*/*.png"):
        with pytest.raises(PermissionError, match="sub/deep cannot be read"):
            listing.photographs(f"{folder}/{pattern}")
    assert len(listing.photographs(str(folder))) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not stop root")
@pytest.mark.parametrize("mode", [0, 0o400])
def test_permissions(folder, mode):
    (folder / "sub").chmod(mode)
    try:
        with pytest.raises(PermissionError, match=f"^images: folder {folder}/sub cannot be read"):
            listing.photographs(str(folder))
    finally:
        (folder / "sub").chmod(0o700)


def test_a_folder_that_may_not_be_searched_is_not_empty(folder, monkeypatch):
    def stat(path, real=os.stat, **options):
        if str(path).endswith(".png"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, **options)
    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(PermissionError, match=f"^images: folder {folder} cannot be read"):
        listing.photographs(str(folder))


def test_other_data_sets_say_so_too(folder, locked, monkeypatch):
    locked(folder)
    with pytest.raises(PermissionError, match=f"^data_dir: folder {folder} cannot be read: Permission denied"):
        datasets.load("mnist", str(folder))
    with pytest.raises(PermissionError, match=f"^images: folder {folder} cannot be read: Permission denied"):
        paper_images.find(str(folder), paper_images.manifest())
