"""Values from an initializer of Keras 3 and a seed; see `sanity_checks.keras_shared.drawing`."""

import functools

from sanity_checks.keras3 import isolation
from sanity_checks.keras_shared import drawing

initial_values = functools.partial(drawing.initial_values, isolation.isolated)
has_seed = drawing.has_seed
