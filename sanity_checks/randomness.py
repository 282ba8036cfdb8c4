"""Named random streams: one seed gives independent streams, whatever the order in which they are asked for.

A stream is named by what it is for, for example `("weights", seed, draw, stage, block, variable)` or
`("noise", seed, image_id)`. Two names give independent streams, the same name gives the same numbers on every
machine, in every process, at every batch size. Nothing here touches NumPy's, Python's or TensorFlow's global state.
"""

import hashlib

import numpy as np


def key(*name):
    """Returns the 64-bit key of a stream.

    Args:
        *name: str, int or float parts of the stream's name. 1 and "1" are different names.

    Returns:
        int in [0, 2**64).
    """
    parts = [int(part) if isinstance(part, (int, np.integer)) else part for part in name]
    digest = hashlib.sha256(repr(tuple(parts)).encode()).digest()
    return int.from_bytes(digest[:8], "little")


def generator(*name):
    """Returns a numpy.random.Generator for the stream of this name."""
    return np.random.Generator(np.random.Philox(key=key(*name)))
