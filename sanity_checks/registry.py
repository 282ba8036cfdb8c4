"""Looking a name up in one of the literal registries (methods, metrics, models, datasets, tests, initializers)."""

from collections.abc import Hashable
import difflib


def lookup(registry, name, kind):
    """Returns `registry[name]`.

    Args:
        registry: dict from name to anything.
        name: str, the name asked for.
        kind: str, what the names are, for the message: "method", "metric" ...

    Raises:
        ValueError: the name is unknown; the message lists the known names and the nearest one.
    """
    if isinstance(name, Hashable) and name in registry:
        return registry[name]
    near = difflib.get_close_matches(str(name), registry, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"unknown {kind} {name!r}; {hint}Known: {', '.join(registry)}")
