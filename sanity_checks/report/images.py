"""Images inside the page: pictures as data URIs, small enough that a whole report stays one light file."""

import base64
import io

import numpy as np
from PIL import Image

QUALITY = 65            # of WebP, out of 100, for figures
MAP_QUALITY = 60        # for maps of photographs, which are noise to the eye
WIDEST = 1300           # pixels of a figure inside the page; its file has all of them


def lossless(colors):
    """Encodes an image without loss, for small maps whose every pixel counts.

    Args:
        colors: float [H, W, 3] in [0, 1].

    Returns:
        str, a data URI.
    """
    return _encode(_image(colors), lossless=True, method=4)


def lossy(colors, quality=MAP_QUALITY):
    """Encodes an image with loss: float [H, W, 3] in [0, 1] -> data URI."""
    return _encode(_image(colors), quality=quality, method=4)


def from_file(path, widest=WIDEST):
    """Encodes an image file, made smaller where it is wider than `widest` pixels.

    Args:
        path: str, an image file such as a PNG.
        widest: int.

    Returns:
        (data URI, (width, height) of the file in pixels).

    Raises:
        ValueError: the file is not an image.
    """
    try:
        with Image.open(path) as opened:
            image, size = opened.convert("RGB"), opened.size
    except OSError as error:
        raise ValueError(f"{path}: expected an image file, got {error}") from error
    if image.width > widest:
        image = image.resize(
            (widest, max(1, round(image.height * widest / image.width))), Image.Resampling.LANCZOS
        )
    return _encode(image, quality=QUALITY, method=4), size


def _image(colors):
    return Image.fromarray(np.round(np.clip(colors, 0, 1) * 255).astype(np.uint8), "RGB")


def _encode(image, **options):
    stream = io.BytesIO()
    image.save(stream, "WEBP", **options)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode()
