"""Strips: the maps of an image at all stages side by side, one picture a method, similarities below them.

The page shows a strip as it is, or, with JavaScript, one stage of it at a time.
"""

import dataclasses
import math

import numpy as np

from sanity_checks.figures import grids
from sanity_checks.figures import shading
from sanity_checks.report import images
from sanity_checks.vocabulary import metrics as metrics_module
from sanity_checks.vocabulary import names

MODES = ("grey", "diverging")
SMALL = 64                      # pixels: maps no larger are kept pixel by pixel
LARGEST, SMALLEST = 160, 48     # pixels of a large map's longer side in a strip
READABLE = 96                   # pixels, that large maps are not made smaller than to have more of them in the page
_BYTES_PER_VALUE = 130          # of a similarity's HTML
_BYTES_PER_PIXEL = 0.6          # of a map in WebP and base64, measured on maps of photographs
_FLAW_COLORS = (0.95, 0.8)      # grey of the stripes in place of a map that cannot be shaded
_FLAW_PERIOD = 4                # of those stripes, in pixels


@dataclasses.dataclass(frozen=True)
class Value:
    """A similarity as it is shown: the short name of its metric, and the number."""

    metric: str
    text: str


@dataclasses.dataclass(frozen=True)
class Strip:
    """A method's maps of one image.

    Attributes:
        method: str, display name.
        pictures: dict, "grey" and "diverging" -> data URI of the maps from left to right.
        values: list, one a stage, of lists of `Value`.
    """

    method: str
    pictures: dict
    values: list


@dataclasses.dataclass(frozen=True)
class Specimen:
    """An image and its strips.

    Attributes:
        image_id: str.
        label: str, the image's class, or "".
        picture: data URI of the image.
        small: bool, whether its pixels are to be shown as squares.
        ratio: float, width over height.
        stages: list of str.
        explained: list of str, the explained class at each stage.
        strips: list of `Strip`.
    """

    image_id: str
    label: str
    picture: str
    small: bool
    ratio: float
    stages: list
    explained: list
    strips: list

    @property
    def size(self):
        """Bytes that it takes in a page, about: int."""
        pictures = sum(len(uri) for strip in self.strips for uri in strip.pictures.values())
        return len(self.picture) + pictures + _BYTES_PER_VALUE * sum(len(values) for strip in self.strips for values in strip.values)


def side_for(cells, least, budget):
    """The size of large maps with which `cells` of them take about `budget` bytes, or `least` of them: int, pixels.

    Args:
        cells: int, all maps.
        least: int, those that have to be in the page.
        budget: int.
    """
    fitting, smallest = (math.sqrt(budget / max(1, count) / _BYTES_PER_PIXEL) for count in (cells, least))
    return int(np.clip(max(fitting, min(smallest, READABLE)), SMALLEST, LARGEST))


def specimen(figure_maps, values, side=LARGEST):
    """Makes the strips of an image.

    Args:
        figure_maps: `runs.FigureMaps`.
        values: dict, (method, metric) -> float [stages], similarity to the first stage; methods may be
            missing.
        side: int, longest side of a map in a strip, in pixels; smaller maps keep their size.

    Returns:
        `Specimen`.
    """
    height, width = figure_maps.image.shape[:2]
    shape = _fitting(height, width, side)
    small = max(shape) <= SMALL and shape == (height, width)
    encode = images.lossless if small else images.lossy
    picture = shading.picture(figure_maps.image, figure_maps.input_range)
    strips = []
    for method in names.ordered(names.METHODS, figure_maps.maps):
        maps = figure_maps.maps[method]
        pictures = {
            mode: encode(np.concatenate([_colors(saliency, mode, shape) for saliency in maps], axis=1))
            for mode in MODES
        }
        strips.append(Strip(names.label(names.METHODS, method), pictures, _values(values, method, len(maps))))
    return Specimen(
        figure_maps.image_id,
        grids.class_of(figure_maps),
        encode(shading.resized(picture, *shape)),
        small,
        width / height,
        list(figure_maps.stages),
        [figure_maps.class_names.get(k, f"class {k}") for k in figure_maps.explained_class.tolist()],
        strips,
    )


def _fitting(height, width, side):
    """(height, width) scaled down so that neither is above `side`."""
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _colors(saliency, mode, shape):
    """A map as colours: float [H, W, 3] of this shape; stripes where it is constant or not finite."""
    shown = grids.MODES[mode]
    if shading.flaw(saliency, shown.reduce) is not None:
        rows, columns = np.indices(shape)
        stripes = np.where((rows + columns) % _FLAW_PERIOD < _FLAW_PERIOD // 2, *_FLAW_COLORS)
        return np.repeat(stripes[..., None], 3, axis=-1)
    return shown.colors(shading.resized(shown.shade(saliency), *shape))


def _values(values, method, stages):
    """What stands below each map of a method: list of lists of `Value`."""
    of_method = {metric: numbers for (name, metric), numbers in values.items() if name == method}
    metrics = names.ordered(names.METRICS, of_method)
    return [[Value(metrics_module.short(metric), number_text(of_method[metric][stage])) for metric in metrics]
            for stage in range(stages)]


def number_text(value, digits=2):
    """A number for reading: "0.12", "−0.03", "n/a" where it is not finite."""
    if not np.isfinite(value):
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")
