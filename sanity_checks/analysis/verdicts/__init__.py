"""Verdicts: from which block on a method's maps follow the weights, decided by statistics instead of by eye.

    assessment = verdicts.assess(runs.read_rows(run_dirs))
    assessment.verdicts     # a row per (model, data set, test, method, metric), beside the paper's verdict
    assessment.stages       # the evidence: a row per stage

docs/verdicts.md states the rule, its errors and the rows that it needs.
"""

from sanity_checks.analysis.verdicts import assessment
from sanity_checks.analysis.verdicts import design
from sanity_checks.analysis.verdicts import evidence
from sanity_checks.analysis.verdicts import rule
from sanity_checks.paper import claims

Assessment = assessment.Assessment
Rule = rule.Rule
VERDICTS = rule.VERDICTS
AGREEMENTS = claims.AGREEMENTS
NULL_TEST = evidence.NULL_TEST
CHANCE_METHOD = evidence.CHANCE_METHOD
assess = assessment.assess
plan = design.plan


def verdicts(rows, rule=Rule(), bootstrap_samples=1000, seed=0):
    """Returns the verdict table of `assess`: pandas.DataFrame with the columns `assessment.COLUMNS`."""
    return assess(rows, rule, bootstrap_samples, seed).verdicts
