"""What a model computes at given weights, as JSON values; see `sanity_checks.keras_shared.description`."""

import functools

from sanity_checks.keras3 import graph
from sanity_checks.keras_shared import description

structure = functools.partial(description.structure, graph)
is_automatic = description.is_automatic
