"""Parameters of methods: described for flags, of any type, compared by content."""

import dataclasses
import pickle

import numpy as np
import pytest

from sanity_checks import methods
from sanity_checks.methods import base
from sanity_checks.methods import fields

FIRST_VALUES = {name: method() for name, method in methods.METHODS.items()}


@dataclasses.dataclass(frozen=True)
class Everything(base.Method):
    count: int = fields.parameter(3, "how many")
    share: float = fields.parameter(0.5, "how much")
    kind: str = fields.parameter("a", "which", choices=["a", "b"])
    on: bool = fields.parameter(True, "whether")
    most: int | None = fields.parameter(None, "at most")
    level: float | np.ndarray = fields.parameter(0., "where")
    table: dict = fields.parameter(None, "from Python alone")
    plain: int = 7

    def maps(self, task):
        return np.full_like(task.images, self.count)


def test_every_kind_that_can_have_a_flag_is_described(monkeypatch):
    monkeypatch.setitem(methods.METHODS, "everything", Everything)
    assert methods.parameters("everything") == (
        fields.Parameter("count", int, 3, None, "how many"), fields.Parameter("share", float, 0.5, None, "how much"),
        fields.Parameter("kind", str, "a", ("a", "b"), "which"), fields.Parameter("on", bool, True, None, "whether"),
        fields.Parameter("most", int, None, None, "at most"), fields.Parameter("level", float, 0., None, "where"),
        fields.Parameter("plain", int, 7, None, ""))


def test_parameters_without_a_flag_are_set_from_python(cnn, digits, monkeypatch):
    monkeypatch.setitem(methods.METHODS, "everything", Everything)
    assert methods.make("everything", table={1: 2}).table == {1: 2}
    with pytest.raises(ValueError, match="unknown parameter of everything 'tables'; did you mean 'table'"):
        methods.make("everything", tables={})


@pytest.mark.parametrize("name", list(methods.METHODS))
def test_registered_parameters_are_described_and_take_their_defaults(name):
    described = methods.parameters(name)
    assert all(found.description and (found.default is None or type(found.default) is found.type) for found in described)
    assert all(found.default in found.choices for found in described if found.choices)
    assert methods.make(name, **{found.name: found.default for found in described}) == FIRST_VALUES[name]


@pytest.mark.parametrize("name, wrong", [("xrai", {"algorithm": "slow"}), ("perturbation_mask", {"perturbation": "x"})])
def test_other_choices_are_refused(name, wrong):
    (parameter, value), = wrong.items()
    with pytest.raises(ValueError, match=f"{parameter} must be one of .*, got '{value}'"):
        methods.make(name, **wrong)


def test_arrays_compare_by_content():
    values = np.arange(6.).reshape(2, 3)
    one, same, other, flat = (fields.Array(v) for v in (values, values.copy(), values + 1, values.ravel()))
    assert one == same and hash(one) == hash(same) and repr(one) == repr(same)
    assert one != other and one != flat and repr(one) != repr(other) and repr(one) != repr(flat)
    assert pickle.loads(pickle.dumps(one)) == one
    values += 1
    assert np.array_equal(one, np.arange(6.).reshape(2, 3))


@pytest.mark.parametrize("name", ["integrated_gradients", "integrated_gradients_smoothgrad"])
def test_a_baseline_may_be_an_image(network, digits, name):
    few = {"steps": 5} if name == "integrated_gradients" else {"steps": 5, "samples": 2}
    constant = methods.explain(network, digits[:2], name, baseline=0.3, **few)
    full = methods.explain(network, digits[:2], name, baseline=np.full((28, 28, 1), 0.3), **few)
    assert np.array_equal(full, constant)
    other = methods.explain(network, digits[:2], name, baseline=digits[5], **few)
    assert not np.allclose(other, constant, rtol=1e-3, atol=1e-6)


def test_a_methods_array_is_held_by_content(cnn, digits):
    made = [methods.make("integrated_gradients", baseline=image) for image in (digits[0], digits[0].copy(), digits[1])]
    assert made[0] == made[1] and repr(made[0]) == repr(made[1])
    assert made[0] != made[2] and repr(made[0]) != repr(made[2])
    assert methods.passes(dict(enumerate(made)), cnn.image_shape) == 1 + 2 * 50
    assert not methods.explain(cnn, digits[:1], "integrated_gradients", baseline=digits[0]).any()


def test_a_baseline_of_another_shape_is_refused(cnn, digits):
    with pytest.raises(ValueError, match=r"images have shape \(28, 28, 1\), the baseline \(28, 28\)"):
        methods.explain(cnn, digits, "integrated_gradients", baseline=np.zeros((28, 28)))


@pytest.mark.parametrize("name, parameter", [
    (name, parameter) for name in methods.METHODS for parameter in methods.parameters(name) if parameter.type in (int, float)],
    ids=lambda value: getattr(value, "name", value))
def test_numbers_are_finite_and_of_their_type(name, parameter):
    wrong = [float("nan"), float("inf"), "many"] + ([2.5] if parameter.type is int else [])
    for value in wrong:
        with pytest.raises(ValueError, match=f"{parameter.name} must be "):
            methods.make(name, **{parameter.name: value})


@pytest.mark.parametrize("name, values", [
    ("guided_ig", {"fraction": 7.}), ("guided_ig", {"fraction": 0.}), ("guided_ig", {"max_dist": -1.}), ("blur_ig", {"max_sigma": -1.})])
def test_values_out_of_range_are_refused_when_a_method_is_made(name, values):
    with pytest.raises(ValueError, match=f"{next(iter(values))} must be"):
        methods.make(name, **values)
