"""Tests of the sizes of cells and of the breaking of text."""

import pytest

from sanity_checks.figures import layout

SIZE = 10.0


def cell(shape, pixels):
    box = layout.plan(shape, ["Gradient"], ["original"], pixels).first
    return box.height, box.width


@pytest.mark.parametrize("shape, pixels, expected", [
    ((28, 28), 150, (140, 140)), ((20, 40), 150, (60, 120)), ((150, 75), 150, (150, 75)),
    ((299, 299), 300, (299, 299)), ((299, 299), 150, (150, 150)), ((400, 800), 150, (67, 133)), ((300, 2), 150, (150, 1))])
def test_maps_are_enlarged_and_made_smaller_by_whole_numbers(shape, pixels, expected):
    assert cell(shape, pixels) == expected


def test_words_share_lines_where_they_fit():
    width = layout.text_width("a big dog", SIZE)
    assert layout.fitted("a big dog", width, SIZE) == "a big dog"
    assert layout.fitted("a big dog", width - 1, SIZE) == "a big\ndog"


def test_what_has_a_word_too_wide_or_lines_too_many_does_not_fit():
    assert layout.fitted("schnauzer", layout.text_width("schnauzer", SIZE) - 1, SIZE) is None
    assert layout.fitted("aa aa aa aa", layout.text_width("aa", SIZE), SIZE) is None


def test_nothing_fits_anywhere():
    assert layout.fitted("", 1, SIZE) == ""


def test_long_captions_are_cut():
    assert layout.shortened("x" * 28) == "x" * 28
    assert layout.shortened("x" * 29) == "x" * 27 + "…"


def test_a_figure_without_labels_or_image_begins_with_the_cells():
    assert layout.plan((28, 28), ["", ""], ["a"], image=False).first.left == layout.PAD


def test_wide_gaps_follow_the_columns_that_are_named():
    plan = layout.plan((28, 28), ["x"], "abcd", wide_gaps=(0, 2))
    lefts = [plan.cell(0, column).left for column in range(4)]
    gaps = [right - left - plan.first.width for left, right in zip(lefts, lefts[1:])]
    assert gaps[0] == gaps[2] > gaps[1]
