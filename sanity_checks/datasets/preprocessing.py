"""From pixels to model inputs: the ways in which image models were trained."""

from collections.abc import Callable
import dataclasses

import numpy as np

# Keras' channel means and standard deviations of ImageNet: of RGB in [0, 1] (torch), of BGR in [0, 255] (caffe).
TORCH_MEAN, TORCH_STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """A way to make model inputs.

    Attributes:
        function: RGB uint8 [..., 3] -> float32 [..., 3].
        input_range: (lowest, highest) value of the result.
        bgr: whether the result's channels are blue, green, red.
    """
    function: Callable
    input_range: tuple
    bgr: bool = False


def _inception(pixels):
    return pixels / 127.5 - 1


def _unit(pixels):
    return pixels / 255.


def _torch(pixels):
    return (pixels / 255. - TORCH_MEAN) / TORCH_STD


def _caffe(pixels):
    return pixels[..., ::-1] - CAFFE_MEAN


def _range(function):
    ends = np.stack([function(np.full(3, value, np.float64)) for value in (0, 255)])
    return float(ends.min()), float(ends.max())


PREPROCESSING = {
    "inception": Preprocessing(_inception, (-1., 1.)),      # the paper's
    "unit": Preprocessing(_unit, (0., 1.)),
    "tf": Preprocessing(_inception, (-1., 1.)),             # Keras' modes: the paper's again,
    "torch": Preprocessing(_torch, _range(_torch)),
    "caffe": Preprocessing(_caffe, _range(_caffe), bgr=True),
}
