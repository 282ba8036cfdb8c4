"""The README and docs: their Python is run as it stands there, and every name in them exists."""

import importlib
import pathlib
import re

import pytest

from sanity_checks import datasets
from sanity_checks import methods
from sanity_checks import metrics
from sanity_checks import models

ROOT = pathlib.Path(__file__).parent.parent
PAGES = {page.name: page.read_text(encoding="utf-8")
         for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]}
README = PAGES["README.md"]
BINARIES = sorted(path.stem for path in (ROOT / "experiments").glob("*.py") if "command.run(main, define)" in path.read_text())
# Placeholders for files, folders and modules that a user brings.
USERS = ("my.flags", "my_model.keras", "photos", "paper.csv", "ILSVRC2012_val")
TOOLS = ("array", "only-binary", "help", "flagfile")        # flags of other programs, and absl's own


def codes():
    for name, text in PAGES.items():
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
            yield pytest.param(name, code, id=f"{name}-{number}")


@pytest.mark.parametrize("name, code", list(codes()))
def test_python(name, code, tmp_path, monkeypatch, capsys):
    if '"runs/' in code:
        pytest.skip("reads the run of the README's first command")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(methods, "METHODS", dict(methods.METHODS))
    names = {}
    exec(compile(code, f"{name}, an example", "exec"), names)
    assert capsys.readouterr().out
    if "edges" in names:
        assert (names["report"].verdicts.query("method == 'edges'").verdict == "insensitive").all()


def flags_of(binary):
    """Names of the flags that a binary defines."""
    return set(importlib.import_module(f"experiments.{binary}").define().names())


def test_every_flag_is_one():
    known = set().union(*map(flags_of, BINARIES)) | set(TOOLS)
    for name, text in PAGES.items():
        found = set(re.findall(r"(?<![\w-])--(?:no)?([a-z]\w+)", text))
        assert not found - known - {flag for flag in found if flag == "squared_gradient_power"}, name


def commands():
    """(page, binary, flags) of every command line."""
    for name, text in PAGES.items():
        joined = text.replace("\\\n", " ")
        for binary, rest in re.findall(r"python -m experiments\.(\w+)([^\n`]*)", joined):
            yield name, binary, re.findall(r"--([a-z]\w+)", rest)


@pytest.mark.parametrize("name, binary, flags", list(commands()))
def test_a_command_has_its_binarys_flags(name, binary, flags):
    assert binary in BINARIES and set(flags) <= flags_of(binary) | set(TOOLS)


def test_lists_are_those_of_the_registries():
    reference = README[README.index("## Reference"):]
    rows = {head: set(re.findall(r"`(\w+)`", cells)) for head, cells in re.findall(r"\| `--(\w+)` \| (.*) \|", reference)}
    assert rows["methods"] == set(methods.METHODS) and rows["dataset"] == set(datasets.DATASETS)
    assert rows["model"] == set(models.MODELS)
    assert rows["metrics"] - {"_released"} == {name for name in metrics.METRICS if not name.endswith("_released")}
    named = set(re.findall(r"`(?:experiments\.)?(\w+)`", " ".join(re.findall(r"\| (?:tests|others) \| (.*) \|", reference))))
    assert named == set(BINARIES)


@pytest.mark.parametrize("name", list(PAGES))
def test_files_and_modules_exist(name):
    text = PAGES[name]
    for path in re.findall(r"(?:experiments|docs|tests|data|sanity_checks)/[\w./-]*\w\.\w+", text):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("http") or (ROOT / link).exists() or (ROOT / "docs" / link).exists(), link
    for module in re.findall(r"`(experiments\.\w+|sanity_checks(?:\.\w+)+)`", text):
        parent, _, leaf = module.rpartition(".")
        path = ROOT / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists() or hasattr(importlib.import_module(parent), leaf), module


def test_flagfiles_that_reproducing_names_exist_and_belong_to_their_binary():
    for binary, cells in re.findall(r"\| `(\w+)` \| ((?:`\w+`(?:, )?)+) \|", PAGES["reproducing.md"]):
        for flagfile in re.findall(r"`(\w+)`", cells):
            path = ROOT / "experiments" / "flagfiles" / f"{flagfile}.flags"
            assert path.exists() and f"python -m experiments.{binary}" in path.read_text() or (
                f"experiments.{binary}" in path.read_text()), (binary, flagfile)
