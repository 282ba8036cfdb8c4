"""Weights that are not finite are refused by variable."""

import numpy as np
import pytest

from sanity_checks.weights import finite


class Variable:
    name = "top/kernel:0"

    def __init__(self, values):
        self._values = np.array(values)

    def numpy(self):
        return self._values


class Classifier:
    def __init__(self, *variables):
        self.parts = {"top": variables}


def test_finite_weights_pass(cnn):
    assert finite.check(cnn) is None


@pytest.mark.parametrize("values", [[0., np.nan, np.inf, -np.inf], [np.nan, np.nan, 1e38, np.inf]])
def test_other_values_are_counted_by_variable(values):
    with pytest.raises(ValueError, match="^weights: variable 'top/kernel:0' holds 3 values that are not finite$"):
        finite.check(Classifier(Variable([1, 2]), Variable(values)))
