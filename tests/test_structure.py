"""The repository's structure: who imports whom, and that BUILD names every module."""

import ast
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ("sanity_checks", "experiments", "data")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TENSORFLOW = ("tensorflow", "tf_keras", "saliency", "keras")
WITHOUT_TENSORFLOW = ("metrics", "runs", "analysis", "tables", "figures", "vocabulary", "report")


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, everywhere=True):
    """Full names of the modules that a file imports."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy.module":
            found.append(node.args[0].value)
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_layers(path):
    module, imported = name_of(path), imports(path)
    if not module.startswith("experiments"):
        assert not [name for name in imported if name.startswith("experiments")], "nobody imports experiments"
        assert not [name for name in imported if name.startswith(("absl.flags", "absl.app"))], "only experiments"
    parts = module.split(".")
    if parts[0] == "sanity_checks" and len(parts) > 1 and parts[1] in WITHOUT_TENSORFLOW:
        assert not [name for name in imported if name.split(".")[0] in TENSORFLOW]
    if parts[:2] == ["sanity_checks", "models"]:
        assert not [name for name in imported if name.startswith(("sanity_checks.methods", "sanity_checks.weights.states"))]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_imported_not_names(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 and not any(alias.name == "*" for alias in node.names)
            if (node.module or "").split(".")[0] in PACKAGES:
                for alias in node.names:
                    target = ROOT / node.module.replace(".", "/") / alias.name
                    assert target.is_dir() or target.with_suffix(".py").exists(), f"{alias.name} is not a module"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("packages", [WITHOUT_TENSORFLOW, ("methods", "weights", "keras2")], ids=["never", "late"])
def test_packages_load_without_tensorflow(packages):
    """Also all modules in methods and weights, which load it when they first use it."""
    names = [f"sanity_checks.{name}" for name in packages]
    if "methods" in packages:
        names += [name_of(path) for path in MODULES if name_of(path).startswith(("sanity_checks.methods.", "sanity_checks.weights."))]
    code = f"import importlib, sys; [importlib.import_module(n) for n in {names}]; print(not {{'tensorflow', 'tf_keras'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.strip() == "True", found.stderr


def test_build_names_every_module_and_test():
    named = set(re.findall(r'"([\w/]+\.py)"', (ROOT / "BUILD").read_text()))
    tests = sorted((ROOT / "tests").rglob("*.py"))
    expected = {str(path.relative_to(ROOT)) for path in [*MODULES, *tests]} | {"setup.py"}
    assert named == expected
