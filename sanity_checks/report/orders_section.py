"""The section of randomization from the top beside that from the bottom, and of what explains them: surviving channels."""

import dataclasses

import numpy as np

from sanity_checks.figures import curves
from sanity_checks.report import pictures
from sanity_checks.report import sheets
from sanity_checks.report import strips
from sanity_checks.report import verdict_section
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names

# (order, test of the maps, test of the activations)
ORDERS = (("top down", "cascading", "activations_cascading"), ("bottom up", "bottom_up", "activations_bottom_up"))


@dataclasses.dataclass(frozen=True)
class Orders:
    """Both orders for one model and data set.

    Attributes:
        heading: str.
        sheets: list of `sheets.Sheet`, a table a metric, then that of the channels where their runs are given.
        pictures: list of `pictures.Picture`, the curves of the maps and of the channels in both orders.
    """
    heading: str
    sheets: list
    pictures: list


def sections(summary, output_dir):
    """Makes the section: a list of `Orders`, one for each model and data set that has runs in both orders.

    Args:
        summary: pandas.DataFrame from `aggregation.aggregate`.
        output_dir: str, the page's folder, gets the figures' files.
    """
    found = []
    for (model, dataset), part in summary.groupby(["model", "dataset"], sort=False, observed=True):
        of_tests = dict(list(part.groupby("test", sort=False, observed=True)))
        if all(of_maps in of_tests for _, of_maps, _ in ORDERS):
            found.append(_orders(model, dataset, of_tests, output_dir))
    return found


def _orders(model, dataset, of_tests, output_dir):
    maps = [of_tests[of_maps] for _, of_maps, _ in ORDERS]
    channels = [of_tests.get(of_channels) for _, _, of_channels in ORDERS]
    depths = _depths(min(part["stage_index"].max() for part in maps))
    shared = [metric for metric in maps[0]["metric"].unique() if metric in set(maps[1]["metric"])]
    key = names.file_stem("orders", model, dataset)
    tables = [_sheet(names.file_stem(key, metric), names.label(names.METRICS, metric), depths,
                     [part[part["metric"] == metric] for part in maps], "method") for metric in shared]
    if any(part is not None for part in channels):
        tables.append(_sheet(names.file_stem(key, "channels"), "Channels that survive, mean over hidden blocks", depths,
                             channels, "metric"))
    shown = [_picture(part, order, key, output_dir) for parts in (maps, channels) for (order, _, _), part in zip(ORDERS, parts)
             if part is not None]
    return Orders(verdict_section.model_label(model, dataset), tables, shown)


def _depths(stages):
    """The numbers of random blocks that tables show: one, half of them, all."""
    return sorted({1, max(1, stages // 2), stages})


def _sheet(key, caption, depths, parts, rows_of):
    """A table: lines are methods, or the channels' metrics; columns are depths, each from the top and from the bottom.

    Args:
        key, caption: str.
        depths: list of int, numbers of random blocks.
        parts: list of the summary's part of each order, or None; means over lines of one name and stage are shown.
        rows_of: str, column of the summary that names the lines.
    """
    means = [{} if part is None else part.groupby([rows_of, "stage_index"], sort=False, observed=True)["mean"].mean().to_dict()
             for part in parts]
    stages = [0 if part is None else part["stage_index"].max() for part in parts]
    records = names.METHODS if rows_of == "method" else names.METRICS
    lines = list(dict.fromkeys(name for part in parts if part is not None for name in part[rows_of]))
    columns = [f"{_blocks(depth, depths)}, {order}" for depth in depths for order, _, _ in ORDERS]
    cells = [[sheets.Cell(names.label(records, name))]
             + [_number(found.get((name, _stage(depth, depths, last)))) for depth in depths for found, last in zip(means, stages)]
             for name in lines]
    return sheets.plain(key, caption, ["Channels" if rows_of == "metric" else "Method", *columns], cells)


def _stage(depth, depths, last):
    """The stage of a depth in an order; all blocks are its last stage, however many it has."""
    return last if depth == depths[-1] else depth


def _blocks(depth, depths):
    return "all blocks" if depth == depths[-1] else "1 block" if depth == 1 else f"{depth} blocks"


def _number(value):
    if value is None or not np.isfinite(value):
        return sheets.Cell("", "")
    return sheets.Cell(strips.number_text(value), float(value), "number")


def _picture(part, order, key, output_dir):
    """The curves of a run's first group of metrics."""
    metrics = next(iter(metric_records.by_figure(part["metric"].unique()).values()))
    test = part["test"].iloc[0]
    note = f"{names.label(names.TESTS, test)}."
    alt = f"Curves of {', '.join(names.label(names.METRICS, metric) for metric in metrics)} as blocks are drawn anew {order}."
    return pictures.save(curves.stage_curves(part, metrics), output_dir, names.file_stem(key, test), alt, note)
