"""The wheel: what it puts into site-packages."""

import importlib.util
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

import sanity_checks

ROOT = pathlib.Path(__file__).parent.parent
COPIED = ("setup.py", "README.md", "requirements.txt", "sanity_checks", "experiments", "data")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """Names of the files in the wheel, built offline from a copy of the sources."""
    if importlib.util.find_spec("setuptools") is None or importlib.util.find_spec("wheel") is None:
        pytest.skip("setuptools or wheel is not installed")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    command = [sys.executable, "setup.py", "-q", "bdist_wheel", "--dist-dir", str(target)]
    built = subprocess.run(command, capture_output=True, text=True, cwd=source)
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = target.glob("*.whl")
    assert f"-{sanity_checks.__version__}-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_only_the_library_and_the_binaries_are_installed(names):
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"sanity_checks", "experiments"}


def test_everything_that_they_read_is_in_it(names):
    expected = {f"sanity_checks/data/{path.name}" for path in (ROOT / "data").glob("*.csv")}
    expected |= {f"experiments/flagfiles/{path.name}" for path in (ROOT / "experiments" / "flagfiles").glob("*.flags")}
    expected |= {f"sanity_checks/report/templates/{path.name}"
                 for path in (ROOT / "sanity_checks" / "report" / "templates").iterdir()}
    modules = {str(path.relative_to(ROOT)) for package in ("sanity_checks", "experiments")
               for path in (ROOT / package).rglob("*.py")}
    assert expected | modules | {"sanity_checks/py.typed"} <= names
