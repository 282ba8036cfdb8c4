"""The rule: from what is shown at each stage to a verdict on a method. Stated in `sanity_checks.analysis.verdicts`."""

import dataclasses
import itertools
import math

from sanity_checks.vocabulary import verdicts as words

ABOVE, AT_NULL, UNDECIDED, NO_DATA, NO_RANGE = words.ABOVE, words.AT_NULL, words.UNDECIDED, words.NO_DATA, words.NO_RANGE
VERDICTS = words.VERDICTS
SENSITIVE, PARTLY, INSENSITIVE, INPUT, OPEN, NOT_ASSESSED = VERDICTS


@dataclasses.dataclass(frozen=True)
class Rule:
    """The constants of the rule.

    Attributes:
        margin: float in (0, 1), share of the scale from the null to 1 that counts as no difference.
        dominance: float in (0, 1), share of the scale from chance to 1 from which the null counts as high.
        level: float in (0, 1), family-wise error of all statements about a run.
        flips: int, resamples of the wild bootstrap.
        least_images: int, with fewer valid images a stage has "no data": sign flips then allow no small p
            value. Where a run has fewer images at all, statements are about these images: draws alone vary.
    """

    margin: float = 0.1
    dominance: float = 0.5
    level: float = 0.05
    flips: int = 2000
    least_images: int = 8

    def __post_init__(self):
        for name in ("margin", "dominance", "level"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a number between 0 and 1, got {getattr(self, name)}")
        if self.flips * self.level < 1:
            raise ValueError(
                f"flips: expected at least {1 / self.level:.0f} for level {self.level}, got {self.flips}"
            )
        if self.least_images < 2:
            raise ValueError(f"least_images: expected at least 2, got {self.least_images}")


def status(excess, p, level):
    """What is shown about a difference from a threshold: `ABOVE`, `AT_NULL`, `UNDECIDED`, or `NO_DATA`."""
    if math.isnan(p):
        return NO_DATA
    if p > level:
        return UNDECIDED
    return ABOVE if excess > 0 else AT_NULL


def listed(stages, statuses, kind):
    """Names of the stages with a status, joined by ", "."""
    return ", ".join(stage for stage, status in zip(stages, statuses) if status == kind)


def verdict(statuses, dominated):
    """The verdict on a curve.

    Args:
        statuses: list of str, of the stages after the original; `NO_RANGE` where the null leaves nothing to
            lose.
        dominated: status of the null against `Rule.dominance`.

    Returns:
        str, one of `VERDICTS`.
    """
    decided = set(statuses)
    if decided in ({ABOVE}, {NO_RANGE}):
        return INSENSITIVE
    if ABOVE in decided:
        return PARTLY
    if decided != {AT_NULL}:
        return OPEN
    return {ABOVE: INPUT, AT_NULL: SENSITIVE}.get(dominated, OPEN)


def sensitive_from(statuses):
    """Position of the first stage from which on all are at the null; None where the last is not."""
    first = len(statuses)
    while first and statuses[first - 1] == AT_NULL:
        first -= 1
    return first if first < len(statuses) else None


def describe(verdict, stages, statuses, cumulative, null):
    """Says in a sentence what a verdict rests on.

    Args:
        verdict: str, one of `VERDICTS`.
        stages: list of str, names of the stages after the original.
        statuses: list of str, one a stage.
        cumulative: bool, whether a stage's blocks stay random in later stages.
        null: float, the mean similarity on unrelated random networks.
    """
    if verdict == NOT_ASSESSED:
        return "There are no maps of unrelated random networks to compare with."
    if verdict == INSENSITIVE:
        if set(statuses) == {ABOVE}:
            return "Above the null at every stage."
        return (f"Maps of unrelated networks are the same but for a trace ({null:.2f}): no change of the "
                f"weights can show.")
    if verdict == INPUT:
        return f"At the null at every stage, but unrelated networks' maps are alike themselves ({null:.2f})."
    if verdict == SENSITIVE:
        since = f"from the first stage, {stages[0]}, on" if cumulative else "at every stage"
        return f"At the null {since}."
    return _stage_by_stage(stages, statuses, cumulative)


def _stage_by_stage(stages, statuses, cumulative):
    first = sensitive_from(statuses)
    leading = next((i for i, found in enumerate(statuses) if found != ABOVE), len(statuses))
    if cumulative and leading and first == leading:
        return f"Above the null through {stages[leading - 1]}, at the null from {stages[first]} on."
    if set(statuses) == {AT_NULL}:
        return "At the null at every stage; whether the null itself is high is not decided."
    texts = {ABOVE: "Above the null at", AT_NULL: "At the null at", UNDECIDED: "Not decided at",
             NO_DATA: "Too few valid pairs at"}
    return " ".join(
        f"{text} {_ranges(stages, statuses, kind)}." for kind, text in texts.items() if kind in statuses
    )


def _ranges(stages, statuses, kind):
    """The stages with a status for reading: three and more in a row are "first to last"."""
    texts, start = [], 0
    for found, group in itertools.groupby(statuses):
        names = stages[start:start + len(list(group))]
        start += len(names)
        if found == kind:
            texts += [f"{names[0]} to {names[-1]}"] if len(names) > 2 else names
    return ", ".join(texts)
