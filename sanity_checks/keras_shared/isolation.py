"""Running code of others so that what it draws follows a seed, and no global random state is different afterwards."""

import contextlib
import random

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context as eager  # the seed of eager operations, which has no public getter

SEEDS = ("_seed", "_rng")       # of TensorFlow's context; the second is there once a seed has been set


@contextlib.contextmanager
def seeded(seed):
    """Context in which Python, NumPy and TensorFlow draw from a seed; their global states are put back at its end.

    Args:
        seed: int in [0, 2**31).
    """
    context = eager.context()
    kept = random.getstate(), np.random.get_state(), tf.random.get_global_generator()
    seeds = {name: value for name, value in vars(context).items() if name in SEEDS}
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_global_generator(tf.random.Generator.from_seed(seed))
    # tf.random.set_seed would also start all seeded operations of the process anew
    vars(context).update(_seed=seed, _rng=random.Random(seed))
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        tf.random.set_global_generator(kept[2])
        for name in SEEDS:
            vars(context).pop(name, None)
        vars(context).update(seeds)
