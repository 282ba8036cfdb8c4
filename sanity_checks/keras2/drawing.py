"""Values from a tf_keras initializer and a seed; see `sanity_checks.keras_shared.drawing`."""

import functools

from sanity_checks.keras2 import isolation
from sanity_checks.keras_shared import drawing

initial_values = functools.partial(drawing.initial_values, isolation.isolated)
has_seed = drawing.has_seed
