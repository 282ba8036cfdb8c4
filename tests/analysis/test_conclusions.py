"""Verdicts for a terminal, and the sentences that follow from them."""

import numpy as np
import pandas as pd

from sanity_checks.analysis import conclusions
from sanity_checks.analysis import verdicts
from tests.analysis import synthetic

LEVELS = {"gradient": ([0, 0, 0], 0.0), "guided_backprop": ([.9, .9, 0], 0.0), "input_x_gradient": ([.8, .8, .8], .8),
          "edge_detector": ([1, 1, 1], 1.0), "random_map": ([0, 0, 0], 0.0), "smoothgrad": ([.1, .1, .1], 0.0)}


def assessed(names=tuple(LEVELS)):
    rows = [synthetic.with_null(*LEVELS[name], method=name, seed=seed, spread=0.0 if name == "edge_detector" else .02)
            for seed, name in enumerate(names)]
    return verdicts.assess(pd.concat(rows), bootstrap_samples=2)


def test_a_line_for_each_method_with_its_verdict_and_curve():
    text = conclusions.table(assessed(), "spearman")
    head, columns, *lines = text.splitlines()
    assert head.startswith("Cascading Randomization: net, data") and columns.split() == ["Method", "Verdict", "Null", "Curve", "Why"]
    found = {line.partition("  ")[0]: line for line in lines}
    assert len(lines) == len(LEVELS) and "sensitive  " in found["Gradient"] and "█▁▁▁" in found["Gradient"]
    assert "partly insensitive" in found["Guided BackProp"] and "█▇▇▁" in found["Guided BackProp"]
    assert "input-dominated" in found["Gradient ⊙ Input"] and "0.80" in found["Gradient ⊙ Input"]
    assert "draws" in found["SmoothGrad"] and "undecided" in found["SmoothGrad"]
    assert len({line.index("█") for line in lines}) == 1


def test_sentences_say_what_to_conclude_and_leave_controls_out():
    sentences = conclusions.conclusion(assessed(), "spearman")
    assert sentences[0].startswith("Do not use Guided BackProp to see what this model has learnt: its maps stay alike")
    assert sentences[1].startswith("The maps of Gradient ⊙ Input are made by the image")
    assert sentences[2] == f"Gradient follows the weights of every block. {conclusions.CAUTION}"
    assert sentences[3].startswith("Nothing is decided about SmoothGrad: the data are too few. ") and "more draws" in sentences[3].lower()
    assert not any("Edge" in sentence or "Random Map" in sentence for sentence in sentences)


def test_where_all_follow_nothing_is_warned_of():
    assert len(conclusions.conclusion(assessed(("gradient", "random_map")), "spearman")) == 1


def test_a_long_curve_is_thinned_and_degenerate_stages_are_blank():
    stages = pd.DataFrame({"stage_index": range(1, 61), "mean": np.linspace(1, 0, 60)})
    drawn = conclusions.curve(stages)
    assert len(drawn) == conclusions.LONGEST and drawn[0] == "█" and drawn[-1] == "▁"
    assert [conclusions.STEPS.index(step) for step in drawn] == sorted((conclusions.STEPS.index(step) for step in drawn), reverse=True)
    assert conclusions.curve(pd.DataFrame({"stage_index": [1, 2, 3], "mean": [np.nan, 2., -1.]})) == "█ █▁"
