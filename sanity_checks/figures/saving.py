"""Saving figures, each as PNG and as PDF."""

import io
import logging

import matplotlib
import numpy as np
from PIL import Image

from sanity_checks.runs import files

DPI = 200           # pixels per inch of the PNG, and of images inside the PDF
FORMATS = ("png", "pdf")

# Text in a PDF stays text that can be searched and edited (TrueType instead of Type 3 fonts).
_PDF_FONTS = {"pdf.fonttype": 42}
# Without the time of saving in it, the same figure is the same file.
_PDF_METADATA = {"CreationDate": None}
LARGE = 1_000_000   # pixels from which files are kept small: maps in steps, photographs and edges of text in few colours
_GREYS = 60         # steps of the edges of text from black to white
_PALETTE = 256      # colours that a byte can tell apart

# It tells at level INFO of every table of every font that goes into a PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)


def save(figure, path, formats=FORMATS):
    """Writes a figure as `path`.png and `path`.pdf, each in one step.

    Args:
        figure: matplotlib.figure.Figure.
        path: str, without suffix.
        formats: iterable of str, some of `FORMATS`.

    Returns:
        list of str, the files.
    """
    written = []
    for form in formats:
        with files.replacing(f"{path}.{form}") as temporary, matplotlib.rc_context(_PDF_FONTS):
            if form == "png":
                _image(_drawn(figure)).save(temporary, "PNG", dpi=(DPI, DPI))
            else:
                figure.savefig(temporary, format=form, dpi=DPI, metadata=_PDF_METADATA)
        written.append(f"{path}.{form}")
    return written


def pixels(figure):
    """How many pixels a figure's PNG has: int."""
    return int(np.prod(np.rint(figure.get_size_inches() * DPI)))


def _drawn(figure):
    """A figure as its PNG shows it: uint8 [H, W, 3]."""
    stream = io.BytesIO()
    figure.savefig(stream, format="rgba", dpi=DPI)
    width, height = (int(side * DPI + 1e-6) for side in figure.get_size_inches())
    return np.frombuffer(stream.getvalue(), np.uint8).reshape(height, width, 4)[..., :3]


def _image(drawn):
    """The image of pixels, with a palette where they have few colours, or would have if a large figure's greys were fewer."""
    image = Image.fromarray(drawn)
    colors = image.getcolors(_PALETTE)
    if colors is None and drawn[..., 0].size > LARGE:
        grey = (drawn == drawn[..., :1]).all(axis=-1, keepdims=True)
        levels = np.rint(np.rint(np.arange(256) * (_GREYS / 255)) * (255 / _GREYS)).astype(np.uint8)
        evened = np.where(grey, levels[drawn], drawn)
        colors = Image.fromarray(evened).getcolors(_PALETTE)
        drawn = drawn if colors is None else evened
    if colors is None:
        return image
    numbers = np.zeros(1 << 24, np.uint8)
    palette = np.array(sorted(color for _, color in colors), np.uint8)
    numbers[_codes(palette)] = np.arange(len(palette))
    image = Image.fromarray(numbers[_codes(drawn)])
    image.putpalette(palette.tobytes())
    return image


def _codes(colors):
    """A number for each colour: uint8 [..., 3] -> int32 [...]."""
    return colors.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
