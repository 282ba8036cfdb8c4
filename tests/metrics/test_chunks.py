"""Slices and blocks cover everything once; scratch arrays are reused."""

import numpy as np
import pytest

from sanity_checks.metrics import chunks


@pytest.mark.parametrize("count, values_each", ((0, 5), (1, 10**7), (1000, 784), (7, 24 * 1024), (5, 1)))
def test_slices_cover_all_rows_once(count, values_each):
    rows = [row for piece in chunks.slices(count, values_each) for row in range(piece.start, piece.stop)]
    assert rows == list(range(count))


def test_slices_hold_no_more_than_asked():
    assert [piece.stop - piece.start for piece in chunks.slices(10, 30, piece_values=100)] == [3, 3, 3, 1]


@pytest.mark.parametrize("count, height, width", ((50, 28, 28), (3, 299, 299), (2, 700, 401), (1, 9, 50_000)))
def test_blocks_cover_all_pixels_once(count, height, width):
    covered = np.zeros((count, height), int)
    for planes, rows in chunks.blocks(count, height, width):
        covered[planes, rows] += 1
    np.testing.assert_array_equal(covered, 1)


def test_scratch_is_reused_by_name():
    scratch = chunks.Scratch()
    first = scratch("a", (4, 5))
    assert np.shares_memory(first, scratch("a", (3, 2)))
    assert not np.shares_memory(first, scratch("b", (3, 2)))
    assert scratch("a", (6, 7)).shape == (6, 7)
