"""Running code of others without a trace in the global state of tf_keras; see `sanity_checks.keras_shared.isolation`."""

import contextlib
import random

from tf_keras.src import backend

from sanity_checks.keras_shared import isolation


@contextlib.contextmanager
def isolated(seed):
    """Context in which everything draws from a seed; global random states and the count of names are put back at its end."""
    counts = {graph: dict(numbers) for graph, numbers in backend.PER_GRAPH_OBJECT_NAME_UIDS.items()}
    seeds, generator = backend._SEED_GENERATOR, getattr(backend._SEED_GENERATOR, "generator", None)
    with isolation.seeded(seed):
        seeds.generator = random.Random(seed)
        try:
            yield
        finally:
            if generator is None:
                del seeds.generator
            else:
                seeds.generator = generator
            for graph, numbers in list(backend.PER_GRAPH_OBJECT_NAME_UIDS.items()):
                numbers.clear()
                numbers.update(counts.get(graph, {}))
