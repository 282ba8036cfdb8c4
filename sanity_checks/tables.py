"""Tables: the whole summary as one CSV file, and per metric a table of methods against stages."""

import json
import os
import re
import textwrap

import numpy as np
import pandas as pd

from sanity_checks import spreadsheets
from sanity_checks.analysis import aggregation
from sanity_checks.runs import files
from sanity_checks.vocabulary import names

FOLDER = "tables"
TERMINAL_WIDTH = 100        # characters
_LATEX_STAGES = 6           # more stages than this do not fit across a page: they become the rows
_EMPTY = "n/a"              # nothing valid to average
_WRAP = 9                   # characters of a method's name in one line of a column's head
_GAP = "  "

_LATEX_ESCAPES = str.maketrans({
    "\\": r"\textbackslash{}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "⊙": r"$\odot$", "±": r"$\pm$",
})


def write_tables(summary, output_dir, notes=()):
    """Writes `tables/` in a directory: summary.csv, and a .csv, .md and .tex of each run and metric.

    Those are tables of methods (rows) against stages (columns), each cell "mean [low, high]" with the 95 %
    interval; the .tex has the stages in rows where they are many, and needs the package booktabs.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        output_dir: str, for example a run directory.
        notes: sequence of str, sentences below every table, such as that a run is not finished.

    Returns:
        list of str, the files written.
    """
    folder = os.path.join(output_dir, FOLDER)
    written = [os.path.join(folder, "summary.csv")]
    files.remove_leftovers(folder)
    files.write_text(written[0], spreadsheets.frame_csv(summary))
    stems = names.file_stems((*run, metric) for run, metric, _ in _blocks(summary))
    for run, metric, block in _blocks(summary):
        caption = _caption(run, metric) + ". Mean [95 % interval]."
        path = os.path.join(folder, stems[*run, metric])
        written += write_grid(path, _grid(block, _mean_and_interval), caption, [*_notes(block), *notes])
    return written


def write_grid(path, grid, caption, notes=(), across="Stage"):
    """Writes a table as `path`.csv, .md and .tex, and as .json for `read_grid`.

    Args:
        path: str, without suffix.
        grid: list of lines, each a list of str; the first line is the head.
        caption: str.
        notes: sequence of str, sentences below the table.
        across: str, what the columns are; heads the first column where a wide table is turned, as in LaTeX.

    Returns:
        list of str, the files written.
    """
    texts = {"csv": spreadsheets.lines_csv(grid), "md": markdown(grid, caption, notes), "tex": _latex(grid, caption, notes, across),
             "json": json.dumps({"caption": caption, "grid": grid, "notes": list(notes)}, ensure_ascii=False) + "\n"}
    for suffix, text in texts.items():
        files.write_text(f"{path}.{suffix}", text)
    return [f"{path}.{suffix}" for suffix in texts]


def read_grid(path):
    """Reads a table that `write_grid` wrote.

    Args:
        path: str, without suffix.

    Returns:
        pandas.DataFrame of str, whose columns may share a name; `attrs["note"]` has the sentences below the table.

    Raises:
        ValueError: the file is not one of `write_grid`.
    """
    kind = "a table of this software"
    found = files.read_json(f"{path}.json", kind, {"grid": list, "notes": list})
    grid = found["grid"]
    if not grid or not all(isinstance(line, list) and len(line) == len(grid[0]) for line in grid) or not all(
            isinstance(text, str) for text in (*(cell for line in grid for cell in line), *found["notes"])):
        raise ValueError(f"{path}.json is damaged: expected {kind}, lines of equally many texts, found others")
    table = pd.DataFrame(grid[1:], columns=grid[0], dtype=str)
    table.attrs["note"] = " ".join(found["notes"])
    return table


def terminal_table(summary, metric, width=TERMINAL_WIDTH):
    """Returns the means of one metric as plain text: a table of methods against stages for each run.

    Where the stages do not fit across, they become the rows, and methods that do not fit go into a further
    table.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        metric: str, a metric in it.
        width: int, characters in a line.

    Raises:
        ValueError: the summary has no such metric; the message lists those it has.
    """
    if metric not in set(summary["metric"]):
        raise ValueError(f"no metric {metric!r} in the results; "
                         f"they have: {', '.join(summary['metric'].unique())}")
    parts = []
    for run, _, block in _blocks(summary[summary["metric"] == metric]):
        grid = _grid(block, lambda point: _number(point.mean, 2))
        parts.append("\n".join([_caption(run, metric) + ", mean", *_plain(grid, width), *_notes(block)]))
    return "\n\n".join(parts)


