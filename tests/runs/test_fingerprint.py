"""Fingerprints: equal where the same is computed, different wherever something else is."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from sanity_checks.runs import fingerprint


def made(source, name="f", **namespace):
    """A function that was written in this source, of a module of its own."""
    found = {"__name__": "mine", **namespace}
    exec(compile(source, "<mine>", "exec"), found)
    return found[name]


FIRST = "def f(x): return 2 * x"


@pytest.mark.parametrize("other", [
    "def f(x): return 3 * x", "def f(x): return x * 2", "def f(x, k=2): return k * x", "def f(x, y=0): return 2 * x",
    "f = lambda x: 2 * x + 1", "def g(x): return 3 * x\ndef f(x): return g(x)"])
def test_other_bodies_differ(other):
    assert fingerprint.code(made(FIRST)) != fingerprint.code(made(other))


def test_the_same_body_is_the_same():
    assert fingerprint.code(made(FIRST)) == fingerprint.code(made(FIRST))


def test_what_a_function_uses_of_its_module_counts():
    helper = "def g(x): return {} * x\ndef f(x): return g(x) + K"
    one = fingerprint.code(made(helper.format(2), K=1))
    assert one == fingerprint.code(made(helper.format(2), K=1))
    assert len({one, fingerprint.code(made(helper.format(3), K=1)), fingerprint.code(made(helper.format(2), K=5))}) == 3


def closing(value):
    return lambda x: x * value


@pytest.mark.parametrize("one, other", [
    (closing(1), closing(2)), (closing(np.arange(3)), closing(np.arange(3) + 1)),
    (functools.partial(max, 1), functools.partial(max, 2)), (functools.partial(max, key=len), functools.partial(max, key=abs))])
def test_what_is_closed_over_or_bound_counts(one, other):
    assert fingerprint.code(one) != fingerprint.code(other) and fingerprint.code(one) == fingerprint.code(one)


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, classifier, images, targets, seed):
        return images * self.factor


def test_instances_count_with_their_state_and_methods_with_their_instance():
    assert fingerprint.code(Scaled(1)) == fingerprint.code(Scaled(1)) != fingerprint.code(Scaled(2))
    assert fingerprint.code(Scaled(1).__call__) != fingerprint.code(Scaled(2).__call__)


def test_a_function_that_refers_to_itself_ends():
    assert len(fingerprint.code(made("def f(x): return f(x - 1) if x else 0"))) == 64


def test_another_process_finds_the_same(tmp_path):
    (tmp_path / "mine.py").write_text("import numpy as np\nK = {'a': 1.5}\ndef f(x): return np.abs(x) * K['a']\n")
    code = "import mine; from sanity_checks.runs import fingerprint; print(fingerprint.code(mine.f))"
    found = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                            env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}", "PYTHONHASHSEED": seed}).stdout
             for seed in ("1", "2")}
    assert len(found) == 1 and len(found.pop().strip()) == 64


@pytest.mark.parametrize("value, expected", [
    (np.float32(0.5), 0.5), ((1, 2), [1, 2]), (float("nan"), "nan"), (np.int64(3), 3), (None, None), ({"a": (1,)}, {"a": [1]})])
def test_settings_are_json(value, expected):
    assert fingerprint.json_value(value) == expected


def test_arrays_are_settings_by_their_content():
    one, other = (fingerprint.json_value(np.full(3, value)) for value in (1., 2.))
    assert one != other and one == fingerprint.json_value(np.full(3, 1.))


class Framework:
    """Stands for a tensor or a model of a framework, which is known by what it holds."""
    __module__ = "tensorflow.mine"

    def __init__(self, value):
        self._value = value

    def numpy(self):
        return self._value


def test_tensors_count_by_their_content_closed_over_or_global():
    one, same, other = (Framework(np.full(2, value)) for value in (1., 1., 2.))
    assert fingerprint.code(closing(one)) == fingerprint.code(closing(same)) != fingerprint.code(closing(other))
    using = [fingerprint.code(made("def f(x): return K * x", K=value)) for value in (one, same, other)]
    assert using[0] == using[1] != using[2]


def test_what_cannot_be_told_is_refused():
    class Opaque:
        __module__ = "tensorflow.mine"

        def __reduce__(self):
            raise TypeError
    with pytest.raises(ValueError, match="a method uses a tensorflow.mine.*Opaque, whose content cannot be told"):
        fingerprint.code(closing(Opaque()))
