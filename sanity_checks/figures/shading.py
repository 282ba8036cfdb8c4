"""From maps and images to colours on the page."""

import numpy as np

PERCENTILE = 99         # of a map's values; what lies above has the full colour (as PAIR's visualizations)


def grey(saliency):
    """Shades a map by its absolute value: black is its lowest, white its highest.

    Args:
        saliency: float32 [H, W, C], signed.

    Returns:
        float64 [H, W] in [0, 1]: the sum over channels of |.|, from its minimum to its 99th percentile.
    """
    strength = np.abs(np.asarray(saliency, np.float64)).sum(axis=-1)
    low, high = strength.min(), np.percentile(strength, PERCENTILE)
    if high <= low:                     # fewer than 1 % of the pixels stand out
        high = strength.max()
    return np.clip((strength - low) / (high - low), 0, 1)


def diverging(saliency):
    """Shades a map by its sign and size, symmetrically about zero.

    Args:
        saliency: float32 [H, W, C], signed.

    Returns:
        float64 [H, W] in [-1, 1]: the sum over channels, over the 99th percentile of its absolute value.
    """
    total = np.asarray(saliency, np.float64).sum(axis=-1)
    span = np.percentile(np.abs(total), PERCENTILE) or np.abs(total).max()
    return np.clip(total / span, -1, 1)


def grey_colors(shade):
    """[0, 1] -> black to white: float64 [..., 3]."""
    return np.repeat(shade[..., None], 3, axis=-1)


def diverging_colors(shade):
    """[-1, 1] -> blue, white (exactly at 0), red: float64 [..., 3]."""
    positive, negative = np.clip(shade, 0, 1), np.clip(-shade, 0, 1)
    return np.stack([1 - negative, 1 - positive - negative, 1 - positive], axis=-1)


def flaw(saliency, reduce):
    """Says why a map cannot be shaded, "not finite" or "constant"; None where it can.

    Args:
        saliency: float32 [H, W, C].
        reduce: function from the map to the values [H, W] that are shaded.
    """
    if not np.isfinite(saliency).all():
        return "not finite"
    values = reduce(np.asarray(saliency, np.float64))
    return "constant" if values.min() == values.max() else None


def picture(image, input_range):
    """The image as colours: float64 [H, W, 3] in [0, 1].

    Of four channels the first three are shown, red, green and blue before alpha. Other numbers are averaged to grey.

    Args:
        image: float32 [H, W, C].
        input_range: (float, float), the values of black and white.
    """
    low, high = input_range
    shade = np.clip((np.asarray(image, np.float64) - low) / (high - low), 0, 1)
    return shade[..., :3] if shade.shape[-1] in (3, 4) else grey_colors(shade.mean(axis=-1))


def resized(array, height, width):
    """Resamples [H, W, ...] to [height, width, ...], each new pixel the mean of what it covers."""
    return _along(1, _along(0, array, height), width)


def even(shade, coarse, fine):
    """Rounds a shaded map to whole steps, for small files: coarse ones where its neighbours differ by more anyway.

    Args:
        shade: float64 [H, W], within [-1, 1].
        coarse, fine: int, steps from 0 to 1.

    Returns:
        float64 [H, W], the same to the eye.
    """
    rough = np.abs(np.diff(shade, axis=1)).mean() > 0.5 / coarse if shade.shape[1] > 1 else False
    steps = coarse if rough else fine
    return np.rint(shade * steps) / steps


def _along(axis, array, new):
    """`resized` along one axis."""
    old = array.shape[axis]
    if old == new:
        return array
    if new % old == 0:
        return np.repeat(array, new // old, axis)
    edges = np.arange(new + 1) * old / new
    below = np.minimum(edges.astype(int), old - 1)
    moved = np.moveaxis(np.asarray(array, np.float64), axis, 0)
    until = np.concatenate([np.zeros_like(moved[:1]), np.cumsum(moved, axis=0)])       # of what lies above each edge
    share = (edges - below).reshape(-1, *[1] * (moved.ndim - 1))
    return np.moveaxis(np.diff(until[below] + share * moved[below], axis=0) * (new / old), 0, axis)
