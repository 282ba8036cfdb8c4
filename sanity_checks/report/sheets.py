"""Tables of the page: what stands in their cells, what they are sorted by, and the same as CSV in a link."""

import base64
import dataclasses
import numbers
import re

import markupsafe

from sanity_checks import spreadsheets

# A number, perhaps with its error and a mark: "-0.5 ± 0.1 *".
_MEASURED = re.compile(r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?: ± [\d.e+-]+)?(?: \*)?")


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: str, or Markup for HTML.
        key: what the column is sorted by, number or str; None for the text.
        kind: str, CSS class, or "".
    """

    text: str
    key: object = None
    kind: str = ""

    @property
    def sort(self):
        """The key as the page wants it: a number in full precision, or text."""
        key = self.text if self.key is None else self.key
        return repr(float(key)) if isinstance(key, numbers.Real) else str(key)


@dataclasses.dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        key: str, its id in the page, and the name of its CSV file.
        caption: str.
        columns: list of str, the heads.
        rows: list of lists of `Cell`; the first cell of each is its head.
        csv: str, the table as CSV in full precision.
        filters: list of str, columns that the page lets the reader choose from.
        note: str, what stands below it, or "".
    """

    key: str
    caption: str
    columns: list
    rows: list
    csv: str
    filters: list = dataclasses.field(default_factory=list)
    note: str = ""

    @property
    def csv_uri(self):
        return "data:text/csv;charset=utf-8;base64," + base64.b64encode(self.csv.encode()).decode()


def plain(key, caption, columns, rows, filters=()):
    """A `Sheet` whose CSV has the same columns as the page.

    Args:
        key, caption: str.
        columns: list of str.
        rows: list of lists of str, numbers or `Cell`.
        filters: list of str.
    """
    cells = [[value if isinstance(value, Cell) else cell(value) for value in row] for row in rows]
    lines = [columns] + [[_exact(c) for c in row] for row in cells]
    return Sheet(key, caption, list(columns), cells, spreadsheets.lines_csv(lines), list(filters))


def given(key, caption, frame):
    """A `Sheet` of a table made elsewhere.

    Args:
        key, caption: str.
        frame: pandas.DataFrame of numbers or of text such as "-0.5 ± 0.1", which is sorted by its number;
            columns may share a name. `frame.attrs["note"]`, if it is there, stands below the table.
    """
    rows = [[_measured(value) if isinstance(value, str) else cell(value) for value in row]
            for row in frame.to_numpy().tolist()]
    return Sheet(key, caption, [str(name) for name in frame.columns], rows, spreadsheets.frame_csv(frame),
                 note=frame.attrs.get("note", ""))


def _measured(text):
    found = _MEASURED.fullmatch(text)
    return Cell(text.replace("-", "\N{MINUS SIGN}"), float(found[1]), "number") if found else Cell(text)


def cell(value):
    """The `Cell` of a plain value: thousands apart in whole numbers, "" for None and NaN."""
    if value is None or value != value:
        return Cell("", "")
    if isinstance(value, numbers.Integral):
        return Cell(f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"), int(value), "number")
    if isinstance(value, numbers.Real):
        return Cell(f"{value:z.3f}".replace("-", "\N{MINUS SIGN}"), float(value), "number")
    return Cell(str(value))


def html(key, text, kind=""):
    """A `Cell` of ready HTML, sorted by `key`."""
    return Cell(markupsafe.Markup(text), key, kind)


def _exact(found):
    return found.text if found.key is None or isinstance(found.key, str) else found.key
