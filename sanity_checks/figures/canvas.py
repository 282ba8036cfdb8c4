"""A page of pixels with pictures, maps and text on it: what the grids of maps are drawn on.

All pictures are composed as one array of pixels, so that every pixel of a small map is a square of exactly equal
size, and every pixel of a large one has its exact share: no moire, and no axes that are not quite where they
should be.
"""

from matplotlib import artist
from matplotlib import figure as matplotlib_figure
from matplotlib import patches
from matplotlib.backends import backend_agg
import numpy as np
from PIL import Image

from sanity_checks.figures import layout
from sanity_checks.figures import saving
from sanity_checks.figures import shading

_COLORS = 120                   # of such a photograph; with the maps' and the text's no more than a palette's 256
_FRAME = 191                    # grey of the line, one pixel wide, about a cell
_FLAW_FACE, _FLAW_HATCH = "#f2f2f2", "#b0b0b0"
_FLAW_TEXT_BOX = {"facecolor": _FLAW_FACE, "edgecolor": "none", "pad": 1}
SMALL_COLOR = "0.35"            # of captions


class Canvas:
    """A figure of a size in pixels at `saving.DPI`; coordinates count from its upper left corner.

    Args:
        width, height: int, pixels.
    """

    def __init__(self, width, height):
        self._large = width * height > saving.LARGE
        self._figure = matplotlib_figure.Figure(figsize=(width / saving.DPI, height / saving.DPI), dpi=saving.DPI)
        backend_agg.FigureCanvasAgg(self._figure)
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._pixels = np.full((height, width, 3), 255, np.uint8)

    def picture(self, image, input_range, box):
        """Draws an image, float32 [H, W, C] with values in `input_range`, into a `layout.Box`."""
        colors = shading.resized(shading.picture(image, input_range), box.height, box.width)
        self._paste(_in_few_colors(colors) if self._large else colors, box)

    def saliency(self, saliency, mode, box, font_size):
        """Draws a map, float32 [H, W, C]; one that has nothing to show is hatched, and says why.

        Args:
            mode: `grids.Mode`.
            box: `layout.Box`.
            font_size: float, points.
        """
        flaw = shading.flaw(saliency, mode.reduce)
        if flaw is None:
            self._paste(self._shaded(saliency, mode, box), box)
            return
        self._axes.add_patch(patches.Rectangle(
            (box.left, box.top), box.width, box.height, facecolor=_FLAW_FACE, edgecolor=_FLAW_HATCH, hatch="////",
            linewidth=0))
        self.text(box.left + box.width / 2, box.top + box.height / 2, flaw, 0.7 * font_size, va="center",
                  color="0.25", bbox=_FLAW_TEXT_BOX)

    def text(self, x, y, text, size, color="0", ha="center", va="top", rotation=0, bbox=None):
        """Writes text of a size in points; the other arguments are Matplotlib's."""
        self._axes.text(x, y, text, fontsize=size, color=color, ha=ha, va=va, rotation=rotation,
                        rotation_mode="anchor", bbox=bbox)

    def labels(self, plan, title=""):
        """Writes what a `layout.Plan` says beside, above and below the cells, and `title` beside the captions."""
        for row, label in enumerate(plan.rows):
            box = plan.cell(row, 0)
            self.text(box.left - layout.PAD, box.top + box.height / 2, label, plan.font_size, ha="right", va="center")
        head, foot = plan.columns, plan.captions
        for column, label in enumerate(head.texts):
            box = plan.cell(0, column)
            self.text(box.left + box.width / 2, box.top - layout.PAD, label, head.size, va="bottom",
                      ha="left" if head.turned else "center", rotation=45 if head.turned else 0)
        below = plan.cell(len(plan.rows) - 1, 0)
        bottom = below.top + below.height + layout.PAD
        for column, label in enumerate(foot.texts):
            box = plan.cell(0, column)
            self.text(box.left + box.width / 2, bottom, label, foot.size, SMALL_COLOR,
                      ha="right" if foot.turned else "center", rotation=45 if foot.turned else 0)
        if title:
            self.text(below.left - layout.PAD, bottom, title, foot.size, SMALL_COLOR, ha="right")

    def figure(self):
        """The finished matplotlib Figure, to be saved at `saving.DPI`."""
        height, width = self._pixels.shape[:2]
        self._figure.add_artist(_Pixels(self._pixels))
        self._axes.set(xlim=(0, width), ylim=(height, 0))
        return self._figure

    def _shaded(self, saliency, mode, box):
        """A map as colours, float64 [height, width, 3] of the box.

        One that is made smaller is shaded afterwards: neighbours of opposite sign cancel, and what is left of the map
        gets the full colours.
        """
        if box.height < saliency.shape[0]:
            saliency = shading.resized(mode.reduce(saliency), box.height, box.width)[..., None]
        shade = shading.resized(mode.shade(saliency), box.height, box.width)
        return mode.colors(shading.even(shade, *mode.steps) if self._large else shade)

    def _paste(self, colors, box):
        self._pixels[box.top - 1:box.top + box.height + 1, box.left - 1:box.left + box.width + 1] = _FRAME
        self._pixels[box.top:box.top + box.height, box.left:box.left + box.width] = np.rint(255 * colors)


class _Pixels(artist.Artist):
    """A picture that fills the figure pixel by pixel, below all else: uint8 [H, W, 3]. Nothing is resampled."""

    def __init__(self, pixels):
        super().__init__()
        self.set_zorder(-1)
        opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
        self._upward = np.ascontiguousarray(np.concatenate([pixels, opaque], axis=-1)[::-1])

    def draw(self, renderer):
        context = renderer.new_gc()
        renderer.draw_image(context, 0, 0, self._upward)
        context.restore()


def _in_few_colors(colors):
    """A photograph in some of its colours, the most distant ones included, dithered: float64 [H, W, 3] in [0, 1]."""
    image = Image.fromarray(np.rint(255 * colors).astype(np.uint8))
    palette = image.quantize(_COLORS, method=Image.Quantize.MAXCOVERAGE)
    return np.asarray(image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")) / 255