def _blocks(summary):
    """Yields ((model, dataset, test), metric, block of the summary), in the summary's order."""
    columns = [*aggregation.RUN_COLUMNS, "metric"]
    for key, block in summary.groupby(columns, sort=False, observed=True):
        yield key[:-1], key[-1], block


def _caption(run, metric):
    model, dataset, test = run
    parts = (names.label(names.METRICS, metric), names.label(names.MODELS, model),
             names.label(names.DATASETS, dataset), names.label(names.TESTS, test))
    return f"{parts[0]}: {', '.join(parts[1:])}"


def _grid(block, show):
    """A table as a list of lines, each a list of str: methods against stages, the first line the head.

    Args:
        block: pandas.DataFrame, the part of a summary with one run and one metric.
        show: function from a point (a named tuple of the block's columns) to its cell's text.
    """
    stages = list(dict.fromkeys(sorted(zip(block["stage_index"], block["stage"]))))
    cells = {(point.method, point.stage_index, point.stage): show(point) for point in block.itertuples()}
    lines = [[names.label(names.METHODS, method)] + [cells.get((method, *stage), "") for stage in stages]
             for method in block["method"].unique()]
    return [["Method"] + [stage for _, stage in stages]] + lines


def _mean_and_interval(point):
    interval = f" [{_number(point.ci_low)}, {_number(point.ci_high)}]" if np.isfinite(point.ci_low) else ""
    return _number(point.mean) + interval


def _number(value, digits=3):
    if not np.isfinite(value):
        return _EMPTY
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _notes(block):
    """Sentences on how many values the means are of, and which pairs were left out: list of str."""
    few, many = block["n"].min(), block["n"].max()
    notes = [f"Each mean is over {many if few == many else f'{few} to {many}'} map pairs."]
    counts = block[block["n_degenerate"] > 0].groupby("method", sort=False)["n_degenerate"].sum()
    if len(counts):
        listed = [f"{names.label(names.METHODS, method)} {count}" for method, count in counts.items()]
        notes.append(f"Degenerate pairs, over all stages, left out of the means: {', '.join(listed)}.")
    return notes


def markdown(grid, caption, notes=()):
    """A table as Markdown: str; arguments as of `write_grid`."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in grid]
    rule = "|" + "---|" * len(grid[0])
    return "\n".join([caption, "", lines[0], rule, *lines[1:], "", *notes, ""])


def _latex(grid, caption, notes, across):
    if len(grid[0]) - 1 > _LATEX_STAGES:
        grid = _transposed(grid, across)
    lines = [" & ".join(_escaped(cell) for cell in line) + r" \\" for line in grid]
    return "\n".join([
        *(f"% {text}" for text in (caption, *notes)),
        rf"\begin{{tabular}}{{l{'r' * (len(grid[0]) - 1)}}}", r"\toprule", lines[0], r"\midrule", *lines[1:],
        r"\bottomrule", r"\end{tabular}", ""])


def _escaped(cell):
    return re.sub(r"(?<!\w)-(?=\d)", "$-$", cell.translate(_LATEX_ESCAPES))


def _transposed(grid, across="Stage"):
    lines = [list(line) for line in zip(*grid)]
    return [[across] + lines[0][1:]] + lines[1:]


def _plain(grid, width):
    """The grid's lines as text, columns aligned, in as many tables as the width asks for."""
    columns = _columns(grid)
    if _width(columns) > width:
        columns = _columns(_transposed(grid))
    head, rest = columns[0], columns[1:]
    lines = []
    while rest:
        taken = 1
        while taken < len(rest) and _width([head, *rest[:taken + 1]]) <= width:
            taken += 1
        lines += _aligned([head, *rest[:taken]]) + [""]
        rest = rest[taken:]
    return lines[:-1]


def _columns(grid):
    """Columns of text cells; long names at the head are wrapped over several lines, put at their foot."""
    heads = [textwrap.wrap(name, _WRAP, break_long_words=False) or [""] for name in grid[0]]
    height = max(len(head) for head in heads)
    return [[""] * (height - len(head)) + head + [line[i] for line in grid[1:]]
            for i, head in enumerate(heads)]


def _width(columns):
    return sum(max(map(len, column)) for column in columns) + len(_GAP) * (len(columns) - 1)


def _aligned(columns):
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for first, *others in zip(*columns):
        cells = [first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(others, widths[1:])]
        lines.append(_GAP.join(cells).rstrip())
    return lines
