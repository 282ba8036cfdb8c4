"""Where everything in a grid of maps goes, in whole pixels at `saving.DPI`."""

import dataclasses
import math
import textwrap

from matplotlib import font_manager
from matplotlib.backends import backend_agg

from sanity_checks.figures import saving

CELL_PIXELS = 150       # 0.75 inch; over 400 pixels per inch where 18 stages fill a printed page
PAD = 10                # pixels, between text and cells and around everything
_GAP = 5                # pixels, between cells
_WIDE_GAP = 20          # pixels, between the original and the randomized stages
_WRAP = 13              # characters in a line of a method's name


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle of pixels; `left` and `top` count from the figure's upper left corner."""

    left: int
    top: int
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """The layout of a grid.

    Attributes:
        width, height: int, of the figure in pixels.
        image: `Box` of the input image.
        first: `Box` of the first method's map on the original weights.
        font_size, small_size: float, points; larger in wide figures, which are shown smaller.
        turned: bool, whether the stages' names are slanted to find room.
    """

    width: int
    height: int
    image: Box
    first: Box
    font_size: float
    small_size: float
    turned: bool

    def cell(self, row, column):
        """`Box` of the map of method number `row` at stage number `column`."""
        wide = _WIDE_GAP - _GAP if column else 0
        return Box(self.first.left + column * (self.first.width + _GAP) + wide,
                   self.first.top + row * (self.first.height + _GAP), self.first.width, self.first.height)


def plan(shape, labels, stages, cell_pixels=CELL_PIXELS):
    """Plans a grid.

    Args:
        shape: (height, width) of the maps.
        labels: list of str, names of the methods.
        stages: sequence of str, names of the stages.
        cell_pixels: int, see `grids.mask_grid`.

    Returns:
        `Plan`.
    """
    font_size = min(14, 8 + 0.35 * len(stages))
    small_size = 0.8 * font_size
    height, width = _cell_size(shape, cell_pixels)
    enlarged = 2 if len(labels) > 1 else 1
    line = text_height(font_size)
    stage_widths = [text_width(stage, font_size) for stage in stages]
    turned = max(stage_widths) > width
    slant = math.ceil((max(stage_widths) + line) * math.sqrt(0.5))
    label_widths = [text_width(part, font_size) for label in labels for part in wrapped(label).split("\n")]
    label_widths.append(text_width("explained class", small_size))
    left = 2 * PAD + enlarged * width + PAD + max(label_widths) + PAD
    top = 2 * PAD + (slant if turned else line)
    last_label = stage_widths[-1] * math.sqrt(0.5) - width / 2 if turned else 0
    result = Plan(0, 0, Box(PAD, top, enlarged * width, enlarged * height), Box(left, top, width, height),
                  font_size, small_size, turned)
    corner = result.cell(len(labels) - 1, len(stages) - 1)
    return dataclasses.replace(result, width=corner.left + width + PAD + max(0, math.ceil(last_label)),
                               height=corner.top + height + 3 * PAD + line)


def wrapped(label):
    """A method's name over several short lines."""
    return textwrap.fill(label, _WRAP, break_long_words=False, break_on_hyphens=False)


def text_width(text, size):
    """Width in pixels of one line of text of a size in points: int."""
    return math.ceil(_extent(text, size)[0])


def text_height(size):
    """Height in pixels of one line of text of a size in points: int."""
    return math.ceil(_extent("Ag", size)[1])


def _extent(text, size):
    renderer = backend_agg.RendererAgg(1, 1, saving.DPI)
    return renderer.get_text_width_height_descent(text, font_manager.FontProperties(size=size), False)


def _cell_size(shape, cell_pixels):
    """(height, width) of a cell: a whole multiple of a small map, or a large map made smaller."""
    largest = max(shape)
    if largest <= cell_pixels:
        return tuple(side * (cell_pixels // largest) for side in shape)
    return tuple(max(1, round(side * cell_pixels / largest)) for side in shape)
