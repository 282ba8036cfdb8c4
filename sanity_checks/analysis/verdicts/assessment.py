"""From rows to verdicts. The rule is stated in `sanity_checks.analysis.verdicts`."""

import dataclasses

import numpy as np
import pandas as pd

from sanity_checks.analysis import aggregation
from sanity_checks.analysis.verdicts import evidence
from sanity_checks.analysis.verdicts import rule as rules
from sanity_checks.paper import claims
from sanity_checks.vocabulary import tests

COLUMNS = (
    *aggregation.RUN_COLUMNS,
    *evidence.PAIR,
    "verdict",
    "above",
    "at_null",
    "undecided",
    "more_draws",
    "sensitive_from",
    "stages",
    "null",
    "null_low",
    "null_high",
    "chance",
    "n_degenerate",
    "scope",
    "description",
    "paper",
    "agreement",
    "survey",
    "survey_agreement",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Assessment:
    """What `assess` found.

    Attributes:
        stages: pandas.DataFrame with the columns `evidence.COLUMNS`, a row per run, method, metric and stage
            after the original: mean similarity with its pointwise 95 % interval; the same of the null, and
            chance; position, (mean - null) / (1 - null); excess, mean - null - margin * (1 - null); p, its p
            value adjusted for the family; status, "above", "at null", "undecided", "no data" (too few valid
            pairs), or "no range" (the null is so near 1 that nothing can be lost); more_draws, how many more
            draws of the test, and as many times the null's, are likely to decide an undecided stage.
        verdicts: pandas.DataFrame with the columns `COLUMNS`, a row per run, method and metric: verdict, one
            of `rule.VERDICTS`; above, at_null and undecided, the names of the stages with these statuses,
            joined by ", "; more_draws, how many are likely (80 %) to decide an undecided verdict, inf where draws
            alone cannot, NaN where it is decided; sensitive_from, the stage from which on all are at the null, or ""; stages, how
            many; scope, whether the verdict is about all random draws of the weights, these alone, or all on these images;
            description, a sentence; paper, what the paper says, or ""; agreement, one of `claims.AGREEMENTS`;
            survey and survey_agreement, the same of a later survey.
    """

    stages: pd.DataFrame
    verdicts: pd.DataFrame


def assess(rows, rule=rules.Rule(), bootstrap_samples=1000, seed=0, summary=None):
    """Decides about every method under every test.

    Args:
        rows: pandas.DataFrame with the columns `runs.COLUMNS`; see `sanity_checks.analysis.verdicts` for the rows
            needed.
        rule: `Rule`, the constants of the decision.
        bootstrap_samples: int, resamples behind the pointwise intervals.
        seed: int, of all resampling.
        summary: pandas.DataFrame, `aggregation.aggregate(rows, bootstrap_samples, seed)` where it is at hand.

    Returns:
        `Assessment`; results do not depend on the order of the rows.

    Raises:
        ValueError: no rows, or the same value given more than once.
    """
    summary = aggregation.aggregate(rows, bootstrap_samples, seed) if summary is None else summary
    null_rows = rows[(rows["test"] == evidence.NULL_TEST) & (rows["stage_index"] == 1)]
    null_summary = summary[(summary["test"] == evidence.NULL_TEST) & (summary["stage_index"] == 1)]
    stages, verdicts = [], []
    kinds = {test: tests.record(test) for test in summary["test"].unique()}
    judged = [test for test, kind in kinds.items() if kind.compares_states and not kind.null]
    for run, part in summary[summary["test"].isin(judged)].groupby(list(aggregation.RUN_COLUMNS), sort=False, observed=True):
        model_and_data = dict(zip(aggregation.RUN_COLUMNS[:2], run))
        found, floors = evidence.gather(
            part, _where(null_summary, model_and_data), _where(rows, {**model_and_data, "test": run[2]}),
            _where(null_rows, model_and_data), rule, seed)
        stages.append(found)
        verdicts.append(_verdicts(found, floors, rule))
    return Assessment(_joined(stages, evidence.COLUMNS), _joined(verdicts, COLUMNS))


def _where(frame, values):
    return frame[
        np.logical_and.reduce([(frame[column] == value).to_numpy() for column, value in values.items()])
    ]


def _joined(frames, columns):
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _verdicts(stages, floors, rule):
    """One row per method and metric of a run's stages; random maps without a null are left out."""
    found = []
    for pair, part in stages.groupby(evidence.PAIR, sort=False, observed=True):
        if pair in floors.index:
            found.append(_verdict(pair, part.sort_values("stage_index"), floors.loc[pair], rule))
        elif pair[0] != evidence.CHANCE_METHOD:
            unknown = pd.Series({"dominated": rules.NO_DATA, "scope": ""})
            found.append(_verdict(pair, part.sort_values("stage_index"), unknown, rule))
    return pd.DataFrame(found, columns=COLUMNS)


def _verdict(pair, part, floor, rule):
    """The row of a method and metric: dict with the keys `COLUMNS`.

    Args:
        pair: (method, metric).
        part: its rows of `evidence.gather`, by stage.
        floor: its entry of `evidence.gather`.
        rule: `Rule`.
    """
    first, last = part.iloc[0], part.iloc[-1]
    names, statuses = part["stage"].tolist(), part["status"].tolist()
    verdict = rules.NOT_ASSESSED if np.isnan(first["null"]) else rules.verdict(
        statuses, floor["dominated"])
    start = rules.sensitive_from(statuses)
    stated = {source: claims.claim(first["test"], *pair, source) for source in (claims.PAPER, claims.SURVEY)}
    agreement = {source: claims.agreement(claim, verdict, last["ci_low"], last["ci_high"], rule.margin)
                 for source, claim in stated.items()}
    cumulative = tests.record(first["test"]).cumulative
    return {
        **first[[*aggregation.RUN_COLUMNS, *evidence.PAIR, "null", "null_low", "null_high", "chance"]],
        "verdict": verdict,
        "above": rules.listed(names, statuses, rules.ABOVE),
        "at_null": rules.listed(names, statuses, rules.AT_NULL),
        "undecided": rules.listed(names, statuses, rules.UNDECIDED),
        "more_draws": _more_draws(part, verdict),
        "sensitive_from": "" if start is None else names[start],
        "stages": len(names),
        "n_degenerate": int(part["n_degenerate"].sum()),
        "scope": floor["scope"],
        "description": rules.describe(verdict, names, statuses, cumulative, first["null"]),
        "paper": stated[claims.PAPER].text if stated[claims.PAPER] else "",
        "agreement": agreement[claims.PAPER],
        "survey": stated[claims.SURVEY].text if stated[claims.SURVEY] else "",
        "survey_agreement": agreement[claims.SURVEY],
    }


def _more_draws(part, verdict):
    """How many more draws decide an undecided verdict: one stage shown to be above the null, or all shown to be at it."""
    undecided = part[part["status"] == rules.UNDECIDED]
    if verdict != rules.OPEN or undecided.empty:
        return np.nan
    above = undecided.loc[undecided["excess"] > 0, "more_draws"]
    return np.ceil(above.min() if len(above) else undecided["more_draws"].max())
