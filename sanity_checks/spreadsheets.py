"""CSV for spreadsheets, which take a cell that begins with = + - @ for a formula: such text gets an apostrophe before it.

Numbers stay as they are, also those with an interval or an error behind them. `read_frame` and `read_lines` give back
what was written.
"""

import csv
import io
import re

import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")           # the beginning of a text that is escaped, or looks like it
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
# "-0.5", "-0.5 [-0.6, 0.4]", "-0.5 ± 0.1 *"
_MEASURED = re.compile(rf"{_NUMBER}(?: \[{_NUMBER}, {_NUMBER}\])?(?: ± {_NUMBER})?(?: \*)?")


def frame_csv(frame):
    """A pandas.DataFrame as CSV, empty where a value is missing: str."""
    columns = [frame.iloc[:, position].tolist() for position in range(frame.shape[1])]
    return lines_csv([list(frame.columns), *([None if pd.isna(value) else value for value in line] for line in zip(*columns))])


def lines_csv(lines):
    """Lists of values as CSV: str."""
    return "".join(_line([_escaped(cell) for cell in line]) for line in lines)


def read_frame(path):
    """Reads a file of `frame_csv`: pandas.DataFrame."""
    found = pd.read_csv(path, keep_default_na=False, na_values=[""])
    found.columns = [_original(name) for name in found.columns]
    return found.map(_original)


def read_lines(path):
    """Reads a file of `lines_csv`: list of lists of str."""
    with open(path, newline="", encoding="utf-8") as file:
        return [[_original(cell) for cell in line] for line in csv.reader(file)]


def _line(cells):
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)        # it quotes cells that have either character in them
    return text.getvalue().removesuffix("\r\n") + "\n"


def _escaped(cell):
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) and not _MEASURED.fullmatch(cell) else cell


def _original(cell):
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell) else cell
