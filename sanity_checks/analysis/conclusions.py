"""Verdicts for a terminal: a table with small curves, and what to conclude from it."""

import dataclasses
import itertools
import math

import numpy as np

from sanity_checks.analysis import aggregation
from sanity_checks.vocabulary import methods as method_records
from sanity_checks.vocabulary import names
from sanity_checks.vocabulary import tests
from sanity_checks.vocabulary import verdicts as words

STEPS = "▁▂▃▄▅▆▇█"                  # similarity from 0 to 1
LONGEST = 24                        # stages of a small curve; of more, so many are shown
_FOLLOWS, _FAILS = (words.SENSITIVE,), (words.PARTLY, words.INSENSITIVE)
CAUTION = ("A method that follows the weights has passed a test that it might have failed; that its maps explain the model well is "
           "not shown by this.")


@dataclasses.dataclass(frozen=True)
class Row:
    """A method under a test: names as in the rows; null, float; curve and why, str for reading."""
    model: str
    dataset: str
    test: str
    method: str
    verdict: str
    null: float
    curve: str
    why: str


def rows(assessment, metric):
    """The verdicts under one metric: list of `Row`.

    Args:
        assessment: `verdicts.Assessment`.
        metric: str, one of its metrics.
    """
    chosen = assessment.verdicts[assessment.verdicts["metric"] == metric]
    stages = assessment.stages[assessment.stages["metric"] == metric]
    of = dict(list(stages.groupby([*aggregation.RUN_COLUMNS, "method"], sort=False, observed=True)))
    return [Row(row.model, row.dataset, row.test, row.method, row.verdict, row.null,
                curve(of[row.model, row.dataset, row.test, row.method]), row.description + _more(row.more_draws))
            for row in chosen.itertuples()]


def table(assessment, metric):
    """The verdicts under one metric, a table of methods for each run: str of several lines; arguments as of `rows`."""
    parts = []
    for run, part in itertools.groupby(rows(assessment, metric), lambda row: (row.model, row.dataset, row.test)):
        model, dataset, test = run
        head = (f"{names.label(names.TESTS, test)}: {names.label(names.MODELS, model)}, {names.label(names.DATASETS, dataset)}, "
                f"{names.label(names.METRICS, metric)}")
        lines = [["Method", "Verdict", "Null", "Curve", "Why"]]
        lines += [[names.label(names.METHODS, row.method), row.verdict, _number(row.null), row.curve, row.why] for row in part]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]) - 1)]
        parts.append("\n".join([head, *("  ".join([cell.ljust(width) for cell, width in zip(line, widths)] + line[-1:]) for line in lines)]))
    return "\n\n".join(parts)


def curve(stages):
    """A method's mean similarity at each stage, from the original on, as one character each: str.

    Args:
        stages: its rows of `verdicts.Assessment.stages`.
    """
    means = np.concatenate([[1.0], stages.sort_values("stage_index")["mean"].to_numpy(np.float64)])
    if len(means) > LONGEST:
        means = means[np.linspace(0, len(means) - 1, LONGEST).round().astype(int)]
    return "".join(_step(mean) for mean in means)


def conclusion(assessment, metric):
    """What the verdicts under one metric mean: list of str, sentences.

    Args:
        assessment, metric: as of `rows`.
    """
    chosen = assessment.verdicts[assessment.verdicts["metric"] == metric]
    chosen = chosen[~chosen["method"].isin([*method_records.CONTROLS, method_records.CHANCE])]
    of_weights = np.array([tests.record(test).of_weights for test in chosen["test"]], bool)
    return _of_weights(chosen[of_weights]) + _of_classes(chosen[~of_weights])


def _of_classes(chosen):
    """What the verdicts of another class' maps mean: a list of a sentence, or of none."""
    blind = list(dict.fromkeys(chosen.loc[chosen["verdict"].isin(_FAILS), "method"]))
    return [f"{_listed(blind)} hardly {'tell' if len(blind) > 1 else 'tells'} classes apart: another class' maps stay alike."] if blind else []


def _of_weights(chosen):
    """What the verdicts of randomized weights mean: list of str."""
    by_method = {method: set(part["verdict"]) for method, part in chosen.groupby("method", sort=False, observed=True)}
    failing = [method for method, found in by_method.items() if found & set(_FAILS)]
    own = [method for method, found in by_method.items() if words.INPUT in found and method not in failing]
    following = [method for method, found in by_method.items() if found == set(_FOLLOWS)]
    open_ones = [method for method in by_method if method not in (*failing, *own, *following)]
    sentences = []
    if failing:
        sentences.append(f"Do not use {_listed(failing)} to see what this model has learnt: {'their' if len(failing) > 1 else 'its'} maps stay "
                         f"alike where weights are replaced by random ones.")
    if own:
        sentences.append(f"The maps of {_listed(own)} are made by the image more than by any weights: even unrelated networks' are alike.")
    if following:
        sentences.append(f"{_listed(following)} {'follow' if len(following) > 1 else 'follows'} the weights of every block. {CAUTION}")
    if open_ones:
        needed = chosen.loc[chosen["method"].isin(open_ones), "more_draws"].max()
        sentences.append(f"Nothing is decided about {_listed(open_ones)}: the data are too few.{_more(needed)}")
    return sentences


def _listed(found):
    labels = [names.label(names.METHODS, method) for method in found]
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _more(draws):
    if math.isnan(draws):
        return ""
    return " More draws alone will hardly decide." if math.isinf(draws) else f" About {draws:,.0f} more draws would decide."


def _step(mean):
    if not np.isfinite(mean):
        return " "
    return STEPS[int(np.clip(mean, 0, 1) * (len(STEPS) - 1) + .5)]


def _number(value):
    return f"{value:.2f}".replace("-0.00", "0.00") if np.isfinite(value) else "none"

