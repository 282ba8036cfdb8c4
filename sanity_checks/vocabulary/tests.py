"""The tests, and the other comparisons whose rows have a test's name: what each is, in display order."""

import dataclasses

CURVES, BARS = "curves", "bars"     # kinds of figures


@dataclasses.dataclass(frozen=True)
class Test:
    """What a test is.

    Attributes:
        label: str.
        short: str, the label where room is scarce.
        axis: str, what stands below the curves; "" for the label.
        figure: `CURVES`, a curve per method over the stages, or `BARS`, a bar per method for the only stage.
        compares_states: whether its rows compare states of a model, so that there can be a verdict.
        of_weights: whether its stages differ in their weights, so that a verdict speaks of these; else of the class.
        cumulative: whether a stage's changes stay in later stages.
        null: whether it is the null that the other tests' verdicts are held against.
    """
    label: str
    short: str = ""
    axis: str = ""
    figure: str = CURVES
    compares_states: bool = True
    of_weights: bool = True
    cumulative: bool = True
    null: bool = False


TESTS = {
    "cascading": Test("Cascading Randomization", "Cascading"),
    "independent": Test("Independent Randomization", "Independent", cumulative=False),
    "bottom_up": Test("Bottom-up Randomization", "Bottom-up"),
    "random_networks": Test("Random Networks", null=True),
    "labels": Test("Data Randomization", "Data", figure=BARS),
    "complexity_change": Test("Complexity Change", figure=BARS, compares_states=False),
    "other_class": Test("Other Class", figure=BARS, of_weights=False, cumulative=False),
    "activations_cascading": Test("Activations under Cascading Randomization", "Activations", compares_states=False),
    "activations_bottom_up": Test("Activations under Bottom-up Randomization", "Activations, bottom-up", compares_states=False),
    "calibration": Test("Calibration", compares_states=False),
    "input_times_random": Test("Input Times Random Vectors", axis="Noise scale of the random vector",
                               compares_states=False),
    "simple_models": Test("Simple Models", compares_states=False),
    "edge_comparison": Test("Similarity to Edges", compares_states=False),
}
UNKNOWN = Test("")          # of a test that is not here

NULL = next(name for name, test in TESTS.items() if test.null)


def record(name):
    """What a test is: `Test`; for an unknown name one with that label."""
    return TESTS.get(name) or dataclasses.replace(UNKNOWN, label=name)


def short(name):
    """A test's name where room is scarce: str."""
    return record(name).short or record(name).label


def axis(name):
    """What stands below a test's curves: str."""
    return record(name).axis or record(name).label
