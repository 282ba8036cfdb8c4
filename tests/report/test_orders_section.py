"""The section of both orders: numbers at the same number of random blocks, the channels beside them, and only where both ran."""

import pandas as pd
import pytest

from sanity_checks import report
from sanity_checks import runs as run_files
from sanity_checks.analysis import aggregation
from sanity_checks.report import orders_section

BLOCKS = ("logits", "hidden2", "hidden1")


def rows(test, lines):
    """Rows of two images; `lines` maps (method, metric) to the values of stages 0, 1 ..."""
    order = BLOCKS if "cascading" in test else BLOCKS[::-1]
    found = [(test, 0, index, ("original", *order)[index], method, metric, image, 3, value)
             for (method, metric), values in lines.items() for index, value in enumerate(values) for image in ("00", "01")]
    columns = ["test", "draw", "stage_index", "stage", "method", "metric", "image_id", "explained_class", "value"]
    return pd.DataFrame(found, columns=columns).assign(model="mlp", dataset="mnist")[list(run_files.COLUMNS)]


LINES = {
    "cascading": {("gradient", "spearman"): (1, 0.9, 0.6, 0.1), ("mine", "spearman"): (1, 0.8, 0.5, 0.2)},
    "bottom_up": {("gradient", "spearman"): (1, 0.3, 0.2, 0.05)},
    "activations_cascading": {("hidden2", "channel_rank"): (1, 1, 0, 0), ("hidden1", "channel_rank"): (1, 1, 1, 0.5)},
    "activations_bottom_up": {("hidden2", "channel_rank"): (1, 0.2, 0, 0), ("hidden1", "channel_rank"): (1, 0, 0, -0.25)},
}


@pytest.fixture(scope="module")
def all_rows():
    return {test: rows(test, lines) for test, lines in LINES.items()}


def sections(all_rows, tests, folder):
    return orders_section.sections(aggregation.aggregate(pd.concat([all_rows[test] for test in tests])), str(folder))


def texts(sheet):
    return [[cell.text for cell in row] for row in sheet.rows]


def test_methods_and_channels_stand_at_the_same_number_of_random_blocks(all_rows, tmp_path):
    (found,) = sections(all_rows, LINES, tmp_path)
    maps, channels = found.sheets
    assert maps.columns == ["Method", "1 block, top down", "1 block, bottom up", "all blocks, top down", "all blocks, bottom up"]
    assert texts(maps) == [["Gradient", "0.90", "0.30", "0.10", "0.05"], ["mine", "0.80", "", "0.20", ""]]
    # means over the two hidden blocks
    assert texts(channels) == [["Rank Correlation of Channels", "1.00", "0.10", "0.25", "−0.12"]]
    assert len(found.pictures) == 4 and len(list((tmp_path / "figures").glob("orders_mlp_mnist_*.png"))) == 4


def test_half_of_more_blocks(all_rows, tmp_path):
    deeper = {test: part.copy() for test, part in all_rows.items()}
    for test in ("cascading", "bottom_up"):
        extra = deeper[test][deeper[test].stage_index == 3].assign(stage_index=4, stage="lowest", value=0.0)
        deeper[test] = pd.concat([deeper[test], extra])
    one_more = deeper["cascading"][deeper["cascading"].stage_index == 4].assign(stage_index=5, stage="below", value=-0.25)
    deeper["cascading"] = pd.concat([deeper["cascading"], one_more])     # a block that the other order has not: the last are all
    (found,) = sections(deeper, ("cascading", "bottom_up"), tmp_path)
    assert found.sheets[0].columns[3:5] == ["2 blocks, top down", "2 blocks, bottom up"]
    assert texts(found.sheets[0])[0] == ["Gradient", "0.90", "0.30", "0.60", "0.20", "−0.25", "0.00"]


@pytest.mark.parametrize("tests", [("cascading",), ("bottom_up",), ("cascading", "activations_cascading", "activations_bottom_up")])
def test_one_order_alone_has_no_section(all_rows, tests, tmp_path):
    assert sections(all_rows, tests, tmp_path) == []


def test_the_page_has_it(all_rows, tmp_path):
    paths = []
    for test, part in all_rows.items():
        directory = run_files.RunDirectory.open(str(tmp_path / test), {"test": test}, "", {"versions": {}})
        directory.write_unit(run_files.Unit(0, 0, 2), part, 1.0)
        paths.append(directory.path)
    with open(report.write(str(tmp_path / "both"), paths), encoding="utf-8") as file:
        text = file.read()
    assert 'href="#orders-section"' in text and "From the top, and from the bottom" in text and "Channels that survive" in text
