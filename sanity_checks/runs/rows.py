"""Rows, kept as Parquet: the similarity of an image's map at a stage to its map on the original weights."""

import concurrent.futures
import contextlib
import json
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sanity_checks.runs import files

SCHEMA = pa.schema([
    ("model", pa.string()),
    ("dataset", pa.string()),
    ("test", pa.string()),
    ("draw", pa.int64()),               # number of the random draw of the weights
    ("stage_index", pa.int64()),        # 0 is the original
    ("stage", pa.string()),
    ("method", pa.string()),
    ("metric", pa.string()),
    ("image_id", pa.string()),
    ("explained_class", pa.int64()),    # at this stage
    ("value", pa.float64()),            # NaN: a degenerate pair, of which one map is constant or not finite
])
COLUMNS = tuple(SCHEMA.names)
TEXT_COLUMNS = tuple(field.name for field in SCHEMA if field.type == pa.string())
AT_ONCE = 4             # files read at a time, for file systems on which opening one takes long
_METADATA_KEY = b"sanity_checks"
# What the metadata of a unit's file have: the unit, the time it took, the number of its rows.
_METADATA = {"draw": int, "first": int, "last": int, "seconds": float, "rows": int, "degenerate": int}


def write_rows(path, rows, metadata):
    """Writes rows as one Parquet file, in one step.

    Args:
        path: str, the file.
        rows: pandas.DataFrame with exactly the columns `COLUMNS`, in any order.
        metadata: dict of JSON values, kept in the file's key-value metadata.

    Raises:
        ValueError: other columns, a missing entry, or an entry of another type.
    """
    table = _to_table(rows)
    encoded = {_METADATA_KEY: json.dumps(metadata).encode()}
    with files.replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata(encoded), temporary, compression="zstd")


def read_metadata(path):
    """Returns the dict that `write_rows` was given with a file.

    Raises:
        ValueError: the file cannot be read, was not written by `write_rows`, or not as a unit of a run.
    """
    with _opened(path) as file:
        return _metadata(path, file)


def read_files(paths, check=None):
    """Reads and joins Parquet files of rows, several at a time.

    Args:
        paths: non-empty list of str.
        check: function (path, metadata) that raises ValueError for a file that should not be among them; None for none.

    Returns:
        pandas.DataFrame with the columns `COLUMNS`, in the order of the files; text columns are categorical,
        so that millions of rows fit into memory.

    Raises:
        ValueError: a file cannot be read, has other columns, or lacks an entry; the message names it.
    """
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as executor:
        tables = list(executor.map(lambda path: _read_file(path, check), paths))
    table = pa.concat_tables(tables).unify_dictionaries()
    del tables
    return table.to_pandas(split_blocks=True, self_destruct=True)


def count_degenerate(rows):
    """Returns the number of rows whose value is not finite."""
    return int(np.count_nonzero(~np.isfinite(rows["value"].to_numpy(np.float64))))


@contextlib.contextmanager
def _opened(path):
    """A Parquet file, open; what cannot be read of it is a ValueError."""
    try:
        with pq.ParquetFile(path, read_dictionary=list(TEXT_COLUMNS)) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error


def _metadata(path, file):
    try:
        found = json.loads(file.schema_arrow.metadata[_METADATA_KEY])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    files.check_object(found, f"{path}: metadata", "those of a unit of a run", _METADATA, {"run": str})
    return found


def _read_file(path, check):
    with _opened(path) as file:
        if check is not None:
            check(path, _metadata(path, file))
        table = file.read(use_threads=False)
    if tuple(table.column_names) != COLUMNS:
        raise ValueError(f"{path}: expected the columns {', '.join(COLUMNS)}, "
                         f"got {', '.join(table.column_names)}")
    for field, column in zip(SCHEMA, table.columns):
        found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if found != field.type:
            raise ValueError(f"{path}: expected column {field.name!r} to hold {field.type}, found {found}")
        if column.null_count:
            raise ValueError(f"{path}: expected every row to have {field.name!r}, found {column.null_count} of "
                             f"{len(table)} rows without")
    if not len(table):
        raise ValueError(f"{path}: expected rows, found none")
    return table.replace_schema_metadata(None)


def _unreadable(path, error):
    """ValueError that a file cannot be read; what the system refuses (no permission, no file) passes as it is."""
    if isinstance(error, OSError) and error.errno:
        return OSError(error.errno, os.strerror(error.errno), path)
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ValueError(f"{path} is not a readable file of rows ({reason}); delete it and run again to compute it anew")


def _to_table(rows):
    if set(rows.columns) != set(COLUMNS):
        missing = [name for name in COLUMNS if name not in rows.columns]
        unknown = [str(name) for name in rows.columns if name not in COLUMNS]
        raise ValueError(f"rows: expected the columns {', '.join(COLUMNS)}; missing {missing}, "
                         f"unexpected {unknown}")
    return pa.table([_to_array(rows[field.name], field) for field in SCHEMA], schema=SCHEMA)


def _to_array(column, field):
    if field.type == pa.float64():
        return pa.array(column.to_numpy(np.float64))        # of a Series, pyarrow would make NaN null
    if column.isna().any():
        raise ValueError(f"rows: column {field.name!r} has a missing entry")
    if field.type == pa.string() and not all(isinstance(value, str) for value in column.unique()):
        raise ValueError(f"rows: column {field.name!r} must hold str, got {pd.api.types.infer_dtype(column)}")
    try:
        return pa.array(column.to_numpy(), type=field.type)
    except (pa.ArrowException, TypeError) as error:
        raise ValueError(f"rows: column {field.name!r} must hold {field.type}, got {column.dtype}") from error


class Collector:
    """Gathers the rows of one work unit; the only place where rows are made.

    Args:
        model, dataset, test: str.
        draw: int.
        image_ids: sequence of N str.
    """

    def __init__(self, model, dataset, test, draw, image_ids):
        self._common = {"model": model, "dataset": dataset, "test": test, "draw": draw, "image_id": list(image_ids)}
        self._parts = []

    def add(self, stage_index, stage, method, metric, values, explained_class):
        """Adds a row per image.

        Args:
            stage_index: int; 0 is the original.
            stage, method, metric: str.
            values: float64 [N].
            explained_class: int or int [N].
        """
        self._parts.append({"stage_index": stage_index, "stage": stage, "method": method, "metric": metric,
                            "value": np.asarray(values, np.float64),
                            "explained_class": np.broadcast_to(explained_class, len(self._common["image_id"]))})

    def frame(self):
        """All rows so far: pandas.DataFrame with the columns `COLUMNS`."""
        count, images = len(self._parts), len(self._common["image_id"])
        columns = {name: np.repeat([part[name] for part in self._parts], images)
                   for name in ("stage_index", "stage", "method", "metric")}
        for name, kind in (("value", np.float64), ("explained_class", np.int64)):
            columns[name] = np.concatenate([part[name] for part in self._parts]).astype(kind)
        columns |= {name: self._common[name] for name in ("model", "dataset", "test", "draw")}
        return pd.DataFrame({**columns, "image_id": self._common["image_id"] * count})[list(COLUMNS)]
