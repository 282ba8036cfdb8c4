"""The README's Python is run as it stands there."""

import pathlib
import re

import pytest

TEXT = (pathlib.Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("number, code", list(enumerate(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))))
def test_python(number, code, tmp_path, monkeypatch, capsys):
    if "read_parquet" in code:
        pytest.skip("reads the run of the README's first command")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(code, f"README.md, example {number}", "exec"), names)
    assert capsys.readouterr().out
    if "report" in names:
        assert (names["report"].verdicts.query("method == 'edges'").verdict == "insensitive").all()


def test_lists_are_those_of_the_registries():
    from sanity_checks import datasets
    from sanity_checks import methods
    from sanity_checks import models
    reference = TEXT[TEXT.index("## Reference"):]
    for name in [*methods.METHODS, *datasets.DATASETS, *models.MODELS]:
        assert f"`{name}`" in reference, name


def test_flagfiles_and_modules_that_it_names_exist():
    root = pathlib.Path(__file__).parent.parent
    for path in re.findall(r"--flagfile=(experiments/\S+)", TEXT):
        assert (root / path).exists(), path
    for module in re.findall(r"python -m (experiments\.\w+)", TEXT):
        assert (root / (module.replace(".", "/") + ".py")).exists(), module
