"""Running code of others without a trace in the global state of Keras 3; see `sanity_checks.keras_shared.isolation`."""

import contextlib

import keras
from keras.src.backend.common import global_state
from keras.src.random import seed_generator

from sanity_checks.keras_shared import isolation

GENERATOR, NAMES = seed_generator.GLOBAL_SEED_GENERATOR, "object_name_uids"


@contextlib.contextmanager
def isolated(seed):
    """Context in which everything draws from a seed; global random states and the count of names are put back at its end."""
    counts, generator = global_state.get_global_attribute(NAMES), global_state.get_global_attribute(GENERATOR)
    kept = None if counts is None else dict(counts)
    with isolation.seeded(seed):
        global_state.set_global_attribute(GENERATOR, keras.random.SeedGenerator(seed))
        try:
            yield
        finally:
            global_state.set_global_attribute(GENERATOR, generator)
            counts = global_state.get_global_attribute(NAMES)
            if counts is not None:
                counts.clear()
                counts.update(kept or {})
