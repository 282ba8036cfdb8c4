"""The repository's structure: who imports whom, held to BUILD's layers, and what every module must have."""

import ast
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ("sanity_checks", "experiments", "data")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TENSORFLOW = ("tensorflow", "tf_keras", "keras")
WITHOUT_TENSORFLOW = ("metrics", "runs", "analysis", "tables", "figures", "vocabulary", "report")     # name none of these
LOADED_WITHOUT = (*WITHOUT_TENSORFLOW, "methods", "weights", "datasets", "keras2")                    # load none of these
# How packages are called where they are installed from.
REQUIREMENTS = {"absl": "absl-py", "PIL": "pillow", "skimage": "scikit-image", "tf_keras": "tf-keras"}
STANDARD = (*sys.stdlib_module_names, *PACKAGES)


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """Full names of the modules that a file imports, wherever it does."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy.module":
            found += [argument.value for argument in node.args]
    return found


def third_party(path):
    names = {module.partition(".")[0] for module in imports(path)} - set(STANDARD)
    return {REQUIREMENTS.get(name, name) for name in names}


class Build:
    """BUILD, evaluated: its targets by name, with stand-ins for Bazel's functions."""

    def __init__(self):
        self.libraries, self.binaries, self.tests = {}, {}, {}
        names = {
            "load": lambda *_: None, "package": lambda **_: None, "licenses": lambda _: None,
            "exports_files": lambda _: None, "requirement": lambda name: f"pip:{name}", "glob": self._glob,
            "py_library": self._adder(self.libraries), "py_binary": self._adder(self.binaries),
            "py_test": self._adder(self.tests)}
        exec(compile((ROOT / "BUILD").read_text(), "BUILD", "exec"), names)
        self.layers = names["LAYERS"]

    def _glob(self, patterns, exclude=()):
        found = {str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
        return sorted(found - {name for pattern in exclude for name in self._glob([pattern])})

    def _adder(self, targets):
        def add(name, srcs, deps=(), **_):
            assert name not in targets, f"two targets are called {name}"
            targets[name] = {"srcs": list(srcs), "deps": list(deps)}
        return add


BUILD = Build()


def layer_of(module):
    """The target of a module of the library: its package, or its own name at the top level."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def uses(files):
    """(layers of the library, third-party packages) that files import."""
    paths = [ROOT / name for name in files]
    inside = {layer_of(module) for path in paths for module in imports(path) if module.startswith("sanity_checks.")}
    return inside, set().union(*(third_party(path) for path in paths))


def test_layers_are_what_the_packages_import():
    right = {}
    for name in BUILD.layers:
        inside, outside = uses(BUILD.libraries[name]["srcs"])
        right[name] = (sorted(inside - {name}), sorted(outside))
    stated = {name: (sorted(layers), sorted(packages)) for name, (layers, packages) in BUILD.layers.items()}
    listing = "\n".join(f'    "{name}": ({list(layers)}, {list(packages)}),' for name, (layers, packages) in right.items())
    assert stated == right, "LAYERS should be\n" + listing.replace("'", '"')


def test_layers_import_only_lower_ones():
    order = list(BUILD.layers)
    for name, (layers, _) in BUILD.layers.items():
        assert all(order.index(layer) < order.index(name) for layer in layers), name


def test_every_file_is_in_one_target():
    sources = [name for targets in (BUILD.libraries, BUILD.binaries) for target in targets.values()
               for name in target["srcs"]]
    sources += [target["srcs"][0] for target in BUILD.tests.values()]
    expected = [str(path.relative_to(ROOT)) for path in [*MODULES, *(ROOT / "tests").rglob("*.py"), ROOT / "setup.py"]]
    assert sorted(sources) == sorted(expected)


def test_every_binary_is_one_and_shared_modules_are_none():
    for name, target in BUILD.binaries.items():
        assert "__main__" in (ROOT / target["srcs"][0]).read_text(), name
    assert all("__main__" not in (ROOT / name).read_text().replace('modules["__main__"]', "")
               for name in BUILD.libraries["experiments"]["srcs"])


def test_binaries_import_what_their_target_has():
    allowed = {dependency[4:] for dependency in BUILD.libraries["experiments"]["deps"] if dependency.startswith("pip:")}
    used = uses([*BUILD.libraries["experiments"]["srcs"], *(t["srcs"][0] for t in BUILD.binaries.values())])[1]
    assert used == allowed


def test_requirements_are_what_is_imported():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    stated = {re.split(r"[<>=\[]", line)[0] for line in lines if line and not line.startswith("#")}
    assert stated == set().union(*(third_party(path) for path in MODULES))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_layers_of_single_modules(path):
    module, imported = name_of(path), imports(path)
    if not module.startswith("experiments"):
        assert not [name for name in imported if name.startswith("experiments")], "nobody imports experiments"
        assert not [name for name in imported if name.startswith(("absl.flags", "absl.app"))], "only experiments"
    if layer_of(module) in WITHOUT_TENSORFLOW:
        assert not [name for name in imported if name.split(".")[0] in (*TENSORFLOW, "saliency")]


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


def test_these_packages_load_without_tensorflow():
    names = [f"sanity_checks.{name}" for name in LOADED_WITHOUT]
    code = (f"import importlib, sys; [importlib.import_module(n) for n in {names}]; "
            f"print({set(TENSORFLOW)} & set(sys.modules))")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.strip() == "set()", found.stderr


@pytest.mark.skipif(shutil.which("ruff", path=str(pathlib.Path(sys.executable).parent)) is None, reason="no ruff")
def test_ruff_is_content():
    found = subprocess.run([sys.executable, "-m", "ruff", "check", "."], capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 0, found.stdout[-3000:]
