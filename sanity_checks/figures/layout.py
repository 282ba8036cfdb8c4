"""Where everything in a grid of maps goes, in whole pixels at `saving.DPI`."""

import dataclasses
import functools
import math
import textwrap

from matplotlib import font_manager
from matplotlib.backends import backend_agg

from sanity_checks.figures import saving

CELL_PIXELS = 150       # 0.75 inch; over 400 pixels per inch where 18 stages fill a printed page
PAD = 10                # pixels, between text and cells and around everything
_GAP = 5                # pixels, between cells
_WIDE_GAP = 20          # pixels, between what is given and what is compared with it
_WRAP = 13              # characters in a line of a row's label
_MOST_LINES = 3         # of a column's label; a longer one is slanted
_LINE_SPACING = 1.35    # with room for symbols that stand higher than letters
_LONGEST = 28           # characters of a caption; what is longer is cut
_SLANT = math.sqrt(0.5)     # sine and cosine of 45 degrees


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle of pixels; `left` and `top` count from the figure's upper left corner."""

    left: int
    top: int
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Labels:
    """Texts above or below the columns.

    Attributes:
        texts: tuple of str, over several lines where that makes them fit.
        size: float, points.
        turned: bool, whether they are slanted to find room: from the middle of the column upward to the right, or
            downward to the left.
        extents: tuple of int, pixels by which each reaches sideways from the middle of its column.
        height: int, pixels that they take.
    """

    texts: tuple
    size: float
    turned: bool
    extents: tuple
    height: int


@dataclasses.dataclass(frozen=True)
class Plan:
    """The layout of a grid.

    Attributes:
        width, height: int, of the figure in pixels.
        image: `Box` of the input image at the left; None where there is none.
        first: `Box` of the cell in the first row and column.
        rows: tuple of str, labels of the rows, over several lines.
        font_size: float, points, of the rows' labels; larger in wide figures, which are shown smaller.
        columns, captions: `Labels` above and below the columns.
        wide_gaps: tuple of int, the columns that are followed by a wide gap.
    """

    width: int
    height: int
    image: Box | None
    first: Box
    rows: tuple
    font_size: float
    columns: Labels
    captions: Labels
    wide_gaps: tuple

    def cell(self, row, column):
        """`Box` of the cell in a row and column."""
        wide = (_WIDE_GAP - _GAP) * sum(gap < column for gap in self.wide_gaps)
        return Box(self.first.left + column * (self.first.width + _GAP) + wide,
                   self.first.top + row * (self.first.height + _GAP), self.first.width, self.first.height)


def plan(shape, rows, columns, cell_pixels=CELL_PIXELS, image=True, captions=(), title="", wide_gaps=(0,)):
    """Plans a grid.

    Args:
        shape: (height, width) of the maps.
        rows: sequence of str, labels of the rows.
        columns: sequence of str, labels of the columns.
        cell_pixels: int, see `grids.mask_grid`.
        image: whether there is an enlarged image at the left.
        captions: sequence of str, texts below the columns.
        title: str, what the captions are, written at their left.
        wide_gaps: the columns that are followed by a wide gap.

    Returns:
        `Plan`.
    """
    size = min(14, 8 + 0.35 * len(columns) * cell_pixels / CELL_PIXELS)
    height, width = _cell_size(shape, cell_pixels)
    head = _labels(columns, width, size)
    foot = _labels([shortened(text) for text in captions], width, 0.8 * size)
    picture = _picture(shape, cell_pixels * min(2, len(rows)), 2 * PAD + head.height) if image else None
    labels = tuple(wrapped(label) for label in rows)
    beside = _widest([(part, size) for label in labels for part in label.split("\n")] + [(title, foot.size)])
    left = PAD + (picture.width + PAD if image else 0) + (beside + PAD if beside else 0)
    left = max(left, PAD + max(foot.extents[:1], default=0) - width // 2)
    result = Plan(0, 0, picture, Box(left, 2 * PAD + head.height, width, height), labels, size, head, foot,
                  tuple(wide_gaps))
    corner = result.cell(len(rows) - 1, len(columns) - 1)
    return dataclasses.replace(
        result, width=corner.left + width + PAD + max(0, head.extents[-1] - width // 2),
        height=corner.top + height + PAD + (foot.height + PAD if captions else 0))


def wrapped(label):
    """The label of a row over several short lines."""
    return textwrap.fill(label, _WRAP, break_long_words=False, break_on_hyphens=False)


def shortened(caption):
    """A caption without underscores, cut where it is very long."""
    caption = caption.replace("_", " ")
    return caption if len(caption) <= _LONGEST else caption[:_LONGEST - 1].rstrip() + "…"


@functools.lru_cache(10_000)
def text_width(text, size):
    """Width in pixels of one line of text of a size in points: int."""
    return math.ceil(_extent(text, size)[0])


def text_height(size):
    """Height in pixels of one line of text of a size in points: int."""
    return math.ceil(_extent("Ag", size)[1])


def fitted(text, width, size):
    """Breaks text at its spaces.

    Args:
        text: str.
        width: int, pixels.
        size: float, points.

    Returns:
        str of at most three lines, none wider than `width`; None where there is no such way.
    """
    lines = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    fits = len(lines) <= _MOST_LINES and all(text_width(line, size) <= width for line in lines)
    return "\n".join(lines) if fits else None


def _labels(texts, width, size):
    """`Labels`, each fitted to the width of a column, or else all of them slanted."""
    fitting, line = [fitted(text, width, size) for text in texts], text_height(size)
    if None not in fitting:
        lines = max((text.count("\n") + 1 for text in fitting), default=0)
        return Labels(tuple(fitting), size, False, (0,) * len(texts),
                      math.ceil(line * (1 + _LINE_SPACING * (lines - 1))) if lines else 0)
    extents = tuple(math.ceil((text_width(text, size) + line) * _SLANT) for text in texts)
    return Labels(tuple(texts), size, True, extents, max(extents))


def _widest(texts):
    """Pixels of the widest of several (text, size); 0 where there is no text."""
    return max(text_width(text, size) if text else 0 for text, size in texts)


def _picture(shape, pixels, top):
    height, width = _cell_size(shape, pixels)
    return Box(PAD, top, width, height)


def _extent(text, size):
    renderer = backend_agg.RendererAgg(1, 1, saving.DPI)
    return renderer.get_text_width_height_descent(text, font_manager.FontProperties(size=size), False)


def _cell_size(shape, pixels):
    """(height, width) of a cell: a map enlarged or made smaller by a whole number.

    Only so, maps with a period of a few pixels, such as strides leave, show no moire.
    """
    largest = max(shape)
    if largest <= pixels:
        return tuple(side * (pixels // largest) for side in shape)
    return tuple(max(1, round(side / math.ceil(largest / pixels))) for side in shape)
