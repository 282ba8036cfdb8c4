"""Saving figures, each as PNG and as PDF."""

import logging

import matplotlib

from sanity_checks.runs import files

DPI = 200           # pixels per inch of the PNG, and of images inside the PDF
FORMATS = ("png", "pdf")

# Text in a PDF stays text that can be searched and edited (TrueType instead of Type 3 fonts).
_PDF_FONTS = {"pdf.fonttype": 42}
# Without the time of saving in it, the same figure is the same file.
_METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}}

# It tells at level INFO of every table of every font that goes into a PDF.
logging.getLogger("fontTools").setLevel(logging.WARNING)


def save(figure, path):
    """Writes a figure as `path`.png and `path`.pdf, each in one step.

    Args:
        figure: matplotlib.figure.Figure.
        path: str, without suffix.

    Returns:
        list of str, the files.
    """
    written = []
    for form in FORMATS:
        with files.replacing(f"{path}.{form}") as temporary, matplotlib.rc_context(_PDF_FONTS):
            figure.savefig(temporary, format=form, dpi=DPI, metadata=_METADATA[form])
        written.append(f"{path}.{form}")
    return written
