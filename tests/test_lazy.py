"""Modules that load on first use."""

import subprocess
import sys

import pytest

from sanity_checks import lazy


def test_a_lazy_module_has_the_modules_attributes():
    import math
    assert lazy.module("math").pi is math.pi


def test_a_name_that_the_module_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="tau_squared"):
        lazy.module("math").tau_squared


def test_it_loads_on_the_first_attribute():
    code = ("import sys; from sanity_checks import lazy; found = lazy.module('colorsys'); before = 'colorsys' in sys.modules; "
            "found.ONE_THIRD; print(before, 'colorsys' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False", "True"]
