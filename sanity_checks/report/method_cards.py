"""Verdicts in words: a card for every method under every test, the worst first, each with links and a picture of its own."""

import dataclasses
import os

from sanity_checks.analysis import aggregation
from sanity_checks.report import card_pictures
from sanity_checks.report import sparklines
from sanity_checks.report import verdict_section
from sanity_checks.runs import files
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import metrics as metric_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests
from sanity_checks.vocabulary import verdicts as words_of

FOLDER = "cards"
_WORST_FIRST = (words_of.INSENSITIVE, words_of.PARTLY, words_of.INPUT, words_of.OPEN, words_of.NOT_ASSESSED, words_of.SENSITIVE)
_SIDES = {"cascading": "top", "bottom_up": "lowest"}        # where the blocks lie of which one more is random at each stage
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CONTROLS = (*method_records.CONTROLS, method_records.CHANCE)


@dataclasses.dataclass(frozen=True)
class Card:
    """A method under a test.

    Attributes:
        key: str, its id in the page.
        method: str, display name.
        control: whether the method is a control, which the verdicts are calibrated by.
        verdict, kind: str, the verdict under the first metric, and its CSS class.
        words: str, the same in a sentence.
        metric: str, short name of that metric.
        line: `sparklines.Sparkline` of its curve.
        others: list of (metric, verdict, kind, how many more draws decide or ""), the other metrics.
        curve: str, id of the figure or table that has the curve.
        maps: str, id of its maps in the page; "" where there are none.
        picture: str, path of the card's picture relative to the page.
    """

    key: str
    method: str
    control: bool
    verdict: str
    kind: str
    words: str
    metric: str
    line: sparklines.Sparkline
    others: list
    curve: str
    maps: str
    picture: str


def cards(assessment, curves, maps, output_dir):
    """Makes the cards of all runs and writes their pictures: list of (heading, list of `Card`), the worst first.

    Args:
        assessment: `verdicts.Assessment`.
        curves: dict, (test, model, dataset, metric) -> id of a figure in the page.
        maps: dict, (heading of a run, display name of a method) -> id of its maps in the page.
        output_dir: str, the page's folder.
    """
    found = []
    for run, part in assessment.verdicts.groupby(list(aggregation.RUN_COLUMNS), sort=False):
        heading, stages, made = verdict_section.run_label(run), verdict_section.of_run(assessment.stages, run), []
        for method, rows in part.groupby("method", sort=False):
            of_method = stages[(stages["method"] == method) & (stages["metric"] == rows.iloc[0]["metric"])]
            made.append((_badness(rows.iloc[0], of_method), _card(run, rows, of_method, curves, maps.get((heading, _label(method)), ""))))
        in_order = [card for _, card in sorted(made, key=lambda one: one[0])]
        for card in in_order:
            files.write_text(os.path.join(output_dir, card.picture), card_pictures.svg(card, heading))
        found.append((heading, in_order))
    return found


def in_words(row, stages):
    """A verdict for readers without statistics: str.

    Args:
        row: its row of `verdicts.Assessment.verdicts`.
        stages: its rows of `verdicts.Assessment.stages`.
    """
    stages = stages.sort_values("stage_index").reset_index(drop=True)
    if row["verdict"] == words_of.NOT_ASSESSED:
        return "Not judged: there is no run of random networks to compare with."
    if row["verdict"] == words_of.OPEN:
        return f"Not enough data: {verdict_section.more(row['more_draws']) or 'too few pairs of maps can be compared'}."
    if row["verdict"] == words_of.INPUT:
        return (f"Never less than {_percent(stages['mean'].min())} like the original, but maps of unrelated networks are "
                f"{_percent(row['null'])} alike too: what stays is the image.")
    if row["verdict"] == words_of.SENSITIVE:
        return (f"Follows the weights: {_percent(stages['mean'].iloc[0])} like the original {_when(row['test'], stages, 0)}, "
                f"no more than maps of unrelated networks.")
    if (stages["status"] == words_of.NO_RANGE).all():
        return f"Does not show the weights at all: even maps of unrelated networks are {_percent(row['null'])} alike."
    above = stages.index[stages["status"] == words_of.ABOVE]
    shown = above[-1] if row["test"] in _SIDES else stages.loc[above, "mean"].idxmax()
    return f"Still {_percent(stages['mean'][shown])} like the original {_when(row['test'], stages, shown)}."


def _when(test, stages, position):
    """What was random at a stage: str."""
    name, count = stages["stage"][position], position + 1
    if test in _SIDES:
        if count == len(stages):
            return f"after all {_number(count)} blocks were randomized" if count > 1 else f"after {name} was randomized"
        blocks = f"{_SIDES[test]} block ({name}) was" if count == 1 else f"{_SIDES[test]} {_number(count)} blocks (to {name}) were"
        return f"after the {blocks} randomized"
    return f"with {name} alone randomized" if not tests.record(test).cumulative else f"with {name}"


def _card(run, rows, stages, curves, maps):
    row, method = rows.iloc[0], rows.iloc[0]["method"]
    model, dataset, test = run
    stem = names.file_stem(model, dataset, test, method)
    others = [(metric_records.short(other["metric"]), other["verdict"], verdict_section.KINDS[other["verdict"]],
               verdict_section.more(other["more_draws"]))
              for _, other in rows.iloc[1:].iterrows()]
    curve = curves.get((test, model, dataset, row["metric"])) or names.file_stem("means", *run, row["metric"])
    return Card(f"card-{stem}", _label(method), method in _CONTROLS, row["verdict"], verdict_section.KINDS[row["verdict"]],
                in_words(row, stages), metric_records.short(row["metric"]), sparklines.sparkline(stages), others, curve, maps,
                f"{FOLDER}/{stem}.svg")


def _badness(row, stages):
    """What cards are sorted by: controls last, then the worst verdict, then the most similar maps."""
    mean = stages["mean"].mean()
    return row["method"] in _CONTROLS, _WORST_FIRST.index(row["verdict"]), -mean if mean == mean else 0.


def _label(method):
    return names.label(names.METHODS, method)


def _percent(value):
    return f"{max(0, value):.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def _number(count):
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
