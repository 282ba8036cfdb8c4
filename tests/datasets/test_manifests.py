"""The lists that come with this software are found wherever the user stands."""

import csv
import sys
import types

import pytest

from sanity_checks.datasets import manifests


def test_a_users_own_data_folder_is_not_taken(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").touch()
    (tmp_path / "data" / "imagenet_class_names.csv").write_text("index,wnid,name\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "data", raising=False)
    with manifests.open_text("imagenet_class_names.csv") as stream:
        assert len(list(csv.DictReader(stream))) == 1000


def test_installed_lists_come_first(tmp_path, monkeypatch):
    import importlib.resources
    import importlib.util
    (tmp_path / "names.csv").write_text("häher\n", encoding="utf-8")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: types.SimpleNamespace(name=name))
    monkeypatch.setattr(importlib.resources, "files", lambda name: tmp_path if name == "sanity_checks.data" else None)
    with manifests.open_text("names.csv") as stream:
        assert stream.read() == "häher\n"


def test_a_missing_list_is_an_error():
    with pytest.raises(FileNotFoundError, match="nothing.csv"):
        manifests.open_text("nothing.csv")
