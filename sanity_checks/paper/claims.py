"""What the paper says about each method (its sections 4 and 5), what a later survey says, and whether a verdict agrees."""

import dataclasses

from sanity_checks.vocabulary import metrics
from sanity_checks.vocabulary import verdicts

AGREEMENTS = ("agrees", "differs", "undecided", "not stated")
AGREES, DIFFERS, UNDECIDED, NOT_STATED = AGREEMENTS

PAPER, SURVEY = "paper", "survey"       # sources of statements
_RANDOMIZATION = ("cascading", "independent")
_SIGNED = tuple(name for name, metric in metrics.METRICS.items() if metric.signed and metric.text)
# The paper says of absolute rank correlation and SSIM that they stay high, and nothing of HOG.
_UNSIGNED = tuple(name for name, metric in metrics.METRICS.items() if metric.text in ("spearman_abs", "ssim"))


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement.

    Attributes:
        tests, methods: tuples of str, what it speaks of.
        metrics: tuple of str, the metrics it holds for; None where its source does not tell metrics apart.
        expected: "sensitive", "stays similar" (insensitive, or similar for the input's sake) or "changes".
        text: str, the statement in short.
        source: str, `PAPER` or `SURVEY`.
    """

    tests: tuple
    methods: tuple
    metrics: tuple | None
    expected: str
    text: str
    source: str = PAPER

    def covers(self, test, method, metric):
        return (
            test in self.tests and method in self.methods and (self.metrics is None or metric in self.metrics)
        )


CLAIMS = (
    Claim(_RANDOMIZATION, ("gradient", "smoothgrad", "gradcam"), None,
          "sensitive", "changes with the first block"),
    Claim(_RANDOMIZATION, ("guided_backprop", "guided_gradcam"), None,
          "stays similar", "invariant to the higher blocks"),
    Claim(_RANDOMIZATION, ("integrated_gradients", "input_x_gradient"), _SIGNED,
          "sensitive", "falls to about zero with the first block"),
    Claim(_RANDOMIZATION, ("integrated_gradients", "input_x_gradient"), _UNSIGNED,
          "stays similar", "stays high"),
    Claim(("labels",), ("gradient", "smoothgrad"), None,
          "changes", "changes"),
    Claim(("labels",), ("gradcam",), None,
          "changes", "breaks into patches"),
    Claim(("labels",), ("guided_backprop",), None,
          "changes", "changes, still covers the object"),
    Claim(("labels",), ("integrated_gradients", "input_x_gradient"), _SIGNED,
          "sensitive", "signs flip"),
    Claim(("labels",), ("integrated_gradients", "input_x_gradient"), _UNSIGNED,
          "stays similar", "the input stays visible"),
    # Of correlations of signed maps, as parameters are randomized from the top.
    Claim(("cascading",), ("gradient", "input_x_gradient", "lrp_epsilon"), _SIGNED,
          "sensitive", "gradient-like: changes with the parameters", SURVEY),
    Claim(("cascading",), ("guided_backprop", "deconvnet", "deep_taylor", "lrp_alpha_beta"), _SIGNED,
          "stays similar", "propagation-based: keeps a strong correlation", SURVEY),
)

_VERDICTS = {
    "sensitive": (verdicts.SENSITIVE,),
    "stays similar": (verdicts.INSENSITIVE, verdicts.PARTLY, verdicts.INPUT),
}
_OPEN = (verdicts.OPEN, verdicts.NOT_ASSESSED)


def claim(test, method, metric, source=PAPER):
    """Returns the `Claim` of a source on a method under a test and metric, or None."""
    return next((found for found in CLAIMS if found.source == source and found.covers(test, method, metric)), None)


def agreement(claim, verdict, low, high, margin):
    """Whether the results agree with a claim.

    Args:
        claim: `Claim` or None.
        verdict: str, one of `rule.VERDICTS`.
        low, high: float, the 95 % interval of the similarity at the last stage; a map "changes" where it lies
            below 1 - margin.
        margin: float, `rule.Rule.margin`.

    Returns:
        str, one of `AGREEMENTS`.
    """
    if claim is None:
        return NOT_STATED
    if claim.expected == "changes":
        return AGREES if high < 1 - margin else DIFFERS if low > 1 - margin else UNDECIDED
    if verdict in _OPEN:
        return UNDECIDED
    return AGREES if verdict in _VERDICTS[claim.expected] else DIFFERS
