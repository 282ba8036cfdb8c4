"""The section of verdicts: a table at a glance for each run, one of all verdicts, and the counts."""

import dataclasses
import re

import markupsafe

from sanity_checks.analysis import aggregation
from sanity_checks.analysis import verdicts
from sanity_checks.report import drawing
from sanity_checks.report import sheets
from sanity_checks.report import sparklines
from sanity_checks.report import strips
from sanity_checks.vocabulary import names

# CSS class of a verdict's label.
KINDS = {"sensitive": "sensitive", "partly insensitive": "partly", "insensitive": "insensitive",
         "input-dominated": "input", "undecided": "undecided", "not assessed": "none"}
MARKS = {"agrees": "✓", "differs": "✗", "undecided": "?", "not stated": ""}
_PAIR = ["method", "metric"]


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How many statements of the paper the results agree with: counts, and how many there are."""

    agrees: int
    differs: int
    undecided: int

    @property
    def stated(self):
        return self.agrees + self.differs + self.undecided


def agreement(table):
    """Counts the agreements in `verdicts.Assessment.verdicts`: `Agreement`."""
    counts = table["agreement"].value_counts()
    return Agreement(*(int(counts.get(name, 0)) for name in ("agrees", "differs", "undecided")))


def glances(assessment, macros):
    """A table of methods against metrics for each run.

    Args:
        assessment: `verdicts.Assessment`.
        macros: the module of the template cells.html, which draws a cell.

    Returns:
        list of (heading, `sheets.Sheet`).
    """
    found = []
    for run, part in assessment.verdicts.groupby(list(aggregation.RUN_COLUMNS), sort=False):
        stages = dict(list(_of_run(assessment.stages, run).groupby(_PAIR, sort=False)))
        metrics, methods = part["metric"].unique(), part["method"].unique()
        cells = part.set_index(_PAIR)
        rows = [
            [sheets.Cell(names.label(names.METHODS, method))]
            + [_glance(cells, stages, (method, metric), macros) for metric in metrics]
            for method in methods
        ]
        key = names.file_stem("verdicts", *run)
        columns = ["Method", *map(strips.short_name, metrics)]
        sheet = sheets.Sheet(key, run_label(run), columns, rows, sheets.frame_csv(part))
        found.append((run_label(run), sheet))
    return found


def full(assessment):
    """All verdicts in one table: `sheets.Sheet`."""
    rows = [
        [
            sheets.Cell(names.label(names.METHODS, row.method)),
            sheets.Cell(strips.short_name(row.metric)),
            sheets.Cell(row.verdict, list(KINDS).index(row.verdict), f"verdict {KINDS[row.verdict]}"),
            sheets.Cell(row.paper or "–"),
            sheets.Cell(row.agreement, list(MARKS).index(row.agreement), "agreement"),
            sheets.Cell(row.description),
            _number(row.null),
            sheets.Cell(short_test(row.test)),
            sheets.Cell(model_label(row.model, row.dataset)),
        ]
        for row in assessment.verdicts.itertuples()
    ]
    columns = [
        "Method",
        "Metric",
        "Verdict",
        "The paper",
        "Agreement",
        "Because",
        "Null",
        "Test",
        "Model and data",
    ]
    return sheets.Sheet("verdicts", "All verdicts", columns, rows, sheets.frame_csv(assessment.verdicts),
                        ["Metric", "Test", "Model and data", "Verdict", "Agreement"])


def run_label(run):
    """A run in words: (model, dataset, test) -> "CNN, MNIST: Cascading Randomization"."""
    model, dataset, test = run
    return f"{model_label(model, dataset)}: {drawing.test_label(test)}"


def short_test(test):
    """A test's name where room is scarce: "Cascading"."""
    return names.label(names.TESTS, test).removesuffix(" Randomization")


def model_label(model, dataset):
    """A model and its data in words."""
    return f"{names.label(names.MODELS, model)}, {names.label(names.DATASETS, dataset)}"


def scope(table):
    """What the verdicts' random draws are: "all draws", "these draws", or "mixed"."""
    found = set(table.loc[table["scope"] != "", "scope"])
    return found.pop() if len(found) == 1 else "mixed" if found else "all draws"


def rule_text():
    """The rule's paragraph as HTML, from the documentation of `sanity_checks.analysis.verdicts`."""
    paragraph = next(part for part in verdicts.__doc__.split("\n\n") if part.startswith("**The rule.**"))
    text = markupsafe.escape(" ".join(paragraph.removeprefix("**The rule.**").split()))
    return markupsafe.Markup(re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text))


def _of_run(stages, run):
    model, dataset, test = run
    return stages[(stages["model"] == model) & (stages["dataset"] == dataset) & (stages["test"] == test)]


def _glance(cells, stages, pair, macros):
    if pair not in cells.index:
        return sheets.Cell("", len(KINDS))
    row = cells.loc[pair]
    drawn = macros.verdict(row["verdict"], KINDS[row["verdict"]], sparklines.sparkline(stages[pair]),
                           MARKS[row["agreement"]], row["agreement"], row["paper"], row["description"])
    return sheets.Cell(drawn, list(KINDS).index(row["verdict"]))


def _number(value):
    return sheets.Cell(strips.number_text(value), value if value == value else "", "number")
