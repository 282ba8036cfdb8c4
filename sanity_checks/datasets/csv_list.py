"""A CSV that lists images: columns file and, where the images have labels, label or class_index (and class_name).

Commas, semicolons or tabs separate; the text is UTF-8, or UTF-16 with a byte order mark. What cannot be read is refused
by file and line.
"""

import codecs
import csv
import io
import os
import re

import numpy as np

from sanity_checks.datasets import base
from sanity_checks.datasets import listing

LABEL_COLUMNS = ("label", "class_index")
SEPARATORS = (",", ";", "\t")
CLASS_NUMBER = re.compile(r"([0-9]+)(\.0*)?")       # 7, and 7.0 as spreadsheets and pandas write it
SHOWN = 40                                          # characters of a wrong value in a message


def read(path):
    """Reads a list.

    Args:
        path: str, of a file.

    Returns:
        (list of paths, int64 labels or None, tuple of class names or None). A file is looked for as it is written,
        relative to the CSV's folder; then without surrounding spaces; then with / for \\.

    Raises:
        ValueError: another encoding, no column file, a row or a label that cannot be read.
        FileNotFoundError: a file that is listed does not exist.
    """
    columns, rows = _table(path, _text(path))
    if not rows:
        raise ValueError(f"images: {path} lists no images")
    files = [_file(path, line, row["file"]) for line, row in rows]
    missing = [(line, file) for (line, _), (file, exists) in zip(rows, files) if not exists]
    if missing:
        raise FileNotFoundError(f"images: {path} lists {len(missing)} files that do not exist, first {missing[0][1]} "
                                f"(line {missing[0][0]})")
    column = next((name for name in LABEL_COLUMNS if name in columns), None)
    if column is None:
        return [file for file, _ in files], None, None
    labels = [_label(path, line, row[column]) for line, row in rows]
    return [file for file, _ in files], np.array(labels, np.int64), _class_names(rows, labels)


def _text(path):
    with open(path, "rb") as stream:
        content = stream.read()
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[:error.start].decode(encoding, "ignore")
        raise _refusal(path, _line(before), f"expected text in UTF-8, or in UTF-16 with a byte order mark, found byte "
                                            f"0x{content[error.start]:02x}") from error
    if "\0" in text:
        raise _refusal(path, _line(text[:text.index("\0")]), "expected text in UTF-8, or in UTF-16 with a byte order "
                                                             "mark, found a NUL byte")
    return text


def _line(before):
    """The number of the line that a text reaches, from 1."""
    return len(re.findall(r"\r\n|\r|\n", before)) + 1


def _table(path, text):
    """(columns, [(line, dict, column -> value)]); blank lines are left out, values that a row lacks are ""."""
    line, columns, rows, separator = _begun(path, text)
    if len(set(columns)) < len(columns):
        raise _refusal(path, line, "a column is named twice")
    table = []
    for line, row in rows:
        if any(value.strip() for value in row[len(columns):]):
            what = "a tab" if separator == SEPARATORS[-1] else separator
            raise _refusal(path, line, f"expected {len(columns)} values ({', '.join(columns)}), found {len(row)}; put "
                                       f"quotes around a value that holds {what}")
        table.append((line, dict(zip(columns, row + [""] * (len(columns) - len(row))))))
    return columns, table


def _begun(path, text):
    """(line of the header, its columns, the rows below it, the separator), by the one that gives a column file."""
    refused = None
    for separator in SEPARATORS:
        rows = _rows(path, text, separator)
        try:
            line, header = next(rows, (1, []))
        except ValueError as error:
            refused = refused or error
            continue
        columns = [name.strip() for name in header]
        if "file" in columns:
            return line, columns, rows, separator
        found = _shown(", ".join(columns)) or "nothing"
        refused = refused or ValueError(f"images: {path}: expected a column file, found {found} (commas, semicolons or "
                                        f"tabs separate columns)")
    raise refused


def _rows(path, text, separator):
    """The rows that are not blank: iterator of (line at which it begins, list of str)."""
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refusal(path, line, f"no row of a CSV ({error})") from error
        if any(value.strip() for value in row):
            yield line, row
        line = reader.line_num + 1


def _file(path, line, entry):
    """(path of a file, whether it exists); where it does not, the path as it is written."""
    if not entry.strip():
        raise _refusal(path, line, "expected a file, found nothing")
    names = dict.fromkeys([entry, entry.strip(), entry.strip().replace("\\", os.sep)])
    files = [os.path.join(os.path.dirname(path), name) for name in names]
    found = next((file for file in files if listing.is_file(file)), None)
    return (found, True) if found else (_shown(files[0], 10 * SHOWN), False)


def _label(path, line, text):
    match = CLASS_NUMBER.fullmatch(text.strip())
    digits = match[1].lstrip("0") if match else ""
    if not match or len(digits) > len(str(base.LARGEST_LABEL)) or int(digits or 0) > base.LARGEST_LABEL:
        raise _refusal(path, line, f"expected a class number, found {_shown(repr(text))} (0 to {base.LARGEST_LABEL})")
    return int(digits or 0)


def _class_names(rows, labels):
    """Names of the classes that the CSV names, by class number; None if it names none."""
    if not rows[0][1].get("class_name"):
        return None
    names = [str(i) for i in range(max(labels) + 1)]
    for (_, row), label in zip(rows, labels):
        names[label] = row["class_name"] or names[label]
    return tuple(names)


def _refusal(path, line, what):
    return ValueError(f"images: {path}, line {line}: {what}")


def _shown(text, longest=SHOWN):
    """Text of one line, cut."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[:longest]} ..."
