"""Values from an initializer and a seed: Keras' own, a user's class, or a function that draws from global random state."""

import contextlib

import tensorflow as tf

OWN = ("keras", "tf_keras")     # whose initializers are constant where they have no seed


def initial_values(isolated, initializer, shape, dtype, seed):
    """What an initializer gives under a seed.

    Args:
        isolated: context manager of a seed, `sanity_checks.keras2.isolated` or that of `keras3`.
        initializer: Keras initializer, or a function of (shape, dtype=...). It is left as it is.
        shape, dtype: of the variable.
        seed: int in [0, 2**31).

    Returns:
        tf.Tensor of the variable's shape and dtype; the same for the same seed, whatever was drawn before. Global random
        states are as they were.
    """
    seeded = _reseeded(initializer, seed)
    if seeded is not None:
        return seeded(shape, dtype=dtype)
    if type(initializer).__module__.partition(".")[0] in OWN:
        return initializer(shape, dtype=dtype)

    @tf.function(autograph=False)
    def values():       # a graph of its own begins with the global seed; its operations have states of their own
        return tf.ensure_shape(tf.cast(initializer(shape, dtype=dtype), dtype), shape)

    with isolated(seed), _seeded_inside(initializer, seed):
        return values()


def has_seed(initializer):
    """Whether an initializer is of a class whose configuration has a seed: it gives other values under another seed."""
    return _reseeded(initializer, 0) is not None


def _reseeded(initializer, seed):
    """An initializer like another, of this seed; None if it has no seed that could be given."""
    try:
        config = initializer.get_config()
        return type(initializer).from_config({**config, "seed": seed}) if "seed" in config else None
    except (AttributeError, TypeError, ValueError, NotImplementedError):
        return None


@contextlib.contextmanager
def _seeded_inside(function, seed):
    """While it is called, the initializers that a function closes over, or an object that it closes over holds, have this seed.

    LSTM makes such functions of its bias_initializer.
    """
    undo = []
    for number, cell in enumerate(getattr(function, "__closure__", None) or ()):
        held = cell.cell_contents
        other = _reseeded(held, seed ^ number)
        if other is not None:
            undo.append((setattr, cell, "cell_contents", held))
            cell.cell_contents = other
        for name, value in list(getattr(held, "__dict__", {}).items()):
            other = _reseeded(value, seed ^ number) if name.endswith("_initializer") else None
            if other is not None:
                undo.append((dict.__setitem__, vars(held), name, value))
                vars(held)[name] = other
    try:
        yield
    finally:
        for put, *where in reversed(undo):
            put(*where)
