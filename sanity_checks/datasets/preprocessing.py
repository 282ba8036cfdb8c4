"""From pixels to model inputs: the ways in which image models were trained.

A way is a name in `PREPROCESSING`, or its numbers, on the pixels' scale of 0 to 255: "MEAN,STD", or
"R,G,B,R,G,B", the means and the standard deviations of the three channels. An input is (pixel - mean) / std.
"""

from collections.abc import Callable
import dataclasses
import difflib
import functools
import re

import numpy as np

# Keras' channel means and standard deviations of ImageNet: of RGB in [0, 1] (torch), of BGR in [0, 255] (caffe).
TORCH_MEAN, TORCH_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])

DEFAULT = "inception"       # of photographs: the paper's
NUMBERS = re.compile(r"[-+.\d]|nan|inf", re.IGNORECASE)         # how numbers begin, and no name


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """A way to make model inputs.

    Attributes:
        function: uint8 [..., C] -> float [..., C]; channels are grey, RGB, or RGB with alpha, which is treated alike.
        input_range: (lowest, highest) value of the result: floats, or tuples of a float for each of its channels.
        bgr: whether the result's channels are blue, green, red.
        channels: int, the only C that it is for; None for any.
    """
    function: Callable
    input_range: tuple
    bgr: bool = False
    channels: int | None = None


def _raw(pixels):
    return pixels.astype(np.float32)


def _inception(pixels):
    return pixels / 127.5 - 1


def _unit(pixels):
    return pixels / 255.


def _torch(pixels):
    return (pixels / 255. - TORCH_MEAN) / TORCH_STD


def _caffe(pixels):
    return pixels[..., ::-1] - CAFFE_MEAN


def _efficientnet_lite(pixels):
    return (pixels - 127.) / 128


def _standardized(mean, std, pixels):
    return (pixels - mean) / std


def _of_three(function, bgr=False):
    """The `Preprocessing` by a function of three channels, each with a range of its own."""
    low, high = (tuple(function(np.full(3, value, np.float64)).tolist()) for value in (0, 255))
    return Preprocessing(function, (low, high), bgr, 3)


PREPROCESSING = {
    "inception": Preprocessing(_inception, (-1., 1.)),      # the paper's
    "unit": Preprocessing(_unit, (0., 1.)),
    "raw": Preprocessing(_raw, (0., 255.)),                 # for models that rescale inside
    "tf": Preprocessing(_inception, (-1., 1.)),             # Keras' modes: the paper's again,
    "torch": _of_three(_torch),
    "caffe": _of_three(_caffe, bgr=True),
    "efficientnet_lite": Preprocessing(_efficientnet_lite, (-127 / 128, 1.)),
}


def find(preprocess, channels=None):
    """The way that a name, or numbers, stand for.

    Args:
        preprocess: str.
        channels: int, the number of channels of the images; None to leave that open.

    Returns:
        `Preprocessing`.

    Raises:
        ValueError: neither a name nor numbers, numbers that cannot be meant, or a way for another number of channels.
    """
    way = PREPROCESSING.get(preprocess) or _by_numbers(preprocess)
    if channels is not None and way.channels not in (None, channels):
        raise ValueError(f"preprocess: {preprocess} expects images of {way.channels} channels, found {channels}")
    return way


def _by_numbers(text):
    numbers = _numbers(text)
    mean, std = np.split(np.array(numbers), 2)
    if not (np.isfinite(numbers).all() and (np.abs(mean) <= 255).all() and (std >= 1).all()):
        raise ValueError(f"preprocess: expected means of at most 255 and standard deviations of at least 1, as pixels "
                         f"are 0 to 255 (what is given for 0 to 1 times 255), got {text}")
    if len(mean) == 3:
        return _of_three(functools.partial(_standardized, mean, std))
    (mean,), (std,) = mean.tolist(), std.tolist()
    return Preprocessing(functools.partial(_standardized, mean, std), ((0 - mean) / std, (255 - mean) / std))


def _numbers(text):
    """Two or six floats."""
    parts = str(text).split(",")
    try:
        numbers = [float(part) for part in parts] if NUMBERS.match(str(text).strip()) else []
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 6):
        near = difflib.get_close_matches(str(text), PREPROCESSING, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"preprocess: expected one of {', '.join(PREPROCESSING)}, or numbers on the scale of 0 to "
                         f"255, MEAN,STD or three means and three standard deviations, got {text!r}{hint}")
    return numbers
