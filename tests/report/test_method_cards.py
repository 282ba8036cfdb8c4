"""Verdicts in words, their order, and what each card leads to."""

import os
import xml.etree.ElementTree

import numpy as np
import pandas as pd
import pytest

from sanity_checks.report import method_cards
from sanity_checks.report import verdict_section
from sanity_checks.vocabulary import names
from tests.report import test_page

read = test_page.read


def stages_of(means, statuses):
    names = ["logits", "fc2", "fc1", "conv3", "conv2", "conv1"][:len(means)]
    return pd.DataFrame({"stage_index": range(1, len(means) + 1), "stage": names, "mean": means, "status": statuses})


def words(verdict, means, statuses, test="cascading", null=0.1, more_draws=np.nan):
    row = {"verdict": verdict, "test": test, "null": null, "more_draws": more_draws}
    return method_cards.in_words(row, stages_of(means, statuses)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("expected, found", [
    ("Still 96 % like the original after the top two blocks (to fc2) were randomized.",
     words("partly insensitive", [0.99, 0.96, 0.1], ["above", "above", "at null"])),
    ("Still 99 % like the original after the top block (logits) was randomized.",
     words("partly insensitive", [0.99, 0.1], ["above", "at null"])),
    ("Still 90 % like the original after all six blocks were randomized.",
     words("insensitive", [0.9] * 6, ["above"] * 6)),
    ("Still 90 % like the original after the lowest block (logits) was randomized.",
     words("partly insensitive", [0.9, 0.1], ["above", "at null"], "bottom_up")),
    ("Still 95 % like the original with fc2 alone randomized.",
     words("partly insensitive", [0.1, 0.95, 0.5], ["at null", "above", "above"], "independent")),
    ("Still 40 % like the original with logits.", words("insensitive", [0.4], ["above"], "labels")),
    ("Does not show the weights at all: even maps of unrelated networks are 99 % alike.",
     words("insensitive", [1.0, 1.0], ["no range"] * 2, null=0.99)),
    ("Never less than 70 % like the original, but maps of unrelated networks are 72 % alike too: what stays is the image.",
     words("input-dominated", [0.8, 0.7], ["at null"] * 2, null=0.72)),
    ("Follows the weights: 0 % like the original after the top block (logits) was randomized, no more than maps of unrelated networks.",
     words("sensitive", [-0.03, 0.0], ["at null"] * 2)),
    ("Not enough data: about 1,200 more draws would decide.", words("undecided", [0.5], ["undecided"], more_draws=1200.)),
    ("Not enough data: more draws alone will hardly decide.", words("undecided", [0.5], ["undecided"], more_draws=np.inf)),
    ("Not enough data: too few pairs of maps can be compared.", words("undecided", [np.nan], ["no data"])),
    ("Not judged: there is no run of random networks to compare with.", words("not assessed", [0.5], ["no data"])),
])
def test_a_verdict_in_words(expected, found):
    assert found == expected


def test_the_worst_stand_first_and_controls_last(read):
    cards = [attributes["id"] for attributes in read.all("li") if attributes.get("class", "").startswith("method-card ")]
    assert [card.removeprefix("card-mlp_mnist_cascading_")[:13] for card in cards] == [names.file_stem("<b>mine</b>")[:13], "gradient", "edge_detector"]


def test_a_card_leads_to_its_curve_its_maps_and_its_picture(read, page):
    places = {attributes["id"]: tag for tag, attributes in read.elements if "id" in attributes}
    links = [attributes["href"] for attributes in read.all("a")]
    assert places["figure-20"] == "article" and "#figure-20" in links
    for strip in (1, 2, 3):
        assert places[f"maps-1-1-{strip}"] == "figure" and f"#maps-1-1-{strip}" in links
    pictures = [link for link in links if link.startswith("cards/")]
    assert len(pictures) == len(set(pictures)) == 3
    for picture in pictures:
        root = xml.etree.ElementTree.parse(os.path.join(os.path.dirname(page), picture)).getroot()
        assert root.tag.endswith("svg") and root[0].text.split(": ")[0] in ("Gradient", "Edge Detector", "<b>mine</b>")


@pytest.mark.parametrize("draws, text", [
    (12., "about 12 more draws would decide"), (np.inf, "more draws alone will hardly decide"), (np.nan, "")])
def test_how_many_more_draws_decide(draws, text):
    assert verdict_section.more(draws) == text
