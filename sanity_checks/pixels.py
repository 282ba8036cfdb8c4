"""Images in memory as float32, or one line of why they are no images: numbers, real and finite."""

import numpy as np

REFUSED = "cSUMm"           # kinds of dtype that NumPy would turn into numbers all the same: complex, text, dates


def as_float32(images, argument="images"):
    """Images as float32.

    Args:
        images: array-like of numbers [N, ...].
        argument: str, what they are called, for messages.

    Returns:
        float32 [N, ...], contiguous; `images` itself if it is that already.

    Raises:
        ValueError: not an array of real numbers, or a value that is not finite as float32.
    """
    try:
        array = np.asarray(images)
        if array.dtype.kind in REFUSED:
            raise TypeError(f"values of type {array.dtype}")
        with np.errstate(over="ignore", invalid="ignore"):      # what does not fit is found below
            found = np.ascontiguousarray(array, np.float32)
    except (TypeError, ValueError) as error:
        found = " ".join(str(error).split())
        raise ValueError(f"{argument}: expected an array of real numbers, found {found}") from error
    check_finite(found, argument)
    return found


def check_finite(images, argument="images"):
    """ValueError that names the first image [N, ...] with a value that is not finite; one pass over the array."""
    finite = np.isfinite(images)
    if finite.all():
        return
    bad = ~finite.reshape(len(finite), -1).all(axis=1)
    first = int(bad.argmax())
    value = images[first][~finite[first]].flat[0]
    others = f", and in {bad.sum() - 1} more" if bad.sum() > 1 else ""
    raise ValueError(f"{argument}: expected finite numbers, found {value} in the image at position {first}{others}")


def value_range(images):
    """(lowest, highest) value of images: floats, the second above the first."""
    low, high = float(np.min(images)), float(np.max(images))
    return (low, high) if high > low else (low, low + 1.)
