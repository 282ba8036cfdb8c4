"""What a report shows in a notebook: verdicts, what to conclude, curves and the maps of an image, as HTML that needs no file."""

import base64
import html
import io

import matplotlib.figure
import pandas as pd

from sanity_checks import runs
from sanity_checks.analysis import conclusions
from sanity_checks.analysis.verdicts import assessment as assessments
from sanity_checks.figures import curves
from sanity_checks.figures import grids
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests

DPI = 80            # pixels per inch of the pictures
COLUMNS = ("Test", "Method", "Verdict", "Curve", "Why")


def page(assessment: assessments.Assessment, summary: pd.DataFrame, directories: dict) -> str:
    """The HTML of a report.

    Args:
        assessment: `verdicts.Assessment`.
        summary: pandas.DataFrame from `aggregation.aggregate`.
        directories: dict, test -> its run directory.
    """
    metric = summary["metric"].iloc[0]
    parts = [f"<p><strong>Verdicts, {html.escape(names.label(names.METRICS, metric))}</strong></p>", _verdicts(assessment, metric)]
    parts += [f"<p>{html.escape(sentence)}</p>" for sentence in conclusions.conclusion(assessment, metric)]
    for test in directories:
        part = summary[summary["test"] == test]
        if tests.record(test).figure == tests.CURVES and not tests.record(test).null:
            parts.append(_picture(curves.stage_curves(part, list(dict.fromkeys(part["metric"]))),
                                  f"Curves of {names.label(names.TESTS, test)}"))
    maps = next((maps for _, maps in runs.figure_maps(list(directories.values())[:1])), None)
    if maps is not None:
        parts.append(_picture(grids.mask_grid(maps), f"Maps of image {maps.image_id}"))
    return "\n".join(parts)


def _verdicts(assessment, metric):
    rows = conclusions.rows(assessment, metric)
    cells = [[names.label(names.TESTS, row.test), names.label(names.METHODS, row.method), row.verdict, row.curve, row.why] for row in rows]
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    lines = ["".join(f"<td style='text-align: left'>{html.escape(cell)}</td>" for cell in line) for line in cells]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"


def _picture(figure: matplotlib.figure.Figure, text):
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    return f"<img alt='{html.escape(text, quote=True)}' style='max-width: 100%' src='data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}'>"
